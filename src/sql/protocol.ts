/**
 * Symbols by which nodes find things that are defined in later files, so that no two files import each other.
 */

/** `class[ENTITY]` and `attrs[ENTITY]`: the EntityElement of a mapped class or of an alias of one. */
export const ENTITY: unique symbol = Symbol.for("athanor.entity");

/** `x[AS_OPERAND]()`: the ColumnElement that stands for `x` in an expression; a select answers its scalar subquery. */
export const AS_OPERAND: unique symbol = Symbol.for("athanor.operand");

/** `x[AS_MEMBERS]()`: the node that stands for `x` on the right of IN; a select answers itself in parentheses. */
export const AS_MEMBERS: unique symbol = Symbol.for("athanor.members");
