import { ArgumentError } from "../errors.js";
import { iterate, type Node, replaceNodes } from "../node.js";
import { BindParameter } from "./bind.js";

/** A tree with values for its named parameters. @throws ArgumentError for a name that it does not have */
export function withParams<N extends Node>(root: N, values: Readonly<Record<string, unknown>>): N {
  const known = new Set<string>();
  for (const node of iterate(root)) if (node instanceof BindParameter && node.name !== null) known.add(node.name);
  for (const name of Object.keys(values)) {
    if (!known.has(name)) {
      const names = known.size === 0 ? "none" : [...known].join(", ");
      throw new ArgumentError(`params(): the statement has no parameter ${JSON.stringify(name)}; it has: ${names}.`);
    }
  }
  return replaceNodes(root, (node) =>
    node instanceof BindParameter && node.name !== null && Object.hasOwn(values, node.name)
      ? node.withValue(values[node.name])
      : undefined,
  );
}
