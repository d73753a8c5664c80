/**
 * Keeps SQLite from planning a statement anew at each run for a value that decides nothing. The planner (of 3.53) looks at what is bound to a LIMIT and,
 * where ANALYZE has made samples, at what an indexed column is compared with, so that such a statement is parsed and planned again whenever it is given
 * a value, even the same: half of the time of a short query. It does not look at what an operator was applied to, and a unary plus changes nothing else.
 * SQLite's own name for this is the query planner stability guarantee, which is there for a whole connection and not to be had by its Node driver.
 */

const AT_THE_END = /(\sLIMIT\s+)(\?(?:\s+OFFSET\s+\?)?)$/i;

/**
 * The limit of a whole statement: it decides no more than what a sort is thought to cost. That of a subquery tells how many rows the rest of the
 * statement has to expect, and is left alone.
 *
 * @param text as it was compiled or written
 * @returns the statement as it is given to SQLite
 */
export function steadyLimit(text: string): string {
  return text.endsWith("?") ? text.replace(AT_THE_END, "$1+$2") : text;
}

// Strings, quoted names and comments are passed over whole.
const EQUALS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?\*\/|([^<>!=]=\s*)\?/g;

/**
 * What is compared by `=`, for tables of which each value has about as many rows as the next one: see {@link Spread}.
 *
 * @param text as it was compiled or written
 * @returns the statement as it is given to SQLite
 */
export function steadyEquals(text: string): string {
  return text.replace(EQUALS, (whole, before?: string) => (before === undefined ? whole : `${before}+?`));
}
