/** The registry of mapped classes: collects what decorators declare and works it out on first use. */
import { ArgumentError } from "../../sql/errors.js";
import { metadata as defaultMetadata, MetaData } from "../../sql/schema/metadata.js";
import type { Table } from "../../sql/schema/table.js";
import { UnmappedClassError } from "../errors.js";
import { ClassDeclaration } from "./class-declaration.js";
import { collectDeclarations, type ImperativeProperties, imperativeDeclarations } from "./collect.js";
import { configureMappers, declareColumns } from "./configure.js";
import type { AnyClass, MapperOptions } from "./declarations.js";
import {
  announceClass,
  checkPrivateFields,
  instanceFactory,
  linkPrototype,
  mapperOfPrototype,
  wrapClass,
} from "./instrument.js";
import { Mapper, type MapperRegistry } from "./mapper.js";
import { type NamingStrategy, snakeCase } from "./naming.js";

/** Options of a registry. */
export interface RegistryOptions {
  /** Where the tables go; a new MetaData where absent. */
  readonly metadata?: MetaData;
  /** Replaces the names that follow from TypeScript's, in whole or in part. */
  readonly naming?: Partial<NamingStrategy>;
}

/** Options of `@Entity`. */
export interface EntityOptions extends MapperOptions {
  readonly tableName?: string;
  /** An existing table to map. */
  readonly table?: Table;
  readonly schema?: string;
  readonly comment?: string;
  /** Constraints and indexes of the table, as `table()` takes them; a function gets them late. */
  readonly tableArgs?: readonly unknown[] | (() => readonly unknown[]);
}

/** Options of `registry.mapImperatively`. */
export interface ImperativeOptions extends Omit<MapperOptions, "abstract"> {
  /** Relationships and renamed columns by attribute name; every other column of the table is mapped under its own key. */
  readonly properties?: ImperativeProperties;
  readonly inherits?: AnyClass;
}

export class Registry implements MapperRegistry {
  readonly metadata: MetaData;
  readonly naming: NamingStrategy;
  readonly #declared: ClassDeclaration[] = [];
  readonly #mappers: Mapper[] = [];
  #configuring = false;
  #failure: unknown = null;

  constructor(options: RegistryOptions = {}) {
    this.metadata = options.metadata ?? new MetaData();
    this.naming = { ...snakeCase, ...options.naming };
    this.metadata.beforeUse(() => this.configure());
  }

  /** The mappers of this registry, in order of declaration. */
  get mappers(): readonly Mapper[] {
    return this.#mappers;
  }

  /**
   * The class decorator of this registry; `@Entity` is that of the default one.
   *
   * @example const { Entity } = registry(); @Entity("users") class User { ... }
   */
  readonly Entity = (name?: string | EntityOptions, more?: EntityOptions) => {
    const options: EntityOptions = typeof name === "string" ? { ...more, tableName: name } : { ...name };
    return <C extends AnyClass>(cls: C, context?: unknown): C => {
      refuseStandardDecorator(context, "@Entity");
      return this.#mapDecorated(cls, options);
    };
  };

  #mapDecorated<C extends AnyClass>(cls: C, options: EntityOptions): C {
    if (options.abstract) return cls;
    const mapper = this.#newMapper(cls, options);
    const declaration = new ClassDeclaration(mapper, this, options, collectDeclarations(cls));
    checkPrivateFields(cls, mapper);
    const wrapped = wrapClass(cls, mapper);
    mapper.cls = wrapped;
    this.#declare(declaration);
    return wrapped;
  }

  /**
   * Maps a plain class to a table without decorators. SQLAlchemy: `map_imperatively`.
   *
   * @param cls the class; its prototype gets the attributes
   * @param table its table; null for a single-table subclass
   * @throws ArgumentError for a class that is mapped already
   */
  mapImperatively(cls: AnyClass, table: Table | null, options: ImperativeOptions = {}): void {
    const mapper = this.#newMapper(cls, options);
    const properties = imperativeDeclarations(cls, options.properties ?? {});
    this.#declare(
      new ClassDeclaration(mapper, this, { ...options, table: table ?? undefined }, properties, options.inherits),
    );
  }

  #newMapper(cls: AnyClass, options: MapperOptions): Mapper {
    if (mapperOfPrototype(cls.prototype) !== undefined) throw new ArgumentError(`${cls.name} is mapped already.`);
    const mapper = new Mapper(cls, this, options);
    mapper.newInstance = instanceFactory(cls, mapper);
    return mapper;
  }

  #declare(declaration: ClassDeclaration): void {
    const { mapper } = declaration;
    linkPrototype(mapper.cls.prototype, mapper);
    announceClass(mapper.cls);
    try {
      declareColumns(declaration);
    } catch (error) {
      linkPrototype(mapper.cls.prototype, undefined);
      throw error;
    }
    this.#mappers.push(mapper);
    this.#declared.push(declaration);
  }

  /**
   * Works out all mappings that are not yet: keys, relationships, both sides of each. Called by the first use of any mapped class.
   *
   * @throws MapperConfigurationError, ArgumentError and others, naming class and attribute
   */
  configure(): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#declared.length === 0 || this.#configuring) return;
    this.#configuring = true;
    try {
      configureMappers(this.#declared);
      this.#declared.length = 0;
    } catch (error) {
      // Half of it is done: another attempt would do that half again. The first error stays the answer.
      this.#failure = error;
      throw error;
    } finally {
      this.#configuring = false;
    }
  }

  /** Takes the mappings off all classes of this registry, so that they can be mapped anew. The tables stay in the metadata. */
  dispose(): void {
    for (const mapper of this.#mappers) {
      linkPrototype(mapper.cls.prototype, undefined);
      for (const key of mapper.attributes.keys()) delete (mapper.cls.prototype as Record<string, unknown>)[key];
    }
    this.#mappers.length = 0;
    this.#declared.length = 0;
    this.#failure = null;
  }
}

/** A registry of its own: classes mapped in it share its metadata and naming. */
export function registry(options: RegistryOptions = {}): Registry {
  return new Registry(options);
}

/** The registry behind `@Entity` and `metadata`. */
export const defaultRegistry: Registry = new Registry({ metadata: defaultMetadata });

/** The mapper of a mapped class, configured. @throws UnmappedClassError */
export function mapperFor(cls: unknown): Mapper {
  const mapper = typeof cls === "function" && cls.prototype ? mapperOfPrototype(cls.prototype) : undefined;
  if (mapper === undefined) {
    const name = typeof cls === "function" ? cls.name || "(anonymous)" : String(cls);
    throw new UnmappedClassError(
      `${name} is not a mapped class: decorate it with @Entity() or map it with registry.mapImperatively().`,
    );
  }
  mapper.registry.configure();
  return mapper;
}

/** Standard decorators get a context object as their second argument. */
export function refuseStandardDecorator(context: unknown, name: string): void {
  if (typeof context !== "object" || context === null || !("kind" in context)) return;
  throw new ArgumentError(
    `${name} was called as a standard decorator, but Athanor's are the legacy kind. Set "experimentalDecorators": true in the tsconfig.json, ` +
      `and make sure that this file is covered by its "include" (tsx, for one, applies tsconfig only to files that it includes).`,
  );
}
