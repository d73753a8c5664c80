/** Cursors: portals on the server, or rows that had to be read at once. */
import type { DriverCursor, DriverResult } from "../../engine/driver.js";
import { checkAborted } from "../../engine/io.js";
import type { Decoder } from "./load.js";
import type { Exchange } from "./wire/exchange.js";

/** What a portal asks of its connection. */
export interface PortalHost {
  fetchExchange(portal: string, count: number, decoders: readonly Decoder[], columns: readonly string[]): Exchange;
  perform(exchange: Exchange, signal?: AbortSignal): Promise<void>;
  performSync(exchange: Exchange): void;
  /** Has the portal closed together with the next statement. */
  abandon(portal: string): void;
}

/** A portal: the server makes the rows as they are fetched. It ends with its transaction. */
export class PortalCursor implements DriverCursor {
  #open = true;

  constructor(
    private readonly connection: PortalHost,
    private readonly portal: string,
    readonly columns: readonly string[],
    private readonly decoders: readonly Decoder[],
  ) {}

  async fetch(count: number, signal?: AbortSignal): Promise<unknown[][]> {
    if (!this.#open || count <= 0) return [];
    checkAborted(signal);
    const exchange = this.#exchange(count);
    await this.connection.perform(exchange, signal);
    return this.#rows(exchange);
  }

  fetchSync(count: number): unknown[][] {
    if (!this.#open || count <= 0) return [];
    const exchange = this.#exchange(count);
    this.connection.performSync(exchange);
    return this.#rows(exchange);
  }

  close(): void {
    this.closeSync();
  }

  closeSync(): void {
    if (!this.#open) return;
    this.#open = false;
    this.connection.abandon(this.portal);
  }

  #exchange(count: number): Exchange {
    const rows = Number.isFinite(count) ? count : 0;
    return this.connection.fetchExchange(this.portal, rows, this.decoders, this.columns);
  }

  #rows(exchange: Exchange): unknown[][] {
    if (!exchange.suspended) this.closeSync();
    return exchange.rows;
  }
}

/** Rows that were read at once, handed out in parts. */
export class BufferedCursor implements DriverCursor {
  readonly columns: readonly string[];
  #rows: unknown[][];
  #at = 0;

  constructor(result: DriverResult) {
    this.columns = result.columns ?? [];
    this.#rows = result.rows;
  }

  fetch(count: number): unknown[][] {
    return this.fetchSync(count);
  }

  fetchSync(count: number): unknown[][] {
    const part = this.#rows.slice(this.#at, this.#at + count);
    this.#at += part.length;
    if (this.#at >= this.#rows.length) this.#rows = [];
    return part;
  }

  close(): void {
    this.#rows = [];
  }

  closeSync(): void {
    this.#rows = [];
  }
}
