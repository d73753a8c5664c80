/** A project as a command sees it: its settings, its history, its database. */
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { globSync } from "tinyglobby";
import { type AsyncEngine, createAsyncEngine, defaultRegistry, type MetaData } from "../index.js";
import { type AthanorConfig, checkedConfig, type DatabaseConfig, databaseConfig, urlOf } from "../migrations/config.js";
import { MigrationError } from "../migrations/errors.js";
import { listed } from "../migrations/revision.js";
import type { RevisionGraph } from "../migrations/revision-graph.js";
import { MigrationRunner, type RunOptions } from "../migrations/runner.js";
import { readRevisions } from "../migrations/script-directory.js";
import type { Tenant } from "../migrations/tenants.js";
import { Output } from "./output.js";
import { importModule, importTypeScript } from "./typescript.js";

/** Options that every command takes. */
export interface GlobalOptions {
  /** The configuration file; `athanor.config.*` here or in a folder above where left out. */
  readonly config?: string;
  /** The URL, in place of the configured one. */
  readonly url?: string;
  /** Which of several databases. */
  readonly database?: string;
  readonly json?: boolean;
  /** `name=value` switches for the migrations. */
  readonly x?: readonly string[];
}

/** The folder that the command was started in, from which paths on the command line are meant. */
export const STARTED_IN = process.cwd();

const NAMES = ["ts", "mts", "js", "mjs"].map((ending) => `athanor.config.${ending}`);

/** The configuration file that is meant, or null. */
export function findConfig(from: string): string | null {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    for (const name of NAMES) if (existsSync(join(folder, name))) return join(folder, name);
    if (dirname(folder) === folder) return null;
  }
}

/** One database of a project. */
export class Project {
  #engine: AsyncEngine | null = null;
  #graph: RevisionGraph | null = null;

  private constructor(
    /** The folder of the configuration file. */
    readonly root: string,
    readonly file: string,
    readonly whole: AthanorConfig,
    readonly config: DatabaseConfig,
    readonly options: GlobalOptions,
    readonly out: Output,
  ) {}

  /** Reads the settings. @throws MigrationError when there are none, or they cannot be read */
  static async open(options: GlobalOptions, out = new Output(options.json === true)): Promise<Project> {
    const { file, whole } = await readConfig(options);
    const config = databaseConfig(whole, options.database ?? null);
    return new Project(dirname(file), file, whole, config, options, out);
  }

  /** The folders of revision files. */
  get directories(): readonly string[] {
    return listed(this.config.migrations ?? "migrations").map((each) => this.#path(each));
  }

  /**
   * The folder that a new revision goes into: the first, or the one that is named.
   *
   * @throws MigrationError for one that is not configured
   */
  folderFor(named: string | undefined): string {
    const [first] = this.directories;
    if (named === undefined) return first as string;
    const found = this.directories.find((each) => each === this.#path(named) || each === resolve(STARTED_IN, named));
    if (found !== undefined) return found;
    throw new MigrationError(
      `${named} is no folder of revisions here; \`migrations\` names ${this.directories.join(", ")}.`,
    );
  }

  #path(path: string): string {
    return isAbsolute(path) ? path : join(this.root, path);
  }

  get url(): string {
    return this.options.url ?? urlOf(this.config);
  }

  get engine(): AsyncEngine {
    this.#engine ??= createAsyncEngine(this.url, this.config.engineOptions);
    return this.#engine;
  }

  /** The switches of `-x`. @throws MigrationError for one that is not `name=value` */
  get x(): Readonly<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const each of this.options.x ?? []) {
      const at = each.indexOf("=");
      if (at < 1) throw new MigrationError(`-x takes name=value, not "${each}".`);
      found[each.slice(0, at)] = each.slice(at + 1);
    }
    return found;
  }

  /** The history. */
  async graph(): Promise<RevisionGraph> {
    this.#graph ??= await readRevisions(this.directories);
    return this.#graph;
  }

  /** How migrations run here. */
  runOptions(more: RunOptions = {}): RunOptions {
    const {
      versionTable,
      versionTableSchema,
      namingConvention,
      transaction,
      lockTimeout,
      statementTimeout,
      waitTimeout,
    } = this.config;
    return {
      versionTable,
      versionTableSchema,
      namingConvention,
      transaction,
      lockTimeout,
      statementTimeout,
      waitTimeout,
      onWait: () => this.out.progress("Another migration of this database is running; waiting for it to end."),
      x: this.x,
      ...more,
    };
  }

  async runner(more: RunOptions = {}): Promise<MigrationRunner> {
    return new MigrationRunner(await this.runnable(), this.runOptions(more));
  }

  /** The history, with what its files need to be imported. */
  async runnable(): Promise<RevisionGraph> {
    const graph = await this.graph();
    const typed = graph.order.find((each) => each.path !== null && /\.[cm]?ts$/.test(each.path));
    if (typed !== undefined) await importTypeScript(this.root, typed.path as string);
    return graph;
  }

  /** The tenants of the project. @throws MigrationError when none are configured */
  async tenants(): Promise<readonly (string | Tenant)[]> {
    const { tenants } = this.config;
    const found = typeof tenants === "function" ? await tenants(this.engine) : tenants;
    if (found !== undefined) return [...found];
    throw new MigrationError(
      `${this.file} names no tenants: set \`tenants\` to the names of their schemas, or to a function that gives them.`,
    );
  }

  /** The modules of the entities, as paths. */
  entityFiles(): readonly string[] {
    return listed(this.config.entities).flatMap((pattern) => matching(this.root, pattern));
  }

  /** What the classes say the schema is. @throws MigrationError when no entity is configured */
  async metadata(): Promise<readonly MetaData[]> {
    const files = this.entityFiles();
    const { metadata: given, entities } = this.config;
    if (files.length === 0 && given === undefined) {
      const wanted = listed(entities).map((each) => `"${each}"`);
      throw new MigrationError(
        wanted.length > 0
          ? `No file is matched by \`entities\` of ${this.file}: ${wanted.join(", ")} (from ${this.root}).`
          : `${this.file} names no entities: set \`entities\` to the modules that map them, or \`metadata\`.`,
      );
    }
    for (const file of files) await importModule(this.root, file);
    const list: readonly MetaData[] =
      given === undefined ? [defaultRegistry.metadata] : Array.isArray(given) ? given : [given];
    for (const each of list) each.prepare();
    return list;
  }

  async close(): Promise<void> {
    await this.#engine?.dispose();
  }
}

/**
 * Runs a command for the database that is meant, or for each of several where none is named.
 *
 * @returns the largest of the exit codes
 */
export async function forEachDatabase(
  options: GlobalOptions,
  run: (project: Project) => Promise<number | undefined>,
): Promise<number> {
  const out = new Output(options.json === true);
  const { whole } = await readConfig(options);
  const names = whole.url === undefined && options.database === undefined ? Object.keys(whole.databases ?? {}) : [];
  let code = 0;
  for (const name of names.length > 0 ? names : [null]) {
    if (name !== null) out.section(name);
    const project = await Project.open(name === null ? options : { ...options, database: name }, out);
    try {
      code = Math.max(code, (await run(project)) ?? 0);
    } finally {
      await project.close();
    }
  }
  out.close();
  return code;
}

/** Finds and reads the configuration. Found in a folder above, that becomes the working folder: its paths are meant from there. */
async function readConfig(options: GlobalOptions): Promise<{ readonly file: string; readonly whole: AthanorConfig }> {
  const given = options.config === undefined ? null : resolve(STARTED_IN, options.config);
  if (given !== null && !existsSync(given)) throw new MigrationError(`There is no configuration file ${given}.`);
  const file = given ?? findConfig(STARTED_IN);
  if (file === null) {
    throw new MigrationError(
      `There is no athanor.config.ts in ${STARTED_IN} or above it. Make one with \`athanor init\`, or name it with --config.`,
    );
  }
  if (given === null && dirname(file) !== process.cwd()) process.chdir(dirname(file));
  const module = await importModule(dirname(file), file);
  return { file, whole: checkedConfig(module["default"], file) };
}

function matching(root: string, pattern: string): string[] {
  const path = isAbsolute(pattern) ? pattern : join(root, pattern);
  if (!/[*?[{]/.test(path)) {
    if (existsSync(path)) return [path];
    throw new MigrationError(`The configuration names entities in ${path}, and there is no such file.`);
  }
  return globSync(path, { absolute: true, dot: false }).sort();
}
