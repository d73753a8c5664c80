import { JsonType } from "./structured.js";
import type { ResultProcessor, SQLType, TypeDialect } from "./type.js";

/** The rows of a query inside a value: JSON whose members become values of the columns' own types. */
export class RowsType extends JsonType<unknown> {
  /** @param columns the types by name @param single one row, or none, in place of a list */
  constructor(
    private readonly columns: ReadonlyMap<string, SQLType>,
    private readonly single: boolean,
  ) {
    super();
  }
  protected override describe(): string {
    const columns = [...this.columns].map(([name, type]) => `${JSON.stringify(name)}:${type.cacheKey}`);
    return `rows${this.single ? "1" : ""}(${columns.join(",")})`;
  }
  override resultProcessor(dialect: TypeDialect): ResultProcessor<unknown> {
    const readers = [...this.columns].flatMap(([name, type]) => {
      const { read } = dialect.jsonCell(type);
      return read === null ? [] : [{ name, read }];
    });
    const convert = (row: Record<string, unknown>): void => {
      for (const { name, read } of readers) {
        const cell = row[name];
        if (cell !== null) row[name] = read(cell);
      }
    };
    return (value: unknown) => {
      const parsed: unknown = typeof value === "string" ? JSON.parse(value) : value;
      if (readers.length === 0) return parsed;
      if (this.single) convert(parsed as Record<string, unknown>);
      else for (const row of parsed as Record<string, unknown>[]) convert(row);
      return parsed;
    };
  }
}
