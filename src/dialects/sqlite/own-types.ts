/** Forms of dates and times that older SQLite databases have. */
import { quoteLiteral } from "../../sql/types/base.js";
import { checkDateTime, DateTimeType } from "../../sql/types/temporal.js";
import type { BindProcessor, LiteralProcessor, ResultProcessor } from "../../sql/types/type.js";

/** How a point in time is stored: as text or as a number. */
export interface SqliteDateTimeFormat {
  /** Makes what is stored. */
  readonly store: (date: Date) => string | number | bigint;
  /** Reads what is stored. */
  readonly load: (stored: string | number) => Date;
  /** The name in DDL; `DATETIME` where absent. */
  readonly name?: string;
}

/** A point in time in a form of your own. */
export class SqliteDateTimeType extends DateTimeType {
  constructor(readonly format: SqliteDateTimeFormat) {
    super();
    if (format.name !== undefined) this.spellings = new Map([["*", format.name]]);
  }
  protected override describe(): string {
    return `sqlite datetime ${this.format.name ?? ""} ${String(this.format.store)} ${String(this.format.load)}`;
  }
  override bindProcessor(): BindProcessor {
    return (value: unknown) => this.format.store(checkDateTime(value));
  }
  override resultProcessor(): ResultProcessor<Date> {
    return (value: unknown) => this.format.load(value as string | number);
  }
  override literalProcessor(): LiteralProcessor {
    return (value: unknown) => {
      const stored = this.format.store(checkDateTime(value));
      return typeof stored === "string" ? quoteLiteral(stored) : String(stored);
    };
  }
}

/** Types that only SQLite has. */
export const sqlite = {
  /**
   * A point in time in a form other than `YYYY-MM-DD HH:MM:SS.SSS`.
   *
   * @example sqlite.datetime({ store: (date) => BigInt(date.getTime()), load: (ms) => new Date(Number(ms)), name: "INTEGER" })
   */
  datetime: (format: SqliteDateTimeFormat): SqliteDateTimeType => new SqliteDateTimeType(format),
} as const;
