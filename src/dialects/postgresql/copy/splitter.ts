/** Cuts what is copied between records: line ends that are none of a value. */
import type { RecordSplitter } from "../../../engine/copy/dialect.js";
import type { CopyPart } from "../../../engine/copy/part.js";

const NEWLINE = 10;
const BACKSLASH = 92;

abstract class Splitter implements RecordSplitter {
  #chunks: Uint8Array[] = [];
  /** Bytes that are held. */
  #length = 0;
  /** How many of them are whole records, and the lines in those. */
  #whole = 0;
  #wholeLines = 0;
  #lines = 0;
  #firstLine = 1;

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#lines += this.scan(bytes, (at, lines) => {
      this.#whole = this.#length + at + 1;
      this.#wholeLines = this.#lines + lines;
    });
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  take(atLeast: number): CopyPart | null {
    return this.#whole === 0 || this.#whole < atLeast ? null : this.#cut(this.#whole, this.#wholeLines);
  }

  rest(): CopyPart | null {
    return this.#length === 0 ? null : this.#cut(this.#length, this.#lines);
  }

  /** Tells the place of the last line end of the bytes that ends a record, and how many lines of them end up to it. @returns how many lines end in all */
  protected abstract scan(bytes: Uint8Array, found: (at: number, lines: number) => void): number;

  #cut(length: number, lines: number): CopyPart {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Uint8Array) : Buffer.concat(this.#chunks, this.#length);
    const part = { data: all.subarray(0, length), firstLine: this.#firstLine };
    this.#firstLine += lines;
    this.#lines -= lines;
    this.#chunks = length === this.#length ? [] : [all.subarray(length)];
    this.#length -= length;
    this.#whole = 0;
    this.#wholeLines = 0;
    return part;
  }
}

/** A backslash before a line end makes it a part of the value. */
export class TextSplitter extends Splitter {
  /** The bytes so far end in a backslash that stands for nothing yet. */
  #escaping = false;

  protected scan(bytes: Uint8Array, found: (at: number, lines: number) => void): number {
    let last = -1;
    let lines = 0;
    let wholeLines = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      if (byte === BACKSLASH) {
        this.#escaping = !this.#escaping;
        continue;
      }
      if (byte === NEWLINE) {
        lines++;
        if (!this.#escaping) {
          last = i;
          wholeLines = lines;
        }
      }
      this.#escaping = false;
    }
    if (last >= 0) found(last, wholeLines);
    return lines;
  }
}

/** A line end within quotes is a part of the value. */
export class CsvSplitter extends Splitter {
  readonly #quote: number;
  /** Null where a quote within quotes is doubled: it closes and opens, and nothing has to be known of it. */
  readonly #escape: number | null;
  #quoted = false;
  #escaping = false;

  constructor(quote: string, escapedBy: string | undefined) {
    super();
    this.#quote = quote.charCodeAt(0);
    this.#escape = escapedBy === undefined || escapedBy === quote ? null : escapedBy.charCodeAt(0);
  }

  protected scan(bytes: Uint8Array, found: (at: number, lines: number) => void): number {
    let last = -1;
    let lines = 0;
    let wholeLines = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      if (byte === NEWLINE) {
        lines++;
        if (!this.#quoted) {
          last = i;
          wholeLines = lines;
        }
      }
      if (this.#escaping) this.#escaping = false;
      else if (this.#quoted && byte === this.#escape) this.#escaping = true;
      else if (byte === this.#quote) this.#quoted = !this.#quoted;
    }
    if (last >= 0) found(last, wholeLines);
    return lines;
  }
}
