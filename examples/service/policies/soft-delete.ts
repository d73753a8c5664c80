/**
 * What is deleted is marked, and read no more, but by a statement that says so:
 * `db.scalars(statement, {}, { includeDeleted: true })`.
 */
import { event, withLoaderCriteria } from "athanor";
import { SoftDeletable } from "../entities/index.js";
import { Session } from "../session.js";

const NOT_DELETED = withLoaderCriteria(SoftDeletable, (entity) => entity.deletedAt.isNull(), { includeAliases: true });

event.listen(Session, "doOrmExecute", (state) => {
  if (state.isColumnLoad || state.isRelationshipLoad || state.isFromStatement) return;
  if (!state.isSelect && !state.isUpdate && !state.isDelete) return;
  if (state.executionOptions["includeDeleted"] !== true) state.addOptions(NOT_DELETED);
});
