/** How the raw rows of a compiled statement become those of a result. */
import type { Compiled } from "../sql/compiled.js";
import type { Dialect } from "../sql/dialect.js";
import type { ResultShape } from "./row.js";

type Convert = (value: unknown) => unknown;

export interface ResultPlan {
  readonly shape: ResultShape;
  /** Converts rows in place; null when no column needs it. */
  readonly convert: ((rows: unknown[][]) => void) | null;
}

const plans = new WeakMap<Compiled, ResultPlan>();

/** The plan of a statement whose columns are known; null for textual SQL. */
export function resultPlanOf(compiled: Compiled, dialect: Dialect): ResultPlan | null {
  const columns = compiled.resultColumns;
  if (columns === null) return null;
  let plan = plans.get(compiled);
  if (plan === undefined) {
    const converters = columns.map(
      (column) => dialect.typeImpl(column.type).resultProcessor(dialect) as Convert | null,
    );
    plan = { shape: shapeOf(compiled), convert: rowConverter(converters) };
    plans.set(compiled, plan);
  }
  return plan;
}

function shapeOf(compiled: Compiled): ResultShape {
  const keys = (compiled.resultColumns ?? []).map((column) => column.key);
  const statement = compiled.statement as {
    rowShape?: { kind: "tuple" } | { kind: "object"; keys: readonly string[] };
    rowKeys?: readonly string[];
  };
  const names = statement.rowShape?.kind === "object" ? statement.rowShape.keys : (statement.rowKeys ?? []);
  return names.length === keys.length && names.length > 0 ? { keys: names, kind: "object" } : { keys, kind: "tuple" };
}

function rowConverter(converters: readonly (Convert | null)[]): ResultPlan["convert"] {
  const places = converters.flatMap((convert, at) => (convert === null ? [] : [{ at, convert }]));
  if (places.length === 0) return null;
  return (rows) => {
    for (const { at, convert } of places) {
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i] as unknown[];
        const value = row[at];
        if (value !== null) row[at] = convert(value);
      }
    }
  };
}

const textShapes = new Map<string, ResultShape>();

/** The shape of rows whose columns only the database named. */
export function textShape(columns: readonly string[]): ResultShape {
  const name = columns.join("\0");
  let shape = textShapes.get(name);
  if (shape === undefined) {
    if (textShapes.size > 1000) textShapes.clear();
    shape = { keys: [...columns], kind: "tuple" };
    textShapes.set(name, shape);
  }
  return shape;
}
