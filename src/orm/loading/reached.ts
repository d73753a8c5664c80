/** What a statement reaches: its nodes, and the queries that its columns are taken from. */
import { iterate, type Node } from "../../sql/node.js";
import { AliasedColumn } from "../../sql/selectable/alias.js";

/** Every node of a statement once, in its order. A column of a subquery leads to the subquery, which may be named by nothing else. */
export function reached(root: Node): Iterable<Node> {
  return iterate(root, (node) => (node instanceof AliasedColumn ? node.table : null));
}
