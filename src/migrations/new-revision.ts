/** Writes revision files. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { indented } from "./autogenerate/layout.js";
import type { DatabaseConfig } from "./config.js";
import { MigrationError } from "./errors.js";

/** What the functions of a revision do, as TypeScript. */
export interface RevisionBody {
  /** Names to import, by module. */
  readonly imports: ReadonlyMap<string, ReadonlySet<string>>;
  readonly upgrade: readonly string[];
  readonly downgrade: readonly string[];
}

/** A revision that is to be written. */
export interface NewRevision {
  readonly message: string;
  readonly down: readonly string[];
  readonly dependsOn?: readonly string[];
  readonly labels?: readonly string[];
  readonly replaces?: readonly string[];
  /** Its identifier; made up where left out. */
  readonly id?: string;
  readonly body?: RevisionBody;
  /** When it is made; now where left out. */
  readonly created?: Date;
}

/** A new identifier. */
export function newRevisionId(): string {
  return randomBytes(6).toString("hex");
}

/**
 * Writes the file of a revision.
 *
 * @returns its path and identifier
 * @throws MigrationError when the file is there already
 */
export function writeRevision(
  directory: string,
  revision: NewRevision,
  config: Pick<DatabaseConfig, "fileTemplate"> = {},
): { readonly path: string; readonly id: string } {
  const id = revision.id ?? newRevisionId();
  if (!/^[\w.-]+$/.test(id)) {
    throw new MigrationError(`"${id}" is no identifier of a revision: letters, digits, "_", "-" and "." only.`);
  }
  const created = revision.created ?? new Date();
  const template = config.fileTemplate ?? "{date}_{time}_{revision}_{slug}.ts";
  const path = join(directory, fileName(template, id, revision.message, created));
  if (existsSync(path))
    throw new MigrationError(`${path} is there already. Give the revision another identifier or message.`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, revisionText({ ...revision, id, created }));
  return { path, id };
}

function fileName(template: string, id: string, message: string, created: Date): string {
  const iso = created.toISOString();
  const slug = message
    .toLowerCase()
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, 40);
  const values: Readonly<Record<string, string>> = {
    date: iso.slice(0, 10).replaceAll("-", ""),
    year: iso.slice(0, 4),
    month: iso.slice(5, 7),
    day: iso.slice(8, 10),
    time: iso.slice(11, 16).replaceAll(":", ""),
    revision: id,
    slug,
  };
  return template
    .replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
    .replaceAll(/_+(?=\.|$)/g, "");
}

/** The text of a revision file. */
export function revisionText(revision: NewRevision & { readonly id: string; readonly created: Date }): string {
  const { body } = revision;
  const imports = new Map([...(body?.imports ?? [])].map(([module, names]) => [module, [...names].sort()]));
  const lines = ['import type { Operations } from "athanor/migrations";'];
  for (const [module, names] of [...imports].sort()) lines.push(`import { ${names.join(", ")} } from "${module}";`);
  const head = [
    `export const revision = ${JSON.stringify(revision.id)};`,
    `export const downRevision = ${listText(revision.down)};`,
    ...(revision.labels?.length ? [`export const branchLabels = ${listText(revision.labels, true)};`] : []),
    ...(revision.dependsOn?.length ? [`export const dependsOn = ${listText(revision.dependsOn)};`] : []),
    ...(revision.replaces?.length ? [`export const replaces = ${listText(revision.replaces, true)};`] : []),
    `export const message = ${JSON.stringify(revision.message)};`,
  ];
  const stamp = revision.created.toISOString().slice(0, 16).replace("T", " ");
  return `/** ${comment(revision.message)} (${stamp} UTC) */
${lines.join("\n")}

${head.join("\n")}

export async function upgrade(op: Operations): Promise<void> {${bodyText(body?.upgrade)}}

export async function downgrade(op: Operations): Promise<void> {${bodyText(body?.downgrade)}}
`;
}

function bodyText(lines: readonly string[] | undefined): string {
  if (lines === undefined || lines.length === 0) return "\n  void op;\n";
  return `\n${indented(lines.join("\n"))}\n`;
}

function listText(values: readonly string[], always = false): string {
  if (values.length === 0) return always ? "[]" : "null";
  if (values.length === 1 && !always) return JSON.stringify(values[0]);
  return `[${values.map((each) => JSON.stringify(each)).join(", ")}]`;
}

function comment(message: string): string {
  return message === "" ? "A revision" : message.replaceAll("*/", "* /").replaceAll(/\s+/g, " ");
}
