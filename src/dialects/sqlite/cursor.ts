/** Rows of a statement that come in parts: one after the other by better-sqlite3's `iterate()`, or in pages where all rows of a table are read. */
import type { DriverCursor, DriverPlan } from "../../engine/driver.js";
import { narrowIntegers, type OpenCursor, type SqliteDatabase, setExact } from "./database.js";
import { factsOf } from "./plain-table.js";
import type { TableScan } from "./table-scan.js";

/** A plan that can perhaps be read in pages. */
export interface ScanPlan extends DriverPlan {
  readonly scan?: TableScan | null;
}

/** What is left of a statement's rows. */
interface Rows {
  /** Adds so many of the next rows to `rows`; where there are fewer, they are the last. */
  read(count: number, rows: unknown[][]): void;
  close(): void;
}

class SteppedRows implements Rows {
  constructor(private readonly iterator: IterableIterator<unknown>) {}

  read(count: number, rows: unknown[][]): void {
    for (let left = count; left > 0; left--) {
      const next = this.iterator.next();
      if (next.done === true) return;
      rows.push(next.value as unknown[]);
    }
  }

  close(): void {
    this.iterator.return?.();
  }
}

class PagedRows implements Rows {
  readonly #ahead: unknown[][] = [];
  #last: unknown = null;
  #given = 0;
  /** Takes over behind a key that a number does not hold exactly. */
  #rest: SteppedRows | null = null;

  constructor(
    private readonly database: SqliteDatabase,
    private readonly plan: DriverPlan,
    private readonly scan: TableScan,
    /** All rows, of which only the first is stepped to: as long as its statement is open, all pages are of one state of the database. */
    private readonly opened: SteppedRows,
  ) {
    opened.read(1, this.#ahead);
  }

  read(count: number, rows: unknown[][]): void {
    const ahead = this.#ahead.splice(0);
    this.#take(ahead, rows);
    const left = count - ahead.length;
    if (this.#given === 0 || left <= 0) return;
    if (typeof this.#last !== "number" || Number.isSafeInteger(this.#last)) this.#take(this.#page(left), rows);
    else {
      this.#rest ??= this.#stepOn();
      this.#rest.read(left, rows);
    }
  }

  #stepOn(): SteppedRows {
    const { database, plan, scan } = this;
    const { statement } = setExact(database.prepareFresh(tagged(`${scan.whole} LIMIT -1 OFFSET ?`, plan)), plan);
    return new SteppedRows(statement.iterate(this.#given));
  }

  #page(count: number): unknown[][] {
    const { statement } = setExact(this.database.kept(tagged(this.scan.page, this.plan)), this.plan);
    return statement.all(this.#last, count === Number.POSITIVE_INFINITY ? -1 : count) as unknown[][];
  }

  #take(page: readonly unknown[][], rows: unknown[][]): void {
    if (page.length === 0) return;
    for (let i = 0; i < page.length; i++) rows.push(page[i]);
    this.#given += page.length;
    this.#last = page[page.length - 1][this.scan.keyIndex];
  }

  close(): void {
    this.#rest?.close();
    this.opened.close();
  }
}

/** A statement that is run for a plan, with the tags of the plan's own. */
function tagged(text: string, { comment = "" }: DriverPlan): string {
  return text + comment;
}

/** Rows of a query, read when they are asked for. */
export class SqliteCursor implements DriverCursor, OpenCursor {
  readonly columns: readonly string[];
  #rows: Rows | null = null;
  /** Rows that were read before they were asked for. */
  #buffer: unknown[][] = [];
  #position = 0;

  constructor(
    private readonly database: SqliteDatabase,
    readonly owner: object,
    private readonly plan: ScanPlan,
    params: readonly unknown[],
  ) {
    const scan = scanFor(database, plan);
    // A statement of its own, which is busy while it is open.
    const text = scan === null ? plan.text : tagged(scan.whole, plan);
    const { statement, columns, readonly } = setExact(database.prepareFresh(text), plan);
    this.columns = columns;
    if (!readonly) {
      // INSERT ... RETURNING and its like do all their work at once, and must not leave the database busy.
      database.drainCursors();
      this.#buffer = statement.all(...params) as unknown[][];
      return;
    }
    const opened = new SteppedRows(statement.iterate(...params));
    this.#rows = scan === null ? opened : new PagedRows(database, plan, scan, opened);
    database.cursors.add(this);
  }

  fetch(count: number): unknown[][] {
    return this.fetchSync(count);
  }

  fetchSync(count: number): unknown[][] {
    const rows = this.#buffer.slice(this.#position, this.#position + count);
    this.#position += rows.length;
    if (this.#position === this.#buffer.length) this.#forget();
    if (this.#rows !== null && rows.length < count) {
      try {
        this.#rows.read(count - rows.length, rows);
      } catch (error) {
        this.#finish();
        throw error;
      }
      if (rows.length < count) this.#finish();
    }
    narrowIntegers(rows, this.plan.integers);
    return rows;
  }

  drain(): void {
    if (this.#rows === null) return;
    const rest = this.#buffer.slice(this.#position);
    this.#rows.read(Number.POSITIVE_INFINITY, rest);
    this.#buffer = rest;
    this.#position = 0;
    this.#finish();
  }

  close(): void {
    this.closeSync();
  }

  closeSync(): void {
    this.#forget();
    this.#finish();
  }

  #forget(): void {
    this.#buffer = [];
    this.#position = 0;
  }

  #finish(): void {
    const rows = this.#rows;
    if (rows === null) return;
    this.#rows = null;
    this.database.cursors.delete(this);
    rows.close();
  }
}

/** How the plan's rows are read in pages; null where its text is another by now, or the table is not what the statement takes it for. */
function scanFor(database: SqliteDatabase, plan: ScanPlan): TableScan | null {
  const { scan, text } = plan;
  if (scan == null || text !== tagged(scan.text, plan)) return null;
  return factsOf(database, scan.table, scan.key).isPlain ? scan : null;
}
