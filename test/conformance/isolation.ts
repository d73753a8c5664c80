import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { crashed, type Outcome } from "./outcome.js";
import { readScenario } from "./scenario-files.js";

const CHILD = fileURLToPath(new URL("./child.ts", import.meta.url));

/** What a child is sent. It answers with an `Outcome`. */
export interface ParentMessage {
  readonly file: string;
}

export interface IsolationOptions {
  readonly url: string;
  /** Prefix for the names of scratch databases. */
  readonly prefix: string;
  /** After so many milliseconds a scenario hangs. */
  readonly timeout: number;
  /** So many milliseconds more for a child's first scenario, before which its database may have to start. Default 0. */
  readonly start?: number;
  /** How many children run at a time. */
  readonly children: number;
  /** Script of the children; another for tests of this file. */
  readonly script?: string;
  readonly onOutcome: (file: string, outcome: Outcome) => void;
}

/** Runs scenario files in child processes. One that crashes or hangs fails alone, and the next gets a new child. */
export async function runIsolated(files: readonly string[], options: IsolationOptions): Promise<void> {
  const queue = [...files];
  const work = async () => {
    const runner = new IsolatedRunner(options);
    try {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
        options.onOutcome(file, await runner.run(file));
      }
    } finally {
      runner.stop();
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.children, files.length) }, work));
}

class IsolatedRunner {
  #child: ChildProcess | null = null;
  #errors = "";

  constructor(private readonly options: IsolationOptions) {}

  run(file: string): Promise<Outcome> {
    const limit = this.options.timeout + (this.#child === null ? (this.options.start ?? 0) : 0);
    const child = this.#start();
    this.#errors = "";
    return new Promise((resolve) => {
      const fail = (why: string) => {
        this.#child = null;
        child.kill("SIGKILL");
        finish(crashed(readScenario(file), `${why}\n${this.#errors}`.trim()));
      };
      const onExit = (code: number | null, signal: string | null) =>
        fail(`its process ended with ${signal ?? `exit status ${code}`}`);
      const timer = setTimeout(() => fail(`it hangs: no answer in ${limit} ms`), limit);
      const finish = (outcome: Outcome) => {
        clearTimeout(timer);
        child.off("exit", onExit);
        child.off("message", finish);
        resolve(outcome);
      };
      child.on("exit", onExit);
      child.on("message", finish);
      child.send({ file } satisfies ParentMessage);
    });
  }

  stop(): void {
    this.#child?.disconnect();
    this.#child = null;
  }

  #start(): ChildProcess {
    if (this.#child) return this.#child;
    const { url, prefix, script = CHILD } = this.options;
    const child = fork(script, [url, prefix], { stdio: ["ignore", "inherit", "pipe", "ipc"], serialization: "json" });
    child.stderr?.on("data", (chunk) => {
      this.#errors = (this.#errors + chunk).slice(-10_000);
    });
    this.#child = child;
    return child;
  }
}
