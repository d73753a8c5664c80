/** The registry of mapped classes: collects what decorators declare and works it out on first use. */
import { DISPATCH, type Dispatch } from "../../engine/events.js";
import { type DDLConnection, type DDLOp, type DDLRunner, RUN_DDL, type SyncDDLBind } from "../../sql/ddl-runner.js";
import { ArgumentError, errorKind, InvalidRequestError } from "../../sql/errors.js";
import { metadata as defaultMetadata, MetaData } from "../../sql/schema/metadata.js";
import { reflectOp } from "../../sql/schema/reflect.js";
import type { TableOptions } from "../../sql/schema/table.js";
import { UnmappedClassError } from "../errors.js";
import {
  abstractMessage,
  declareAbstract,
  isAbstractBase,
  type MappedSource,
  type TableArgs,
  type TableFactory,
  type TableName,
  withBases,
} from "./abstract-bases.js";
import { ClassDeclaration } from "./class-declaration.js";
import { collectDeclarations, type ImperativeProperties, imperativeDeclarations } from "./collect.js";
import { announceConfiguration, newRegistryDispatch, registryDispatch } from "./configuration-events.js";
import { configureMappers as configureDeclared } from "./configure.js";
import { type AnyClass, declaredOn, type MapperOptions, type RelationDeclaration } from "./declarations.js";
import { declareColumns, declareMore } from "./declare-columns.js";
import type { TypeWords } from "./infer-type.js";
import {
  announceClass,
  checkPrivateFields,
  instanceFactory,
  linkPrototype,
  mapperOfPrototype,
  wrapClass,
} from "./instrument.js";
import { checkEntityOptions, checkImperativeOptions } from "./known-options.js";
import { Mapper, type MapperRegistry } from "./mapper.js";
import { type NamingStrategy, snakeCase } from "./naming.js";

/** Options of a registry. */
export interface RegistryOptions extends TypeWords {
  /** Where the tables go; a new MetaData where absent. */
  readonly metadata?: MetaData;
  /** Replaces the names that follow from TypeScript's, in whole or in part. */
  readonly naming?: Partial<NamingStrategy>;
  /**
   * Classes declare only what differs: `await registry.prepare(engine)` takes the other columns, keys and constraints of
   * their tables from the database, before any of them is used. SQLAlchemy: `DeferredReflection`.
   */
  readonly deferReflection?: boolean;
}

/** Options of `@Entity`. */
export interface EntityOptions extends MapperOptions {
  /** Null for a subclass that shares its superclass's table; on an abstract base a function that names the table of each class below. */
  readonly tableName?: TableName;
  /** An existing table to map, or a join or a query, of which a class reads the rows and writes those of the tables whose keys it has. */
  readonly table?: MappedSource;
  readonly schema?: string;
  /** Where the table goes; the registry's where absent. Mostly of an abstract base, for the classes below it. */
  readonly metadata?: MetaData;
  readonly comment?: string;
  /** Constraints and indexes of the table, as `table()` takes them; a function gives them when all columns are there. */
  readonly tableArgs?: TableArgs;
  /** Options of the table on one dialect, by its name: `{ sqlite: { strict: true } }`. */
  readonly dialectOptions?: TableOptions["dialectOptions"];
  /** The name that the table had before: migrations rename it, and keep what is in it. To be taken out when they have. */
  readonly renamedFrom?: string;
  /** Makes the table, for classes that want another kind or look at each: on an abstract base it is asked for each class below. */
  readonly tableCls?: TableFactory;
}

/** Options of `registry.mapImperatively`. */
export interface ImperativeOptions extends Omit<MapperOptions, "abstract"> {
  /** Relationships and renamed columns by attribute name; every other column of the table is mapped under its own key. */
  readonly properties?: ImperativeProperties;
  readonly inherits?: AnyClass;
}

/** Every registry that is in use, for those who ask for all classes. */
const registries: WeakRef<Registry>[] = [];

/** The mappers of all registries. */
export function allMappers(): readonly Mapper[] {
  return registries.flatMap((each) => each.deref()?.mappers ?? []);
}

export class Registry implements MapperRegistry {
  static readonly [DISPATCH]: Dispatch = registryDispatch;
  readonly [DISPATCH]: Dispatch = newRegistryDispatch();
  readonly metadata: MetaData;
  readonly naming: NamingStrategy;
  readonly typeMap: TypeWords["typeMap"];
  readonly resolveType: TypeWords["resolveType"];
  readonly #declared: ClassDeclaration[] = [];
  readonly #mappers: Mapper[] = [];
  readonly #used = new Set<MetaData>();
  readonly deferReflection: boolean;
  #awaited: boolean;
  #configuring = false;
  #failure: unknown = null;

  constructor(options: RegistryOptions = {}) {
    this.metadata = options.metadata ?? new MetaData();
    this.naming = { ...snakeCase, ...options.naming };
    this.deferReflection = options.deferReflection === true;
    this.#awaited = this.deferReflection;
    this.typeMap = options.typeMap;
    this.resolveType = options.resolveType;
    this.#use(this.metadata);
    registries.push(new WeakRef(this));
  }

  /** Mappings are worked out before the tables of a metadata are made. */
  #use(metadata: MetaData): void {
    if (this.#used.has(metadata)) return;
    this.#used.add(metadata);
    metadata.beforeUse(() => this.configure());
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
    if (typeof name === "function")
      throw new ArgumentError(
        `@Entity is called: @Entity() or @Entity("table"), before the class ${(name as AnyClass).name}.`,
      );
    const options: EntityOptions = typeof name === "string" ? { ...more, tableName: name } : { ...name };
    return <C extends AnyClass>(cls: C, context?: unknown): C => {
      refuseStandardDecorator(context, "@Entity");
      return this.#mapDecorated(cls, options);
    };
  };

  #mapDecorated<C extends AnyClass>(cls: C, options: EntityOptions): C {
    checkEntityOptions(options, cls.name);
    if (options.abstract) {
      declareAbstract(cls, options);
      return cls;
    }
    const merged = withBases(cls, options);
    if (merged.metadata !== undefined) this.#use(merged.metadata);
    const mapper = this.#newMapper(cls, merged);
    const declaration = new ClassDeclaration(mapper, this, merged, collectDeclarations(cls, merged.concrete));
    checkPrivateFields(cls, mapper);
    const wrapped = wrapClass(cls, mapper);
    mapper.cls = wrapped;
    this.#awaited = this.deferReflection;
    this.#declare(declaration);
    return wrapped;
  }

  /**
   * Maps a plain class to a table without decorators. SQLAlchemy: `map_imperatively`.
   *
   * @param cls the class; its prototype gets the attributes
   * @param table its table, or a join or a query; null for a single-table subclass
   * @throws ArgumentError for a class that is mapped already
   */
  mapImperatively(cls: AnyClass, table: MappedSource | null, options: ImperativeOptions = {}): void {
    checkImperativeOptions(options, cls.name);
    const mapper = this.#newMapper(cls, options);
    const properties = imperativeDeclarations(cls, options.properties ?? {});
    this.#declare(
      new ClassDeclaration(mapper, this, { ...options, table: table ?? undefined }, properties, options.inherits, true),
    );
  }

  #newMapper(cls: AnyClass, options: MapperOptions): Mapper {
    if (mapperOfPrototype(cls.prototype) !== undefined) throw new ArgumentError(`${cls.name} is mapped already.`);
    const mapper = new Mapper(cls, this, options);
    mapper.newInstance = instanceFactory(cls, mapper);
    announceConfiguration(this[DISPATCH], "instrumentClass", mapper);
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
    announceConfiguration(this[DISPATCH], "afterMapperConstructed", mapper);
  }

  /**
   * Of a registry with `deferReflection`: takes from the database what the classes leave out. Classes that are declared
   * later need another call.
   *
   * @param bind an engine or a connection; with a sync one nothing is to be awaited
   * @throws InvalidRequestError naming tables that the database has not
   */
  readonly prepare: DDLRunner = ((bind: SyncDDLBind) =>
    bind[RUN_DDL]((connection) => this.completeOp(connection))) as DDLRunner;

  /** @internal Completes the tables of declared classes. */
  *completeOp(connection: DDLConnection): DDLOp<void> {
    const wanted = new Map<MetaData, Map<string | null, Set<string>>>();
    for (const { mapper, options, metadata } of this.#declared) {
      if (options.table !== undefined) continue;
      const bySchema = wanted.get(metadata) ?? new Map<string | null, Set<string>>();
      wanted.set(metadata, bySchema);
      for (const { name, schema } of mapper.tables) bySchema.set(schema, (bySchema.get(schema) ?? new Set()).add(name));
    }
    for (const [metadata, bySchema] of wanted)
      for (const [schema, names] of bySchema)
        yield* reflectOp(connection, metadata, { schema, only: [...names], extendExisting: true });
    this.prepared();
  }

  /** @internal The tables are complete. */
  prepared(): void {
    this.#awaited = false;
  }

  /** @internal What a class says of itself, worked out or not. */
  declared(cls: AnyClass): { readonly columns: readonly string[]; readonly relations: readonly RelationDeclaration[] } {
    const pending = this.#declared.find((each) => each.mapper.cls === cls);
    if (pending !== undefined) {
      return { columns: pending.columns.map((column) => column.property), relations: pending.relations };
    }
    const mapper = this.#mappers.find((each) => each.cls === cls);
    return {
      columns: [...(mapper?.attributes.keys() ?? [])],
      relations: (mapper?.relationships ?? []).map(({ key, direction, target, options }) => ({
        kind: "relation",
        property: key,
        relation: direction,
        target: () => target.cls,
        options,
      })),
    };
  }

  /**
   * Gives a class relationships and columns beside those that it declares. Only before mappings are first used.
   *
   * @throws InvalidRequestError when the class is worked out already
   */
  addProperties(cls: AnyClass, properties: ImperativeProperties): void {
    const names = Object.keys(properties);
    if (names.length > 0) declareMore(this.#pending(cls, names.join(", ")), imperativeDeclarations(cls, properties));
  }

  /**
   * Gives a class one more attribute, by the decorator that would stand before its property, or as `mapImperatively()` takes it. Only before mappings are first
   * used.
   *
   * @example registry.addProperty(User, "fullName", columnProperty((u: Attrs<User>) => u.first.concat(" ").concat(u.last)))
   * @example event.listen(Registry, "afterMapperConstructed", (mapper, cls) => mapper.registry.addProperty(cls, "touchedAt", Column(t.timestamp, { nullable: true })));
   * @throws InvalidRequestError when the class is worked out already
   */
  addProperty(
    cls: AnyClass,
    name: string,
    property: ((target: object, property: string) => void) | ImperativeProperties[string],
  ): void {
    if (typeof property !== "function") {
      this.addProperties(cls, { [name]: property });
      return;
    }
    const declaration = this.#pending(cls, name);
    const place = Object.create(cls.prototype as object) as object;
    property(place, name);
    const made = declaredOn(place);
    if (made.length === 0)
      throw new ArgumentError(
        `addProperty(${cls.name}, "${name}") was given a function that declares nothing: it takes a decorator, such as Column(t.text).`,
      );
    declareMore(declaration, made);
  }

  #pending(cls: AnyClass, names: string): ClassDeclaration {
    const declaration = this.#declared.find((each) => each.mapper.cls === cls);
    if (declaration !== undefined) return declaration;
    throw new InvalidRequestError(
      `${cls.name} is in use already, so that it cannot get ${names}. Prepare before the first use.`,
    );
  }

  /**
   * Works out all mappings that are not yet: keys, relationships, both sides of each. Called by the first use of any mapped class.
   *
   * @throws MapperConfigurationError, ArgumentError and others, naming class and attribute
   */
  configure(): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#declared.length === 0 || this.#configuring) return;
    if (this.#awaited) {
      const names = this.#declared.map((declaration) => declaration.className).join(", ");
      throw new InvalidRequestError(
        `${names}: the columns come from the database, which was not asked yet. Call await registry.prepare(engine) first.`,
      );
    }
    this.#configuring = true;
    const dispatch = this[DISPATCH];
    try {
      if (dispatch.has("beforeConfigured")) dispatch.fire("beforeConfigured", this);
      // A handler may map more classes.
      for (const { mapper } of this.#declared) announceConfiguration(dispatch, "beforeMapperConfigured", mapper);
      configureDeclared(this.#declared);
      const configured = this.#declared.map(({ mapper }) => mapper);
      this.#declared.length = 0;
      for (const mapper of configured) announceConfiguration(dispatch, "mapperConfigured", mapper);
      if (dispatch.has("afterConfigured")) dispatch.fire("afterConfigured", this);
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
      for (const key of [...mapper.attributes.keys(), ...mapper.synonyms.map((each) => each.key)])
        delete (mapper.cls.prototype as Record<string, unknown>)[key];
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
    if (isAbstractBase(cls)) throw new UnmappedClassError(abstractMessage(cls));
    const name = typeof cls === "function" ? cls.name || "(anonymous)" : String(cls);
    throw new UnmappedClassError(
      `${name} is not a mapped class: decorate it with @Entity() or map it with registry.mapImperatively().`,
    );
  }
  mapper.registry.configure();
  return mapper;
}

/**
 * Works out the mappings of all registries at once, which the first use of a class does by itself: what is wrong with one of them shows here.
 *
 * @throws MapperConfigurationError, ArgumentError and others, naming class and attribute
 */
export function configureMappers(): void {
  for (const each of registries) each.deref()?.configure();
}

/** Standard decorators get a context object as their second argument. */
export function refuseStandardDecorator(context: unknown, name: string): void {
  if (typeof context !== "object" || context === null || !("kind" in context)) return;
  throw standardDecorator(name);
}

const standardDecorator = errorKind(ArgumentError, "ATHANOR_STANDARD_DECORATOR", {
  message: (name: string) =>
    `${name} was called as a standard decorator, but Athanor's are the legacy kind. Set "experimentalDecorators": true in the tsconfig.json, ` +
    `and make sure that this file is covered by its "include" (tsx, for one, applies tsconfig only to files that it includes).`,
  cause: "A decorator was called the way of standard decorators, which know nothing of the types of properties.",
  cure: 'Set "experimentalDecorators" and "emitDecoratorMetadata" to true in the tsconfig.json, and have its "include" cover the file.',
});
