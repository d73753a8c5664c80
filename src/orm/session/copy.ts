/** COPY in a session's transaction. */
import { type CopyPlace, copyFrom, type InsertOf } from "../../engine/copy/copy-from.js";
import { CopyStream, copiedQuery, openCopy } from "../../engine/copy/copy-to.js";
import type { CopyRowsOptions, CopyToOptions } from "../../engine/copy/options.js";
import type { CursorCore } from "../../engine/cursor-core.js";
import type { Op } from "../../engine/io.js";
import { Insert } from "../../sql/dml/insert.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { Node } from "../../sql/node.js";
import { Query } from "../../sql/selectable/query.js";
import { Select } from "../../sql/selectable/select.js";
import { withOwnColumns } from "../bulk/bulk-insert.js";
import { OptionDefaults } from "../loading/option-node.js";
import { criteriaAmong } from "../loading/option-tree.js";
import { OrmEntity } from "../loading/orm-entity.js";
import { prepareNode } from "../loading/statement-entities.js";
import type { Mapper } from "../mapping/mapper.js";
import { heardStatement, mapperOfStatement } from "./execute.js";
import type { SessionCore } from "./session-core.js";

type Run = <T>(op: Op<T>, signal?: AbortSignal) => Promise<T>;

/** Writes rows or bytes. */
export async function copyIntoSession(
  session: SessionCore,
  run: Run,
  target: unknown,
  source: unknown,
  options: CopyRowsOptions | undefined,
): Promise<number> {
  const statement = new Insert(target) as Insert;
  const mapper = statement.entity instanceof OrmEntity ? statement.entity.mapper : null;
  if (mapper !== null) checkTables(mapper);
  let begun = false;
  const place: CopyPlace = {
    run: (op, signal) =>
      run(
        (function* () {
          if (!begun) yield* session.autoflush();
          begun = true;
          session.hasWritten = true;
          return yield* op(yield* session.connectionFor(mapper, statement));
        })(),
        signal,
      ),
  };
  const insertOf: InsertOf = (first) =>
    mapper === null || first === null ? statement : withOwnColumns(statement, mapper, [first]);
  return await copyFrom(place, target, source, options, insertOf);
}

function checkTables(mapper: Mapper): void {
  if (mapper.tables.length === 1) return;
  throw new InvalidRequestError(
    `copyFrom(${mapper.className}): the class is mapped to several tables, and COPY writes one. Execute insert(${mapper.className}) with a list of ` +
      "objects, or copy into each table.",
  );
}

/** Reads a query. */
export function copyOfSession(session: SessionCore, run: Run, source: unknown, options: CopyToOptions): CopyStream {
  const query = copiedQuery(source, options);
  return new CopyStream({
    open: () => run(openInSession(session, query, options), options.signal),
    run,
  });
}

function* openInSession(session: SessionCore, query: Node, copy: CopyToOptions): Op<CursorCore> {
  const { statement, options } = yield* heardStatement(session, query, {});
  if (options.autoflush !== false) yield* session.autoflush();
  const connection = yield* session.connectionFor(mapperOfStatement(statement), statement, options.bindArguments);
  return yield* openCopy(connection, withCriteria(statement), copy);
}

/** A query with what its classes and options ask for of its rows. */
function withCriteria(statement: Node): Node {
  if (!(statement instanceof Query)) return statement;
  if (!(statement instanceof Select)) return prepareNode(statement, new OptionDefaults());
  const { loadOptions } = statement as Select;
  // What is to be loaded says nothing here, wherever it begins.
  return prepareNode((statement as Select).with({ loadOptions: [] }), criteriaAmong(loadOptions));
}
