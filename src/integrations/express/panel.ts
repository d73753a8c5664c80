import type { RequestHandler } from "express";
import type { DeveloperPanel } from "../panel/index.js";
import { recordUntilClosed, sendAnswer } from "../panel/node.js";

/**
 * A middleware that serves the developer's panel, and shows on it every request that comes after.
 *
 * @example app.use(mountPanel(developerPanel({ engines: [engine], sessions: [Session] })));
 */
export function mountPanel(panel: DeveloperPanel): RequestHandler {
  return (request, response, next) => {
    const { method, originalUrl } = request;
    const answer = panel.answer(method, originalUrl);
    if (answer !== null) return sendAnswer(response, answer);
    const record = panel.begin(method, originalUrl);
    recordUntilClosed(panel, record, response);
    panel.within(record, next);
  };
}
