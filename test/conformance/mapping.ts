import {
  type AsyncEngine,
  column,
  type Engine,
  foreignKey,
  foreignKeyConstraint,
  type MetaData,
  registry,
  relationship,
  type Table,
  t,
  table,
  uniqueConstraint,
} from "../../src/index.js";
import { ScenarioError } from "./errors.js";
import type { ColumnKind, ColumnSchema, EntitySchema, RelationshipSchema, Schema, TableSchema } from "./format.js";

/** A class that is made for an entity of a scenario. */
export type EntityClass = new () => Record<string, unknown>;

/** The mapping of one scenario: classes and tables made of its schema, in a registry of their own. */
export class Mapping {
  readonly metadata: MetaData;
  readonly #registry = registry();
  readonly #classes = new Map<string, EntityClass>();
  readonly #tables = new Map<string, Table>();

  constructor(readonly schema: Schema) {
    this.metadata = this.#registry.metadata;
    for (const [name, definition] of Object.entries(schema.tables ?? {})) this.#createTable(name, definition);
    for (const [name, entity] of Object.entries(schema.entities)) {
      this.#classes.set(name, this.#createClass(name, entity));
      if (entity.table !== undefined) this.#createTable(entity.table, this.#ownTable(name, entity));
    }
    for (const name of Object.keys(schema.entities)) this.#map(name);
  }

  /** The class of an entity. */
  entity(name: unknown): EntityClass {
    const found = this.#classes.get(String(name));
    if (!found) throw new ScenarioError(`the schema has no entity ${name}`);
    return found;
  }

  table(name: unknown): Table {
    const found = this.#tables.get(String(name));
    if (!found) throw new ScenarioError(`the schema has no table ${name}`);
    return found;
  }

  /** Names of an object's primary-key attributes. */
  readonly primaryKeyOf = (object: object): string[] => {
    const columns = this.#ancestry(object.constructor.name).flatMap((name) =>
      Object.entries(this.#schemaOf(name).columns),
    );
    return [...new Set(columns.filter(([, c]) => c.primaryKey).map(([name]) => name))];
  };

  /** The type of an attribute that is a column; undefined for a relationship or an unknown name. */
  columnKind(entity: string, attribute: string): ColumnKind | undefined {
    for (const name of this.#ancestry(entity)) {
      const found = this.#schemaOf(name).columns[attribute];
      if (found) return found.type;
    }
    return undefined;
  }

  /** Types of a table's columns by name, single-table subclasses' columns included. */
  columnKinds(name: string): Record<string, ColumnSchema> {
    const plain = this.schema.tables?.[name];
    if (plain) return plain.columns;
    const owner = Object.entries(this.schema.entities).find(([, entity]) => entity.table === name);
    if (!owner) throw new ScenarioError(`the schema has no table ${name}`);
    return this.#ownTable(...owner).columns;
  }

  /** Makes the tables. */
  async createAll(engine: AsyncEngine | Engine): Promise<void> {
    await this.metadata.createAll(engine as AsyncEngine);
  }

  /** Forgets the mapping, so that thousands of scenarios can run in one process. */
  dispose(): void {
    this.#registry.dispose();
  }

  #schemaOf(name: string): EntitySchema {
    const found = this.schema.entities[name];
    if (!found) throw new ScenarioError(`the schema has no entity ${name}`);
    return found;
  }

  /** An entity and its bases, itself first. */
  #ancestry(name: string): string[] {
    const names = [name];
    for (let base = this.#schemaOf(name).extends; base !== undefined; base = this.#schemaOf(base).extends) {
      names.push(base);
    }
    return names;
  }

  #createClass(name: string, entity: EntitySchema): EntityClass {
    const base = entity.extends === undefined ? null : this.entity(entity.extends);
    const made = base ? { [name]: class extends base {} } : { [name]: class {} };
    return made[name] as EntityClass;
  }

  /** The entity whose table holds the columns of an entity. */
  #tableOwner(name: string): string {
    const owner = this.#ancestry(name).find((ancestor) => this.#schemaOf(ancestor).table !== undefined);
    if (owner === undefined) throw new ScenarioError(`the entity ${name} has no table, nor has a base of it`);
    return owner;
  }

  /** The single-table subclasses whose columns lie in an entity's table. */
  #tableGuests(owner: string): EntitySchema[] {
    return Object.entries(this.schema.entities)
      .filter(([name, entity]) => entity.table === undefined && this.#tableOwner(name) === owner)
      .map(([, entity]) => entity);
  }

  /** An entity's table: its own columns and those of its single-table subclasses, which are nullable. */
  #ownTable(name: string, entity: EntitySchema): TableSchema {
    const guests = this.#tableGuests(name);
    const columns = { ...entity.columns };
    for (const guest of guests) {
      for (const [attribute, definition] of Object.entries(guest.columns)) {
        columns[attribute] ??= { ...definition, nullable: true };
      }
    }
    return {
      columns,
      foreignKeys: [entity, ...guests].flatMap((part) => part.foreignKeys ?? []),
      uniques: [entity, ...guests].flatMap((part) => part.uniques ?? []),
    };
  }

  #createTable(name: string, definition: TableSchema): void {
    const columns = Object.fromEntries(
      Object.entries(definition.columns).map(([key, schema]) => [key, column(typeOf(schema), columnOptions(schema))]),
    );
    const constraints = [
      ...(definition.foreignKeys ?? []).map((key) =>
        foreignKeyConstraint(
          [...key.columns],
          key.refColumns.map((referred) => `${key.refTable}.${referred}`),
          defined({ onDelete: key.onDelete }),
        ),
      ),
      ...(definition.uniques ?? []).map((unique) => uniqueConstraint(...unique)),
    ];
    this.#tables.set(name, table(name, this.metadata, columns, ...constraints) as unknown as Table);
  }

  #map(name: string): void {
    const entity = this.#schemaOf(name);
    const { inheritance } = entity;
    const guests = entity.table === undefined ? [] : this.#tableGuests(name);
    const guestColumns = guests.flatMap((guest) => Object.keys(guest.columns)).filter((key) => !entity.columns[key]);
    const relationships = Object.entries(entity.relationships ?? {}).map(([attribute, schema]) => [
      attribute,
      relationship(() => this.entity(schema.target), this.#relationshipOptions(name, schema)),
    ]);
    this.#registry.mapImperatively(
      this.entity(name),
      entity.table === undefined ? null : this.table(entity.table),
      defined({
        properties: Object.fromEntries(relationships),
        columns: entity.table === undefined ? Object.keys(entity.columns) : undefined,
        excludeProperties: guestColumns.length ? guestColumns : undefined,
        inherits: entity.extends === undefined ? undefined : this.entity(entity.extends),
        polymorphicOn: inheritance?.discriminatorColumn,
        polymorphicIdentity: inheritance?.discriminatorValue,
        withPolymorphic: inheritance?.withPolymorphic ? "*" : undefined,
        versionIdCol: entity.versionColumn,
      }),
    );
  }

  #relationshipOptions(name: string, schema: RelationshipSchema): RelationshipOptions {
    return defined({
      kind: schema.kind,
      owner: schema.owner,
      backPopulates: schema.backPopulates,
      cascade: schema.cascade && [...schema.cascade],
      foreignKeys: schema.foreignKey && [...schema.foreignKey.columns],
      remoteSide: this.#remoteSide(name, schema),
      orderBy: schema.orderBy && [...schema.orderBy],
      passiveDeletes: schema.passiveDeletes,
      postUpdate: schema.postUpdate,
      viewonly: schema.viewonly,
      singleParent: schema.singleParent,
      lazy: schema.lazy,
      ...this.#secondaryOptions(name, schema),
    }) as RelationshipOptions;
  }

  /** Which columns are the other side's: needed where both sides are one table. */
  #remoteSide(name: string, schema: RelationshipSchema): string[] | undefined {
    if (schema.remoteSide) return [...schema.remoteSide];
    if (!schema.foreignKey || this.#tableOwner(name) !== this.#tableOwner(schema.target)) return undefined;
    const holdsKey = schema.kind === "manyToOne" || schema.owner === true;
    if (!holdsKey) return [...schema.foreignKey.columns];
    return [...(schema.foreignKey.references ?? this.#primaryKeyColumns(schema.target))];
  }

  /** The columns of a many to many's table are named only where its foreign keys leave a choice. */
  #secondaryOptions(name: string, { secondary, target }: RelationshipSchema): Record<string, unknown> {
    if (!secondary) return {};
    const link = { secondary: this.table(secondary.table) };
    if (this.#tableOwner(name) !== this.#tableOwner(target)) return link;
    return { ...link, joinColumns: secondary.localColumns, inverseJoinColumns: secondary.remoteColumns };
  }

  #primaryKeyColumns(name: string): string[] {
    return Object.entries(this.#schemaOf(this.#tableOwner(name)).columns)
      .filter(([, schema]) => schema.primaryKey)
      .map(([key]) => key);
  }
}

type RelationshipOptions = NonNullable<Parameters<typeof relationship>[1]>;

function typeOf(schema: ColumnSchema) {
  switch (schema.type) {
    case "integer":
      return t.integer;
    case "string":
      return schema.length === undefined ? t.string : t.string(schema.length);
    case "text":
      return t.text;
    case "boolean":
      return t.boolean;
    case "float":
      return t.float;
    case "datetime":
      return t.datetime;
    case "json":
      return t.json;
    default:
      throw new ScenarioError(`the format has no column type ${schema.type}`);
  }
}

function columnOptions(schema: ColumnSchema): Record<string, unknown> {
  const { foreignKey: key } = schema;
  return defined({
    primaryKey: schema.primaryKey,
    autoincrement: schema.primaryKey ? (schema.autoincrement ?? false) : undefined,
    nullable: schema.primaryKey ? false : (schema.nullable ?? true),
    unique: schema.unique,
    default: schema.default,
    foreignKey:
      key &&
      foreignKey(
        `${key.table}.${key.column}`,
        defined({
          onDelete: key.onDelete,
          onUpdate: key.onUpdate,
          deferrable: key.deferrable,
          useAlter: key.useAlter,
        }),
      ),
  });
}

/** Without the fields that are undefined: an option that is not given must look as if it were not written. */
function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
