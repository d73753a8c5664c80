/** Keeps the values of hidden columns out of what is shown: the log, error messages. Statements of text alone are shown as they are. */
import type { Compiled } from "../sql/compiled.js";
import type { SQLType } from "../sql/types/type.js";
import type { CursorContext } from "./plan.js";

/** What is shown in the place of a value. */
const CONCEALED = "***";

/** Which placeholders, and which columns of the result, have hidden values; null where none have. */
interface Concealment {
  readonly params: readonly boolean[] | null;
  readonly columns: readonly boolean[] | null;
  /** Names of hidden columns of the table that is written. */
  readonly names: ReadonlySet<string>;
}

const NONE: Concealment = { params: null, columns: null, names: new Set() };
const known = new WeakMap<Compiled, Concealment>();

function concealmentOf({ compiled }: CursorContext): Concealment {
  if (compiled === null) return NONE;
  let found = known.get(compiled);
  if (found === undefined) {
    const params = compiled.params.map(({ bind }) => bind.type.concealed);
    const columns = compiled.resultColumns?.map(({ type }) => type.concealed) ?? [];
    const names = new Set(hiddenColumns(compiled));
    const any = params.includes(true) || columns.includes(true) || names.size > 0;
    found = any
      ? { params: params.includes(true) ? params : null, columns: columns.includes(true) ? columns : null, names }
      : NONE;
    known.set(compiled, found);
  }
  return found;
}

/** What is written as a whole is shown as a whole by a server that refuses it. */
function hiddenColumns({ statement }: Compiled): string[] {
  const { table } = statement as { readonly table?: { readonly columns?: unknown } };
  if (!Array.isArray(table?.columns)) return [];
  const columns = table.columns as readonly { readonly name: string; readonly type: SQLType }[];
  return columns.filter(({ type }) => type.concealed).map(({ name }) => name);
}

/** The parameters of a statement as they may be shown. */
export function shownParameters(context: CursorContext, parameters: unknown, isMany: boolean): unknown {
  const { params } = concealmentOf(context);
  if (params === null || !Array.isArray(parameters)) return parameters;
  // A plan for one row may be sent with the values of several.
  const shown = (set: unknown): unknown =>
    Array.isArray(set) ? set.map((value, i) => (params[i % params.length] ? CONCEALED : value)) : set;
  return isMany ? parameters.map(shown) : shown(parameters);
}

/** Rows of a statement as they may be shown. */
export function shownRows(context: CursorContext, rows: readonly unknown[]): readonly unknown[] {
  const { columns } = concealmentOf(context);
  if (columns === null) return rows;
  return rows.map((row) => (Array.isArray(row) ? row.map((value, i) => (columns[i] ? CONCEALED : value)) : row));
}

/** Takes out of a driver's error what it quotes of hidden values: rows and keys that the server shows, and the values themselves. */
export function concealError(context: CursorContext, parameters: unknown, isMany: boolean, error: unknown): void {
  const { params, names } = concealmentOf(context);
  if ((params === null && names.size === 0) || !(error instanceof Error)) return;
  const values = hiddenValues(params, parameters, isMany);
  const texts = error as unknown as Record<string, unknown>;
  // Of COPY the server says what it could not read, and in which column.
  const [, column] = /^COPY .*, column ([^:]+):/s.exec(String(texts["where"] ?? "")) ?? [];
  const [quoted] = column !== undefined && names.has(column) ? (/: ".*"$/s.exec(error.message) ?? []) : [];
  if (quoted !== undefined) values.push(quoted.slice(3, -1));
  for (const name of ["message", "stack", "detail", "where"]) {
    const text = texts[name];
    if (typeof text !== "string") continue;
    let shown = text.replace(/(Failing row contains )\(.*\)/s, `$1(${CONCEALED})`);
    shown = shown.replace(/(Key \((.*?)\)=)\((.*?)\)(?= )/s, (whole, key: string, columns: string) =>
      columns.split(", ").some((each) => names.has(each.replaceAll('"', ""))) ? `${key}(${CONCEALED})` : whole,
    );
    for (const value of values) shown = shown.replaceAll(value, CONCEALED);
    if (shown !== text) texts[name] = shown;
  }
}

/** Texts that are long enough to be told from words of the message. */
function hiddenValues(params: readonly boolean[] | null, parameters: unknown, isMany: boolean): string[] {
  if (params === null || !Array.isArray(parameters)) return [];
  const sets = (isMany ? parameters : [parameters]) as readonly (readonly unknown[])[];
  return sets.flatMap((set) =>
    set.filter(
      (value, i): value is string => params[i % params.length] && typeof value === "string" && value.length > 3,
    ),
  );
}
