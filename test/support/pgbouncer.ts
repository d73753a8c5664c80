/** The connection pooler pgbouncer, where the machine has it (`apt-get install pgbouncer`). */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { answers, freePort } from "./reach.js";
import { tempFolder } from "./temp.js";

/** Where pgbouncer is, or null. Debian puts it where a user's PATH does not lead. */
export const PGBOUNCER: string | null =
  [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"]
    .map((folder) => join(folder, "pgbouncer"))
    .find((path) => existsSync(path)) ?? null;

/** Why a test that needs it is skipped. */
export const NO_PGBOUNCER = "pgbouncer is not on this machine: apt-get install pgbouncer";

export interface Pooler extends AsyncDisposable {
  /** The database, through the pooler. */
  readonly url: string;
  readonly child: ChildProcess;
}

/**
 * Starts a pgbouncer on a free port before a database.
 *
 * @param url the database that it leads to
 * @param settings of its configuration: `{ pool_mode: "transaction", default_pool_size: 2 }`
 */
export async function startPooler(url: string, settings: Readonly<Record<string, string | number>>): Promise<Pooler> {
  if (PGBOUNCER === null) throw new Error(NO_PGBOUNCER);
  const folder = tempFolder("athanor-pgbouncer-");
  const { hostname, port, username, password, pathname } = new URL(url);
  const target = {
    host: hostname,
    port: port === "" ? "5432" : port,
    user: username,
    ...(password === "" ? {} : { password }),
    dbname: pathname.slice(1),
  };
  const own = await freePort();
  const all = {
    listen_addr: "127.0.0.1",
    listen_port: own,
    auth_type: "any",
    unix_socket_dir: "",
    logfile: folder.file("log"),
    max_client_conn: 200,
    ...settings,
  };
  const config = folder.file("pgbouncer.ini");
  const lines = (of: object, glue: string): string =>
    Object.entries(of)
      .map(([key, value]) => `${key}=${value}`)
      .join(glue);
  writeFileSync(config, `[databases]\npooled = ${lines(target, " ")}\n\n[pgbouncer]\n${lines(all, "\n")}\n`);
  // It refuses to run as root.
  const user = process.getuid?.() === 0 ? unprivileged() : null;
  if (user !== null) {
    chmodSync(folder.path, 0o755);
    for (const path of [folder.path, config]) chownSync(path, user.uid, user.gid);
  }
  const child = spawn(PGBOUNCER, [config], { ...user, stdio: "ignore" });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const pooler: Pooler = {
    url: `postgresql://${username}@127.0.0.1:${own}/pooled`,
    child,
    async [Symbol.asyncDispose]() {
      child.kill("SIGQUIT");
      await gone;
      folder[Symbol.dispose]();
    },
  };
  for (let attempt = 0; !(await answers(pooler.url)); attempt++) {
    if (attempt === 100 || child.exitCode !== null) {
      await pooler[Symbol.asyncDispose]();
      throw new Error("pgbouncer did not start");
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return pooler;
}

function unprivileged(): { readonly uid: number; readonly gid: number } {
  const id = (flag: string): number => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}
