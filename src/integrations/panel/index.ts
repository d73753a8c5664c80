/**
 * `athanor/panel`: a page for development that shows what each request asks the database: its statements with timings, rows and the lines that sent them,
 * what is loaded one by one with the option that cures it, what each flush did, the figures of the pool, and who has a session open.
 *
 * `athanor/hono`, `athanor/fastify` and `athanor/express` mount it. In production it is off.
 */
import type { AsyncEngine } from "../../engine/index.js";
import type { AsyncSessionMaker } from "../../orm/index.js";
import { missingPage, overviewPage, requestPage } from "./pages.js";
import { Recorder } from "./recorder.js";
import type { OpenSession, RequestRecord } from "./records.js";

export type {
  Finding,
  FlushRecord,
  OpenSession,
  RequestRecord,
  RequestStep,
  StatementRecord,
  TransactionRecord,
} from "./records.js";

/** Options of {@link developerPanel}. */
export interface DeveloperPanelOptions {
  /** Engines whose pools are shown. Statements are shown of all engines. */
  readonly engines?: readonly AsyncEngine[];
  /** The factories of sessions that are watched for attributes that are loaded one by one. It takes the place of their `nPlusOneWatch`. */
  readonly sessions?: readonly AsyncSessionMaker[];
  /** Where the panel is. Default `/__athanor`. */
  readonly path?: string;
  /** How many requests are kept. Default 100. */
  readonly keep?: number;
  /** So many single loads of one attribute, or equal statements, from one line are a finding. Default 3. */
  readonly threshold?: number;
  /** Whether there is a panel. Default: unless `NODE_ENV` is `production`. It shows statements with their parameters to whoever asks. */
  readonly enabled?: boolean;
}

/** A page of the panel, for whatever serves it. */
export interface PanelAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The panel. The functions of the frameworks' entry points mount it; whoever has another framework asks {@link answer} first, and puts the handling of each
 * other request between {@link begin} and {@link end}, inside {@link within}.
 */
export class DeveloperPanel {
  readonly path: string;
  readonly #options: DeveloperPanelOptions;
  #recorder: Recorder | null;

  /** @internal See {@link developerPanel}. */
  constructor(options: DeveloperPanelOptions) {
    const { enabled = process.env["NODE_ENV"] !== "production", sessions = [], keep = 100, threshold = 3 } = options;
    this.path = options.path ?? "/__athanor";
    this.#options = options;
    this.#recorder = enabled ? new Recorder({ sessions, keep, threshold }) : null;
  }

  /** Whether it is on. A panel that is off answers nothing and listens to nothing. */
  get enabled(): boolean {
    return this.#recorder !== null;
  }

  /** The newest requests first. */
  get requests(): readonly RequestRecord[] {
    return this.#recorder?.records ?? [];
  }

  /** The sessions that are in a transaction now, with the lines that opened them. */
  get openSessions(): readonly OpenSession[] {
    return this.#recorder?.openSessions() ?? [];
  }

  /**
   * The answer to a request of one of the panel's own pages; null for any other.
   *
   * @param url its path, with or without a query
   */
  answer(method: string, url: string): PanelAnswer | null {
    const recorder = this.#recorder;
    const [path = ""] = url.split("?");
    if (recorder === null || (path !== this.path && !path.startsWith(`${this.path}/`))) return null;
    const rest = path.slice(this.path.length);
    if (rest === "/clear" && method === "POST") {
      recorder.records.length = 0;
      return { status: 303, headers: { location: this.path }, body: "" };
    }
    if (rest === "" || rest === "/")
      return page(
        200,
        overviewPage({
          path: this.path,
          records: recorder.records,
          pools: this.#pools(),
          sessions: recorder.openSessions(),
        }),
      );
    const [, id] = /^\/requests\/(\d+)$/.exec(rest) ?? [];
    const record = recorder.records.find((each) => String(each.id) === id);
    return record === undefined ? page(404, missingPage(this.path)) : page(200, requestPage(this.path, record));
  }

  #pools() {
    return (this.#options.engines ?? []).map(({ name, pool }) => ({ engine: name, status: pool.status() }));
  }

  /** Begins the record of a request; null when the panel is off. */
  begin(method: string, url: string): RequestRecord | null {
    return this.#recorder?.begin(method, url) ?? null;
  }

  /** Calls a function, and writes on the record what follows from that call. */
  within<T>(record: RequestRecord | null, fn: () => T): T {
    return record === null || this.#recorder === null ? fn() : this.#recorder.within(record, fn);
  }

  /** Ends a record. @param status of the answer; null when the client went away before it */
  end(record: RequestRecord | null, status: number | null): void {
    if (record !== null) this.#recorder?.end(record, status);
  }

  /** Turns the panel off, and stops the listening. */
  close(): void {
    this.#recorder?.stop();
    this.#recorder = null;
  }
}

function page(status: number, body: string): PanelAnswer {
  return { status, headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" }, body };
}

/**
 * Makes the developer's panel. It is mounted before everything else.
 *
 * @example
 * import { developerPanel } from "athanor/panel";
 * import { mountPanel, requestScope } from "athanor/hono";          // or from athanor/fastify, athanor/express
 * const panel = developerPanel({ engines: [engine], sessions: [Session] });
 * app.use(mountPanel(panel));                                        // http://localhost:3000/__athanor
 * app.use(requestScope(db));
 */
export function developerPanel(options: DeveloperPanelOptions = {}): DeveloperPanel {
  return new DeveloperPanel(options);
}
