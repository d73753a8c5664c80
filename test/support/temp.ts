import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of its own below the system's temp folder. */
export interface TempFolder extends Disposable {
  readonly path: string;
  /** Path of a file in it. */
  file(name: string): string;
}

/** Makes an empty folder that is removed when the block ends: `using folder = tempFolder()`. */
export function tempFolder(prefix = "athanor-test-"): TempFolder {
  const path = mkdtempSync(join(tmpdir(), prefix));
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
