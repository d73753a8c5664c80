/** A lock that one process has on a database file, however many transactions come and go meanwhile. */
import { closeSync, openSync, statSync, unlinkSync } from "node:fs";
import type { AsyncConnection } from "../../engine/async-connection.js";
import { AsyncEngine } from "../../engine/async-engine.js";
import { EngineCore } from "../../engine/engine-core.js";
import { URL } from "../../engine/url.js";
import { takePatiently } from "./patience.js";

/** A lock that is held. */
export interface FileLock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a database file: an empty database beside it, in which a transaction is open. The system ends that
 * with the process, so that nobody is ever kept out by one that has died. Waiting blocks no thread.
 *
 * @param path the database that is not to be shared
 * @param patience milliseconds to wait for it; undefined: as long as it takes
 * @param onWait told once when another one has the lock
 * @returns the lock, or null when the patience has ended
 */
export function lockFile(
  path: string,
  patience: number | undefined,
  onWait: (() => void) | undefined,
): Promise<FileLock | null> {
  return takePatiently(() => tryLock(`${path}-migrating`), patience, onWait);
}

async function tryLock(path: string): Promise<FileLock | null> {
  const file = fileNumber(path) ?? created(path);
  const engine = new AsyncEngine(
    EngineCore.create(
      URL.create({
        drivername: "sqlite",
        database: path,
        query: { journal_mode: "memory", begin: "exclusive", busy_timeout: "0" },
      }),
    ),
  );
  // What is not closed keeps the lock until it is garbage, and everybody waits for that.
  const release = async (): Promise<void> => {
    await connection?.close();
    await engine.dispose();
  };
  let connection: AsyncConnection | null = null;
  try {
    connection = await engine.connect();
    await connection.begin();
    await connection.execDriverSql("SELECT 1");
    // Who has held the lock before removes the file: what was opened here may be that one, which nobody else will open.
    if (file !== fileNumber(path)) {
      await release();
      return null;
    }
    return {
      async release() {
        remove(path);
        await release();
      },
    };
  } catch (error) {
    await release();
    // Somebody else has it, or has just removed the file.
    const { code } = error as { readonly code?: string | null };
    if (code?.startsWith("SQLITE_BUSY") === true || code === "ENOENT") return null;
    throw error;
  }
}

function fileNumber(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}

/** An empty file, and never one that is there: closing that here would undo the locks that this process has on it. */
function created(path: string): number | null {
  try {
    closeSync(openSync(path, "wx"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return fileNumber(path);
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It stays where the system keeps a file that is open. It is empty, and the next run uses it.
  }
}
