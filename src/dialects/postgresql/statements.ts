/** The prepared statements of one connection. */
import { randomBytes } from "node:crypto";
import { LRUCache } from "../../sql/cache.js";
import type { Decoder } from "./load.js";
import type { Preparing } from "./wire/exchange.js";
import type { MessageWriter } from "./wire/writer.js";

/** A statement that the server keeps under a name. */
export interface PreparedStatement extends Preparing {
  readonly name: string;
  /** How its rows are read, once known. */
  decoders: readonly Decoder[] | null;
  columns: readonly string[] | null;
}

// Containers behind one pooler have equal process numbers.
const PROCESS = randomBytes(4).toString("hex");
let connections = 0;

export class PreparedStatements {
  readonly #statements: LRUCache<number | string, PreparedStatement>;
  // Names are never used twice, and differ between connections: behind a pooler a name may outlive its connection.
  readonly #prefix = `a${PROCESS}_${(++connections).toString(36)}_`;
  #made = 0;
  #closing: string[] = [];

  /** @param capacity how many the server keeps; 0 prepares nothing under a name */
  constructor(readonly capacity: number) {
    this.#statements = new LRUCache(capacity, (gone) => {
      if (gone.prepared) this.#closing.push(gone.name);
    });
  }

  /** The statement of a plan (by its number) or of transaction control (by its text); new where there is none. */
  take(key: number | string): PreparedStatement {
    if (this.capacity === 0) return unnamed();
    const known = this.#statements.get(key);
    if (known !== undefined) return known;
    const made = {
      name: `${this.#prefix}${(++this.#made).toString(36)}`,
      prepared: false,
      decoders: null,
      columns: null,
    };
    this.#statements.set(key, made);
    return made;
  }

  /** A statement that is not kept. */
  once(): PreparedStatement {
    return unnamed();
  }

  /** Forgets all of them: the schema has changed, or the server has dropped them. */
  clear(): void {
    this.#statements.clear();
  }

  /** The server has dropped them already. */
  forget(): void {
    this.#statements.clear();
    this.#closing = [];
  }

  /** Writes messages that drop what has fallen out, to travel with the next exchange. */
  writeClosing(writer: MessageWriter): void {
    if (this.#closing.length === 0) return;
    for (const name of this.#closing) writer.closeStatement(name);
    this.#closing = [];
  }
}

function unnamed(): PreparedStatement {
  return { name: "", prepared: false, decoders: null, columns: null };
}
