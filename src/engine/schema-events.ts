/** Events of tables and metadata: what runs before and after they are created and dropped, and while they are reflected. */
import { DDLElement } from "../sql/ddl/element.js";
import { DDL } from "../sql/ddl/elements.js";
import type { DDLOp } from "../sql/ddl-runner.js";
import type { Node } from "../sql/node.js";
import type { SchemaMoment } from "../sql/schema/create.js";
import { MetaData } from "../sql/schema/metadata.js";
import type { ReflectedColumn, ReflectedTable } from "../sql/schema/reflected.js";
import { Table } from "../sql/schema/table.js";
import type { EngineDialect } from "./dialect.js";
import { Dispatch, registerEventTargets } from "./events.js";
import type { Parameters } from "./execute.js";

/** The synchronous connection that a handler gets, as far as it is known here: a `Connection`. */
export interface SchemaConnection {
  readonly dialect: EngineDialect;
  execute(statement: Node, params?: Parameters): unknown;
  execDriverSql(sql: string, params?: readonly unknown[]): unknown;
}

type MomentHandler<T> = (target: T, connection: SchemaConnection) => unknown;

/** Handlers of a table's or a metadata's events. They are synchronous; DDL that one returns is executed. */
export type SchemaEvents<T> = { readonly [N in SchemaMoment]: MomentHandler<T> } & {
  /** Gives another description of a column that is reflected, or undefined to leave it. */
  columnReflect(column: ReflectedColumn, table: ReflectedTable): ReflectedColumn | undefined;
};

const NAMES = new Set(["beforeCreate", "afterCreate", "beforeDrop", "afterDrop", "columnReflect"]);
const dispatches = new WeakMap<object, Dispatch>();

registerEventTargets((target) => {
  if (!(target instanceof Table || target instanceof MetaData)) return null;
  let dispatch = dispatches.get(target);
  if (dispatch === undefined) {
    dispatch = new Dispatch(NAMES, target instanceof Table ? `table ${target.fullName}` : "metadata");
    dispatches.set(target, dispatch);
  }
  return dispatch;
});

/** Calls the handlers of a moment, and has what they return run. */
export function* announce(
  face: SchemaConnection,
  run: (ddl: DDLElement) => DDLOp<unknown>,
  event: string,
  target: object,
): DDLOp<void> {
  const listeners = dispatches.get(target)?.listeners(event);
  if (listeners == null) return;
  for (const { call } of listeners) {
    const answer: unknown = call(target, face);
    for (const ddl of Array.isArray(answer) ? (answer as unknown[]) : [answer]) {
      if (!(ddl instanceof DDLElement)) continue;
      if (!(ddl instanceof DDL) || ddl.runsOn(face.dialect)) yield* run(ddl);
    }
  }
}

/** What the handlers of `columnReflect` make of a column. */
export function reflectColumn(column: ReflectedColumn, table: ReflectedTable, target: object): ReflectedColumn {
  const dispatch = dispatches.get(target);
  return dispatch?.has("columnReflect") ? dispatch.pipe<ReflectedColumn>("columnReflect", 0, [column, table]) : column;
}
