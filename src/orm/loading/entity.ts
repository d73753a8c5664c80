/** Mapped classes and their aliases in statements: what `select(User)` holds, and what stands for a column of the class there. */
import type { ColumnElement } from "../../sql/element.js";
import { Label, Null } from "../../sql/elements/expression.js";
import { ENTITY, type EntityElement } from "../../sql/entity.js";
import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import type { KeyContext } from "../../sql/key-context.js";
import type { Node, Parts } from "../../sql/node.js";
import { refId } from "../../sql/pieces.js";
import { Column } from "../../sql/schema/column.js";
import { Alias, AliasedFrom } from "../../sql/selectable/alias.js";
import type { FromClause } from "../../sql/selectable/from-clause.js";
import { baseColumn, Join } from "../../sql/selectable/join.js";
import { Subquery } from "../../sql/selectable/query.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import { ExpressionAttribute } from "../attributes/expression-attribute.js";
import type { AnyClass } from "../mapping/declarations.js";
import { mapperOfPrototype } from "../mapping/instrument.js";
import type { Mapper } from "../mapping/mapper.js";
import { mapperFor } from "../mapping/registry.js";
import { classColumn, concreteUnion, isUnited, unitedColumn } from "./concrete-entity.js";
import { makeAttrs } from "./entity-attrs.js";
import { anonymousAlias, discriminatorCriterion, fromOf, subclassesOf } from "./inheritance.js";
import { InstrumentedColumn } from "./instrumented-column.js";
import { adapt } from "./instrumented-relation.js";
import { nearestColumn } from "./nearest-column.js";
import { OrmEntity } from "./orm-entity.js";

type From = FromClause<unknown>;

/** What kind of thing an entity stands for; part of its shape. */
type EntityKind = "class" | "alias" | "named" | "polymorphic" | "united";

export class MapperEntity extends OrmEntity {
  static override readonly parts: Parts = { from: "node" };
  private readonly found: Map<Column, ColumnElement> = new Map();
  private attributes: object | null = null;
  private selected: readonly ColumnElement[] | null = null;
  private expressions: readonly ColumnElement[] | null = null;
  private ownCriterion: ColumnElement | null | undefined = undefined;
  private readonly keyText: string;
  /** What it is a copy of, with another subquery in place of its own. */
  private original: MapperEntity = this;

  constructor(
    readonly mapper: Mapper,
    readonly from: From,
    readonly entityName: string,
    readonly kind: EntityKind,
    readonly polymorphic: readonly Mapper[],
    /** The alias, or the class, whose columns it takes where a subquery has those of several. */
    private readonly origin: OrmEntity | null = null,
  ) {
    super();
    const subclasses = polymorphic.length > 1 ? polymorphic.map(refId).join("+") : "";
    const alias = kind === "class" ? "" : `${kind === "named" ? "::" : ":"}${entityName.length}'${entityName}`;
    this.keyText = `E${refId(mapper)}${alias}${subclasses}`;
  }

  /** The class with other columns in place of its own: those of a subquery around the statement that had them. */
  static over(entity: OrmEntity, from: From, columns: ReadonlyMap<Column, ColumnElement>): MapperEntity {
    const made = new MapperEntity(entity.mapper, from, entity.entityName, "alias", entity.polymorphic);
    for (const [column, standIn] of columns) made.found.set(column, standIn);
    return made;
  }

  override get visitName(): string {
    return "Entity";
  }
  get aliased(): boolean {
    return this.kind !== "class";
  }
  override get writeTarget(): From {
    const { mapper } = this;
    if (mapper.table.definition !== null)
      throw new ArgumentError(
        `${mapper.className} is mapped over a query, which no statement can write. Add its objects to a session, or write the classes or tables that it reads.`,
      );
    if (this.kind === "united") throw new ArgumentError(unitedTarget(mapper));
    if (this.from instanceof Subquery)
      throw new ArgumentError(
        `An alias of ${mapper.className} over a subquery can be read, not written. Write ${mapper.className} itself, with a condition.`,
      );
    return this.from instanceof Join ? mapper.table : this.from;
  }

  /** The columns of the class that are not deferred, in the order of its attributes. */
  get columns(): readonly ColumnElement[] {
    if (this.selected === null) {
      const columns: ColumnElement[] = [];
      for (const attribute of attributesOf(this.polymorphic)) {
        if (!attribute.deferred && this.gives(attribute))
          columns.push((this.attrs as Record<string, ColumnElement>)[attribute.key]);
      }
      this.selected = columns;
    }
    return this.selected;
  }

  get attrs(): object {
    this.attributes ??= makeAttrs(this, this.polymorphic);
    return this.attributes;
  }

  override get described(): { readonly subject: object; readonly cls: object; readonly aliased: boolean } {
    const { cls } = this.mapper;
    return { subject: this.aliased ? this.attrs : cls, cls, aliased: this.aliased };
  }

  /** The attributes of one of the classes that it holds. */
  attrsOf(mapper: Mapper): object {
    if (this.polymorphic.includes(mapper)) return makeAttrs(this, [mapper]);
    const held = this.polymorphic.map((each) => each.className).join(", ");
    throw new ArgumentError(
      `attrs(..., ${mapper.className}): ${this.entityName} does not hold ${mapper.className}, only ${held}. ` +
        `Name it where the entity is made: withPolymorphic(${this.mapper.className}, [..., ${mapper.className}]).`,
    );
  }

  get criterion(): ColumnElement | null {
    if (this.ownCriterion === undefined) {
      // A subquery says itself which rows it has, in the eyes of whoever wrote it; the discriminator is asked for all the same.
      this.ownCriterion = discriminatorCriterion(this.mapper, (attribute) => this.elementOf(attribute));
    }
    return this.ownCriterion;
  }

  columnFor(column: Column): ColumnElement {
    if (this.kind === "class") return column;
    if (this.kind === "united") return unitedColumn(this.from, this.polymorphic, column) ?? column;
    const found = this.#find(column);
    if (found !== null) return found;
    throw new InvalidRequestError(
      `${this.entityName}: ${this.from.describe()} has no column ${column.table?.name ?? "?"}.${column.name}, which ${this.mapper.className} maps. ` +
        `Select it in the subquery that stands for ${this.mapper.className}.`,
    );
  }

  standIn(column: Column): ColumnElement | null {
    return this.kind === "class" || this.kind === "united" ? column : this.#find(column);
  }

  gives(attribute: ColumnAttribute): boolean {
    if (this.kind === "class" || this.kind === "united" || attribute.slot < 0 || !attribute.writable) return true;
    return this.#find(attribute.column) !== null;
  }

  elementOf(attribute: ColumnAttribute): ColumnElement {
    if (attribute.slot < 0) return classColumn(this.from);
    return attribute instanceof ExpressionAttribute ? this.#expressionOf(attribute) : this.columnFor(attribute.column);
  }

  #expressionOf(attribute: ExpressionAttribute): ColumnElement {
    const { expression, key } = attribute;
    if (expression === null) return new Label(key, new Null());
    // A column of a query that the class is mapped over.
    if (expression instanceof Column) return new Label(key, this.columnFor(expression));
    if (this.kind !== "class") {
      // A subquery of the class has the value as a column of its own.
      for (const each of this.from.columns) if (each.key === key && baseColumn(each) === null) return each;
    }
    return new Label(key, adapt(expression, entityOf(attribute.owner as Mapper), this));
  }

  #find(column: Column): ColumnElement | null {
    let found = this.found.get(column) ?? null;
    if (found === null) {
      found = this.#lookFor(column);
      if (found !== null) this.found.set(column, found);
    }
    return found;
  }

  #lookFor(column: Column): ColumnElement | null {
    if (this.from instanceof Alias && this.from.element === column.table) return this.from.column(column.key);
    const attribute = this.mapper.byColumn.get(column) ?? polymorphicAttribute(this.polymorphic, column);
    // A subquery may hold a joined class's key under any of the columns that share it.
    const candidates =
      attribute === undefined ? [column] : [column, ...attribute.columns, ...twins(this.polymorphic, attribute)];
    for (const candidate of candidates) {
      const found = this.from.columns.filter((each) => baseColumn(each) === candidate);
      if (found.length > 0) return nearestColumn(found, this.origin?.standIn(candidate) ?? candidate);
    }
    if (this.kind !== "named") return null;
    return this.from.columns.find(({ key }) => key === column.name || key === attribute?.key) ?? null;
  }

  attribute(name: string): ColumnElement {
    const found = (this.attrs as Record<string, unknown>)[name];
    // A relationship can be compared too: filterBy({ author: bob }).
    return found as ColumnElement;
  }

  override written(
    values: Readonly<Record<string, unknown>>,
    row: Readonly<Record<string, unknown>> = values,
  ): Readonly<Record<string, unknown>> {
    const { descriptors } = this.mapper;
    if (descriptors.size === 0 || !Object.keys(values).some((name) => descriptors.has(name))) return values;
    const attrs = this.attrs as Readonly<Record<string, unknown>>;
    const made: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(values)) {
      const written = descriptors.get(name)?.written(attrs, value, row);
      // What a hybrid writes may be a hybrid or a composite again.
      Object.assign(made, written === undefined ? { [name]: value } : this.written(written, row));
    }
    return made;
  }

  entityFor(mapper: Mapper): OrmEntity {
    return entityOf(mapper);
  }

  aliasFor(mapper: Mapper, polymorphic?: readonly Mapper[]): OrmEntity {
    return aliasOf(mapper, null, polymorphic);
  }

  again(): OrmEntity {
    const { from, mapper, kind } = this;
    if (kind === "class" || (from instanceof Alias && from.element === (mapper.table as unknown)))
      return aliasOf(mapper, null, this.polymorphic);
    const fresh =
      from instanceof Subquery
        ? new Subquery(from.element, null, false)
        : from instanceof AliasedFrom
          ? new Alias(from, null)
          : from;
    return new MapperEntity(
      mapper,
      fresh,
      this.entityName,
      kind === "named" ? kind : "alias",
      this.polymorphic,
      this.origin,
    );
  }

  override appendKey(context: KeyContext): void {
    this.appendName(context);
    const expressions = this.#expressions();
    for (let i = 0; i < expressions.length; i++) expressions[i].appendKey(context);
  }

  appendName(context: KeyContext): void {
    context.mapped = true;
    context.addName(this.keyText);
    if (this.kind === "class") return;
    this.from.appendKey(context);
    if (this.origin === null) context.addName(null);
    else this.origin.appendName(context);
  }

  /** The expressions among its columns: they have values of their own. */
  #expressions(): readonly ColumnElement[] {
    if (this.expressions === null) {
      const has = this.polymorphic.some((mapper) => mapper.columnAttributes.some((each) => !each.writable));
      this.expressions = has
        ? this.columns.filter((each) => each instanceof InstrumentedColumn && !each.attribute.writable)
        : [];
    }
    return this.expressions;
  }
  override children(): Node[] {
    return [this.from];
  }
  override copyReplacing(replace: (child: Node) => Node): this {
    if (this.kind === "class") return this;
    const from = replace(this.from) as From;
    if (from === this.from) return this;
    const copy = new MapperEntity(this.mapper, from, this.entityName, this.kind, this.polymorphic, this.origin);
    copy.original = this.original;
    return copy as this;
  }

  isSame(other: OrmEntity): boolean {
    return other instanceof MapperEntity && other.original === this.original;
  }
}

const entities = new WeakMap<Mapper, MapperEntity>();

/** The entity of a class, one for each mapper. */
export function entityOf(mapper: Mapper): MapperEntity {
  let entity = entities.get(mapper);
  if (entity === undefined) {
    mapper.registry.configure();
    if (isUnited(mapper)) {
      const made = unitedEntity(mapper, mapper.className, null);
      entities.set(mapper, made);
      return made;
    }
    const polymorphic = defaultPolymorphic(mapper);
    entity = new MapperEntity(
      mapper,
      fromOf(mapper, polymorphic, (table) => table),
      mapper.className,
      "class",
      polymorphic,
    );
    entities.set(mapper, entity);
  }
  return entity;
}

/** A class with those below it that have tables of their own. */
function unitedEntity(mapper: Mapper, name: string, sqlName: string | null): MapperEntity {
  return new MapperEntity(mapper, concreteUnion(mapper, sqlName), name, "united", mapper.united);
}

/** The subclasses that the mapping says to load with the class: its own word, and that of each of them. */
function defaultPolymorphic(mapper: Mapper): readonly Mapper[] {
  const { withPolymorphic } = mapper.options;
  if (withPolymorphic === undefined) {
    const inline = [...mapper.selfAndDescendants()].filter(
      (each) => each !== mapper && each.options.polymorphicLoad === "inline",
    );
    return inline.length === 0 ? [mapper] : subclassesOf(mapper, inline);
  }
  return subclassesOf(mapper, withPolymorphic === "*" ? "*" : withPolymorphic.map((thunk) => mapperFor(thunk())));
}

/** An alias of a class: of its table, or of each of its tables. */
export function aliasOf(
  mapper: Mapper,
  name: string | null,
  polymorphic?: readonly Mapper[],
  kind: "inner" | "left" = "left",
): MapperEntity {
  mapper.registry.configure();
  if (isUnited(mapper)) return unitedEntity(mapper, name ?? mapper.className, name);
  const subclasses = polymorphic ?? defaultPolymorphic(mapper);
  const alone = fromOf(mapper, subclasses, (table) => table) === mapper.tables[0];
  const from = fromOf(
    mapper,
    subclasses,
    (table) => (name === null ? anonymousAlias(table) : new Alias(table, alone ? name : `${name}_${table.name}`)),
    kind,
  );
  return new MapperEntity(mapper, from, name ?? mapper.className, "alias", subclasses);
}

/** The attributes of a class and of the subclasses loaded with it, those of the class first. */
export function attributesOf(polymorphic: readonly Mapper[]): ColumnAttribute[] {
  const found = new Set<ColumnAttribute>();
  for (const mapper of polymorphic) for (const attribute of mapper.columnAttributes) found.add(attribute);
  return [...found];
}

function polymorphicAttribute(polymorphic: readonly Mapper[], column: Column): ColumnAttribute | undefined {
  for (const mapper of polymorphic) {
    const attribute = mapper.byColumn.get(column);
    if (attribute !== undefined) return attribute;
  }
  return undefined;
}

/** All columns that one attribute is mapped to, in any table of the hierarchy. */
function twins(polymorphic: readonly Mapper[], attribute: ColumnAttribute): Column[] {
  const found: Column[] = [];
  for (const mapper of polymorphic)
    for (const [column, each] of mapper.byColumn) if (each === attribute) found.push(column);
  return found;
}

/** The entity behind a class, an attribute set, an alias or an entity itself; null for anything else. */
export function findEntity(value: unknown): OrmEntity | null {
  if (value instanceof OrmEntity) return value;
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return null;
  const entity = (value as { readonly [ENTITY]?: unknown })[ENTITY];
  return entity instanceof OrmEntity ? entity : null;
}

/** The entity behind a class or an alias. @throws UnmappedClassError */
export function requireEntity(value: unknown): OrmEntity {
  return findEntity(value) ?? entityOf(mapperFor(value));
}

/**
 * Makes a class answer the expression language: `cls[ENTITY]` is its entity, made at first use.
 * Called once when the class is declared, for the class that its users see.
 */
export function installEntityProtocol(cls: AnyClass): void {
  Object.defineProperty(cls, ENTITY, {
    configurable: true,
    get(this: AnyClass): EntityElement | undefined {
      const mapper = mapperOfPrototype(this.prototype as object);
      return mapper === undefined ? undefined : entityOf(mapper);
    },
  });
}

/** A class with the columns of subclasses, whose tables are joined to its own. */
export function polymorphicEntity(
  mapper: Mapper,
  polymorphic: readonly Mapper[],
  kind: "inner" | "left",
): MapperEntity {
  const from = fromOf(mapper, polymorphic, (table) => table, kind);
  return new MapperEntity(mapper, from, mapper.className, "polymorphic", polymorphic);
}

/** A class with the columns of one below it, where there is one. */
export function entityWith(mapper: Mapper, subclass: Mapper): MapperEntity {
  mapper.registry.configure();
  if (isUnited(mapper)) return entityOf(mapper);
  return polymorphicEntity(mapper, subclassesOf(mapper, [subclass]), "left");
}

/** Why no statement writes a class whose rows are in several tables, and what to write. */
function unitedTarget(mapper: Mapper): string {
  const below = mapper.united.filter((each) => each !== mapper && !each.tableless).map((each) => each.className);
  const own = mapper.tableless
    ? ""
    : `, and for the rows of ${mapper.className} alone one for its table "${mapper.table.name}"`;
  return (
    `${mapper.className} has concrete classes below it, so that its rows are in several tables, which no statement can write. ` +
    `Write a statement for each of those classes (${below.join(", ")})${own}.`
  );
}
