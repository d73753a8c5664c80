/** Names in SQL, and when they stand in quotes. */
import type { IdentifierPreparer } from "./dialect.js";
import { ArgumentError } from "./errors.js";

const plain = /^[a-z_][a-z0-9_$]*$/;

// Words that no database takes as a bare name, or that some read as something else.
const standardReserved =
  "add all alter analyse analyze and any array as asc asymmetric authorization autoincrement between binary both by case cast check collate collation column commit concurrently constraint create cross current_catalog current_date current_role current_schema current_time current_timestamp current_user default deferrable delete desc distinct do drop else end escape except exists false fetch for foreign freeze from full glob grant group having if ilike in index initially inner insert instead intersect into is isnull join key lateral leading left like limit localtime localtimestamp match natural new no not nothing notnull null of off offset old on only or order outer over overlaps placing primary raise references regexp replace returning right row rows select session_user set similar some symmetric table tablesample temporary then to trailing transaction trigger true union unique update user using values variadic verbose view when where window with";

/** The words that a name must not be without quotes. */
export const reservedWords: ReadonlySet<string> = new Set(standardReserved.split(" "));

/** Names for which {@link quotedName} says whether they stand in quotes. */
const decided = new Map<string, boolean>();

/**
 * A name that is always, or never, written in quotes, where the library would decide otherwise: a word that is reserved in
 * this version of a database only, or a name that another program has made without quotes. It holds for the name wherever it
 * occurs, of a table, a column, an alias, a label or a constraint, on every database, from then on.
 *
 * @param quote true: in quotes, its case kept. false: bare, so that the database folds its case as it does for any bare name
 * @returns the name itself
 * @throws ArgumentError for a name that cannot stand without quotes
 * @example table(quotedName("Orders", false), metadata, { ... }) // SELECT ... FROM Orders: PostgreSQL finds orders
 */
export function quotedName(name: string, quote: boolean): string {
  if (!quote && !/^[A-Za-z_][A-Za-z0-9_$]*$/.test(name)) {
    throw new ArgumentError(`quotedName(): ${JSON.stringify(name)} cannot be written without quotes.`);
  }
  decided.set(name, quote);
  return name;
}

/** A name without the double quotes that may stand around it. */
export function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

/** A name in quotes, whatever it is; a quote inside is doubled. */
export function quoted(name: string, quote = '"'): string {
  return quote + name.replaceAll(quote, quote + quote) + quote;
}

/** Options of {@link StandardIdentifiers}. */
export interface IdentifierOptions {
  /** The quote before and after; a quote inside is doubled. */
  readonly quote?: string;
  readonly maxLength?: number;
  readonly reserved?: Iterable<string>;
}

/** Names in double quotes where they need them. */
export class StandardIdentifiers implements IdentifierPreparer {
  readonly maxLength: number;
  readonly #quote: string;
  readonly #reserved: ReadonlySet<string>;
  readonly #known = new Map<string, string>();

  constructor(options: IdentifierOptions = {}) {
    this.#quote = options.quote ?? '"';
    this.maxLength = options.maxLength ?? 63;
    this.#reserved = options.reserved === undefined ? reservedWords : new Set([...reservedWords, ...options.reserved]);
  }

  quote(name: string): string {
    if (name === "") throw new ArgumentError("a name in SQL cannot be empty.");
    if (name.includes("\0")) throw new ArgumentError(`the name ${JSON.stringify(name)} holds a NUL character.`);
    if (!(name as unknown as { isWellFormed(): boolean }).isWellFormed()) {
      throw new ArgumentError(`the name ${JSON.stringify(name)} holds a lone surrogate.`);
    }
    return quoted(name, this.#quote);
  }

  quoteIfNeeded(name: string): string {
    const quote = decided.get(name);
    if (quote !== undefined) return quote ? this.quote(name) : name;
    let written = this.#known.get(name);
    if (written === undefined) {
      written = plain.test(name) && !this.#reserved.has(name) ? name : this.quote(name);
      // names come from schemas and statements; a program that makes them up must not fill the memory
      if (this.#known.size > 10_000) this.#known.clear();
      this.#known.set(name, written);
    }
    return written;
  }

  format(table: { readonly name: string; readonly schema: string | null }): string {
    const name = this.quoteIfNeeded(table.name);
    return table.schema === null ? name : `${this.quoteIfNeeded(table.schema)}.${name}`;
  }
}
