/** The types of what schemas take and give. */
import type { CreateColumns, HiddenKeys, Plain } from "../../sql/entity.js";

/** What may be given for a value: JSON has no dates, no bigints and no bytes. */
export type InputValue<T> = T extends Date
  ? Date | string
  : T extends bigint
    ? bigint | number | string
    : T extends Uint8Array
      ? Uint8Array | string
      : T;

/** With the hidden columns that are asked for. */
type Created<E, H extends keyof E> = [H] extends [never] ? CreateColumns<E> : CreateColumns<E> & Pick<E, H>;
type Shown<E, H extends keyof E> = Readonly<Omit<Plain<E>, Exclude<HiddenKeys<E>, H>>>;

type Head<P extends string> = P extends `${infer K}.${string}` ? K : P;
type Tail<P extends string, K extends string> = P extends `${K}.${infer Rest}` ? Rest : never;

type Related<T, P extends string, M, Given extends boolean> = T extends null | undefined
  ? T
  : T extends readonly (infer I)[]
    ? Value<I, P, M, Given>[]
    : T extends ReadonlyMap<unknown, infer I>
      ? Value<I, P, M, Given>[]
      : T extends ReadonlySet<infer I>
        ? Value<I, P, M, Given>[]
        : Value<T, P, M, Given>;

type Value<E, P extends string, M, Given extends boolean> = M extends "read"
  ? SchemaOutput<E, "read", P, never>
  : Given extends true
    ? SchemaInput<E, "create", P, never>
    : SchemaOutput<E, "create", P, never>;

type Relations<E, P extends string, M, Given extends boolean> = M extends "read"
  ? { readonly [K in Head<P> & keyof E]: Related<E[K], Tail<P, K & string>, M, Given> }
  : { readonly [K in Head<P> & keyof E]?: Related<E[K], Tail<P, K & string>, M, Given> };

type WithInputValues<T> = { [K in keyof T]: InputValue<T[K]> };

/** What the schema of a class takes. */
export type SchemaInput<E, M, P extends string, H extends keyof E> = (M extends "create"
  ? WithInputValues<Created<E, H>>
  : M extends "update"
    ? Partial<WithInputValues<Created<E, H>>>
    : WithInputValues<Shown<E, H>>) &
  ([P] extends [never] ? unknown : Relations<E, P, M, true>);

/** What it gives. */
export type SchemaOutput<E, M, P extends string, H extends keyof E> = (M extends "create"
  ? Created<E, H>
  : M extends "update"
    ? Partial<Created<E, H>>
    : Shown<E, H>) &
  ([P] extends [never] ? unknown : Relations<E, P, M, false>);
