/** A project as a command sees it: its settings, its history, its database. */
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { globSync } from "tinyglobby";
import { type AsyncEngine, createAsyncEngine, defaultRegistry, type MetaData } from "../index.js";
import { type AthanorConfig, checkedConfig, type DatabaseConfig, databaseConfig, urlOf } from "../migrations/config.js";
import { MigrationError } from "../migrations/errors.js";
import type { RevisionGraph } from "../migrations/revision-graph.js";
import { MigrationRunner, type RunOptions } from "../migrations/runner.js";
import { readRevisions } from "../migrations/script-directory.js";
import { Output } from "./output.js";
import { importModule } from "./typescript.js";

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
    const given = options.config === undefined ? null : resolve(options.config);
    if (given !== null && !existsSync(given)) throw new MigrationError(`There is no configuration file ${given}.`);
    const file = given ?? findConfig(process.cwd());
    if (file === null) {
      throw new MigrationError(
        `There is no athanor.config.ts in ${process.cwd()} or above it. Make one with \`athanor init\`, or name it with --config.`,
      );
    }
    const root = dirname(file);
    const module = await importModule(root, file);
    const whole = checkedConfig(module["default"], file);
    const config = databaseConfig(whole, options.database ?? null);
    return new Project(root, file, whole, config, options, out);
  }

  /** The folder of revision files. */
  get directory(): string {
    const folder = this.config.migrations ?? "migrations";
    return isAbsolute(folder) ? folder : join(this.root, folder);
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
    this.#graph ??= await readRevisions(this.directory);
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
    const graph = await this.graph();
    for (const each of graph.order) {
      if (each.path !== null && /\.[cm]?ts$/.test(each.path)) {
        await (await import("./typescript.js")).importTypeScript(this.root, each.path);
        break;
      }
    }
    return new MigrationRunner(graph, this.runOptions(more));
  }

  /** The modules of the entities, as paths. */
  entityFiles(): readonly string[] {
    const patterns = this.config.entities ?? [];
    return (typeof patterns === "string" ? [patterns] : patterns).flatMap((pattern) => matching(this.root, pattern));
  }

  /** What the classes say the schema is. @throws MigrationError when no entity is configured */
  async metadata(): Promise<readonly MetaData[]> {
    const files = this.entityFiles();
    const given = this.config.metadata;
    if (files.length === 0 && given === undefined) {
      throw new MigrationError(
        `${this.file} names no entities: set \`entities\` to the modules that map them, or \`metadata\`.`,
      );
    }
    for (const file of files) await importModule(this.root, file);
    const list = given === undefined ? [defaultRegistry.metadata] : Array.isArray(given) ? given : [given];
    defaultRegistry.configure();
    return list as readonly MetaData[];
  }

  async close(): Promise<void> {
    await this.#engine?.dispose();
  }
}

function matching(root: string, pattern: string): string[] {
  const path = isAbsolute(pattern) ? pattern : join(root, pattern);
  if (!/[*?[{]/.test(path)) {
    if (existsSync(path)) return [path];
    throw new MigrationError(`The configuration names entities in ${path}, and there is no such file.`);
  }
  return globSync(path, { absolute: true, dot: false }).sort();
}
