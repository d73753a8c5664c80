/** Every edit of the catalogue leaves an entry that says who changed what from what, in the same transaction. */
import { create, event, inspect, type Session as SyncSession } from "athanor";
import { AuditEntry, Author, Book, type Changes, Genre, SoftDeletable } from "../entities/index.js";
import { servedBy } from "../scope.js";
import { Session } from "../session.js";

const AUDITED = [Book, Author, Genre];
/** Says nothing that a reader does not know. */
const LEFT_OUT = new Set(["id", "shopId", "version", "deletedAt", "stock", "rating", "ratingCount", "genreId"]);

type Audited = Book | Author | Genre;
const isAudited = (object: object): object is Audited => AUDITED.some((cls) => object instanceof cls);

/** Objects that have no key before they are written. */
const added = new WeakMap<SyncSession, { object: Audited; changes: Changes }[]>();

event.listen(Session, "beforeFlush", (session) => {
  const created = [...session.new].filter(isAudited).map((object) => ({ object, changes: changesOf(object) }));
  if (created.length > 0) added.set(session, created);
  for (const object of session.dirty) {
    if (!isAudited(object) || !session.isModified(object)) continue;
    const changes = changesOf(object);
    const action = actionOf(object);
    if (action !== "edited" || Object.keys(changes).length > 0) note(session, action, object, changes);
  }
});

event.listen(Session, "afterFlushPostexec", (session) => {
  const created = added.get(session) ?? [];
  added.delete(session);
  for (const { object, changes } of created) note(session, "created", object, changes);
});

function note(session: SyncSession, action: AuditEntry["action"], object: Audited, changes: Changes): void {
  const actor = servedBy(session).actor?.name ?? "the shop";
  session.add(create(AuditEntry, { subject: object.constructor.name, subjectId: object.id, action, changes, actor }));
}

function actionOf(object: Audited): AuditEntry["action"] {
  if (!(object instanceof SoftDeletable) || !inspect(object).attrs["deletedAt"]?.history.hasChanges) return "edited";
  return object.deletedAt === null ? "restored" : "deleted";
}

function changesOf(object: Audited): Changes {
  const changes: Record<string, readonly [unknown, unknown]> = {};
  for (const [name, { history, loadedValue }] of Object.entries(inspect(object).attrs)) {
    if (LEFT_OUT.has(name) || !history.hasChanges) continue;
    const [before, after] = [said(history.nonAdded()), said([loadedValue].flat())];
    if (before !== null || (after !== null && after !== "")) changes[name] = [before, after];
  }
  return changes;
}

/** A value as a reader knows it: entities by their names. */
function said(values: readonly unknown[]): unknown {
  const known = values.map((value) => (value instanceof Author || value instanceof Genre ? value.name : value));
  return known.length < 2 ? (known[0] ?? null) : known.join(", ");
}
