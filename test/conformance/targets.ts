import { randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { leasePglite } from "../support/pglite-databases.js";
import { leaseDatabase } from "../support/postgres-databases.js";
import { dropDatabases } from "../support/postgres-server.js";

/** Where scenarios run: hands out an empty database for each. */
export interface Target {
  readonly database: "sqlite" | "postgresql";
  open(): Promise<{ readonly url: string; readonly engine?: object; release(): Promise<void> | void }>;
  /** Removes what the target has made. */
  close(): Promise<void>;
}

/**
 * The target for a database URL. PostgreSQL: scratch databases on that server, dropped at the end. An SQLite file: made
 * anew for each scenario, so it must not exist. PGlite: a database in memory, emptied for each. Everything else is taken as
 * a database in memory, new for each engine.
 */
export function targetFor(url: string, prefix = scratchPrefix()): Target {
  if (/^(postgresql\+)?pglite:/.test(url)) return pgliteTarget();
  if (/^postgres/.test(url)) {
    return postgresTarget({ url: url.replace(/^postgres(ql)?\+\w+:/, "postgresql:"), prefix }, url);
  }
  const file = sqliteFile(url);
  return file === null ? memoryTarget(url) : fileTarget(url, file);
}

/** A prefix for the names of scratch databases, by which they can be found again. */
export function scratchPrefix(): string {
  return `athanor_conformance_${randomBytes(4).toString("hex")}_`;
}

/** A database in memory, which ends with its engine. */
export function memoryTarget(url: string): Target {
  return { database: "sqlite", open: async () => ({ url, release: () => {} }), close: async () => {} };
}

/** Scratch databases on a server. `url` names the driver, if it is to be another than the default. */
export function postgresTarget(server: { url: string; prefix: string }, url = server.url): Target {
  const scheme = url.slice(0, url.indexOf(":"));
  return {
    database: "postgresql",
    async open() {
      const leased = await leaseDatabase(server);
      return { ...leased, url: leased.url.replace(/^\w+/, scheme) };
    },
    close: () => dropDatabases(server.url, server.prefix),
  };
}

/** PGlite databases in memory: one for each process, emptied in between. */
export function pgliteTarget(): Target {
  return { database: "postgresql", open: leasePglite, close: async () => {} };
}

function fileTarget(url: string, file: string): Target {
  if (existsSync(file)) throw new Error(`${file} exists: scenarios need a database of their own; name a new file`);
  const remove = () => {
    for (const suffix of ["", "-journal", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
  };
  return {
    database: "sqlite",
    async open() {
      remove();
      return { url, release: remove };
    },
    close: async () => remove(),
  };
}

/** Path of the file that an SQLite URL names; null for a database in memory. */
export function sqliteFile(url: string): string | null {
  const path = /^sqlite(?:\+\w+)?:\/\/\/([^?]+)/.exec(url)?.[1];
  return path === undefined || path === ":memory:" ? null : decodeURIComponent(path);
}
