/** `func`: calls of SQL functions. */
import { ColumnElement } from "./element.js";
import { expressionOrBind, requireElement } from "./elements/coerce.js";
import { NULL } from "./elements/expression.js";
import { FunctionElement } from "./elements/function-element.js";
import { InlineLiteral } from "./elements/inline-literal.js";
import { SequenceValue } from "./elements/sequence-value.js";
import {
  AggregateOrderBy,
  FunctionFilter,
  filterCondition,
  type Over,
  overNode,
  type WindowOptions,
  WithinGroup,
} from "./elements/window.js";
import { ArgumentError } from "./errors.js";
import { typeOfCall } from "./function-types.js";
import type { AnyFunctions, Arg, FunctionExpr, Functions, TableValuedOptions } from "./functions-typing.js";
import { Node } from "./node.js";
import type { Sequence } from "./schema/generated.js";
import { ColumnValued, ScalarTableValued, TableValued } from "./selectable/table-valued.js";
import { NamedColumn } from "./selectable/textual.js";
import { bigIntType, doubleType, nullType, stringType, textType, typeOfValue } from "./types/base.js";
import { ArrayType } from "./types/structured.js";
import { plainType, type SQLType } from "./types/type.js";
import type { Condition } from "./typing.js";

class FunctionCall extends FunctionElement {
  over(options: WindowOptions = {}): Over {
    return overNode(this, options);
  }
  filter(...conditions: readonly Condition[]): FunctionFilter {
    return new FunctionFilter(this, filterCondition(conditions));
  }
  withinGroup(...orderBy: unknown[]): ColumnElement {
    const by = orderBy.map((each) => requireElement(each, "withinGroup()"));
    const type = this.type.family === "null" ? (by[0]?.type ?? nullType) : this.type;
    // of several fractions one value each
    const isList = PERCENTILES.test(this.name) && this.args[0]?.type.family === "array";
    return new WithinGroup(this, by, isList ? new ArrayType(type) : type);
  }
  aggregateOrderBy(...orderBy: unknown[]): FunctionCall {
    const last = this.args[this.args.length - 1];
    if (last === undefined)
      throw new ArgumentError(`${this.name}(): aggregateOrderBy() needs an argument to order by.`);
    const by = orderBy.map((each) => requireElement(each, "aggregateOrderBy()"));
    return new FunctionCall(
      this.name,
      [...this.args.slice(0, -1), new AggregateOrderBy(last, by)],
      this.type,
      this.schema,
    );
  }
  tableValued(columns: Readonly<Record<string, SQLType>>, options: TableValuedOptions = {}): TableValued {
    const definitions = Object.entries(columns).map(([name, type]) => new NamedColumn(name, plainType(type)));
    const ordinality = options.withOrdinality !== undefined;
    if (options.withOrdinality !== undefined) definitions.push(new NamedColumn(options.withOrdinality, bigIntType));
    return new TableValued(
      this,
      definitions,
      options.name ?? null,
      options.lateral === true,
      ordinality,
      ordinality,
      false,
    );
  }
  scalarTableValued(name: string, type: SQLType): ColumnElement {
    return new ScalarTableValued(this, name, plainType(type));
  }
  columnValued(name?: string): ColumnElement {
    const type = (this.type as { itemType?: SQLType }).itemType ?? this.type;
    const table = new TableValued(this, [], name ?? null, false, false, false, false);
    return new ColumnValued(table, type);
  }
  returns(type: SQLType): FunctionCall {
    return new FunctionCall(this.name, this.args, plainType(type), this.schema);
  }
}

// The configuration of a text search is written into the SQL: only so does an index on the same expression serve.
const TEXT_SEARCH = /^(to_tsvector|(plainto_|phraseto_|websearch_)?to_tsquery|ts_headline)$/;

// Functions to which a plain list is an array, and no JSON.
const ARRAYS = /^(unnest|cardinality|array_[a-z_]+)$/;
const PERCENTILES = /^percentile_(cont|disc)$/;

function listType(name: string, list: readonly unknown[]): SQLType | null {
  if (PERCENTILES.test(name)) return new ArrayType(doubleType);
  return ARRAYS.test(name) ? new ArrayType(typeOfValue(list[0] ?? null)) : null;
}

// Functions that take names and values in turn, and here an object of them too.
const OBJECTS = /^(jsonb?_build_object|json_object)$/;

// Numbers that JSON's readers would round travel as text.
function memberOf(value: unknown, place: string): ColumnElement {
  const element = value === null ? NULL : expressionOrBind(value, null, "member", place);
  const exact = element.type.family === "numeric" || element.type.visitName === "visitBigInteger";
  return exact ? element.cast(textType) : element;
}

function membersOf(name: string, args: readonly unknown[]): readonly ColumnElement[] | null {
  const [only] = args;
  if (args.length !== 1 || !OBJECTS.test(name) || only === null || typeof only !== "object" || only instanceof Node)
    return null;
  return Object.entries(only).flatMap(([key, value]) => [
    new InlineLiteral(key, stringType),
    memberOf(value, `func.${name}(), member ${key}`),
  ]);
}

function call(schema: string | null, name: string, args: readonly unknown[]): FunctionCall {
  const members = membersOf(name, args);
  if (members !== null) return new FunctionCall(name, members, typeOfCall(name, members), schema);
  const nodes = args.map((each, i) => {
    if (each === null) return NULL;
    if (each instanceof Node && !(each instanceof ColumnElement)) {
      const sequence = each as Sequence;
      if (sequence.isSequence === true) return new SequenceValue(sequence);
    }
    if (i === 0 && args.length > 1 && typeof each === "string" && TEXT_SEARCH.test(name)) {
      return new InlineLiteral(each, stringType);
    }
    const type = Array.isArray(each) ? listType(name, each) : null;
    return expressionOrBind(each, type, name, `func.${name}(), argument ${i + 1}`);
  });
  return new FunctionCall(name, nodes, typeOfCall(name, nodes), schema);
}

// `jsonEach` is json_each in SQL; names with capitals of another kind (ST_Area) are written as they are.
function sqlName(name: string): string {
  return /^[a-z][a-z0-9]*([A-Z][a-z0-9]*)+$/.test(name)
    ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    : name;
}

function namespace(schema: string | null): unknown {
  const made = new Map<string, unknown>();
  return new Proxy(Object.create(null) as object, {
    get(_target, name) {
      if (typeof name !== "string" || name === "then") return undefined;
      let make = made.get(name);
      if (make === undefined) {
        const written = sqlName(name);
        make =
          schema === null && name === "in"
            ? (inner: string) => namespace(inner)
            : (...args: readonly unknown[]) => call(schema, written, args);
        made.set(name, make);
      }
      return make;
    },
    has: () => true,
  });
}

/**
 * SQL functions: `func.lower(u.name)`, `func.count()`, `func.jsonEach(doc)`. Any name may be called; a name in
 * camelCase is written in snake_case. A result that is not known here is `unknown`: say `func.st_area<number>(geom)`,
 * or `.returns(t.double)`, or register it with `registerFunction`. A function whose name is in camelCase in the
 * database is called by {@link functionNamed}.
 */
export const func = namespace(null) as Functions;

/** The same functions, none of which has a known type: `fn.st_area<number>(geom)`. */
export const fn = namespace(null) as AnyFunctions;

/** A function by its name as it is, `schema.name` or `name`. */
export function functionNamed<T = unknown>(name: string, ...args: readonly Arg[]): FunctionExpr<T> {
  const at = name.lastIndexOf(".");
  return call(at < 0 ? null : name.slice(0, at), name.slice(at + 1), args) as unknown as FunctionExpr<T>;
}
