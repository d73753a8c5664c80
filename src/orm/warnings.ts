/** The kinds of warnings of mapping and session. */
import { warningKind } from "../sql/catalogue.js";

export const OVERLAPS = warningKind("ATHANOR_OVERLAPS", {
  message: (relationship: string, source: string, dest: string, others: string, keys: string) =>
    `Relationship "${relationship}" will copy column ${source} to column ${dest}, which conflicts with relationship(s): ${others}. ` +
    `If they are the two sides of one link, tie them with backPopulates; if one of them only reads, say viewonly: true; ` +
    `if the keys overlap in part, foreign() says which column each of them writes. To silence this warning, add overlaps: ${keys} to ${relationship}.`,
  cause:
    "Two relationships write the same foreign key column, and nothing says that they are one link: what is set on the one does not show on the other, and the later of them wins at the flush.",
  cure: "Tie the two sides of one link with backPopulates (or the second lambda); say viewonly: true of one that only reads; name the columns with foreign() where the keys overlap in part; add overlaps where it is meant.",
});

export const SEVERAL_ROWS = warningKind("ATHANOR_SEVERAL_ROWS", {
  message: (how: "found" | "joined", relationship: string, object: string) =>
    `Several rows were ${how} for ${relationship} of ${object}, which holds one object: the first is kept.`,
  cause: "A relationship to one object has found several rows, so that chance says which of them is shown.",
  cure: "Make it a relationship to many, narrow its join condition down to one row, or give the foreign key a unique constraint.",
});

export const NOT_IN_SESSION = warningKind("ATHANOR_NOT_IN_SESSION", {
  message: (object: string, consequence: string) => `${object} is not in the session${consequence}`,
  cause:
    'An object of the session refers to one that is not in it, along a relationship without the cascade "save-update": the flush leaves the link out.',
  cure: 'Add the other object to the session too, or leave the cascade "save-update" (the default) on the relationship.',
});

export const DELETE_COUNT = warningKind("ATHANOR_DELETE_COUNT", {
  message: (table: string, expected: number, matched: number) =>
    `DELETE statement on table '${table}' expected to delete ${expected} row(s); ${matched} were matched. ` +
    `Where the database deletes rows by ON DELETE CASCADE, set passiveDeletes: true on the relationship; ` +
    `confirmDeletedRows: false on the class turns this check off.`,
  cause:
    "A flush deletes objects, and some of their rows were gone already: deleted by ON DELETE CASCADE in the same flush, by a trigger, or by another transaction.",
  cure: "Set passiveDeletes: true on the relationship whose rows the database deletes, or confirmDeletedRows: false on the class.",
});

export const WRONG_IDENTITY = warningKind("ATHANOR_WRONG_IDENTITY", {
  message: (object: string, identity: string, other: string, own: string) =>
    `${object} is flushed with the polymorphic identity ${identity}, which is ${other}'s: its row will load as ${other}, not as ${own}.`,
  cause: "The column that tells which class a row belongs to was set to another class's value.",
  cure: "Leave that column to the mapping, which sets it by itself, and make an object of the class that is meant.",
});

export const COMBINED_COLUMNS = warningKind("ATHANOR_COMBINED_COLUMNS", {
  message: (attribute: string, column: string, above: string, mapped: string) =>
    `${attribute} combines the column ${column} with ${mapped}, as ${above} has its name: both are written with one value. ` +
    `Leave it out where the one above is meant (excludeProperties, where the table is given), or give it another name where it is a column of its own.`,
  cause:
    "A class with a table of its own maps a column under a name that a column of the table above has already. One attribute stands for both, and each of its values is stored twice.",
  cure: "Leave the column out of the subclass, which inherits it; or give the property another name.",
});

export const NO_IDENTITY = warningKind("ATHANOR_NO_IDENTITY", {
  message: (cls: string, discriminator: string) =>
    `${cls} has no polymorphicIdentity, and ${discriminator} tells the classes of its hierarchy apart: its rows will not load as ${cls}. ` +
    `Give it one; if there are no objects of ${cls} itself, say polymorphicAbstract: true, or abstract: true for a base without a mapping.`,
  cause:
    "A class is mapped below one with polymorphicOn, and nothing says which value of the discriminator is its own: its objects are stored without one, and load as another class.",
  cure: "Give the class a polymorphicIdentity; say polymorphicAbstract: true of a class that has no objects of its own.",
});

export const KEY_TAKEN = warningKind("ATHANOR_KEY_TAKEN", {
  message: (object: string, holder: string) =>
    `${object} has the primary key of ${holder}, which is in the session already: the INSERT will collide. ` +
    `Change the object that is there, or use merge().`,
  cause: "A new object has the primary key of one that the session has loaded. The database will refuse the INSERT.",
  cure: "Change the object that is there, or bring the new values in with session.merge(object).",
});

export const MERGE_PENDING = warningKind("ATHANOR_MERGE_PENDING", {
  message: (object: string) =>
    `${object} is pending in this session already and is being merged: this makes a second object of it.`,
  cause:
    "An object was added to the session and is merged into the same session before it has a row: two rows will be inserted.",
  cure: "Keep the object that was added, or merge without adding it before.",
});

export const CHANGED_IN_FLUSH = warningKind("ATHANOR_CHANGED_IN_FLUSH", {
  message: (objects: string) =>
    `Handlers of a flush have changed ${objects}, which the flush does not write: the change is not stored. ` +
    `Make it in a handler of beforeFlush, or with setCommittedValue() where the row has the value already.`,
  cause:
    "A handler of beforeInsert, afterUpdate, afterFlush and the like has changed another object than its own, or a column of a row that is written already: what the flush writes is decided by then.",
  cure: "Make the change in a handler of beforeFlush, write it with the connection that the handler is given, or use setCommittedValue() where the row has the value already.",
});

export const CHANGES_DISCARDED = warningKind("ATHANOR_CHANGES_DISCARDED", {
  message: (objects: string) =>
    `What was added, changed or deleted after a flush had failed is discarded by rollback(): ${objects}. ` +
    `Call rollback() first, and make the changes after it.`,
  cause:
    "A flush has failed and has rolled its transaction back; the session was used on as if it went on, and rollback() takes back what was done since.",
  cure: "Call rollback() as soon as a flush has failed, before anything else is done with the session; or make a savepoint around what may fail: session.beginNested(fn).",
});

export const STALE_VALUE = warningKind("ATHANOR_STALE_VALUE", {
  message: (attribute: string, object: string) =>
    `What was read from ${attribute} is no longer that of ${object}, which was expired or loaded anew since: the change to it is lost. ` +
    `Read it from the object again, and change that.`,
  cause:
    "A collection, or a value that is changed in place, was kept in a variable while its object was expired, refreshed or rolled back. It belongs to nobody by now, and nothing that is done to it is stored.",
  cure: "Read the collection from its object each time, or again after a commit; expireOnCommit: false leaves objects as they are.",
});

export const N_PLUS_ONE = warningKind("ATHANOR_N_PLUS_ONE", {
  message: (attribute: string, count: number, place: string | null, object: string, option: string) =>
    `N+1: "${attribute}" was loaded ${count} times for one object at a time${place === null ? "" : `, at ${place}`} (last for ${object}). ` +
    `Load it for all of them with the statement: ${option}.`,
  cause:
    "A loop reads an attribute that is not loaded, and each object has a statement of its own sent. nPlusOneWatch has counted them.",
  cure: "Add the loader option that the message names to the statement that loads the objects.",
});
