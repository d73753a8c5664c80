import { ArgumentError } from "../errors.js";
import { type Node, replaceNodes } from "../node.js";
import { BindParameter } from "./bind.js";

/** A tree with values for its named parameters. @throws ArgumentError for a name that it does not have */
export function withParams<N extends Node>(root: N, values: Readonly<Record<string, unknown>>): N {
  if (Object.keys(values).length === 0) return root;
  const known = new Set<string>();
  // a replacement reaches the subqueries whose columns are all that a statement says of them
  const filled = replaceNodes(root, (node) => {
    if (!(node instanceof BindParameter) || node.name === null) return undefined;
    known.add(node.name);
    return Object.hasOwn(values, node.name) ? node.withValue(values[node.name]) : undefined;
  });
  for (const name of Object.keys(values)) {
    if (known.has(name)) continue;
    const names = known.size === 0 ? "none" : [...known].join(", ");
    throw new ArgumentError(`params(): the statement has no parameter ${JSON.stringify(name)}; it has: ${names}.`);
  }
  return filled;
}
