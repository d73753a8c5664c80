/** Values inside JSON documents: as they are stored, but for bytes and great integers. */
import type { JsonCell } from "../../sql/types/json-cell.js";
import { RowsType } from "../../sql/types/rows.js";
import type { SQLType, TypeDialect } from "../../sql/types/type.js";
import { bigintNeed } from "./types.js";

export function sqliteJsonCell(type: SQLType, dialect: TypeDialect): JsonCell {
  const impl = dialect.typeImpl(type);
  const read = impl.resultProcessor(dialect) as JsonCell["read"];
  if (impl instanceof RowsType) return { write: (sql) => `json(${sql})`, read };
  if (bigintNeed(type, dialect) === "always") {
    return {
      write: (sql) => `CAST(${sql} AS TEXT)`,
      read: read === null ? (BigInt as JsonCell["read"]) : (cell) => read(BigInt(cell as string)),
    };
  }
  switch (impl.family) {
    case "binary": {
      const bytes = (cell: unknown): Uint8Array => Buffer.from(cell as string, "hex");
      return {
        write: (sql) => `iif(${sql} IS NULL, NULL, hex(${sql}))`,
        read: read === null ? bytes : (cell) => read(bytes(cell)),
      };
    }
    case "json":
    case "array":
      // a JSON value is text here, and what a JSON function gives would be taken for JSON
      return { write: (sql) => `${sql} || ''`, read };
    default:
      return { write: (sql) => sql, read };
  }
}
