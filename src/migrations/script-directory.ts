/** The folder that holds the revisions as files. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { MigrationError, RevisionError } from "./errors.js";
import { listed, type Revision, type RevisionModule } from "./revision.js";
import { RevisionGraph } from "./revision-graph.js";

const FILE = /^(?![_.]).*\.(?:[cm]?[jt]s)$/;

/**
 * Reads folders of revision files, their subfolders included. Files that begin with `_` or `.`, and type declarations, are
 * left out. Only the heads of the files are read here; a file is imported when it runs.
 *
 * @throws MigrationError when the folder is not there; RevisionError for a file that is no revision
 */
export async function readRevisions(folders: string | readonly string[]): Promise<RevisionGraph> {
  const paths = listed(folders).flatMap(revisionFiles);
  return new RevisionGraph(await Promise.all([...new Set(paths)].map(readRevision)));
}

/** The files of a folder that hold revisions, as absolute paths, by name. @throws MigrationError */
export function revisionFiles(folder: string): string[] {
  const root = resolve(folder);
  let names: string[];
  try {
    names = readdirSync(root, { recursive: true }) as string[];
  } catch (error) {
    throw new MigrationError(`There is no migrations folder ${root}. Make one with \`athanor init\`.`, {
      cause: error,
    });
  }
  return names
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => FILE.test(name.slice(name.lastIndexOf("/") + 1)) && !/\.d\.[cm]?ts$/.test(name))
    .sort()
    .map((name) => join(root, name));
}

/** A revision file, its head read and its functions left until they run. */
async function readRevision(path: string): Promise<Revision> {
  const text = readFileSync(path, "utf8");
  const head = readHead(text) ?? (await importRevision(path));
  return {
    id: head.revision,
    down: listed(head.downRevision),
    dependsOn: listed(head.dependsOn),
    labels: head.branchLabels ?? [],
    replaces: head.replaces ?? [],
    message: head.message ?? "",
    path,
    checksum: checksumOf(text),
    load: () => importRevision(path),
  };
}

/** The digest of a revision file's text. Line ends and space at the end of lines do not count. */
export function checksumOf(text: string): string {
  const plain = text.replaceAll(/[ \t]*\r?\n/g, "\n").trimEnd();
  return createHash("sha256").update(plain).digest("hex").slice(0, 32);
}

type Head = Omit<RevisionModule, "upgrade" | "downgrade">;

const HEAD = /^export const (\w+)(?:\s*:[^=]+)?\s*=\s*(null|"(?:[^"\\]|\\.)*"|\[[^\]]*\])(?: as const)?;?\s*$/gm;

/**
 * What the file says of itself in plain literals, as `athanor revision` writes it: reading that of 500 files costs no
 * 500 imports. Null when something of it is an expression, and the file has to be imported.
 */
function readHead(text: string): Head | null {
  const found: Record<string, unknown> = {};
  for (const [, name, literal] of text.matchAll(HEAD)) {
    try {
      found[name as string] = JSON.parse((literal as string).replace(/,\s*\]$/, "]"));
    } catch {
      return null;
    }
  }
  const declared = [...text.matchAll(/^export const (\w+)/gm)].map(([, name]) => name as string);
  const plain = declared.every((name) => name in found || !HEAD_NAMES.has(name));
  return plain && typeof found["revision"] === "string" && "downRevision" in found ? (found as unknown as Head) : null;
}

const HEAD_NAMES: ReadonlySet<string> = new Set([
  "revision",
  "downRevision",
  "branchLabels",
  "dependsOn",
  "message",
  "replaces",
]);

/** Imports a revision file. @throws RevisionError when it cannot be imported or is no revision */
async function importRevision(path: string): Promise<RevisionModule> {
  let module: RevisionModule;
  try {
    module = (await import(pathToFileURL(path).href)) as RevisionModule;
  } catch (error) {
    throw new RevisionError(`The migration ${path} cannot be imported: ${(error as Error).message}`, { cause: error });
  }
  const missing = (["revision", "downRevision", "upgrade"] as const).filter((name) => !(name in module));
  if (missing.length > 0) {
    throw new RevisionError(
      `The migration ${path} does not export ${missing.join(", ")}. A file that is no revision goes outside of the folder, or begins with "_".`,
    );
  }
  return module;
}
