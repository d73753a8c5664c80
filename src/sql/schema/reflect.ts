/** Tables of a database as tables of a metadata. */
import { warningKind } from "../catalogue.js";
import type { DDLConnection, DDLOp } from "../ddl-runner.js";
import { InvalidRequestError } from "../errors.js";
import { warn } from "../warnings.js";
import { reflectInto } from "./reflect-into.js";
import type { ReflectedKind, ReflectedTable, ReflectionScope } from "./reflected.js";
import { Table, type TableHome } from "./table.js";

const NOT_REFLECTED = warningKind("ATHANOR_REFLECTION", {
  message: (key: string, target: string, isThere: boolean) =>
    `A foreign key of ${key} was not reflected: it refers to ${target}, which ${isThere ? "has none" : "is not there"}.`,
  cause:
    "A foreign key of the database refers to a table or a key that is not there, or not among those that are reflected. SQLite lets such keys be.",
  cure: "Reflect the table that is referred to as well, or mend the key in the database.",
});

const UNREADABLE_VIEW = warningKind("ATHANOR_UNREADABLE_VIEW", {
  message: (name: string, reason: string) =>
    `The view ${name} was reflected without columns, as it cannot be read: ${reason}.`,
  cause:
    "The database cannot tell the columns of a view: a table that it selects from has gone, or it calls a function that only another program has.",
  cure: "Mend or drop the view, give the connection the function, or leave the view out with `only`.",
});

/** Options of `metadata.reflect`. */
export interface ReflectOptions {
  /** The schema to look into; the metadata's own, or the database's default, where absent. */
  readonly schema?: string | null;
  /** Only these tables, or those of whose names the function says true. */
  readonly only?: readonly string[] | ((name: string, metadata: TableHome) => boolean);
  /** Views and materialized views too; false where absent. */
  readonly views?: boolean;
  /** Foreign tables too; false where absent. */
  readonly foreignTables?: boolean;
  /** Take the tables that foreign keys refer to as well, from other schemas too; true where absent. */
  readonly resolveFks?: boolean;
  /** Complete tables that the metadata has already. What they have wins. */
  readonly extendExisting?: boolean;
}

/** Reflects into a metadata. */
export function* reflectOp(connection: DDLConnection, metadata: TableHome, options: ReflectOptions): DDLOp<void> {
  const { only, resolveFks = true, extendExisting = false } = options;
  const schema = options.schema === undefined ? metadata.schema : options.schema;
  const kinds: ReflectedKind[] = ["table"];
  if (options.views === true) kinds.push("view", "materializedView");
  if (options.foreignTables === true) kinds.push("foreignTable");
  const all: ReflectionScope = { schema, names: null, kinds, scope: "default" };
  let names: readonly string[] | null = null;
  if (typeof only === "function") {
    names = [...(yield* connection.present(all))].filter((name) => only(name, metadata));
  } else if (only !== undefined) {
    names = only;
    const there = yield* connection.present({ ...all, names, scope: "any" });
    const missing = names.filter((name) => !there.has(name));
    if (missing.length > 0) {
      throw new InvalidRequestError(
        `Could not reflect: the database has no ${missing.map((name) => JSON.stringify(name)).join(", ")}${schema === null ? "" : ` in the schema ${JSON.stringify(schema)}`}.`,
      );
    }
  }
  const full = (name: string, of: string | null): string => (of === null ? name : `${of}.${name}`);
  const wanted = (name: string, of: string | null): boolean => extendExisting || !metadata.tables.has(full(name, of));
  const read: ReflectedTable[] = [];
  const done = new Set<string>();
  let scopes: ReflectionScope[] = [names === null ? all : { ...all, names, scope: "any" }];
  while (scopes.length > 0) {
    const next = new Map<string | null, Set<string>>();
    for (const scope of scopes) {
      if (scope.names?.length === 0) continue;
      for (const found of yield* connection.reflect(scope)) {
        const name = full(found.name, found.schema);
        if (done.has(name)) continue;
        done.add(name);
        if (wanted(found.name, found.schema)) read.push(found);
        if (!resolveFks) continue;
        for (const { referredTable, referredSchema } of found.foreignKeys) {
          if (done.has(full(referredTable, referredSchema)) || !wanted(referredTable, referredSchema)) continue;
          const list = next.get(referredSchema) ?? new Set<string>();
          next.set(referredSchema, list.add(referredTable));
        }
      }
    }
    scopes = [...next].map(([of, list]) => ({
      schema: of,
      names: [...list].filter((name) => !done.has(full(name, of))),
      kinds: ["table", "foreignTable"],
      scope: "any",
    }));
  }
  const there = (name: string): boolean => done.has(name) || metadata.tables.has(name);
  for (const found of read) {
    if (found.unreadable !== null) warn(UNREADABLE_VIEW, full(found.name, found.schema), found.unreadable);
    const foreignKeys = found.foreignKeys.filter((key) => {
      // Databases that do not check it let a key refer to what there is not.
      const place = full(key.referredTable, key.referredSchema);
      if (key.referredColumns.length > 0 && (!resolveFks || there(place))) return true;
      warn(
        NOT_REFLECTED,
        `${full(found.name, found.schema)} (${key.constrainedColumns.join(", ")})`,
        `${key.referredColumns.length === 0 ? "the key of " : ""}${place}`,
        there(place),
      );
      return false;
    });
    take(connection, metadata, { ...found, foreignKeys });
  }
}

function take(connection: DDLConnection, metadata: TableHome, found: ReflectedTable): void {
  const isView = found.kind === "view" || found.kind === "materializedView";
  const place = found.schema === null ? found.name : `${found.schema}.${found.name}`;
  const table = metadata.tables.get(place) ?? new Table(found.name, metadata, [], { schema: found.schema, isView });
  reflectInto(table, found, connection.dialect.name, (column) => connection.reflectColumn(column, found, metadata));
}
