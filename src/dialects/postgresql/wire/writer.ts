/** Messages of the frontend/backend protocol, version 3, written one behind the other into one buffer. */
import { valueText } from "../value-text.js";
import type { FastBuffer } from "./fast-buffer.js";

const FORMAT_TEXT = 0;
const FORMAT_BINARY = 1;

/** Collects the messages of one exchange. */
export class MessageWriter {
  #buffer = fresh(8192);
  #at = 0;
  #start = 0;

  /** Bytes collected so far. */
  get length(): number {
    return this.#at;
  }

  /** A simple query: any number of statements, no parameters. */
  query(text: string): this {
    this.#open(0x51);
    this.#cstring(text);
    return this.#close();
  }

  /** @param types object ids of the parameters' types; 0 leaves one to the server */
  parse(name: string, text: string, types: readonly number[] = []): this {
    this.#open(0x50);
    this.#cstring(name);
    this.#cstring(text);
    this.#int16(types.length);
    for (const type of types) this.#int32(type);
    return this.#close();
  }

  /** Binds values as text, bytes in binary; results come as text. */
  bind(portal: string, statement: string, values: readonly unknown[]): this {
    const count = values.length;
    this.#open(0x42);
    this.#cstring(portal);
    this.#cstring(statement);
    let bytes = false;
    for (let i = 0; i < count; i++) if (values[i] instanceof Uint8Array) bytes = true;
    if (bytes) {
      this.#int16(count);
      for (let i = 0; i < count; i++) this.#int16(values[i] instanceof Uint8Array ? FORMAT_BINARY : FORMAT_TEXT);
    } else this.#int16(0);
    this.#int16(count);
    for (let i = 0; i < count; i++) this.#value(values[i]);
    // no format codes: all columns of the result as text
    this.#int16(0);
    return this.#close();
  }

  describePortal(portal: string): this {
    return this.#named(0x44, 0x50, portal);
  }

  describeStatement(name: string): this {
    return this.#named(0x44, 0x53, name);
  }

  /** @param rows the most rows that are sent; 0 is all. */
  execute(portal: string, rows: number): this {
    this.#open(0x45);
    this.#cstring(portal);
    this.#int32(rows);
    return this.#close();
  }

  closeStatement(name: string): this {
    return this.#named(0x43, 0x53, name);
  }

  closePortal(name: string): this {
    return this.#named(0x43, 0x50, name);
  }

  sync(): this {
    this.#open(0x53);
    return this.#close();
  }

  /** Data of COPY ... FROM STDIN, to its end. */
  copyData(data: Uint8Array): this {
    this.#open(0x64);
    this.#ensure(data.length + 5);
    this.#buffer.set(data, this.#at);
    this.#at += data.length;
    this.#close();
    this.#open(0x63);
    return this.#close();
  }

  /** Refuses to send the data that a COPY ... FROM STDIN waits for, which was run as a statement like any other. */
  copyFail(): this {
    this.#open(0x66);
    this.#cstring("COPY ... FROM STDIN needs data: write it with copyFrom()");
    return this.#close();
  }

  /** The bytes collected, which are the caller's from then on. */
  take(): Buffer {
    const taken = Buffer.allocUnsafe(this.#at);
    this.#buffer.copy(taken, 0, 0, this.#at);
    this.#at = 0;
    // one great statement must not keep its memory for ever
    if (this.#buffer.length > 1 << 20) this.#buffer = fresh(8192);
    return taken;
  }

  /** Forgets what was collected. */
  clear(): void {
    this.#at = 0;
  }

  #value(value: unknown): void {
    if (value === null || value === undefined) {
      this.#int32(-1);
      return;
    }
    if (value instanceof Uint8Array) {
      const { length } = value;
      this.#int32(length);
      this.#ensure(length);
      this.#buffer.set(value, this.#at);
      this.#at += length;
      return;
    }
    const text = typeof value === "string" ? value : valueText(value);
    // the length is known after writing
    this.#ensure(4 + text.length * 3);
    const written = this.#buffer.utf8Write(text, this.#at + 4);
    this.#int32(written);
    this.#at += written;
  }

  #named(code: number, kind: number, name: string): this {
    this.#open(code);
    this.#ensure(1);
    this.#buffer[this.#at++] = kind;
    this.#cstring(name);
    return this.#close();
  }

  #open(code: number): void {
    this.#ensure(5);
    this.#buffer[this.#at++] = code;
    this.#start = this.#at;
    this.#at += 4;
  }

  #close(): this {
    this.#buffer.writeInt32BE(this.#at - this.#start, this.#start);
    return this;
  }

  #cstring(text: string): void {
    this.#ensure(text.length * 3 + 1);
    if (text !== "") this.#at += this.#buffer.utf8Write(text, this.#at);
    this.#buffer[this.#at++] = 0;
  }

  #int16(value: number): void {
    this.#ensure(2);
    this.#at = this.#buffer.writeUInt16BE(value, this.#at);
  }

  #int32(value: number): void {
    this.#ensure(4);
    this.#at = this.#buffer.writeInt32BE(value, this.#at);
  }

  #ensure(more: number): void {
    const needed = this.#at + more;
    if (needed <= this.#buffer.length) return;
    const larger = fresh(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}

function fresh(size: number): FastBuffer {
  return Buffer.allocUnsafe(size) as Buffer as FastBuffer;
}
