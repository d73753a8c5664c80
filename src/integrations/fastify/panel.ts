/** The developer's panel in Fastify. */
import { AsyncResource } from "node:async_hooks";
import type { FastifyPluginCallback, FastifyRequest } from "fastify";
import type { DeveloperPanel } from "../panel/index.js";
import { recordUntilClosed, sendAnswer } from "../panel/node.js";

/** Options of the plugin. */
export interface FastifyPanelOptions {
  readonly panel: DeveloperPanel;
}

const plugin: FastifyPluginCallback<FastifyPanelOptions> = (fastify, { panel }, done) => {
  const contexts = new WeakMap<FastifyRequest, AsyncResource>();
  fastify.addHook("onRequest", (request, reply, next) => {
    const { method, url } = request;
    const answer = panel.answer(method, url);
    if (answer !== null) {
      reply.hijack();
      sendAnswer(reply.raw, answer);
      return;
    }
    const record = panel.begin(method, url);
    recordUntilClosed(panel, record, reply.raw);
    panel.within(record, () => {
      contexts.set(request, new AsyncResource("athanor.panel"));
      next();
    });
  });
  // The body was read by events of the socket, which belong to no request.
  fastify.addHook("preValidation", (request, _reply, next) => {
    const context = contexts.get(request);
    if (context === undefined) next();
    else context.runInAsyncScope(next);
  });
  done();
};

/**
 * A plugin that serves the developer's panel, and shows on it every request of the routes that are added after. Register it before `requestScope`.
 *
 * @example await app.register(mountPanel, { panel: developerPanel({ engines: [engine], sessions: [Session] }) });
 */
export const mountPanel: FastifyPluginCallback<FastifyPanelOptions> = Object.assign(plugin, {
  [Symbol.for("skip-override")]: true,
  [Symbol.for("fastify.display-name")]: "athanor-panel",
});
