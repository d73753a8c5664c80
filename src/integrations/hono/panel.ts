import type { MiddlewareHandler } from "hono";
import type { DeveloperPanel } from "../panel/index.js";

/**
 * A middleware that serves the developer's panel, and shows on it every request that comes after.
 *
 * @example app.use(mountPanel(developerPanel({ engines: [engine], sessions: [Session] })));
 */
export function mountPanel(panel: DeveloperPanel): MiddlewareHandler {
  return async (c, next) => {
    if (!panel.enabled) return await next();
    const { method, url } = c.req;
    const address = url.slice(url.indexOf("/", url.indexOf("//") + 2));
    const answer = panel.answer(method, address);
    if (answer !== null) return new Response(answer.body, answer);
    const record = panel.begin(method, address);
    try {
      await panel.within(record, next);
    } finally {
      panel.end(record, c.req.raw.signal.aborted ? null : c.res.status);
    }
  };
}
