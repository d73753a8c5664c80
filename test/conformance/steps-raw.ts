import { select } from "../../src/index.js";
import type { Step } from "./format.js";
import { type Handlers, NO_VALUE } from "./handler.js";
import { after, always, type MaybePromise } from "./maybe-promise.js";
import type { ConnectionFace, RowsFace } from "./sessions.js";
import { compareForTable, compareStrings, renderScalar } from "./values.js";
import type { World } from "./world.js";

/** Steps that go past the session's objects, straight to the tables. None of them is counted. */
export const rawSteps: Handlers = {
  rawSql: { io: true, observes: true, run: (world, step) => uncounted(world, () => rawSql(world, step)) },
  table: { io: true, observes: true, run: (world, step) => uncounted(world, () => readTable(world, step)) },
};

function uncounted<T>(world: World, fn: () => MaybePromise<T>): MaybePromise<T> {
  world.log.pause();
  return always(fn, () => world.log.resume());
}

function rawSql(world: World, step: Step): MaybePromise<unknown> {
  const run = (connection: ConnectionFace) =>
    after(connection.execDriverSql(String(step.sql)), (result) => rawRows(step, result));
  if (step.session === null) return world.withConnection(run, "commit");
  return after(world.session(step).connection(), run);
}

function rawRows(step: Step, result: RowsFace): unknown {
  if (!result.returnsRows) return NO_VALUE;
  const rows = result.all().map((row) => Array.from(row, renderScalar));
  return step.sorted ? rows.sort((a, b) => compareStrings(JSON.stringify(a), JSON.stringify(b))) : rows;
}

function readTable(world: World, step: Step): MaybePromise<unknown> {
  const schemas = world.mapping.columnKinds(String(step.table));
  const all = Object.keys(schemas);
  const names = (step.columns as string[] | undefined) ?? all;
  const keys = all.filter((name) => schemas[name]?.primaryKey);
  const sortBy = (step.sortBy as string[] | undefined) ?? (keys.length ? keys : all);
  const table = world.mapping.table(step.table);
  const statement = select(...all.map((name) => table.c[name]!));
  return world.read(step, (connection) =>
    after(connection.execute(statement), (result) => {
      const rows = result.all().map((row) => Object.fromEntries(all.map((name, i) => [name, renderScalar(row[i])])));
      rows.sort((a, b) => sortBy.reduce((order, name) => order || compareForTable(a[name], b[name]), 0));
      return rows.map((row) => Object.fromEntries(names.map((name) => [name, row[name]])));
    }),
  );
}
