/** The kinds of warnings of the engine. */
import { warningKind } from "../sql/catalogue.js";

export const LEAK = warningKind("ATHANOR_LEAK", {
  message: (where: string) =>
    "A connection was garbage-collected without being closed, and returns to the pool; close connections and sessions with " +
    `"await using" or close()${where}`,
  cause:
    "A connection or a session was dropped without being closed. Its connection was missing from the pool until the garbage collector came by, which may be never.",
  cure: "Open connections and sessions with await using, or in the callback forms. poolDebug: true has the message name the place.",
});

export const BLOCKING = warningKind("ATHANOR_BLOCKING", {
  message: (url: string) =>
    `A blocking call was made on a connection of ${url}, whose database is in a thread so that the event loop can go on; it ` +
    "stands still until the thread answers. Await the asynchronous calls, use runSync(fn) where blocking is meant, or " +
    "sqlite:// for a program that is synchronous throughout.",
  cause:
    "A synchronous call was made on an engine of sqlite+worker://, whose point is that the event loop goes on while the database works.",
  cure: "Await the asynchronous calls; use runSync(fn) where blocking is meant, or sqlite:// URLs in a program that is synchronous throughout.",
});

export const LEFT_PREPARED = warningKind("ATHANOR_LEFT_PREPARED", {
  message: (what: string) => `A prepared transaction was left on its server: ${what}`,
  cause:
    "A connection was given back or thrown away while its transaction was prepared (the first phase of a commit in two phases), and it could not be rolled back. The server keeps it, with its locks, until somebody ends it.",
  cure: "Where recoverTwophase() of a connection to that database names it, end it by commitPrepared() or rollbackPrepared(): as the other databases of the same commit have decided, else by rollbackPrepared().",
});
