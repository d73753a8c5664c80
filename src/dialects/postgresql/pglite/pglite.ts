/** What we use of the package `@electric-sql/pglite`, loaded when the first engine connects. */
import { createRequire } from "node:module";
import { NoSuchModuleError } from "../../../engine/errors.js";

/** A PGlite database. */
export interface Pglite {
  readonly closed: boolean;
  readonly waitReady: Promise<void>;
  /** Sends protocol messages and gives the server's answers to all of them. */
  execProtocolRawSync(messages: Uint8Array): Uint8Array;
  /** Calls `fn` while none of PGlite's own queries is between its messages. */
  runExclusive<T>(fn: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

interface PgliteModule {
  readonly PGlite: {
    create(dataDir: string, options?: Readonly<Record<string, unknown>>): Promise<Pglite>;
  };
}

/** Loads PGlite. @throws NoSuchModuleError saying what to install */
export function loadPglite(): PgliteModule {
  try {
    return createRequire(import.meta.url)("@electric-sql/pglite") as PgliteModule;
  } catch (error) {
    const missing = (error as { code?: unknown }).code === "MODULE_NOT_FOUND";
    const reason = missing ? "is not installed" : `could not be loaded (${(error as Error).message.split("\n")[0]})`;
    throw new NoSuchModuleError(
      `The package "@electric-sql/pglite", which pglite:// URLs need, ${reason}. Install it with: npm install @electric-sql/pglite`,
      { cause: error },
    );
  }
}
