/** COPY: the statements, and how rows are written as its text. */
import type { CopyDialect, CopyInto, RecordSplitter } from "../../../engine/copy/dialect.js";
import type { CopyFormat, CopyFromFormat, CopyToOptions } from "../../../engine/copy/options.js";
import type { CopyPart } from "../../../engine/copy/part.js";
import type { DriverPlan } from "../../../engine/driver.js";
import { textPlan } from "../../../engine/plan.js";
import type { Compiled } from "../../../sql/compiled.js";
import type { IdentifierPreparer } from "../../../sql/dialect.js";
import { ArgumentError } from "../../../sql/errors.js";
import { quoteLiteral } from "../../../sql/types/base.js";
import { bytesText } from "../bytes.js";
import { valueText } from "../value-text.js";
import { CsvSplitter, TextSplitter } from "./splitter.js";

const SPECIAL = /[\\\n\r\t]/;
const ALL_SPECIAL = /[\\\n\r\t]/g;
const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Options that go into the statement as text. */
const TEXTS = ["delimiter", "null", "quote", "escape", "encoding"] as const;
/** Options that the splitter reads: it looks at bytes. */
const CHARACTERS = ["delimiter", "quote", "escape"] as const;

export class PostgresqlCopy implements CopyDialect {
  constructor(private readonly identifiers: IdentifierPreparer) {}

  takesValues({ text, params }: Compiled): boolean {
    return params.length > 0 && text.endsWith(`) VALUES (${params.map((_, i) => `$${i + 1}`).join(", ")})`);
  }

  row(values: readonly unknown[]): string {
    let line = "";
    for (let i = 0; i < values.length; i++) {
      if (i > 0) line += "\t";
      const value = values[i];
      if (value === null || value === undefined) line += "\\N";
      else if (typeof value === "number") line += value;
      else {
        const text =
          typeof value === "string" ? value : value instanceof Uint8Array ? bytesText(value) : valueText(value);
        line += SPECIAL.test(text) ? text.replace(ALL_SPECIAL, (char) => ESCAPES[char] as string) : text;
      }
    }
    return `${line}\n`;
  }

  splitter(format: CopyFromFormat): RecordSplitter {
    this.#check(format);
    return format.format === "text" ? new TextSplitter() : new CsvSplitter(format.quote ?? '"', format.escape);
  }

  write(into: CopyInto, format: CopyFromFormat | null, part: CopyPart, first: boolean): DriverPlan {
    const columns = into.columns.map((name) => this.identifiers.quoteIfNeeded(name)).join(", ");
    let text = `COPY ${into.table} (${columns}) FROM STDIN`;
    if (format !== null) {
      const words = this.#words(format, first);
      for (const [word, names] of [
        ["FORCE_NULL", format.forceNull],
        ["FORCE_NOT_NULL", format.forceNotNull],
      ] as const)
        if (names !== undefined) words.push(`${word} (${this.#names(names)})`);
      text += ` (${words.join(", ")})`;
    }
    return { ...textPlan(text), returnsRows: false, copied: part };
  }

  read(query: string, format: CopyToOptions): DriverPlan {
    this.#check(format);
    const words = this.#words(format, true);
    const { forceQuote } = format;
    if (forceQuote !== undefined)
      words.push(`FORCE_QUOTE ${forceQuote === "*" ? "*" : `(${this.#names(forceQuote)})`}`);
    return { ...textPlan(`COPY (${query}) TO STDOUT (${words.join(", ")})`), returnsRows: true, copies: true };
  }

  #words(options: CopyFormat, first: boolean): string[] {
    const words = [`FORMAT ${options.format}`];
    const { header } = options;
    if (first && header) words.push(`HEADER ${header === "match" ? "MATCH" : "true"}`);
    for (const name of TEXTS) {
      const value = options[name];
      if (value !== undefined) words.push(`${name.toUpperCase()} ${literal(value)}`);
    }
    return words;
  }

  #names(names: readonly string[]): string {
    return names.map((name) => this.identifiers.quoteIfNeeded(name)).join(", ");
  }

  #check(options: CopyFormat): void {
    if (options.format !== "text" && options.format !== "csv") {
      throw new ArgumentError(
        `COPY takes { format: "text" } or { format: "csv" }, not ${JSON.stringify(options.format)}. The binary format is for the raw client, with pg-copy-streams.`,
      );
    }
    for (const name of CHARACTERS) {
      const value = options[name];
      if (value === undefined || (typeof value === "string" && /^[\0-\x7f]$/.test(value))) continue;
      throw new ArgumentError(`COPY: ${name} is one character of ASCII, not ${JSON.stringify(value)}.`);
    }
  }
}

function literal(text: string): string {
  const quoted = quoteLiteral(text);
  return text.includes("\\") ? `E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}
