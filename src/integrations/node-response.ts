/** The end of a request as Node's own response tells it. */
import type { ServerResponse } from "node:http";
import type { RequestScope } from "./request-scope.js";

/** Ends the scope when the response is sent; when the client goes away before, cancels what it is doing. */
export function endWith(response: ServerResponse, scope: RequestScope): void {
  response.once("finish", () => scope.end());
  response.once("close", () => {
    if (response.writableFinished) scope.end();
    else scope.abort();
  });
}
