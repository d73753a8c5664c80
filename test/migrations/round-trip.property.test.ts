import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type AsyncEngine,
  type ColumnSpecs,
  checkConstraint,
  column,
  DomainType,
  foreignKey,
  Index,
  MetaData,
  type SQLType,
  t,
  table,
  text,
  UniqueConstraint,
} from "../../src/index.js";
import { compareMetadata } from "../../src/migrations/index.js";
import { databaseKind, openDatabase } from "../support/database.js";
import { described, runGenerated } from "../support/generated-operations.js";
import { howOften, LONG_RUN } from "../support/long-runs.js";

const TABLES = ["alpha", "beta", "gamma"] as const;
const MOODS = [
  ["sad", "fine"],
  ["fine", "sad", "so so"],
] as const;

const amount = (name: string, of: SQLType) =>
  new DomainType(name, of, { check: { positive: "VALUE > 0" }, default: "5" }).withVariant(of, "sqlite");

/** The types that a column may have; each can hold the values of the others. */
const TYPES: Readonly<Record<string, readonly (() => SQLType)[]>> = {
  count: [
    () => t.integer,
    () => t.bigint,
    () => t.numeric(10, 2),
    () => t.string(20),
    () => t.text,
    () => amount("amount", t.integer),
    () => amount("price", t.numeric(10, 2)),
  ],
  mood: [
    () => t.string(20),
    () => t.string(40),
    () => t.text,
    () => t.enum(MOODS[0], { name: "mood" }),
    () => t.enum(MOODS[1], { name: "temper" }),
    () => t.enum(MOODS[0], { name: "humour", native: false, createConstraint: true }),
  ],
  yes: [() => t.boolean],
  ratio: [() => t.double, () => t.float],
};
const DEFAULTS: Readonly<Record<string, string>> = { count: "7", mood: "fine", yes: "true", ratio: "1.5" };
const VALUES: Readonly<Record<string, readonly string[]>> = {
  count: ["1", "2", "30"],
  mood: ["'sad'", "'fine'"],
  yes: ["true", "false"],
  ratio: ["0.5", "2.25"],
};
const CHECKS: Readonly<Record<string, string>> = {
  count: "id > 0 or count is null",
  mood: "mood is not null or id < 1000",
  yes: "yes or not yes or yes is null",
  ratio: "ratio is null or ratio < 1000",
};

interface ColumnPlan {
  readonly type: number;
  readonly nullable: boolean;
  readonly default: boolean;
  readonly comment: string | null;
  /** Where the other schema has it too: it has another name here. */
  readonly renamed: boolean;
}
interface TablePlan {
  readonly columns: Readonly<Record<string, ColumnPlan | null>>;
  readonly refersTo: (typeof TABLES)[number] | null;
  readonly onDelete: "CASCADE" | "SET NULL" | null;
  readonly unique: string | null;
  readonly index: { readonly on: string; readonly partial: boolean } | null;
  readonly check: string | null;
  /** Whether its constraints have names of their own. */
  readonly named: boolean;
  readonly renamed: boolean;
  readonly comment: string | null;
}
type SchemaPlan = Readonly<Record<(typeof TABLES)[number], TablePlan | null>>;

const seldom = fc.nat(5).map((n) => n === 0);
const comment = fc.option(fc.constantFrom("what it is", "it's this"), { nil: null });
const columnPlan = fc.record({
  type: fc.nat(6),
  nullable: fc.boolean(),
  default: fc.boolean(),
  comment,
  renamed: seldom,
});
const columnName = fc.option(fc.constantFrom(...Object.keys(TYPES)), { nil: null });
const tablePlan: fc.Arbitrary<TablePlan> = fc.record({
  columns: fc.record(
    Object.fromEntries(Object.keys(TYPES).map((name) => [name, fc.option(columnPlan, { nil: null, freq: 3 })])),
  ),
  refersTo: fc.option(fc.constantFrom(...TABLES), { nil: null }),
  onDelete: fc.constantFrom("CASCADE", "SET NULL", null),
  unique: columnName,
  index: fc.option(fc.record({ on: fc.constantFrom(...Object.keys(TYPES)), partial: fc.boolean() }), { nil: null }),
  check: columnName,
  named: fc.boolean(),
  renamed: seldom,
  comment,
});
const schemaPlan: fc.Arbitrary<SchemaPlan> = fc.record({
  alpha: fc.option(tablePlan, { nil: null, freq: 6 }),
  beta: fc.option(tablePlan, { nil: null, freq: 3 }),
  gamma: fc.option(tablePlan, { nil: null, freq: 1 }),
});

/** The names of a plan's tables and columns, by those of the other plan where it is that which is renamed from. */
interface Names {
  table(name: string): string;
  column(table: string, name: string): string;
}
const AS_PLANNED: Names = { table: (name) => name, column: (_table, name) => name };

function renamedFrom(plan: SchemaPlan, other: SchemaPlan): Names {
  const both = (name: string) => {
    const [made, was] = [plan[name as keyof SchemaPlan], other[name as keyof SchemaPlan]];
    return made === null || was === null ? null : { made, was };
  };
  return {
    table: (name) => (both(name)?.made.renamed === true ? `${name}_now` : name),
    column(name, column) {
      const pair = both(name);
      return pair?.was.columns[column] != null && pair.made.columns[column]?.renamed === true
        ? `${column}_now`
        : column;
    },
  };
}

/** A plan as tables. Where `other` has no such column the column must do without values: rows come from there. */
function built(plan: SchemaPlan, other: SchemaPlan, names: Names = AS_PLANNED): MetaData {
  const metadata = new MetaData();
  const was = (now: string, name: string) => (now === name ? {} : { renamedFrom: name });
  for (const name of TABLES) {
    const made = plan[name];
    if (made === null) continue;
    const called = (own: string) => (made.named ? { name: own } : {});
    const specs: Record<string, unknown> = { id: column(t.integer, { primaryKey: true }) };
    for (const [key, each] of Object.entries(made.columns)) {
      if (each === null) continue;
      const types = TYPES[key] as readonly (() => SQLType)[];
      const fills = other[name]?.columns[key] == null && !each.default;
      const now = names.column(name, key);
      specs[now] = column((types[each.type % types.length] as () => SQLType)(), {
        nullable: each.nullable || fills,
        ...(each.default ? { serverDefault: key === "yes" ? text("true") : (DEFAULTS[key] as string) } : {}),
        ...(each.comment === null ? {} : { comment: each.comment }),
        ...was(now, key),
      } as never);
    }
    // A table that is new has no rows that could be referred to.
    const target = made.refersTo;
    if (target !== null && plan[target] !== null && other[target] !== null) {
      const onDelete = made.onDelete === null ? {} : { onDelete: made.onDelete };
      specs["ref_id"] = column(t.integer, {
        foreignKey: foreignKey(`${names.table(target)}.id`, { ...called(`fk_${name}_ref`), ...onDelete }),
      });
    }
    const has = (key: string | null): key is string => key !== null && names.column(name, key) in specs;
    const now = (key: string): string => names.column(name, key);
    const { unique, index, check } = made;
    table(
      names.table(name),
      metadata,
      specs as ColumnSpecs,
      ...(has(unique) ? [new UniqueConstraint(["id", now(unique)], called(`uq_${name}`))] : []),
      ...(index !== null && has(index.on)
        ? [new Index(`ix_${name}`, [now(index.on)], index.partial ? { where: "id > 2" } : {})]
        : []),
      ...(has(check)
        ? [checkConstraint((CHECKS[check] as string).replaceAll(check, now(check)), called(`ck_${name}`))]
        : []),
      { ...(made.comment === null ? {} : { comment: made.comment }), ...was(names.table(name), name) },
    );
  }
  return metadata;
}

const ROWS = [1, 2, 3];

async function fill(engine: AsyncEngine, metadata: MetaData): Promise<void> {
  await engine.begin(async (conn) => {
    for (const each of metadata.sortedTables) {
      const names = each.columns.map((one) => one.name).filter((name) => name !== "ref_id");
      for (const id of ROWS) {
        const values = names.map((name) => (name === "id" ? id : VALUES[name]?.[id % (VALUES[name]?.length ?? 1)]));
        await conn.execDriverSql(`insert into ${each.name} (${names.join(", ")}) values (${values.join(", ")})`);
      }
    }
    for (const each of metadata.sortedTables) {
      if (each.columns.some((one) => one.name === "ref_id"))
        await conn.execDriverSql(`update ${each.name} set ref_id = 4 - id`);
    }
  });
}

/** What the columns that both plans have hold in the tables that both have, by the names of the plans. */
async function kept(
  engine: AsyncEngine,
  [a, b]: readonly [SchemaPlan, SchemaPlan],
  names: Names = AS_PLANNED,
): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const name of TABLES) {
    const [one, other] = [a[name], b[name]];
    if (one === null || other === null) continue;
    const refers = (plan: SchemaPlan, { refersTo }: TablePlan) =>
      refersTo !== null && a[refersTo] !== null && b[refersTo] !== null && plan[refersTo] !== null;
    const columns = [
      "id",
      ...Object.keys(TYPES).filter((each) => one.columns[each] != null && other.columns[each] != null),
      ...(refers(a, one) && refers(b, other) ? ["ref_id"] : []),
    ];
    const selected = columns.map((each) => names.column(name, each)).join(", ");
    const rows = (await engine
      .execute(text(`select ${selected} from ${names.table(name)} order by id`))
      .all()) as readonly unknown[][];
    // A number is the same number as text and as decimal.
    found[name] = rows.map((row) => row.map((value) => (Number.isNaN(Number(value)) ? value : Number(value))));
  }
  return found;
}

const difference = async (engine: AsyncEngine, metadata: MetaData) =>
  await engine.connect((conn) => compareMetadata(conn, metadata));

test(
  "[AG-01] [AG-12] from any schema to any other and back, what is generated leaves no difference and loses no row that both can hold",
  async () => {
    await fc.assert(
      fc.asyncProperty(schemaPlan, schemaPlan, async (planA, planB) => {
        await using database = await openDatabase({ file: true });
        const { engine } = database;
        const a = built(planA, planB);
        const now = renamedFrom(planB, planA);
        const b = built(planB, planA, now);
        const plans = [planA, planB] as const;
        await a.createAll(engine);
        await fill(engine, a);
        const before = await kept(engine, plans);
        const operations = await difference(engine, b);
        await runGenerated(engine, operations, "upgrade");
        expect(described(await difference(engine, b))).toEqual([]);
        expect(await kept(engine, plans, now)).toEqual(before);
        await runGenerated(engine, operations, "downgrade");
        expect(described(await difference(engine, a))).toEqual([]);
        expect(await kept(engine, plans)).toEqual(before);
        await runGenerated(engine, await difference(engine, new MetaData()), "upgrade");
        expect(await engine.tableNames()).toEqual(["athanor_version"]);
      }),
      { numRuns: howOften(databaseKind() === "sqlite" ? 40 : 15, 2_000) },
    );
  },
  LONG_RUN.timeout,
);
