/** The types of rows, read off tables and statements. */
import type { RowValues, TableRow } from "./schema/column-specs.js";
import type { AnyTable, Table } from "./schema/table.js";
import type { RowsOf } from "./typing.js";

/**
 * A row of a table, or of a statement.
 *
 * @example type User = InferRow<typeof users>; const query = select({ id: users.c.id }); type Found = InferRow<typeof query>
 */
export type InferRow<X> = X extends AnyTable
  ? X extends Table<infer Cols, infer _Name>
    ? TableRow<Cols>
    : never
  : X extends RowsOf<infer Row>
    ? Row
    : never;

/** What a new row of a table has to give, and may give: plain values by column key. */
export type InferInsert<X> = X extends Table<infer Cols, infer _Name> ? RowValues<Cols> : never;

/** What an UPDATE of a table may set: plain values by column key. */
export type InferUpdate<X> = Partial<InferInsert<X>>;
