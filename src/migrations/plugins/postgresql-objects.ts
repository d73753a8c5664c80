/** Functions, procedures, triggers and policies of PostgreSQL, compared and written as the tables are. */
import type { AsyncConnection } from "../../engine/async-connection.js";
import type { ComparePlugin, PluginDifference } from "../autogenerate/compared.js";
import { SqlOperation, type SqlStep } from "../operations/sql-operation.js";
import { type FoundObject, readObjects } from "./postgresql-catalog.js";

/** A function, or with `returns: null` a procedure. */
export interface PostgresqlFunction {
  readonly kind: "function";
  readonly name: string;
  readonly schema?: string;
  /** As they are declared: `"order_id integer, rate numeric default 1"`. */
  readonly args?: string;
  /** `"numeric"`, `"trigger"`, `"setof orders"`; null for a procedure. */
  readonly returns: string | null;
  /** Default `"plpgsql"`. */
  readonly language?: string;
  readonly body: string;
  /** `"stable security definer set search_path = app"`, and what else there is. */
  readonly options?: string;
  /** Whether tables use it, in defaults, checks or computed columns: it is made before them. Default false. */
  readonly beforeTables?: boolean;
}

/** A trigger. */
export interface PostgresqlTrigger {
  readonly kind: "trigger";
  readonly name: string;
  /** Its table or view. */
  readonly on: string;
  readonly schema?: string;
  /** `"after insert or update of price"`. */
  readonly when: string;
  /** `"for each row when (new.price > 0) execute function audit()"`. */
  readonly action: string;
  /** A constraint trigger, which may be deferred. Default false. */
  readonly constraint?: boolean;
}

/** A policy for the rows of a table, whose row-level security it switches on. */
export interface PostgresqlPolicy {
  readonly kind: "policy";
  readonly name: string;
  readonly on: string;
  readonly schema?: string;
  /** Default `"permissive"`. */
  readonly as?: "permissive" | "restrictive";
  /** Default `"all"`. */
  readonly for?: "all" | "select" | "insert" | "update" | "delete";
  /** The roles. Default: everybody. */
  readonly to?: readonly string[];
  readonly using?: string;
  readonly withCheck?: string;
  /** Whether the owner of the table is bound by its policies too; one of the table's policies says so. Default false. */
  readonly force?: boolean;
}

export type PostgresqlObject = PostgresqlFunction | PostgresqlTrigger | PostgresqlPolicy;

/** Options of {@link postgresqlObjects}. */
export interface PostgresqlObjectsOptions {
  /** Says which of the objects that the database has and the list does not are compared: others are left alone. Default: all. */
  readonly include?: (object: FoundObject) => boolean;
}

/**
 * A plug-in that compares functions, triggers and row-level policies. On other databases it does nothing.
 *
 * @param objects what there should be, in an order in which it can be made
 * @example
 * export default defineConfig({
 *   plugins: [
 *     postgresqlObjects([
 *       { kind: "function", name: "touch", returns: "trigger", body: "begin new.changed_at := now(); return new; end" },
 *       { kind: "trigger", name: "touch", on: "posts", when: "before update", action: "for each row execute function touch()" },
 *       { kind: "policy", name: "own", on: "posts", using: "author = current_user" },
 *     ]),
 *   ],
 * });
 */
export function postgresqlObjects(
  objects: readonly PostgresqlObject[],
  options: PostgresqlObjectsOptions = {},
): ComparePlugin<readonly FoundObject[]> {
  const isKnown = (connection: AsyncConnection): boolean => connection.dialect.name === "postgresql";
  return {
    name: "postgresqlObjects",
    async make(connection, moment) {
      if (!isKnown(connection)) return;
      const translate = Object.entries(connection.getExecutionOptions().schemaTranslateMap ?? {});
      // What they are made of names schemas as people do, and stands in scratch schemas here.
      const moved = (sql: string): string =>
        translate.reduce(
          (text, [from, to]) => text.replaceAll(new RegExp(`(?<![\\w.])"?${from}"?\\.`, "g"), `${to}.`),
          sql,
        );
      const quote = (name: string): string => connection.dialect.identifiers.quote(name);
      // They may name each other in any order, and what is made later.
      await connection.execDriverSql("SET LOCAL check_function_bodies = off");
      for (const each of objects) {
        const early = each.kind === "function" && each.beforeTables === true;
        if (early !== (moment === "beforeTables")) continue;
        for (const statement of creating(each, quote)) await connection.execDriverSql(moved(statement));
      }
    },
    async read(connection, schemas) {
      return isKnown(connection) ? await readObjects(connection, schemas) : [];
    },
    compare: (now, wanted) => difference(now, wanted, options.include ?? (() => true), earlyNames(objects)),
  };
}

function creating(object: PostgresqlObject, quote: (name: string) => string): readonly string[] {
  const { kind, name, schema } = object;
  const place = (of: string): string => (schema === undefined ? quote(of) : `${quote(schema)}.${quote(of)}`);
  if (kind === "function") {
    const { args = "", returns, language = "plpgsql", body, options = "" } = object;
    const head = returns === null ? "PROCEDURE" : "FUNCTION";
    const result = returns === null ? "" : ` RETURNS ${returns}`;
    return [
      `CREATE ${head} ${place(name)}(${args})${result} LANGUAGE ${language} ${options} AS $athanor$${body}$athanor$`,
    ];
  }
  const table = place(object.on);
  if (kind === "trigger") {
    const constraint = object.constraint === true ? "CONSTRAINT " : "";
    return [`CREATE ${constraint}TRIGGER ${quote(name)} ${object.when} ON ${table} ${object.action}`];
  }
  const { as = "permissive", for: command = "all", to = ["public"], using, withCheck, force } = object;
  const roles = to.map((each) =>
    /^(?:public|current_user|session_user|current_role)$/i.test(each) ? each : quote(each),
  );
  return [
    `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
    ...(force === true ? [`ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`] : []),
    `CREATE POLICY ${quote(name)} ON ${table} AS ${as} FOR ${command} TO ${roles.join(", ")}` +
      (using === undefined ? "" : ` USING (${using})`) +
      (withCheck === undefined ? "" : ` WITH CHECK (${withCheck})`),
  ];
}

/** The functions that tables use, by schema and name. */
function earlyNames(objects: readonly PostgresqlObject[]): ReadonlySet<string> {
  const early = objects.filter((each) => each.kind === "function" && each.beforeTables === true);
  return new Set(early.map(({ name, schema }) => `${schema ?? ""}.${name}`));
}

const step = (verb: string, object: FoundObject, statements: readonly string[]): SqlStep => ({
  what: `${verb} ${object.title}`,
  statements,
});

const created = (each: FoundObject): SqlOperation =>
  new SqlOperation(step("create", each, each.create), step("drop", each, each.drop));
const dropped = (each: FoundObject): SqlOperation => created(each).reverse();
const replaced = (before: FoundObject, after: FoundObject): SqlOperation => {
  const way = (from: FoundObject, to: FoundObject): SqlStep =>
    step(
      "replace",
      to,
      from.replaceable === to.replaceable && to.replaceable !== null ? to.create : [...from.drop, ...to.create],
    );
  return new SqlOperation(way(before, after), way(after, before));
};

function difference(
  now: readonly FoundObject[],
  wanted: readonly FoundObject[],
  include: (object: FoundObject) => boolean,
  early: ReadonlySet<string>,
): PluginDifference {
  const before: SqlOperation[] = [];
  const after: SqlOperation[] = [];
  const there = new Map(now.map((each) => [each.key, each]));
  const kept = new Set(wanted.map((each) => each.key));
  // What stands on others goes before them, and before the tables change.
  for (const each of [...now].reverse()) if (!kept.has(each.key) && include(each)) before.push(dropped(each));
  for (const each of wanted) {
    const was = there.get(each.key);
    if (was !== undefined && was.create.join() === each.create.join()) continue;
    const isEarly = each.kind === "function" && early.has(`${each.schema ?? ""}.${each.name}`);
    (isEarly ? before : after).push(was === undefined ? created(each) : replaced(was, each));
  }
  // A function that goes may be used by a default until the tables have changed.
  const late = before.filter(
    (each) => each.does.what.startsWith("drop function") || each.does.what.startsWith("drop procedure"),
  );
  return { before: before.filter((each) => !late.includes(each)), after: [...after, ...late] };
}
