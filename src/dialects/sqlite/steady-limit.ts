/**
 * Keeps SQLite from planning a statement anew at each run for its LIMIT. The planner (of 3.53) looks at the value that is bound there, so that a
 * statement with `LIMIT ?` is parsed and planned again whenever it is given one, even the same: half of the time of a short query. It does not look
 * at what an operator was applied to, and a unary plus changes nothing.
 *
 * Only the limit of a whole statement is kept from it: it decides no more than what a sort is thought to cost. That of a subquery tells how many rows
 * the rest of the statement has to expect.
 */

const AT_THE_END = /(\sLIMIT\s+)(\?(?:\s+OFFSET\s+\?)?)$/i;

/** A statement as it is given to SQLite. @param text as it was compiled or written */
export function steadyLimit(text: string): string {
  return text.endsWith("?") ? text.replace(AT_THE_END, "$1+$2") : text;
}
