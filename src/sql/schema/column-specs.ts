/** Columns before they have a table, and what their types say of its rows. */
import { ArgumentError } from "../errors.js";
import { isType, type SQLType } from "../types/type.js";
import type { Expr, ExprOf, Named, Operand, Simplify, Valued } from "../typing.js";
import { Column, type ColumnInfo, type ColumnOptions, type ForeignKey, type ForeignKeyTarget } from "./column.js";

/** Whether an INSERT must, may or must not give a column. */
export type InsertNeed = "required" | "optional" | "never";

/** The type of a column before it has a table. */
export interface ColumnSpec<T, Need extends InsertNeed = InsertNeed> {
  readonly spec: { readonly value: T; readonly need: Need };
}

/** Columns by key, as `table()` takes them. */
export type ColumnSpecs = Readonly<Record<string, ColumnSpec<unknown>>>;

/** What `table.c.x` is: an expression of the column's values that also describes the column. */
export type TableColumn<T, Src = never, K = string> = ExprOf<T, Src> & Named<K> & ColumnInfo;

/** What `table.c` is. */
export type TableColumns<Cols, Name> = string extends keyof Cols
  ? { readonly [key: string]: Expr<unknown, unknown> & ColumnInfo }
  : { readonly [K in keyof Cols]: Cols[K] extends ColumnSpec<infer T> ? TableColumn<T, Name, K> : never };

/** A row of a table, as an object. */
export type TableRow<Cols> = { [K in keyof Cols]: Cols[K] extends ColumnSpec<infer T> ? T : never };

type KeysOf<Cols, Need extends InsertNeed> = {
  [K in keyof Cols]: Cols[K] extends ColumnSpec<unknown, infer N> ? (N extends Need ? K : never) : never;
}[keyof Cols];

type Given<Spec> = Spec extends ColumnSpec<infer T> ? Operand<T> : never;

/** What an INSERT into a table takes: values or expressions by column key. */
export type InsertValues<Cols> = string extends keyof Cols
  ? { readonly [key: string]: unknown }
  : Simplify<
      { readonly [K in KeysOf<Cols, "required">]: Given<Cols[K]> } & {
        readonly [K in KeysOf<Cols, "optional">]?: Given<Cols[K]>;
      }
    >;

/** The values of a row, without expressions. */
export type RowValues<Cols> = string extends keyof Cols
  ? { readonly [key: string]: unknown }
  : Simplify<
      { readonly [K in KeysOf<Cols, "required">]: ValueIn<Cols[K]> } & {
        readonly [K in KeysOf<Cols, "optional">]?: ValueIn<Cols[K]>;
      }
    >;
type ValueIn<Spec> = Spec extends ColumnSpec<infer T> ? T : never;

/** What SET of an UPDATE takes. */
export type UpdateValues<Cols> = string extends keyof Cols
  ? { readonly [key: string]: unknown }
  : { readonly [K in KeysOf<Cols, "required" | "optional">]?: Given<Cols[K]> };

type NullableBy<T, O> = O extends
  | { readonly nullable: false }
  | { readonly primaryKey: true }
  | { readonly identity: unknown }
  ? O extends { readonly nullable: true }
    ? T | null
    : T
  : T | null;

type NeedBy<T, O> = O extends { readonly computed: object }
  ? "never"
  : O extends { readonly default: unknown } | { readonly serverDefault: unknown } | { readonly identity: unknown }
    ? "optional"
    : O extends { readonly primaryKey: true }
      ? T extends number | bigint
        ? "optional"
        : "required"
      : O extends { readonly nullable: false }
        ? "required"
        : "optional";

/** The values of the column that a foreign key refers to, where the key says it as a column. */
type ReferredValue<O> = O extends { readonly foreignKey: infer K }
  ? K extends Valued<infer T>
    ? NonNullable<T>
    : K extends () => Valued<infer T>
      ? NonNullable<T>
      : unknown
  : unknown;

type ReferringOptions = ColumnOptions<never> & { readonly foreignKey: ForeignKeyTarget | ForeignKey };

/**
 * A column for `table()`, named by its key.
 *
 * @param type one of `t.*`; a column that refers to another may leave it out, and has the type of that one
 * @param options nullable unless `nullable: false` or `primaryKey: true` says otherwise
 * @example column(t.string(50), { nullable: false })
 * @example column({ foreignKey: users.c.id, nullable: false })
 */
export function column<T, const O extends ColumnOptions<T> = Record<never, never>>(
  type: SQLType<T>,
  options?: O & ColumnOptions<T>,
): ColumnSpec<NullableBy<T, O>, NeedBy<T, O>>;
export function column<const O extends ReferringOptions>(
  options: O,
): ColumnSpec<NullableBy<ReferredValue<O>, O>, NeedBy<ReferredValue<O>, O>>;
export function column(first: SQLType | ReferringOptions, second?: ColumnOptions<never>): unknown {
  if (isType(first) || first === null || typeof first !== "object")
    return new Column(second?.name ?? "", first as SQLType, second as ColumnOptions);
  const options = first as ColumnOptions;
  if (options.foreignKey === undefined && options.foreignKeys === undefined) {
    throw new ArgumentError(
      "column() takes a type, one of t.*. Only a column with a foreign key may be without: it has the type of the one that it refers to.",
    );
  }
  return new Column(options.name ?? "", null, options);
}
