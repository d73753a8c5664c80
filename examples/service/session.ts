/** The session of whoever is being served: use cases reach it from anywhere, and never see a request. */
import { asyncScopedSession, asyncSessionmaker } from "athanor";

/** Makes sessions; `openDatabase()` gives it its engine. What is answered after a commit was loaded before it. */
export const Session = asyncSessionmaker(undefined, { expireOnCommit: false });

/** The session of the current scope: that of a request, or of `db.scope(async () => { ... })`. */
export const db = asyncScopedSession(Session);
