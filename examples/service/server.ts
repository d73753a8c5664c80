/** The service as it runs: web server, workers of the outbox, and an end at which nothing is lost. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { type ServerType, serve } from "@hono/node-server";
import type { AsyncEngine, EngineOptions } from "athanor";
import { developerPanel } from "athanor/panel";
import { allShops, openDatabase, SERVING, seedWhenEmpty, upgradeSchema } from "./database.js";
import { type AppOptions, createApp } from "./http/app.js";
import { sendLetter } from "./outbox/letters.js";
import { work } from "./outbox/worker.js";
import { Session } from "./session.js";
import type { Settings } from "./settings.js";

export interface Service {
  /** `http://127.0.0.1:3000` */
  readonly url: string;
  readonly engine: AsyncEngine;
  /** Ends: no more requests are taken, those that run are answered, the workers finish what they have. */
  stop(): Promise<void>;
}

export type ServiceOptions = Pick<Settings, "url" | "port" | "books" | "workers"> &
  Partial<Pick<Settings, "panel">> &
  Pick<AppOptions, "report"> & {
    readonly engine?: EngineOptions;
    /** Gets what happens before the service is there. */
    readonly tell?: (words: string) => void;
  };

export async function startService(options: ServiceOptions): Promise<Service> {
  const {
    url,
    port,
    books,
    workers,
    panel: hasPanel = false,
    engine: engineOptions,
    tell = () => {},
    report,
  } = options;
  const engine = openDatabase(url, { ...SERVING, ...engineOptions });
  const panel = developerPanel({ engines: [engine], sessions: [Session], enabled: hasPanel });
  try {
    await upgradeSchema(engine);
    tell(`filling the shelves with ${books} books, unless there are some ...`);
    await seedWhenEmpty(books);
    const app = createApp({ shops: await allShops(), panel, ...(report && { report }) });
    const server = serve({ fetch: app.fetch, port, hostname: "127.0.0.1" });
    await once(server, "listening");
    const stopWorkers = startWorkers(workers, url);
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      engine,
      async stop() {
        await close(server);
        await stopWorkers();
        panel.close();
        await engine.dispose();
      },
    };
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

/** Processes of their own, or a loop in this one: a database in memory is seen by nobody else. */
function startWorkers(count: number, url: string): () => Promise<void> {
  if (count === 0) {
    const ending = new AbortController();
    const running = work(sendLetter, { signal: ending.signal });
    return async () => {
      ending.abort();
      await running;
    };
  }
  const main = fileURLToPath(new URL("outbox/main.ts", import.meta.url));
  const children = Array.from({ length: count }, () => fork(main, [url]));
  return async () => void (await Promise.all(children.map(end)));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}

async function close(server: ServerType): Promise<void> {
  const closed = once(server, "close");
  server.close();
  // A browser keeps connections on which nothing happens.
  if ("closeIdleConnections" in server) server.closeIdleConnections();
  await closed;
}
