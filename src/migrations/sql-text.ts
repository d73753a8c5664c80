/** SQL text as far as its identifiers go. */
import { quoted } from "../sql/identifiers.js";

// A bracket is a quote in SQLite only where no name stands before it: behind one it is PostgreSQL's subscript.
const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|(?<![\w"\])])\[[^\]]*\]|[A-Za-z_][\w$]*/g;

/** What an identifier names: without its quotes. */
function named(token: string): string {
  return /^["`[]/.test(token) ? token.slice(1, -1).replaceAll('""', '"') : token;
}

/** The pattern of a regular expression that is this text and nothing else. */
export function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Whether a token is this identifier; without quotes the case of its letters does not count. */
function is(token: string, name: string): boolean {
  if (token.startsWith("'")) return false;
  return named(token) === token ? token.toLowerCase() === name.toLowerCase() : named(token) === name;
}

/** Writes another name for an identifier in SQL text; strings are left alone. */
export function replaceIdentifier(text: string, from: string, to: string): string {
  return text.replaceAll(TOKENS, (token) => (is(token, from) ? quoted(to) : token));
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
 * Writes another name for a schema in SQL text, or none (null), before the names that are meant: the same word may be a table
 * or an alias, before a column.
 *
 * @param isMeant asked of the name behind the schema's, and whether it is called
 */
export function replaceSchema(
  text: string,
  from: string,
  to: string | null,
  isMeant: (name: string, isCall: boolean) => boolean,
): string {
  let moved = "";
  let at = 0;
  const tokens = [...text.matchAll(TOKENS)];
  for (const [i, { 0: token, index }] of tokens.entries()) {
    const next = tokens[i + 1];
    if (next === undefined || !is(token, from) || /\.\s*$/.test(text.slice(0, index))) continue;
    if (!/^\s*\.\s*$/.test(text.slice(index + token.length, next.index))) continue;
    const name = named(next[0]) === next[0] ? next[0].toLowerCase() : named(next[0]);
    if (!isMeant(name, /^\s*\(/.test(text.slice(next.index + next[0].length)))) continue;
    moved += text.slice(at, index) + (to === null ? "" : quoted(to));
    at = to === null ? next.index : index + token.length;
  }
  return moved + text.slice(at);
}
