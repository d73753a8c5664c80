/** INSERT of many rows as one statement. */

import type { Compiled } from "../../sql/compiled.js";
import type { Insert } from "../../sql/dml/insert.js";
import type { SQLType } from "../../sql/types/type.js";
import { BulkRows, enumNames } from "./bulk-rows.js";

/** A bare parameter, or what each row gets: a function without arguments. */
const CELL = "(?:\\$\\d+|[a-z_]+\\(\\)|CURRENT_[A-Z]+)";
/** INSERT INTO, VALUES, RETURNING. */
const FORM = new RegExp(
  `^(INSERT INTO .+? \\([^()]+\\)(?: OVERRIDING SYSTEM VALUE)?) VALUES \\((${CELL}(?:, ${CELL})*)\\)( RETURNING [^()]+)?$`,
);

/** The bulk form of a statement; null for one that has none. */
export function bulkInsertOf(compiled: Compiled, enumName: (type: SQLType) => string | null): BulkRows | null {
  if (compiled.kind !== "insert" || compiled.params.length === 0) return null;
  const insert = compiled.statement as Insert;
  if (insert.conflicts.length > 0 || insert.source !== null) return null;
  const form = FORM.exec(compiled.text);
  if (form === null) return null;
  const cells = (form[2] as string).split(", ");
  const parameters = cells.filter((each) => each.startsWith("$"));
  if (parameters.length !== compiled.params.length || parameters.some((each, i) => each !== `$${i + 1}`)) return null;
  let sortBy = -1;
  if (form[3] !== undefined) {
    // Rows are told apart by a key that the database makes in the order of the sets.
    const column = insert.table.primaryKey.autoincrementColumn;
    if (column === null || Number(column.identity?.increment ?? 1) < 0) return null;
    if (compiled.params.some((param) => param.label === column.key)) return null;
    sortBy = compiled.resultColumns?.findIndex((each) => each.name === column.name) ?? -1;
    if (sortBy < 0) return null;
  }
  const [, head, , returning = ""] = form;
  return new BulkRows({
    count: parameters.length,
    enums: enumNames(compiled, enumName),
    sortBy,
    keyed: false,
    doubt: null,
    write: (unnested, names) => {
      let next = 0;
      const selected = cells.map((each) => (each.startsWith("$") ? `p.${names[next++]}` : each));
      return (
        `${head} SELECT ${selected.join(", ")} FROM ${unnested} ` +
        `WITH ORDINALITY AS p(${names.join(", ")}, n) ORDER BY p.n${returning}`
      );
    },
  });
}
