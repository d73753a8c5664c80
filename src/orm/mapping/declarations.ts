/** What decorators and imperative mappings say about a class, before anything is worked out from it. */
import type { ColumnElement } from "../../sql/element.js";
import type { EntityRef } from "../../sql/entity.js";
import { ArgumentError } from "../../sql/errors.js";
import type {
  Column,
  ColumnInfo,
  ColumnOptions as CoreColumnOptions,
  ForeignKey,
  ForeignKeyOptions,
} from "../../sql/schema/column.js";
import type { DerivedSource } from "../../sql/schema/derived-table.js";
import type { AnyTable } from "../../sql/schema/table.js";
import type { StandardSchema } from "../../sql/types/standard-schema.js";
import type { SQLType } from "../../sql/types/type.js";
import type { CascadeName } from "../cascades.js";
import type { CollectionChoice } from "../collections/kinds.js";
import type { Descriptor, DescriptorOwner } from "./descriptor.js";

/** Any class, abstract ones included. */
export type AnyClass = abstract new (...args: never[]) => object;

/** The strategies that `lazy:` names. */
export const LAZY_STRATEGIES = [
  "select",
  "selectin",
  "joined",
  "subquery",
  "immediate",
  "raise",
  "raise_on_sql",
  "noload",
  "write_only",
] as const;
export type LazyStrategy = (typeof LAZY_STRATEGIES)[number];

/** What a foreign key may refer to: `"table.column"`, a column, or a thunk of a column or of a mapped class with one key column. */
export type ForeignKeyDeclaration = string | ForeignKey | ColumnInfo | (() => ColumnInfo | AnyClass);

/** What a property says of its type. */
export interface InferredFrom {
  /** `design:type` of the property; undefined where the compiler emitted none. */
  readonly design: unknown;
  /** `@Column`, for messages. */
  readonly decorator: string;
}

export interface ColumnDeclaration {
  readonly kind: "column";
  readonly property: string;
  readonly type: SQLType | null;
  /** What the type is inferred from where none is given. */
  readonly inferred?: InferredFrom;
  readonly options: ColumnDeclarationOptions;
}

export interface ColumnDeclarationOptions<T = unknown>
  extends Omit<CoreColumnOptions<T>, "foreignKey" | "foreignKeys" | "key"> {
  readonly foreignKey?: ForeignKeyDeclaration;
  /** Of a class over a table, a join or a query that is there: the column that the attribute stands for, or several that are always equal. */
  readonly column?: ColumnInfo | readonly ColumnInfo[];
  /** With `foreignKey`: its ON DELETE, ON UPDATE and so on. */
  readonly foreignKeyOptions?: ForeignKeyOptions;
  readonly onDelete?: ForeignKeyOptions["onDelete"];
  readonly onUpdate?: ForeignKeyOptions["onUpdate"];
  /** Not part of the class's ordinary SELECT. */
  readonly deferred?: boolean;
  /** Deferred columns of one group load together. */
  readonly group?: string;
  /** With `deferred`: reading it where it was not loaded is an error, in a sync context too. */
  readonly deferredRaiseload?: boolean;
  /** Load the old value before it is replaced. */
  readonly activeHistory?: boolean;
  /** Changes inside its value (a JSON object, an array) are noticed. */
  readonly mutable?: boolean;
  /** A Standard Schema (zod, valibot, arktype) that input for it must fit, beside what its type asks: see `schemaOf()` and `assign()`. */
  readonly schema?: StandardSchema;
  /** False keeps it out of `create()`. */
  readonly init?: boolean;
  /** False keeps it out of printing, `toJSON` and `toObject`. */
  readonly repr?: boolean;
  /** Operators that the attribute has in place of its type's. */
  readonly comparator?: ComparatorFactory;
  /** In a single-table hierarchy: use the column of this name that a sibling has declared. */
  readonly useExistingColumn?: boolean;
  /** The place among the columns of the class: smaller numbers first, in the order of their properties where equal. Default 0. */
  readonly sortOrder?: number;
}

/** Makes operators for an attribute: those it returns stand in place of the ones that its type has. */
export type ComparatorFactory = (column: never) => object;

export type RelationKind = "oneToMany" | "manyToOne" | "oneToOne" | "manyToMany";

export interface RelationDeclaration {
  readonly kind: "relation";
  readonly property: string;
  /** Null where the foreign keys decide. */
  readonly relation: RelationKind | null;
  /** Gives a class, or an alias of one. */
  readonly target: () => AnyClass | EntityRef<unknown, unknown>;
  readonly options: RelationDeclarationOptions;
  /** The property's type as the compiler emitted it. */
  readonly design?: unknown;
  /** What the foreign-key columns that it makes are called after, where it is not its property. */
  readonly keyName?: string;
  /** It is, or faces, one of the relationships of which a relation to one of several classes is made. */
  readonly variant?: Variant;
}

/** One class among those that a property may refer to. */
export interface Variant {
  /** The property. */
  readonly of: string;
  /** The name that rows have for the class. */
  readonly name: string;
  /** The attributes that hold that name and the key; null where each class has a foreign key. */
  readonly keys: { readonly type: string; readonly id: string } | null;
}

/** What can tie the two sides of a many-to-many: a table or its name (made when it is not there); a join or a query, where the relationship is viewonly. */
export type Secondary = string | AnyTable | DerivedSource;

/** A reference to columns of one side: attribute or column names, columns, or a lambda over attributes. */
export type ColumnRefs = readonly (string | ColumnElement)[] | ((attrs: never) => unknown);

export interface RelationDeclarationOptions {
  readonly backPopulates?: string | ((target: never) => unknown);
  readonly cascade?: readonly CascadeName[] | string;
  readonly foreignKeys?: ColumnRefs;
  readonly remoteSide?: ColumnRefs;
  /**
   * The condition between the rows: a function of the columns of this class, of the target, and of the association table. Their types are written, as the
   * option does not know the classes: `(here: Attrs<Author>, there: Attrs<Book>) => ...`; of columns that no property stands for, `(here: any) => ...`.
   */
  readonly primaryJoin?: (...sides: never[]) => unknown;
  /** Of a many-to-many: the condition between the association table and the target; takes what `primaryJoin` takes. */
  readonly secondaryJoin?: (...sides: never[]) => unknown;
  /** Names of relationships that write the same columns, on purpose: no warning is given of them. */
  readonly overlaps?: string | readonly string[];
  /** The association table, what stands for one, or a thunk. */
  readonly secondary?: Secondary | (() => Exclude<Secondary, string> | AnyClass);
  /** Columns of the association table that refer to this class. */
  readonly joinColumns?: readonly string[];
  /** Columns of the association table that refer to the target. */
  readonly inverseJoinColumns?: readonly string[];
  readonly orderBy?: string | readonly string[] | ((attrs: never) => unknown);
  readonly passiveDeletes?: boolean | "all";
  readonly passiveUpdates?: boolean;
  readonly postUpdate?: boolean;
  readonly viewonly?: boolean;
  readonly syncBackref?: boolean;
  readonly singleParent?: boolean;
  readonly activeHistory?: boolean;
  readonly uselist?: boolean;
  readonly lazy?: LazyStrategy;
  readonly innerjoin?: boolean;
  readonly joinDepth?: number;
  /** `Set`, `attributeKeyedDict(...)`, `keyfuncMapping(...)`, `orderingList(...)` or a class of your own; an array where absent. */
  readonly collectionClass?: CollectionChoice;
  readonly enableTypechecks?: boolean;
  /** Of the foreign-key column that the relationship makes. */
  readonly nullable?: boolean;
  readonly onDelete?: ForeignKeyOptions["onDelete"];
  readonly onUpdate?: ForeignKeyOptions["onUpdate"];
  readonly deferrable?: boolean;
  readonly initially?: ForeignKeyOptions["initially"];
  readonly useAlter?: boolean;
  readonly unique?: boolean;
  readonly index?: boolean;
  readonly primaryKey?: boolean;
  readonly columnName?: string;
  /** one-to-one: this side holds the foreign key. */
  readonly owner?: boolean;
  readonly info?: Readonly<Record<string, unknown>>;
}

/** An SQL expression over the row. */
export interface ExpressionDeclaration {
  readonly kind: "expression";
  readonly property: string;
  readonly type: SQLType | null;
  /** The expression from the attributes of the class; null where only statements give one. */
  readonly expression: ((attrs: never) => unknown) | null;
  readonly options: ExpressionDeclarationOptions & { readonly perQuery: boolean };
}

export interface ExpressionDeclarationOptions {
  /** Not part of the class's ordinary SELECT. */
  readonly deferred?: boolean;
  /** Deferred attributes of one group load together. */
  readonly group?: string;
  /** Reading it where it was not loaded is an error, in a sync context too. */
  readonly deferredRaiseload?: boolean;
  /** Forget the value when the object's row is written. Default true. */
  readonly expireOnFlush?: boolean;
}

/** A name that stands for other attributes: a hybrid, a synonym, a composite, a relation to one of several classes. */
export interface DescriptorDeclaration {
  readonly kind: "descriptor";
  readonly property: string;
  /** The columns that it brings with it. */
  readonly columns: readonly ColumnDeclaration[];
  /** The relationships that it is made of. */
  readonly relations?: readonly RelationDeclaration[];
  readonly make: (owner: DescriptorOwner) => Descriptor;
}

/** A method that is called when an attribute is set. */
export interface ValidatorDeclaration {
  readonly kind: "validator";
  /** The method. */
  readonly property: string;
  readonly names: readonly string[];
  readonly includeRemoves: boolean;
  readonly includeBackrefs: boolean;
}

/** A method that is called for each object that was loaded. */
export interface ReconstructorDeclaration {
  readonly kind: "reconstructor";
  readonly property: string;
}

/** A property whose declaration is made for each class by itself. */
export interface DeclaredAttrDeclaration {
  readonly kind: "declaredAttr";
  readonly property: string;
  readonly make: (cls: AnyClass) => unknown;
}

export type PropertyDeclaration =
  | ColumnDeclaration
  | RelationDeclaration
  | ExpressionDeclaration
  | DescriptorDeclaration
  | ValidatorDeclaration
  | ReconstructorDeclaration
  | DeclaredAttrDeclaration;

/** What a property of a mapping is made from, without a decorator: `columnProperty(...)`, `composite(...)` and others. */
export abstract class PropertySpec {
  /** What is declared for the property of this name. */
  abstract declare(property: string, label: string): PropertyDeclaration;

  /** The decorator that declares it. */
  decorator(): (target: object, property: string | symbol) => void {
    return (target, property) => {
      declareProperty(target, this.declare(String(property), `${target.constructor.name}.${String(property)}`));
    };
  }
}

/** Some of a table's columns. */
export type PropertyChoice = readonly string[] | ((column: Column) => boolean);

/** Options of a class, under SQLAlchemy's mapper names. */
export interface MapperOptions {
  /** Data of your own: `inspect(Class).info`. */
  readonly info?: Readonly<Record<string, unknown>>;
  /** Run the constructor, without arguments, for loaded objects. False says that they may lack the fields that it makes. */
  readonly construct?: boolean;
  /** The attribute that tells of which class a row is, or an SQL expression over the attributes that does. */
  readonly polymorphicOn?: string | ((attrs: never) => unknown);
  readonly polymorphicIdentity?: string | number;
  /** There are no objects of this class itself, only of those below it. */
  readonly polymorphicAbstract?: boolean;
  /**
   * The class has a table of its own with all its columns, those of its superclass too, and its own relationships. A query on the superclass is a UNION over the
   * tables of the classes below it. On the topmost class, together with `polymorphicAbstract`: it has no table and no objects of its own, and a query on it unites the
   * tables of the others (SQLAlchemy: `AbstractConcreteBase`).
   */
  readonly concrete?: boolean;
  /** How queries on a superclass load the columns of this class: with the same SELECT, or with one more. Default: when they are read. */
  readonly polymorphicLoad?: "inline" | "selectin";
  /** Of a joined-table subclass whose table has several foreign keys to the table above: the attributes or columns of the one that means inheritance. */
  readonly inheritForeignKeys?: readonly string[];
  readonly withPolymorphic?: "*" | readonly (() => AnyClass)[];
  readonly versionIdCol?: string;
  /** An integer counter by default; a function makes the next version from the present one; false leaves it to the database. */
  readonly versionIdGenerator?: ((version: unknown) => unknown) | false;
  /**
   * Whether values that the database makes are read back with the INSERT or UPDATE. `"auto"`, the default, does so where RETURNING knows them. `true` also
   * asks for what only a further statement tells: what triggers of SQLite make. With `false` they are loaded when they are read.
   */
  readonly eagerDefaults?: boolean | "auto";
  readonly confirmDeletedRows?: boolean;
  /**
   * Of a joined-table subclass, and of those below it: the database deletes the row of its table together with that of the table above (ON DELETE CASCADE), so
   * that a flush need not. Default false.
   */
  readonly passiveDeletes?: boolean;
  /** Of the table's columns, those that are mapped, beside its key: by attribute name, or a function that is asked for each. */
  readonly includeProperties?: PropertyChoice;
  /** Of the table's columns, those that are not mapped. */
  readonly excludeProperties?: PropertyChoice;
  readonly primaryKey?: readonly string[];
  /**
   * Whether a row in which a part of a key of several columns is NULL is an object, as the rows of an outer join may have it. Default true; with false such a
   * row gives null.
   */
  readonly allowPartialPks?: boolean;
  /** A base whose columns and relationships its subclasses take over; it has no table. */
  readonly abstract?: boolean;
  /** Only of an imperative single-table subclass: the columns of the base's table that belong to it. */
  readonly columns?: readonly string[];
}

/** Property decorators by the prototype they were applied to. */
const declared = new WeakMap<object, PropertyDeclaration[]>();

export function declareProperty(prototype: object, declaration: PropertyDeclaration): void {
  if (typeof prototype === "function")
    throw new ArgumentError(
      `${prototype.name}.${declaration.property} is static, and belongs to no object: what is mapped are properties of objects. ` +
        `Options of the class and its table are written in @Entity("...", { ... }).`,
    );
  const list = declared.get(prototype);
  if (list === undefined) {
    declared.set(prototype, [declaration]);
    return;
  }
  const { property } = declaration;
  if (list.some((each) => each.property === property))
    throw new ArgumentError(
      `${prototype.constructor.name}.${property} is decorated twice: a property is one column, one relationship or one of the others.`,
    );
  list.push(declaration);
}

/** What was declared on one prototype itself, in order. */
export function declaredOn(prototype: object): readonly PropertyDeclaration[] {
  return declared.get(prototype) ?? [];
}
