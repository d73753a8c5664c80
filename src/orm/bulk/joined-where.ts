/** UPDATE and DELETE of classes whose objects have rows in several tables: the rows that are meant are found first, and written table by table. */
import type { ConnectionCore } from "../../engine/connection-core.js";
import { execute } from "../../engine/execute.js";
import type { Op } from "../../engine/io.js";
import { Delete } from "../../sql/dml/delete.js";
import { Update } from "../../sql/dml/update.js";
import { ColumnElement } from "../../sql/element.js";
import { InvalidRequestError } from "../../sql/errors.js";
import { iterate, type Node } from "../../sql/node.js";
import type { Table } from "../../sql/schema/table.js";
import { baseColumn } from "../../sql/selectable/join.js";
import { BATCH, keysCondition } from "../loading/keys-condition.js";
import type { Mapper } from "../mapping/mapper.js";
import type { SessionExecuteOptions } from "../session/execute-options.js";
import type { Bulk } from "./bulk-statement.js";

/** Whether one statement cannot do it: rows of a hierarchy are deleted in several tables, columns of several are set or asked for. */
export function hasSeveralTables(mapper: Mapper, statement: Bulk): boolean {
  if (statement instanceof Delete) {
    for (const each of mapper.selfAndDescendants()) if (each.tables.length > 1) return true;
    return false;
  }
  if (mapper.tables.length === 1) return false;
  const tables = new Set<unknown>(mapper.tables);
  tables.delete(statement.table);
  const nodes: readonly Node[] = [...statement.whereCriteria, ...statement.sets.flat()];
  for (const root of nodes) {
    for (const node of iterate(root)) {
      if (node instanceof ColumnElement && tables.has(baseColumn(node)?.table)) return true;
    }
  }
  return false;
}

export function* writeSeveralTables(
  connection: ConnectionCore,
  statement: Bulk,
  mapper: Mapper,
  keys: readonly (readonly unknown[])[],
  options: SessionExecuteOptions,
): Op<void> {
  if (statement.returningNodes.length > 0) {
    throw new InvalidRequestError(
      `${statement.visitName === "Update" ? "update" : "del"}(${mapper.className}) writes several tables, and RETURNING is of one: leave returning() out and read the objects afterwards.`,
    );
  }
  const writes = statement instanceof Delete ? deletes(mapper) : updates(mapper, statement);
  for (const { table, make } of writes) {
    const columns = keyColumns(mapper, table);
    for (let start = 0; start < keys.length; start += BATCH) {
      const condition = keysCondition(columns, keys.slice(start, start + BATCH), connection.dialect);
      yield* execute(connection, make(condition), undefined, options);
    }
  }
}

interface TableWrite {
  readonly table: Table;
  readonly make: (condition: ColumnElement) => Node;
}

/** Leaf tables first. */
function deletes(mapper: Mapper): TableWrite[] {
  const tables: Table[] = [];
  const byDepth = [...mapper.selfAndDescendants()].sort((a, b) => b.tables.length - a.tables.length);
  for (const each of byDepth)
    for (const table of [...each.tables].reverse()) if (!tables.includes(table)) tables.push(table);
  const depth = (table: Table): number => Math.max(...byDepth.map((each) => each.tables.indexOf(table)));
  tables.sort((a, b) => depth(b) - depth(a));
  return tables.map((table) => ({
    table,
    make: (condition) => new Delete(table).where(condition as never),
  }));
}

function updates(mapper: Mapper, statement: Update): TableWrite[] {
  const writes: TableWrite[] = [];
  for (const table of mapper.tables) {
    const sets = statement.sets.filter(([column]) => baseColumn(column)?.table === (table as unknown));
    if (sets.length === 0) continue;
    writes.push({
      table,
      make: (condition) => new Update(table).with({ sets, whereCriteria: [condition] }),
    });
  }
  return writes;
}

/** The columns of a table that hold the objects' key. */
function keyColumns(mapper: Mapper, table: Table): readonly ColumnElement[] {
  const owner = [...mapper.selfAndDescendants()].find((each) => each.tables.includes(table)) ?? mapper;
  return owner.primaryKey.map((attribute) => {
    for (const [column, each] of owner.byColumn)
      if (each === attribute && (column.table as unknown) === table) return column;
    return attribute.column;
  });
}
