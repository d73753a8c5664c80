/** Bases and mixins without a table: what they say of the classes below them. */
import { ENTITY } from "../../sql/entity.js";
import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import type { DerivedSource } from "../../sql/schema/derived-table.js";
import type { MetaData } from "../../sql/schema/metadata.js";
import type { AnyTable, Table, TableOptions } from "../../sql/schema/table.js";
import type { AnyClass, MapperOptions } from "./declarations.js";
import { mapperOfPrototype } from "./instrument.js";

/** Constraints and indexes of a table: a list, or a function that is given the table when all its columns are there. */
export type TableArgs = readonly unknown[] | ((table: Table, cls: AnyClass) => readonly unknown[]);

/**
 * The table's name, null for a class that shares its superclass's table, or (on an abstract base) a function that is asked for each class below.
 * `hasInheritedTable` tells whether a superclass of the class is mapped.
 */
export type TableName = string | null | ((cls: AnyClass, hasInheritedTable: boolean) => string | null);

/** What a class can be mapped to: a table that is there, or a join or a query, of which it reads the rows and writes those of the tables whose keys it has. */
export type MappedSource = AnyTable | DerivedSource;

/** What a class says of itself and its table. */
export interface DeclaredOptions extends MapperOptions {
  readonly tableName?: TableName;
  readonly table?: MappedSource;
  readonly schema?: string;
  readonly metadata?: MetaData;
  readonly comment?: string;
  readonly tableArgs?: TableArgs;
  readonly dialectOptions?: TableOptions["dialectOptions"];
  readonly renamedFrom?: string;
  readonly tableCls?: TableFactory;
}

/** Makes the table of a class in place of `new Table(...)`; its columns are added afterwards. SQLAlchemy: `__table_cls__`. */
export type TableFactory = (name: string, metadata: MetaData, options: TableOptions) => Table;

const declared = new WeakMap<object, DeclaredOptions>();

/** Notes an abstract base. Naming it in a statement is an error that says what it is. */
export function declareAbstract(cls: AnyClass, options: DeclaredOptions): void {
  const { tableArgs, tableName } = options;
  if (tableArgs !== undefined && typeof tableArgs !== "function") {
    throw new ArgumentError(
      `${cls.name}: tableArgs of an abstract base must be a function, tableArgs: (table) => [...], since each class below gets constraints and indexes of its own.`,
    );
  }
  if (typeof tableName === "string")
    throw new ArgumentError(`${cls.name}: an abstract base has no table; its tableName is a function, (cls) => name.`);
  declared.set(cls.prototype as object, options);
  Object.defineProperty(cls, ENTITY, {
    configurable: true,
    get(this: AnyClass): never {
      throw new InvalidRequestError(abstractMessage(this));
    },
  });
}

export function isAbstractBase(cls: unknown): cls is AnyClass {
  return typeof cls === "function" && declared.has(cls.prototype as object);
}

export function abstractMessage(cls: AnyClass): string {
  return `${cls.name} is an abstract base and has no table: name a class below it that is mapped with @Entity().`;
}

/** A class's options with those of its abstract bases and mixins: its own win, and the constraints and indexes of all are made. */
export function withBases(
  cls: AnyClass,
  own: DeclaredOptions,
): Omit<DeclaredOptions, "tableName"> & { readonly tableName?: string } {
  let merged: DeclaredOptions = own;
  const args: TableArgs[] = own.tableArgs === undefined ? [] : [own.tableArgs];
  let mapped = false;
  let name = own.tableName;
  for (
    let proto = Object.getPrototypeOf(cls.prototype) as object | null;
    proto !== null;
    proto = Object.getPrototypeOf(proto) as object | null
  ) {
    mapped ||= mapperOfPrototype(proto) !== undefined;
    const base = declared.get(proto);
    if (base === undefined) continue;
    // A superclass that is mapped has taken the rest over already; only the name is asked for each class.
    name ??= typeof base.tableName === "function" && name !== null ? base.tableName : name;
    if (mapped) continue;
    if (base.tableArgs !== undefined) args.push(base.tableArgs);
    merged = { ...base, ...merged, abstract: undefined };
  }
  const inherited = mapperOfPrototype(Object.getPrototypeOf(cls.prototype) as object, true) !== undefined;
  const tableName = typeof name === "function" ? name(cls, inherited) : name;
  const late = args.filter(
    (each): each is Extract<TableArgs, (...a: never[]) => unknown> => typeof each === "function",
  );
  const { tableName: _, tableArgs: __, ...rest } = merged;
  return {
    ...rest,
    ...(tableName === null || tableName === undefined ? {} : { tableName }),
    ...(args.length === 0
      ? {}
      : late.length === 0
        ? { tableArgs: own.tableArgs }
        : {
            tableArgs: (table: Table, of: AnyClass) =>
              args.flatMap((each) => (typeof each === "function" ? each(table, of) : each)),
          }),
  };
}
