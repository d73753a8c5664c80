/** Reads CREATE TABLE for what no PRAGMA tells: names of constraints, checks, computed columns, options. */

/** What the text of a table says. */
export interface TableText {
  /** The names of its columns, in lower case. */
  readonly columns: ReadonlySet<string>;
  readonly primaryKey: { readonly name: string | null; readonly onConflict?: string };
  readonly autoincrement: boolean;
  readonly withoutRowid: boolean;
  readonly strict: boolean;
  /** By column name in lower case, as the next two. */
  readonly computed: ReadonlyMap<string, string>;
  readonly collations: ReadonlyMap<string, string>;
  readonly notNullConflicts: ReadonlyMap<string, string>;
  readonly checks: readonly { readonly name: string | null; readonly sqltext: string; readonly onConflict?: string }[];
  readonly uniques: readonly {
    readonly name: string | null;
    readonly columns: readonly string[];
    readonly onConflict?: string;
  }[];
  readonly foreignKeys: readonly {
    readonly name: string | null;
    readonly columns: readonly string[];
    readonly table: string;
    readonly deferrable?: boolean;
    readonly initially?: string;
  }[];
}

interface Token {
  /** Upper case for bare words; the decoded name for quoted ones; the text with its parentheses for groups. */
  readonly text: string;
  readonly kind: "word" | "quoted" | "string" | "group" | "comma" | "other";
  readonly raw: string;
}

/** Reads one CREATE TABLE statement; an empty text says nothing. */
export function parseTable(sql: string): TableText {
  const tokens = tokenize(sql);
  const at = tokens.findIndex((token) => token.kind === "group");
  const body = at < 0 ? [] : tokenize((tokens[at] as Token).raw.slice(1, -1));
  const tail = at < 0 ? [] : tokens.slice(at + 1).map((token) => token.text);
  const found: Found = {
    columns: new Set(),
    primaryKey: { name: null },
    autoincrement: false,
    withoutRowid: tail.includes("WITHOUT") && tail.includes("ROWID"),
    strict: tail.includes("STRICT"),
    computed: new Map(),
    collations: new Map(),
    notNullConflicts: new Map(),
    checks: [],
    uniques: [],
    foreignKeys: [],
  };
  for (const definition of splitAtCommas(body)) readDefinition(definition, found);
  for (const [column, sql] of found.computed) found.computed.set(column, withStrings(sql, found.columns));
  for (const check of found.checks) check.sqltext = withStrings(check.sqltext, found.columns);
  return found;
}

const ROWID: ReadonlySet<string> = new Set(["rowid", "oid", "_rowid_"]);

/**
 * SQL in which a word in double quotes that names no column is the string that SQLite once took it for, and still does in a schema that is there; as a
 * definition that is made anew, it refuses it.
 *
 * @param columns in lower case
 */
export function withStrings(sql: string, columns: ReadonlySet<string>): string {
  return sql.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, (quoted, at: number) => {
    if (quoted.startsWith("'")) return quoted;
    const text = quoted.slice(1, -1).replaceAll('""', '"');
    const name = text.toLowerCase();
    if (columns.has(name) || ROWID.has(name)) return quoted;
    // The name of a function, a table or a collation.
    const isName = /^\s*[(.]/.test(sql.slice(at + quoted.length)) || /(\.|\bcollate)\s*$/i.test(sql.slice(0, at));
    return isName ? quoted : `'${text.replaceAll("'", "''")}'`;
  });
}

const TABLE_CONSTRAINTS = new Set(["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]);

type Loose<T> = T extends readonly (infer Item)[]
  ? { -readonly [K in keyof Item]: Item[K] }[]
  : T extends ReadonlySet<string>
    ? Set<string>
    : T extends ReadonlyMap<infer K, infer V>
      ? Map<K, V>
      : T extends object
        ? { -readonly [K in keyof T]: T[K] }
        : T;
type Found = { -readonly [K in keyof TableText]: Loose<TableText[K]> };

function readDefinition(tokens: readonly Token[], found: Found): void {
  const first = tokens[0];
  if (first === undefined) return;
  const isColumn = !(first.kind === "word" && TABLE_CONSTRAINTS.has(first.text));
  const column = isColumn ? nameOf(first) : null;
  const lower = column?.toLowerCase() ?? "";
  if (column !== null) found.columns.add(lower);
  let name: string | null = null;
  // what an ON CONFLICT that follows belongs to
  let onConflict: (action: string) => void = () => {};
  for (let i = isColumn ? 1 : 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (token.kind !== "word") continue;
    const next = tokens[i + 1];
    switch (token.text) {
      case "CONSTRAINT":
        name = next === undefined ? null : nameOf(next);
        i++;
        continue;
      case "PRIMARY":
        found.primaryKey.name = name;
        onConflict = (action) => {
          found.primaryKey.onConflict = action;
        };
        break;
      case "AUTOINCREMENT":
        found.autoincrement = true;
        break;
      case "CHECK":
        if (next?.kind === "group") {
          const check: Found["checks"][number] = { name, sqltext: inner(next) };
          found.checks.push(check);
          onConflict = (action) => {
            check.onConflict = action;
          };
        }
        break;
      case "UNIQUE": {
        const unique: Found["uniques"][number] = { name, columns: column === null ? namesIn(next) : [column] };
        found.uniques.push(unique);
        onConflict = (action) => {
          unique.onConflict = action;
        };
        break;
      }
      case "NOT":
        if (column !== null && next?.text === "NULL")
          onConflict = (action) => found.notNullConflicts.set(lower, action);
        continue;
      case "ON": {
        const action = tokens[i + 2];
        if (next?.text === "CONFLICT" && action !== undefined) onConflict(action.text);
        continue;
      }
      case "COLLATE":
        if (column !== null && next !== undefined) found.collations.set(lower, nameOf(next));
        continue;
      case "AS":
        if (column !== null && next?.kind === "group") found.computed.set(lower, inner(next));
        continue;
      case "REFERENCES": {
        const group = tokens
          .slice(0, i)
          .reverse()
          .find((one) => one.kind === "group");
        const words = tokens.slice(i).map((one) => one.text);
        const deferrable = words.indexOf("DEFERRABLE");
        const initially = words[words.indexOf("INITIALLY") + 1];
        found.foreignKeys.push({
          name,
          columns: column === null ? namesIn(group) : [column],
          table: next === undefined ? "" : nameOf(next),
          ...(deferrable < 0 ? {} : { deferrable: words[deferrable - 1] !== "NOT" }),
          ...(words.includes("INITIALLY") && initially !== undefined ? { initially } : {}),
        });
        break;
      }
      default:
        continue;
    }
    name = null;
  }
}

function nameOf(token: Token): string {
  return token.kind === "word" ? token.raw : token.text;
}

function inner(group: Token): string {
  return group.raw.slice(1, -1).trim();
}

function namesIn(group: Token | undefined): string[] {
  if (group?.kind !== "group") return [];
  return splitAtCommas(tokenize(inner(group))).flatMap((part) => (part[0] === undefined ? [] : [nameOf(part[0])]));
}

function splitAtCommas(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind === "comma") parts.push([]);
    else (parts.at(-1) as Token[]).push(token);
  }
  return parts;
}

const CLOSING: Readonly<Record<string, string>> = { '"': '"', "'": "'", "`": "`", "[": "]" };

function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  let i = 0;
  while (i < sql.length) {
    const char = sql[i] as string;
    const comment = commentEnd(sql, i);
    if (comment > i) {
      i = comment;
    } else if (/\s/.test(char)) {
      i++;
    } else if (CLOSING[char] !== undefined) {
      const end = quoteEnd(sql, i);
      const raw = sql.slice(i, end);
      const close = CLOSING[char] as string;
      const text = raw.slice(1, -1).replaceAll(close + close, close);
      tokens.push({ text, raw, kind: char === "'" ? "string" : "quoted" });
      i = end;
    } else if (char === "(") {
      const end = groupEnd(sql, i);
      const raw = sql.slice(i, end);
      tokens.push({ text: raw, raw, kind: "group" });
      i = end;
    } else if (char === ",") {
      tokens.push({ text: char, raw: char, kind: "comma" });
      i++;
    } else {
      const word = /^[\p{L}\p{N}_$]+/u.exec(sql.slice(i, i + 256))?.[0];
      const raw = word ?? char;
      tokens.push({ text: raw.toUpperCase(), raw, kind: word === undefined ? "other" : "word" });
      i += raw.length;
    }
  }
  return tokens;
}

function commentEnd(sql: string, at: number): number {
  if (sql.startsWith("--", at)) {
    const end = sql.indexOf("\n", at);
    return end < 0 ? sql.length : end + 1;
  }
  if (sql.startsWith("/*", at)) {
    const end = sql.indexOf("*/", at + 2);
    return end < 0 ? sql.length : end + 2;
  }
  return at;
}

function quoteEnd(sql: string, at: number): number {
  const close = CLOSING[sql[at] as string] as string;
  let i = at + 1;
  while (i < sql.length) {
    if (sql[i] === close) {
      if (close !== "]" && sql[i + 1] === close) i++;
      else return i + 1;
    }
    i++;
  }
  return sql.length;
}

function groupEnd(sql: string, at: number): number {
  let depth = 0;
  let i = at;
  while (i < sql.length) {
    const char = sql[i] as string;
    const comment = commentEnd(sql, i);
    if (comment > i) {
      i = comment;
      continue;
    }
    if (CLOSING[char] !== undefined) {
      i = quoteEnd(sql, i);
      continue;
    }
    if (char === "(") depth++;
    else if (char === ")" && --depth === 0) return i + 1;
    i++;
  }
  return sql.length;
}
