/** RETURNING of ORM-enabled statements: rows as entities of the session. */
import type { ConnectionCore } from "../../engine/connection-core.js";
import type { Op } from "../../engine/io.js";
import { CursorResult } from "../../engine/result.js";
import type { Compiled, CompileOptions, SchemaTranslateMap } from "../../sql/compiled.js";
import type { DMLStatement } from "../../sql/dml/dml.js";
import type { LoadOption } from "../../sql/entity.js";
import type { BoundValue } from "../../sql/key-context.js";
import { cacheKeyOf, type Node } from "../../sql/node.js";
import type { LoadSession } from "../load-session.js";
import { CompositeElement } from "../loading/composite-element.js";
import { attributesOf } from "../loading/entity.js";
import { loadByKeys } from "../loading/identity.js";
import { LoadRun } from "../loading/load-run.js";
import { LoaderCriteria } from "../loading/option-steps.js";
import { OrmEntity } from "../loading/orm-entity.js";
import { givenColumns, makeRowPlan, type RowPlan } from "../loading/row-plan.js";
import type { Mapper } from "../mapping/mapper.js";
import type { Params } from "../session/execute-options.js";
import { stateOf } from "../stamp.js";
import { type IdentityToken, type InstanceState, valuesOf } from "../state.js";

/** Values by parameter name or column key. */
export type Named = Readonly<Record<string, unknown>>;

/** The sets of values that a statement is executed with; null for none. */
export function setsOf(params: Params | undefined): readonly Named[] | null {
  if (params === undefined) return null;
  return Array.isArray(params) ? (params as readonly Named[]) : [params as Named];
}

/** A statement that was run, with the driver's rows. */
export interface Ran {
  readonly compiled: Compiled;
  readonly binds: readonly BoundValue[];
  readonly rows: unknown[][];
  readonly rowcount: number;
}

/** The statement with RETURNING of single columns: those of its entities, composites and bundles. */
export function flatReturning<S extends DMLStatement>(statement: S): S {
  const isFlat = (node: Node): boolean => !(node instanceof OrmEntity || node instanceof CompositeElement);
  if (statement.returningNodes.every(isFlat)) return statement;
  const nodes = statement.returningNodes.flatMap((node): readonly Node[] => {
    if (node instanceof CompositeElement) return node.elements;
    if (!(node instanceof OrmEntity)) return [node];
    return attributesOf([node.mapper])
      .filter((attribute) => attribute.writable && !attribute.deferred)
      .map((attribute) => node.columnFor(attribute.column));
  });
  return statement.with({ returningNodes: nodes, rowKeys: [] });
}

/** Runs a statement with one set of values, or with each of several. */
export function* runStatementSets(
  connection: ConnectionCore,
  statement: Node,
  sets: readonly Named[] | null,
  { schemaTranslateMap }: { readonly schemaTranslateMap?: SchemaTranslateMap },
): Op<Ran> {
  let compileOptions: CompileOptions = { schemaTranslateMap };
  if (sets !== null && sets.length > 0) {
    const bound = new Set(cacheKeyOf(statement).binds.map((bind) => bind.name));
    const columnKeys = Object.keys(sets[0]).filter((key) => !bound.has(key));
    if (columnKeys.length > 0) compileOptions = { schemaTranslateMap, columnKeys };
  }
  const { compiled, binds, origin } = connection.cached(statement, compileOptions, true);
  connection.origin = origin;
  const result =
    sets === null || sets.length === 1
      ? yield* connection.run(compiled, compiled.bind(binds, sets?.[0]))
      : yield* connection.runMany(
          compiled,
          sets.map((set) => compiled.bind(binds, set)),
        );
  return { compiled, binds, rows: result.rows, rowcount: result.rowcount };
}

/** By what the rows shall hold: entities and columns may compile to the same SQL. */
const plans = new WeakMap<Compiled, Map<string, RowPlan>>();

/** The rows of RETURNING, and the entities among them. */
export interface Returned {
  readonly result: CursorResult<unknown>;
  readonly entities: readonly InstanceState[];
}

/** The rows of RETURNING as the statement names them, its entities among the objects of the session. */
export function* loadReturned(
  session: LoadSession,
  connection: ConnectionCore,
  statement: DMLStatement,
  ran: Ran,
  populateExisting: boolean,
  identityToken: IdentityToken | null | undefined,
): Op<Returned> {
  const { compiled, binds, rowcount } = ran;
  let byNodes = plans.get(compiled);
  if (byNodes === undefined) {
    byNodes = new Map();
    plans.set(compiled, byNodes);
  }
  const key = shapeOf(statement);
  let plan = byNodes.get(key);
  if (plan === undefined) {
    plan = makeRowPlan({
      nodes: statement.returningNodes,
      rowKeys: statement.rowKeys,
      loadOptions: [],
      given: givenColumns(compiled) ?? [],
      compiled,
      planned: binds,
      dialect: connection.dialect,
    });
    byNodes.set(key, plan);
  }
  const run = new LoadRun(session, connection, binds, undefined, populateExisting, null, { identityToken });
  const rows = plan.plan.read(run, plan.arrange(ran.rows));
  yield* plan.plan.fill(run);
  const entities = rows
    .flat()
    .flatMap((value) => (typeof value === "object" && value !== null ? (stateOf(value) ?? []) : []));
  return { result: new CursorResult(plan.plan.shape, rows, facts(rowcount)), entities };
}

/** What its rows shall hold, composites and bundles by their shapes. */
function shapeOf({ returningNodes, rowKeys }: DMLStatement): string {
  const words = returningNodes.map((node) =>
    node instanceof CompositeElement ? `composite ${cacheKeyOf(node).key}` : node.visitName,
  );
  return `${words.join()}|${rowKeys.join()}`;
}

/** What the loader options of a statement ask for the entities that it returns: they are selected by their keys with them. */
export function* loadAsAsked(
  session: LoadSession,
  mapper: Mapper,
  loadOptions: readonly LoadOption[],
  states: readonly InstanceState[],
): Op<void> {
  const options = loadOptions.filter((each) => !(each instanceof LoaderCriteria));
  if (options.length === 0) return;
  const keys = states.flatMap((state) => (state.key === null ? [] : [valuesOf(state.key)]));
  yield* loadByKeys(session, mapper, keys, { options });
}

/** What is known of a statement that an ORM operation stands for. */
export function facts(rowcount: number): ConstructorParameters<typeof CursorResult>[2] {
  return { rowcount, lastrowid: null, perSet: null, lastrowids: null, insertedKeys: null };
}
