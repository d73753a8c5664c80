import { describe, expectTypeOf, it } from "vitest";
import {
  type BoolExpr,
  caseWhen,
  cast,
  column,
  func,
  insert,
  MetaData,
  type NumExpr,
  type RowsOf,
  type StrExpr,
  select,
  t,
  table,
  text,
  union,
  values,
} from "../../src/sql/index.js";

const metadata = new MetaData();
const users = table("users", metadata, {
  id: column(t.integer, { primaryKey: true }),
  name: column(t.string(50), { nullable: false }),
  age: column(t.integer),
  role: column(t.enum(["admin", "user"]), { nullable: false, default: "user" }),
  settings: column(t.json<{ theme: string; sizes: number[] }>()),
});
const posts = table("posts", metadata, {
  id: column(t.integer, { primaryKey: true }),
  userId: column(t.integer, { name: "user_id", foreignKey: "users.id", nullable: false }),
  title: column(t.text, { nullable: false }),
});

type Row<S> = S extends RowsOf<infer R> ? R : never;
const types = (run: () => void): void => void run;

describe("columns of a typed table", () => {
  it("are null where they may be", () => {
    expectTypeOf(users.c.id).toMatchTypeOf<NumExpr<number, "users">>();
    expectTypeOf(users.c.name).toMatchTypeOf<StrExpr<string, "users">>();
    expectTypeOf(users.c.age).toMatchTypeOf<NumExpr<number | null, "users">>();
    expectTypeOf(users.c.role).toMatchTypeOf<StrExpr<"admin" | "user", "users">>();
    expectTypeOf(users.c.age.gt(3)).toEqualTypeOf<BoolExpr<boolean, "users">>();
  });

  it("refuse values and operators of another type", () => {
    types(() => {
      // @ts-expect-error a number is no text
      users.c.name.eq(1);
      // @ts-expect-error not a member of the enum
      users.c.role.eq("owner");
      // @ts-expect-error numbers have no LIKE
      users.c.age.like("1%");
      // @ts-expect-error no such column
      users.c.nothing;
      users.c.role.eq(users.c.role);
      users.c.id.in(select(posts.c.userId));
      users.c.id.in([1, 2]);
      // @ts-expect-error a list of texts
      users.c.id.in(["1"]);
    });
  });
});

describe("rows", () => {
  it("follow what is selected", () => {
    types(() => {
      const pair = select(users.c.id, users.c.age);
      expectTypeOf<Row<typeof pair>>().toEqualTypeOf<[number, number | null]>();
      const outer = select(users.c.name, posts.c.title).outerjoin(posts);
      expectTypeOf<Row<typeof outer>>().toEqualTypeOf<[string, string | null]>();
      const object = select({ name: users.c.name, n: func.count(posts.c.id) });
      expectTypeOf<Row<typeof object>>().toEqualTypeOf<{ name: string; n: number }>();
      const whole = select(users);
      expectTypeOf<Row<typeof whole>[number]>().toEqualTypeOf<unknown>();
      expectTypeOf<Row<typeof whole>["name"]>().toEqualTypeOf<string>();
    });
  });

  it("infer through subqueries, CTEs, set operations and VALUES", () => {
    types(() => {
      const counted = select(posts.c.userId, func.count(posts.c.id).as("n")).groupBy(posts.c.userId).subquery("c");
      const joined = select(users.c.name, counted.c.n, counted.c.userId).join(counted, counted.c.userId.eq(users.c.id));
      expectTypeOf<Row<typeof joined>>().toEqualTypeOf<[string, number, number]>();
      // @ts-expect-error the subquery has no such column
      counted.c.title;
      const cte = select({ id: users.c.id, boss: users.c.age }).cte("tree", { recursive: true });
      const fromCte = select(cte.c.boss);
      expectTypeOf<Row<typeof fromCte>>().toEqualTypeOf<[number | null]>();
      const both = union(select(users.c.id), select(posts.c.id));
      expectTypeOf<Row<typeof both>>().toEqualTypeOf<[number]>();
      const literal = values({ id: t.integer, word: t.string }, [{ id: 1, word: "a" }], "v");
      const fromValues = select(literal.c.word);
      expectTypeOf<Row<typeof fromValues>>().toEqualTypeOf<[string]>();
      const alias = users.alias("u2");
      expectTypeOf(alias.c.age).toMatchTypeOf<NumExpr<number | null, "u2">>();
      const sql = text("SELECT id FROM users").columns({ id: t.integer });
      expectTypeOf<Row<typeof sql>["id"]>().toEqualTypeOf<number | null>();
    });
  });

  it("infer through functions, CASE and CAST", () => {
    types(() => {
      const coalesced = select(func.coalesce(users.c.age, 0));
      expectTypeOf<Row<typeof coalesced>>().toEqualTypeOf<[number]>();
      const biggest = select(func.max(users.c.id));
      expectTypeOf<Row<typeof biggest>>().toEqualTypeOf<[number | null]>();
      const kind = select(caseWhen([[users.c.age.lt(18), "minor"]], { else: "adult" }));
      expectTypeOf<Row<typeof kind>>().toEqualTypeOf<[string]>();
      const open = select(caseWhen([[users.c.age.lt(18), 1]]));
      expectTypeOf<Row<typeof open>>().toEqualTypeOf<[number | null]>();
      const textual = select(users.c.age.cast(t.text), cast(users.c.id, t.bigint));
      expectTypeOf<Row<typeof textual>>().toEqualTypeOf<[string | null, bigint]>();
      const theme = select(users.c.settings.get("theme").asString());
      expectTypeOf<Row<typeof theme>>().toEqualTypeOf<[string | null]>();
      const ranked = select(func.row_number().over({ orderBy: users.c.id }));
      expectTypeOf<Row<typeof ranked>>().toEqualTypeOf<[number]>();
    });
  });
});

describe("values of INSERT and UPDATE", () => {
  it("must be given where the column cannot do without, and fit", () => {
    types(() => {
      users.insert().values({ name: "x" });
      users.insert().values({ name: "x", age: null, role: "admin", id: 3 });
      insert(posts).values([{ userId: 1, title: "a" }]);
      insert(users).values({ name: func.lower("X") });
      // @ts-expect-error name is missing
      users.insert().values({ age: 3 });
      // @ts-expect-error no such column
      users.insert().values({ name: "x", nme: "y" });
      // @ts-expect-error a text for a number
      users.insert().values({ name: "x", age: "3" });
      users
        .update()
        .all()
        .values({ age: users.c.age.add(1) });
      // @ts-expect-error null for a column that takes none
      users.update().all().values({ name: null });
      const given = users.insert().values({ name: "x" }).returning(users.c.id, users.c.age);
      expectTypeOf<Row<typeof given>>().toEqualTypeOf<[number, number | null]>();
      const cte = users.update().all().values({ age: 1 }).returning(users.c.id).cte("changed");
      expectTypeOf<Row<ReturnType<typeof fromChanged>>>().toEqualTypeOf<[number]>();
      function fromChanged() {
        return select(cte.c.id);
      }
    });
  });
});
