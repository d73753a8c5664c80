/**
 * The same 200 statements in Athanor and in Kysely, and what the TypeScript compiler spends on each: counts of types and of their
 * instantiations, which are the same on every machine, unlike its time.
 *
 *   node test/package/type-checking.mjs <project with athanor, kysely and typescript installed>
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const TABLES = 10;

/** @param {number} i */
const next = (i) => `t${(i + 1) % TABLES}`;

const athanorHead = `import {
  alias, and, asc, caseWhen, column, del, exists, func, insert, MetaData, not, or, select, t, table, union, update,
} from "athanor";
const metadata = new MetaData();
`;

/** @param {number} i */
const athanorTable = (i) => `const t${i} = table("t${i}", metadata, {
  id: column(t.integer, { primaryKey: true }),
  name: column(t.string(50), { nullable: false }),
  n: column(t.integer),
  flag: column(t.boolean, { nullable: false }),
  at: column(t.datetime, { nullable: false }),
  ref: column(t.integer, { nullable: false }),
});`;

const kyselyHead = `import { type Generated, Kysely, sql } from "kysely";
`;

/** @param {number} i */
const kyselyTable = (i) => `interface T${i} {
  id: Generated<number>; name: string; n: number | null; flag: boolean; at: Date; ref: number;
}`;

/**
 * Twenty statements of each kind that daily work has: in Athanor, in Kysely.
 *
 * @type {readonly (readonly [(i: number) => string, (i: number) => string])[]}
 */
const STATEMENTS = [
  [
    (i) => `select(t${i}.c.id, t${i}.c.name).where(t${i}.c.n.gt(5), t${i}.c.name.like("a%"))`,
    (i) =>
      `db.selectFrom("t${i}").select(["t${i}.id", "t${i}.name"]).where("t${i}.n", ">", 5).where("t${i}.name", "like", "a%")`,
  ],
  [
    (i) => `select({ id: t${i}.c.id, other: ${next(i)}.c.name }).join(${next(i)}, ${next(i)}.c.id.eq(t${i}.c.ref))`,
    (i) =>
      `db.selectFrom("t${i}").innerJoin("${next(i)}", "${next(i)}.id", "t${i}.ref").select(["t${i}.id as id", "${next(i)}.name as other"])`,
  ],
  [
    (i) =>
      `select(t${i}.c.id, ${next(i)}.c.name).outerjoin(${next(i)}, ${next(i)}.c.id.eq(t${i}.c.ref)).orderBy(t${i}.c.at.desc()).limit(10)`,
    (i) =>
      `db.selectFrom("t${i}").leftJoin("${next(i)}", "${next(i)}.id", "t${i}.ref").select(["t${i}.id", "${next(i)}.name"]).orderBy("t${i}.at", "desc").limit(10)`,
  ],
  [
    (i) =>
      `select({ flag: t${i}.c.flag, n: func.count(), s: func.sum(t${i}.c.n) }).groupBy(t${i}.c.flag).having(func.count().gt(1))`,
    (i) =>
      `db.selectFrom("t${i}").select((eb) => ["t${i}.flag as flag", eb.fn.countAll<number>().as("n"), eb.fn.sum<number>("t${i}.n").as("s")]).groupBy("t${i}.flag").having((eb) => eb.fn.countAll(), ">", 1)`,
  ],
  [
    (i) => `select(t${i}).where(or(t${i}.c.flag.eq(true), and(t${i}.c.n.isNull(), t${i}.c.name.ne("x"))))`,
    (i) =>
      `db.selectFrom("t${i}").selectAll().where((eb) => eb.or([eb("flag", "=", true), eb.and([eb("n", "is", null), eb("name", "!=", "x")])]))`,
  ],
  [
    (i) => `select(t${i}.c.name).where(t${i}.c.id.in(select(${next(i)}.c.ref).where(${next(i)}.c.flag.eq(true))))`,
    (i) =>
      `db.selectFrom("t${i}").select("t${i}.name").where("t${i}.id", "in", (eb) => eb.selectFrom("${next(i)}").select("${next(i)}.ref").where("${next(i)}.flag", "=", true))`,
  ],
  [
    (i) => `select(t${i}.c.name).where(exists(select(${next(i)}.c.id).where(${next(i)}.c.ref.eq(t${i}.c.id))))`,
    (i) =>
      `db.selectFrom("t${i}").select("t${i}.name").where(({ exists, selectFrom }) => exists(selectFrom("${next(i)}").select("${next(i)}.id").whereRef("${next(i)}.ref", "=", "t${i}.id")))`,
  ],
  [
    (i) =>
      `(() => { const q = select(t${i}.c.ref, func.max(t${i}.c.n).as("top")).groupBy(t${i}.c.ref).subquery("q"); return select(${next(i)}.c.name, q.c.top).join(q, q.c.ref.eq(${next(i)}.c.id)); })()`,
    (i) =>
      `db.selectFrom("${next(i)}").innerJoin((eb) => eb.selectFrom("t${i}").select((e) => ["t${i}.ref", e.fn.max("t${i}.n").as("top")]).groupBy("t${i}.ref").as("q"), "q.ref", "${next(i)}.id").select(["${next(i)}.name", "q.top"])`,
  ],
  [
    (i) =>
      `(() => { const w = select(t${i}.c.id, t${i}.c.name).where(t${i}.c.flag.eq(true)).cte("w"); return select(w.c.name).join(${next(i)}, ${next(i)}.c.ref.eq(w.c.id)); })()`,
    (i) =>
      `db.with("w", (d) => d.selectFrom("t${i}").select(["t${i}.id", "t${i}.name"]).where("t${i}.flag", "=", true)).selectFrom("w").innerJoin("${next(i)}", "${next(i)}.ref", "w.id").select("w.name")`,
  ],
  [
    (i) => `union(select(t${i}.c.id, t${i}.c.name), select(${next(i)}.c.id, ${next(i)}.c.name)).orderBy("name")`,
    (i) =>
      `db.selectFrom("t${i}").select(["t${i}.id", "t${i}.name"]).union(db.selectFrom("${next(i)}").select(["${next(i)}.id", "${next(i)}.name"])).orderBy("name")`,
  ],
  [
    (i) => `insert(t${i}).values({ name: "a", flag: true, at: new Date(), ref: 1 }).returning(t${i}.c.id)`,
    (i) => `db.insertInto("t${i}").values({ name: "a", flag: true, at: new Date(), ref: 1 }).returning("id")`,
  ],
  [
    (i) =>
      `insert(t${i}).values([{ name: "a", n: 5, flag: true, at: new Date(), ref: 1 }, { name: "b", n: null, flag: true, at: new Date(), ref: 1 }])`,
    (i) =>
      `db.insertInto("t${i}").values([{ name: "a", n: 5, flag: true, at: new Date(), ref: 1 }, { name: "b", n: null, flag: true, at: new Date(), ref: 1 }])`,
  ],
  [
    (i) =>
      `insert(t${i}).values({ id: 1, name: "a", flag: true, at: new Date(), ref: 1 }).onConflictDoUpdate({ indexElements: ["id"], set: (x) => ({ name: x.name }) })`,
    (i) =>
      `db.insertInto("t${i}").values({ id: 1, name: "a", flag: true, at: new Date(), ref: 1 }).onConflict((oc) => oc.column("id").doUpdateSet((eb) => ({ name: eb.ref("excluded.name") })))`,
  ],
  [
    (i) => `update(t${i}).values({ n: t${i}.c.n.add(1) }).where(t${i}.c.id.eq(5)).returning(t${i}.c.n)`,
    (i) => `db.updateTable("t${i}").set((eb) => ({ n: eb("n", "+", 1) })).where("id", "=", 5).returning("n")`,
  ],
  [
    (i) => `update(t${i}).values({ name: ${next(i)}.c.name }).where(${next(i)}.c.ref.eq(t${i}.c.id))`,
    (i) =>
      `db.updateTable("t${i}").from("${next(i)}").set((eb) => ({ name: eb.ref("${next(i)}.name") })).whereRef("${next(i)}.ref", "=", "t${i}.id")`,
  ],
  [
    (i) => `del(t${i}).where(not(t${i}.c.flag.eq(true)), t${i}.c.id.in([1, 2, 3])).returning(t${i}.c.id)`,
    (i) =>
      `db.deleteFrom("t${i}").where((eb) => eb.not(eb("flag", "=", true))).where("id", "in", [1, 2, 3]).returning("id")`,
  ],
  [
    (i) =>
      `select({ id: t${i}.c.id, size: caseWhen([[t${i}.c.n.gt(10), "big"], [t${i}.c.n.gt(5), "mid"]], { else: "small" }) })`,
    (i) =>
      `db.selectFrom("t${i}").select((eb) => ["t${i}.id as id", eb.case().when("n", ">", 10).then("big").when("n", ">", 5).then("mid").else("small").end().as("size")])`,
  ],
  [
    (i) =>
      `select(t${i}.c.id, func.rowNumber().over({ partitionBy: t${i}.c.flag, orderBy: t${i}.c.at.desc() }).as("r"))`,
    (i) =>
      `db.selectFrom("t${i}").select((eb) => ["t${i}.id", eb.fn.agg<number>("row_number").over((ob) => ob.partitionBy("flag").orderBy("at", "desc")).as("r")])`,
  ],
  [
    (i) =>
      `(() => { const p = alias(t${i}, "p"); return select(t${i}.c.name, p.c.name.as("parent")).outerjoin(p, p.c.id.eq(t${i}.c.ref)); })()`,
    (i) =>
      `db.selectFrom("t${i}").leftJoin("t${i} as p", "p.id", "t${i}.ref").select(["t${i}.name", "p.name as parent"])`,
  ],
  [
    (i) => `select(func.coalesce(t${i}.c.n, 0).as("n"), func.lower(t${i}.c.name).as("l")).distinct().orderBy(asc("n"))`,
    (i) =>
      `db.selectFrom("t${i}").select((eb) => [eb.fn.coalesce("n", sql<number>\`0\`).as("n"), eb.fn<string>("lower", ["name"]).as("l")]).distinct().orderBy("n", "asc")`,
  ],
];

const all = Array.from({ length: TABLES }, (_, i) => i);

/** The two programs. Each statement is a variable, so that its whole type is made. */
export function programs() {
  const lines = (/** @type {0 | 1} */ which) =>
    STATEMENTS.flatMap((pair, at) => all.map((i) => `export const s${at}_${i} = ${pair[which](i)};`)).join("\n");
  return {
    athanor: `${athanorHead}${all.map(athanorTable).join("\n")}\n${lines(0)}\n`,
    kysely: `${kyselyHead}${all.map(kyselyTable).join("\n")}
interface DB { ${all.map((i) => `t${i}: T${i}`).join("; ")} }
declare const db: Kysely<DB>;
${lines(1)}\n`,
  };
}

/**
 * What `tsc --extendedDiagnostics` says of each program.
 *
 * @param {string} project
 * @returns {Record<"athanor" | "kysely", { types: number, instantiations: number, seconds: number }>}
 */
export function measure(project) {
  const folder = join(project, "type-checking");
  mkdirSync(folder, { recursive: true });
  const compilerOptions = {
    target: "ES2022",
    lib: ["ES2023", "ESNext.Disposable", "DOM"],
    module: "nodenext",
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    types: ["node"],
  };
  const figures = Object.entries(programs()).map(([name, text]) => {
    writeFileSync(join(folder, `${name}.ts`), text);
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ compilerOptions, files: [`${name}.ts`] }));
    const { stdout, status } = spawnSync("npx", ["tsc", "-p", `${name}.json`, "--extendedDiagnostics"], {
      cwd: folder,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`the statements in ${name} do not type-check:\n${stdout}`);
    const figure = (/** @type {string} */ label) => {
      const found = new RegExp(`^${label}:\\s+([\\d.]+)`, "m").exec(stdout)?.[1];
      if (found === undefined) throw new Error(`tsc tells no "${label}":\n${stdout}`);
      return Number(found);
    };
    return [name, { types: figure("Types"), instantiations: figure("Instantiations"), seconds: figure("Check time") }];
  });
  return Object.fromEntries(figures);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(measure(process.argv[2] ?? "."));
