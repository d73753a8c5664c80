/** The kinds of warnings of the request scopes. */
import { warningKind } from "../sql/catalogue.js";

export const CLOSE_FAILED = warningKind("ATHANOR_CLOSE_FAILED", {
  message: (error: string) => `The session of a request could not be closed: ${error}`,
  cause: "The session of a request was closed after the response, and that failed: most often its connection was lost.",
  cure: "Look at the error that the message holds. The connection is thrown away, and nothing of the request is half done.",
});

export const RESPONSE_LOST = warningKind("ATHANOR_RESPONSE_LOST", {
  message: () =>
    "A response was sent past the framework (by reply.hijack(), or the raw response), so that nothing decided about the work of its request, and it was " +
    "rolled back. Call await db.commit() before the response is sent.",
  cause:
    "The framework never told the request scope how the request ended, so that its transaction was rolled back while the client has its answer.",
  cure: "Call await db.commit() before a response that is sent past the framework.",
});
