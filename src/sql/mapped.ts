/** Statements that name mapped classes as plain SQL: what the classes ask for is written into them. The ORM says how. */
import { cacheKeyOf, type Node } from "./node.js";

let write: (statement: Node) => Node = (statement) => statement;

/** Tells how; the ORM calls it. */
export function setPlainSQL(how: (statement: Node) => Node): void {
  write = how;
}

/**
 * The statement with the discriminators of its classes, the criteria of its options and the joins behind their columns; the same one where it names no
 * mapped class. What comes of it is not to be given here again.
 */
export function plainSQL(statement: Node): Node {
  return cacheKeyOf(statement).mapped ? write(statement) : statement;
}
