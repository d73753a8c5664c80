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
import { Dispatch, type Handler, registerEventTargets } from "./events.js";
import type { Parameters } from "./execute.js";

/** The synchronous connection that a handler gets, as far as it is known here: a `Connection`. */
export interface SchemaConnection {
  readonly dialect: EngineDialect;
  execute(statement: Node, params?: Parameters): unknown;
  execDriverSql(sql: string, params?: readonly unknown[]): unknown;
}

type MomentHandler<T> = ((target: T, connection: SchemaConnection) => unknown) | DDLElement;

/** Handlers of a table's or a metadata's events. They are synchronous; DDL that one returns, or that stands in place of one, is executed. */
export type SchemaEvents<T> = { readonly [N in SchemaMoment]: MomentHandler<T> } & {
  /** Gives another description of a column that is reflected, or undefined to leave it. */
  columnReflect(column: ReflectedColumn, table: ReflectedTable): ReflectedColumn | undefined;
};

const NAMES = new Set(["beforeCreate", "afterCreate", "beforeDrop", "afterDrop", "columnReflect"]);

/** Takes DDL in place of a handler. */
class SchemaDispatch extends Dispatch {
  protected override callable(handler: unknown): Handler | null {
    return handler instanceof DDLElement ? () => handler : super.callable(handler);
  }
}

/** Those of all tables, and of all metadata. */
const ofTables = new SchemaDispatch(NAMES, "Table");
const ofMetadata = new SchemaDispatch(NAMES, "MetaData");
const dispatches = new WeakMap<object, Dispatch>();

const classDispatch = (target: object): Dispatch => (target instanceof Table ? ofTables : ofMetadata);

registerEventTargets((target) => {
  if (target === Table) return ofTables;
  if (target === MetaData) return ofMetadata;
  if (!(target instanceof Table || target instanceof MetaData)) return null;
  let dispatch = dispatches.get(target);
  if (dispatch === undefined) {
    const label = target instanceof Table ? `table ${target.fullName}` : "metadata";
    dispatch = new SchemaDispatch(NAMES, label, [classDispatch(target)]);
    dispatches.set(target, dispatch);
  }
  return dispatch;
});

/** What hears of a table or a metadata: its own handlers and its class's. */
const dispatchOf = (target: object): Dispatch => dispatches.get(target) ?? classDispatch(target);

/** Calls the handlers of a moment, and has what they return run. */
export function* announce(
  face: SchemaConnection,
  run: (ddl: DDLElement) => DDLOp<unknown>,
  event: string,
  target: object,
): DDLOp<void> {
  const listeners = dispatchOf(target).listeners(event);
  if (listeners === null) return;
  for (const { call } of listeners) {
    const answer: unknown = call(target, face);
    for (const ddl of Array.isArray(answer) ? (answer as unknown[]) : [answer]) {
      if (!(ddl instanceof DDLElement)) continue;
      if (!(ddl instanceof DDL) || ddl.runsOn(face.dialect)) yield* run(ddl);
    }
  }
}

/** What the handlers of `columnReflect` make of a column: those of the metadata first, then those of all tables. */
export function reflectColumn(column: ReflectedColumn, table: ReflectedTable, target: object): ReflectedColumn {
  const made = dispatchOf(target).pipe<ReflectedColumn>("columnReflect", 0, [column, table]);
  return ofTables.pipe<ReflectedColumn>("columnReflect", 0, [made, table]);
}
