/** Statements through a session: ORM selects are loaded, DML over mapped classes keeps the session in step, everything else runs as it is. */
import { execute as executeCore } from "../../engine/execute.js";
import type { Op } from "../../engine/io.js";
import { type CursorResult, Result } from "../../engine/result.js";
import { Delete } from "../../sql/dml/delete.js";
import { Update } from "../../sql/dml/update.js";
import { ArgumentError } from "../../sql/errors.js";
import { iterate, Node } from "../../sql/node.js";
import { Select } from "../../sql/selectable/select.js";
import { OrmEntity } from "../loading/orm-entity.js";
import { executeSelect, openSelect } from "../loading/select.js";
import type { Mapper } from "../mapping/mapper.js";
import { executeBulk } from "./bulk.js";
import type { Params, SessionExecuteOptions } from "./execute-options.js";
import type { SessionCore } from "./session-core.js";

/** The mapper that a statement is about: it decides which engine runs it. */
export function mapperOfStatement(statement: Node): Mapper | null {
  if (statement instanceof Select) {
    for (const element of statement.rawColumns) if (element instanceof OrmEntity) return element.mapper;
  }
  const { entity } = statement as unknown as { readonly entity?: unknown };
  if (entity instanceof OrmEntity) return entity.mapper;
  for (const node of iterate(statement)) {
    if (node instanceof OrmEntity) return node.mapper;
    const owner = (node as { entity?: unknown }).entity;
    if (owner instanceof OrmEntity) return owner.mapper;
  }
  return null;
}

function checkStatement(statement: unknown, method: string): asserts statement is Node {
  if (statement instanceof Node) return;
  throw new ArgumentError(
    typeof statement === "string"
      ? `session.${method}() takes a statement, not a string: write text(${JSON.stringify(statement)}).`
      : `session.${method}() takes a statement such as select(User), not ${typeof statement === "function" ? `the class or function ${statement.name}` : String(statement)}.`,
  );
}

export function* execute(
  session: SessionCore,
  statement: unknown,
  params: Params | undefined,
  options: SessionExecuteOptions = {},
): Op<Result<unknown> | CursorResult<unknown>> {
  checkStatement(statement, "execute");
  const own = (statement as { execOptions?: SessionExecuteOptions }).execOptions;
  const merged: SessionExecuteOptions = own === undefined ? options : { ...own, ...options };
  if (merged.autoflush !== false) yield* session.autoflush();
  if (statement instanceof Select) {
    const { shape, rows } = yield* executeSelect(
      session,
      params === undefined ? statement : statement.params(params as never),
      merged,
    );
    return new Result(shape, rows);
  }
  if ((statement instanceof Update || statement instanceof Delete) && statement.entity instanceof OrmEntity) {
    return yield* executeBulk(session, statement as unknown as Update, params, merged);
  }
  const connection = yield* session.connectionFor(mapperOfStatement(statement));
  return yield* executeCore(connection, statement, params, merged);
}

/** A statement's rows as they come, from a server-side cursor. */
export function* openStream(
  session: SessionCore,
  statement: unknown,
  params: Params | undefined,
  options: SessionExecuteOptions = {},
): Op<StreamSource> {
  checkStatement(statement, "stream");
  const own = (statement as { execOptions?: SessionExecuteOptions }).execOptions;
  const merged: SessionExecuteOptions = own === undefined ? options : { ...own, ...options };
  if (merged.autoflush !== false) yield* session.autoflush();
  if (!(statement instanceof Select))
    throw new ArgumentError("session.stream() takes a select; use connection().stream() for other statements.");
  return yield* openSelect(
    session,
    params === undefined ? statement : statement.params(params as never),
    merged,
    (merged.yieldPer as number | undefined) ?? 1000,
  );
}

/** Where the rows of a stream come from. */
export type StreamSource = ReturnType<typeof openSelect> extends Op<infer T> ? T : never;
