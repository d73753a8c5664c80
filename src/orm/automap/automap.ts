/** Entities made at run time from the tables of a database. SQLAlchemy: `automap`. */
import { type AsyncDDLBind, type DDLConnection, type DDLOp, RUN_DDL, type SyncDDLBind } from "../../sql/ddl-runner.js";
import { InvalidRequestError } from "../../sql/errors.js";
import { type ReflectOptions, reflectOp } from "../../sql/schema/reflect.js";
import type { Table } from "../../sql/schema/table.js";
import type { AnyClass } from "../mapping/declarations.js";
import { Registry, type RegistryOptions } from "../mapping/registry.js";
import { generateClasses } from "./generate.js";
import type { AutomapHooks } from "./names.js";

/** A class that was made from a table. `E` is what its objects are known to have. */
export type AutomapClass<E extends object = Record<string, unknown>> = new () => E;

/** Options of `automap.prepare()`. */
export interface AutomapOptions
  extends Omit<ReflectOptions, "views" | "foreignTables" | "extendExisting">,
    AutomapHooks {}

/** Classes by name. */
export type AutomapClasses = Readonly<Record<string, AutomapClass>>;

/** What {@link automapBase} gives. */
export class Automap {
  readonly registry: Registry;
  readonly #classes: Record<string, AutomapClass> = Object.create(null) as Record<string, AutomapClass>;
  readonly #bySchema: Record<string, Record<string, AutomapClass>> = Object.create(null);

  constructor(options: RegistryOptions) {
    this.registry = new Registry({ ...options, deferReflection: true });
  }

  /** Where the tables are. */
  get metadata(): Registry["metadata"] {
    return this.registry.metadata;
  }

  /** The decorator for classes written by hand: what they leave out comes from the database. */
  get Entity(): Registry["Entity"] {
    return this.registry.Entity;
  }

  /**
   * All classes by name: those of tables by the table's name, unless a hook says otherwise. A table whose name another
   * schema's class has already is called `schema_table`.
   */
  get classes(): AutomapClasses {
    return this.#classes;
  }

  /** The classes of each schema, `""` for the default one. */
  get bySchema(): Readonly<Record<string, AutomapClasses>> {
    return this.#bySchema;
  }

  /**
   * A class by name, with the type of its objects.
   *
   * @throws InvalidRequestError with the names there are
   * @example const Artist = base.class<{ ArtistId: number; Name: string | null }>("Artist");
   */
  class<E extends object>(name: string): AutomapClass<E> {
    const found = this.#classes[name];
    if (found !== undefined) return found as AutomapClass<E>;
    const names = Object.keys(this.#classes).sort().join(", ");
    throw new InvalidRequestError(
      `There is no class ${JSON.stringify(name)}; there are: ${names || "none. Call prepare() first"}.`,
    );
  }

  /**
   * Reflects a schema and makes its classes: one for each table with a primary key that is no pure link between two others,
   * many-to-ones and collections for its foreign keys, many-to-many for the links. It may be called again, for another schema.
   *
   * @param bind an engine or a connection; with a sync one nothing is to be awaited. Left out, or null, where the metadata has the tables
   * @example
   * const base = automapBase();
   * await base.prepare(engine);
   * const { Artist, Album } = base.classes;
   */
  prepare(bind: AsyncDDLBind, options?: AutomapOptions): Promise<void>;
  prepare(bind?: SyncDDLBind | null, options?: AutomapOptions): void;
  prepare(bind?: AsyncDDLBind | SyncDDLBind | null, options: AutomapOptions = {}): Promise<void> | void {
    if (bind == null) return this.#generate(options);
    return (bind as SyncDDLBind)[RUN_DDL]((connection) => this.#prepare(connection, options));
  }

  *#prepare(connection: DDLConnection, options: AutomapOptions): DDLOp<void> {
    const { schema, only, resolveFks } = options;
    yield* reflectOp(connection, this.metadata, {
      extendExisting: true,
      ...(schema === undefined ? {} : { schema }),
      ...(only === undefined ? {} : { only }),
      ...(resolveFks === undefined ? {} : { resolveFks }),
    });
    yield* this.registry.completeOp(connection);
    this.#generate(options);
  }

  #generate(options: AutomapOptions): void {
    this.registry.prepared();
    const known = new Set(Object.values(this.#classes) as AnyClass[]);
    const mapped = new Set(
      this.registry.mappers.filter((mapper) => known.has(mapper.cls)).map((mapper) => mapper.table),
    );
    const fresh = [...this.metadata.tables.values()].filter((table) => !mapped.has(table));
    const names = new Set([...Object.keys(this.#classes), ...this.registry.mappers.map((mapper) => mapper.className)]);
    const made = generateClasses(this.registry, fresh, options, (wanted, table) => {
      const name = names.has(wanted) && table.schema !== null ? `${table.schema}_${wanted}` : wanted;
      if (names.has(name)) {
        throw new InvalidRequestError(
          `The tables of two classes would both be called ${JSON.stringify(name)}. Give one another name by classnameForTable.`,
        );
      }
      names.add(name);
      return name;
    });
    for (const { cls, table } of made) this.#enter(cls as AutomapClass, table);
  }

  #enter(cls: AutomapClass, table: Table): void {
    this.#classes[cls.name] = cls;
    const schema = table.schema ?? "";
    this.#bySchema[schema] ??= Object.create(null) as Record<string, AutomapClass>;
    (this.#bySchema[schema] as Record<string, AutomapClass>)[cls.name] = cls;
  }
}

/**
 * Begins a mapping that comes from the database.
 *
 * Classes written by hand with the base's own `Entity` are completed by what is reflected, and not replaced.
 *
 * @param options those of `registry()`; the metadata may have tables already
 */
export function automapBase(options: RegistryOptions = {}): Automap {
  return new Automap(options);
}
