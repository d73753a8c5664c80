/** Values inside JSON documents: as text, which has every digit, where JSON has nothing like them. */
import type { JsonCell } from "../../sql/types/json-cell.js";
import { RowsType } from "../../sql/types/rows.js";
import type { SQLType, TypeDialect } from "../../sql/types/type.js";
import { loadKind } from "./types.js";

const asIs = (sql: string): string => sql;
const asText = (sql: string): string => `CAST(${sql} AS TEXT)`;

/** What JSON has a text of its own for. */
const TEXTUAL: ReadonlySet<string> = new Set(["string", "enum", "uuid"]);

export function postgresqlJsonCell(type: SQLType, dialect: TypeDialect): JsonCell {
  const impl = dialect.typeImpl(type);
  const read = impl.resultProcessor(dialect) as JsonCell["read"];
  if (impl instanceof RowsType) return { write: asIs, read };
  switch (loadKind(type, dialect)) {
    case "bigint":
      return {
        write: asText,
        read: read === null ? (BigInt as JsonCell["read"]) : (cell) => read(BigInt(cell as string)),
      };
    case "float":
      // infinite numbers are text
      return { write: asIs, read: read === null ? Number : (cell) => read(Number(cell)) };
    case "text":
      return { write: TEXTUAL.has(impl.family) ? asIs : asText, read };
    default:
      return { write: asIs, read };
  }
}
