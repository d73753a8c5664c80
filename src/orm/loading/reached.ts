/** What a statement reaches: its nodes, and the queries that its columns are taken from. */
import type { Node } from "../../sql/node.js";
import { AliasedColumn } from "../../sql/selectable/alias.js";

/** Every node of a statement once, in its order. A column of a subquery leads to the subquery, which may be named by nothing else. */
export function* reached(root: Node): Generator<Node> {
  const seen = new Set<Node>();
  const stack: Node[] = [root];
  while (stack.length > 0) {
    const node = stack.pop() as Node;
    if (seen.has(node)) continue;
    seen.add(node);
    yield node;
    if (node instanceof AliasedColumn) stack.push(node.table);
    const children = node.children();
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i] as Node);
  }
}
