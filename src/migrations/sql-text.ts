/** SQL text as far as its identifiers go. */

// A bracket is a quote in SQLite only where no name stands before it: behind one it is PostgreSQL's subscript.
const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|(?<![\w"\])])\[[^\]]*\]|[A-Za-z_][\w$]*/g;

/** What an identifier names: without its quotes. */
function named(token: string): string {
  return /^["`[]/.test(token) ? token.slice(1, -1).replaceAll('""', '"') : token;
}

/** Whether a token is this identifier; without quotes the case of its letters does not count. */
function is(token: string, name: string): boolean {
  if (token.startsWith("'")) return false;
  return named(token) === token ? token.toLowerCase() === name.toLowerCase() : named(token) === name;
}

/** Writes another name for an identifier in SQL text; strings are left alone. */
export function replaceIdentifier(text: string, from: string, to: string): string {
  return text.replaceAll(TOKENS, (token) => (is(token, from) ? `"${to.replaceAll('"', '""')}"` : token));
}

/** Whether an identifier is in SQL text. */
export function mentionsIdentifier(text: string, name: string): boolean {
  return text.match(TOKENS)?.some((token) => is(token, name)) === true;
}

/** The text without quotes where an identifier needs none, so that two ways to write it are one. */
export function plainIdentifiers(text: string): string {
  return text.replaceAll(TOKENS, (token) => (/^"[a-z_][a-z0-9_]*"$/.test(token) ? named(token) : token));
}

/**
 * Writes another name for a schema in SQL text, where something is named in it. Where the word also stands alone it is a
 * table or an alias, and is left as it is.
 */
export function replaceSchema(text: string, from: string, to: string): string {
  const isBeforeDot = (at: number, token: string): boolean => /^\s*\./.test(text.slice(at + token.length));
  const isBehindDot = (at: number): boolean => /\.\s*$/.test(text.slice(0, at));
  const found = [...text.matchAll(TOKENS)].filter(({ 0: token, index }) => is(token, from) && !isBehindDot(index));
  if (found.some(({ 0: token, index }) => !isBeforeDot(index, token))) return text;
  let moved = "";
  let at = 0;
  for (const { 0: token, index } of found) {
    moved += `${text.slice(at, index)}"${to.replaceAll('"', '""')}"`;
    at = index + token.length;
  }
  return moved + text.slice(at);
}
