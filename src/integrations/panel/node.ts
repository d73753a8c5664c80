/** The panel on Node's own requests and responses. */
import type { ServerResponse } from "node:http";
import type { DeveloperPanel, PanelAnswer } from "./index.js";
import type { RequestRecord } from "./records.js";

export function sendAnswer(response: ServerResponse, { status, headers, body }: PanelAnswer): void {
  response.writeHead(status, headers).end(body);
}

/** Ends the record of a request with its response. */
export function recordUntilClosed(panel: DeveloperPanel, record: RequestRecord | null, response: ServerResponse): void {
  if (record === null) return;
  response.once("close", () => panel.end(record, response.writableFinished ? response.statusCode : null));
}
