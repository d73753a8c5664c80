import { expect, test } from "vitest";
import * as athanor from "../../src/index.js";

const NAMES = [
  "Entity PrimaryKey Column ManyToOne OneToMany ManyToMany OneToOne",
  "t OptionalProps attrs aliased select insert update del text func and or not exists caseWhen cast literal bindparam",
  "createAsyncEngine AsyncSession asyncSessionmaker asyncScopedSession awaitable metadata create inspect event",
  "createEngine sessionmaker table column registry toObject containsEager",
  "selectinload joinedload subqueryload lazyload raiseload noload loadOnly defer undefer withLoaderCriteria",
  "IntegrityError OperationalError ProgrammingError DataError NoResultFound MultipleResultsFound InvalidRequestError ArgumentError",
  "StaleDataError FlushError DetachedInstanceError ObjectDeletedError UnmappedInstanceError PendingRollbackError TimeoutError",
  "AthanorError MissingSyncContextError Session",
].join(" ");

test.each(NAMES.split(" "))("the package exports %s", (name) => {
  expect((athanor as Record<string, unknown>)[name]).toBeDefined();
});
