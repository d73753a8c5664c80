import { describe, expectTypeOf, test } from "vitest";
import { Range, rangeTypes } from "../../src/dialects/postgresql/index.js";
import {
  alias,
  any,
  bindparam,
  caseWhen,
  cast,
  column,
  del,
  fn,
  func,
  type InferInsert,
  type InferRow,
  type InferUpdate,
  insert,
  literal,
  MetaData,
  type NumExpr,
  namedColumn,
  notNullable,
  nullable,
  type RowsOf,
  type StrExpr,
  select,
  sql,
  t,
  table,
  text,
  tuple,
  union,
  unionAll,
  update,
  type Valued,
  values,
} from "../../src/index.js";

const metadata = new MetaData();
const users = table("users", metadata, {
  id: column(t.integer, { primaryKey: true }),
  name: column(t.text, { nullable: false }),
  age: column(t.integer),
  settings: column(t.json<{ theme: string; sizes: number[]; deep: { on: boolean } }>(), { nullable: false }),
  tags: column(t.array(t.text), { nullable: false }),
  span: column(rangeTypes.int4range, { nullable: false }),
});
const posts = table("posts", metadata, {
  id: column(t.integer, { primaryKey: true }),
  userId: column(t.integer, { foreignKey: "users.id", nullable: false }),
  title: column(t.text, { nullable: false }),
  at: column(t.datetime, { nullable: false }),
});

type Row<S> = S extends RowsOf<infer R> ? R : never;
declare const value: <T>(expression: Valued<T>) => T;
const types = (run: () => void): void => void run;

describe("[TU-10] [SL-02] the types of results", () => {
  test("of literals are those of their kind, not of the one value", () => {
    types(() => {
      expectTypeOf(value(literal("x"))).toEqualTypeOf<string>();
      expectTypeOf(literal("x", t.string(3))).toEqualTypeOf<StrExpr<string>>();
      expectTypeOf(literal(1)).toEqualTypeOf<NumExpr<number>>();
      const s = select(literal("x"), literal(2), literal(true));
      expectTypeOf<Row<typeof s>>().toEqualTypeOf<[string, number, boolean]>();
      // @ts-expect-error the type says a number
      literal("x", t.integer);
    });
  });

  test("of an alias's columns keep their names through a subquery", () => {
    types(() => {
      const u = users.alias("u");
      const s = select(u.c.id, u.c.name.as("label")).subquery("s");
      expectTypeOf(value(s.c.id)).toEqualTypeOf<number>();
      expectTypeOf(value(s.c.label)).toEqualTypeOf<string>();
      // @ts-expect-error the subquery has no such column
      s.c.name;
      // @ts-expect-error nor has the alias
      u.c.nope;
    });
  });

  test("of CTEs, aliases of them and set operations", () => {
    types(() => {
      const c = select(users.c.id, users.c.age).cte("c");
      expectTypeOf(value(c.c.age)).toEqualTypeOf<number | null>();
      const d = c.alias("d");
      expectTypeOf(value(d.c.id)).toEqualTypeOf<number>();
      // @ts-expect-error no such column
      d.c.name;
      const n = select(literal(1).as("n")).cte("n", { recursive: true });
      const all = n.unionAll(select(n.c.n.add(1)));
      expectTypeOf(value(all.c.n)).toEqualTypeOf<number>();
      const u = union(select(users.c.id, users.c.name), select(posts.c.id, posts.c.title));
      expectTypeOf<Row<typeof u>>().toEqualTypeOf<[number, string]>();
      expectTypeOf(value(u.subquery("u").c.name)).toEqualTypeOf<string>();
      // a member that may be null makes the whole so
      const m = unionAll(select(users.c.id), select(users.c.age));
      expectTypeOf<Row<typeof m>>().toEqualTypeOf<[number | null]>();
      // @ts-expect-error a text is no number
      union(select(users.c.id), select(users.c.name));
    });
  });

  test("of the outer sides of joins may be null", () => {
    types(() => {
      const left = select(users.c.name, posts.c.title).outerjoin(posts);
      expectTypeOf<Row<typeof left>>().toEqualTypeOf<[string, string | null]>();
      const right = select(users.c.name, posts.c.title).selectFrom(users).rightJoin(posts);
      expectTypeOf<Row<typeof right>[0]>().toEqualTypeOf<string | null>();
      const p = posts.alias("p");
      const twice = select(posts.c.title, p.c.title).selectFrom(posts).outerjoin(p, p.c.id.eq(posts.c.id));
      expectTypeOf<Row<typeof twice>>().toEqualTypeOf<[string, string | null]>();
      const s = select(posts.c.userId, func.count().as("n")).groupBy(posts.c.userId).subquery("s");
      const counted = select({ id: users.c.id, n: s.c.n }).outerjoin(s, s.c.userId.eq(users.c.id));
      expectTypeOf<Row<typeof counted>>().toEqualTypeOf<{ id: number; n: number | null }>();
    });
  });

  test("of RETURNING, and of it in WITH", () => {
    types(() => {
      const i = insert(users)
        .values({ name: "x", settings: {} as never, tags: [], span: new Range(1, 2) })
        .returning(users.c.id, users.c.age);
      expectTypeOf<Row<typeof i>>().toEqualTypeOf<[number, number | null]>();
      const u = update(users)
        .all()
        .values({ age: users.c.age.add(1) })
        .returning(users.c.name);
      expectTypeOf<Row<typeof u>>().toEqualTypeOf<[string]>();
      const gone = del(posts).all().returning(posts.c.title).cte("gone");
      expectTypeOf(value(gone.c.title)).toEqualTypeOf<string>();
      insert(users).onConflictDoUpdate({
        indexElements: ["id"],
        set: (excluded) => ({ name: excluded.name.concat("!") }),
      });
      // @ts-expect-error no such column
      insert(users).onConflictDoUpdate({ indexElements: ["id"], set: (excluded) => ({ name: excluded.nope }) });
      // @ts-expect-error a number is no name
      update(users).all().values({ name: 1 });
    });
  });

  test("of functions, by either name, and of those that nobody knows", () => {
    types(() => {
      expectTypeOf(func.rowNumber().over()).toEqualTypeOf<NumExpr<number>>();
      expectTypeOf(func.row_number).toEqualTypeOf(func.rowNumber);
      expectTypeOf(value(func.coalesce(users.c.age, 0))).toEqualTypeOf<number>();
      expectTypeOf(func.max(posts.c.at).as("m").key).toEqualTypeOf<"m">();
      expectTypeOf(value(fn.whatever!<number>(1))).toEqualTypeOf<number>();
      const each = func.generateSeries(1, 3).tableValued({ n: t.integer }, { withOrdinality: "at" });
      expectTypeOf(value(each.c.n)).toEqualTypeOf<number | null>();
      expectTypeOf(value(each.c.at)).toEqualTypeOf<bigint>();
      // @ts-expect-error no such column
      each.c.m;
      expectTypeOf(value(func.unnest(users.c.tags).columnValued("x"))).toEqualTypeOf<string>();
    });
  });

  test("of JSON, arrays and ranges, by the column's own type", () => {
    types(() => {
      const { settings, tags, span } = users.c;
      const path = select(settings.path("sizes", 0), settings.path("deep", "on"), settings.get("theme"));
      expectTypeOf<Row<typeof path>>().toEqualTypeOf<[number | null, boolean | null, string | null]>();
      // @ts-expect-error no such key
      settings.get("thema");
      expectTypeOf(value(tags.at(1))).toEqualTypeOf<string | null>();
      expectTypeOf(value(span.contains(5))).toEqualTypeOf<boolean>();
      expectTypeOf(value(span.overlap(new Range(1, 2)))).toEqualTypeOf<boolean>();
      // @ts-expect-error a text is in no range of numbers
      span.contains("x");
      users.c.name.eq(any(tags));
    });
  });

  test("of CASE, casts, operators of one's own, VALUES, text and templates", () => {
    types(() => {
      expectTypeOf(value(caseWhen([[users.c.age.gt(1), "a"]], { else: users.c.name }))).toEqualTypeOf<string>();
      expectTypeOf(value(cast(users.c.id, t.text))).toEqualTypeOf<string>();
      expectTypeOf(value(users.c.name.op("||", { returnType: t.text })("x"))).toEqualTypeOf<string>();
      expectTypeOf(value(users.c.id.pow(2))).toEqualTypeOf<number>();
      const v = values({ a: t.integer, b: t.text }, [[1, "x"]], "v");
      expectTypeOf(value(v.c.b)).toEqualTypeOf<string>();
      const s = text("SELECT 1 AS a").columns({ a: t.integer }).subquery("s");
      expectTypeOf(value(s.c.a)).toEqualTypeOf<number | null>();
      expectTypeOf(value(sql`1 + 1`.returns(t.integer))).toEqualTypeOf<number>();
      expectTypeOf(value(select(users.c.age).scalarSubquery())).toEqualTypeOf<number | null>();
    });
  });

  test("of row values, parameters and templates with a type", () => {
    types(() => {
      const pair = tuple(users.c.id, users.c.name, 5);
      expectTypeOf(value(pair)).toEqualTypeOf<[number, string, number]>();
      pair.in([[1, "a", 2]]);
      pair.in(select(posts.c.id, posts.c.title, posts.c.userId));
      pair.in(values({ a: t.integer, b: t.text, c: t.integer }, []).scalarValues());
      // @ts-expect-error a text is no number
      pair.in([["x", "a", 2]]);
      // @ts-expect-error two columns are not three
      pair.in(select(posts.c.id, posts.c.title));
      users.c.id.in(values({ n: t.integer }, []).scalarValues());
      // @ts-expect-error texts are no numbers
      users.c.id.in(values({ n: t.text }, []).scalarValues());
      users.c.id.in(bindparam<number>("ids", { options: { expanding: true } }));
      // @ts-expect-error texts are no numbers
      users.c.id.in(bindparam<string>("ids", { options: { expanding: true } }));
      expectTypeOf(value(bindparam("x", { options: { type: t.text } }))).toEqualTypeOf<string>();
      const rows = select({ double: sql<number>`${users.c.id} * 2` });
      expectTypeOf<Row<typeof rows>>().toEqualTypeOf<{ double: number }>();
      const named = namedColumn("rowid", t.integer);
      expectTypeOf(named.key).toEqualTypeOf<"rowid">();
      const texts = sql`SELECT 1 AS a`.columns({ a: t.integer }).subquery("s");
      // @ts-expect-error no such column
      texts.c.b;
    });
  });

  test("of dates and times: what lies between two is no point in time", () => {
    types(() => {
      expectTypeOf(value(posts.c.at.add("P1D"))).toEqualTypeOf<Date>();
      expectTypeOf(value(posts.c.at.sub(posts.c.at))).toEqualTypeOf<string>();
      expectTypeOf(value(posts.c.at.sub("P1D"))).toEqualTypeOf<Date>();
      interface PlainDate {
        readonly [Symbol.toStringTag]: "Temporal.PlainDate";
        readonly year: number;
      }
      const day = cast("2024-01-01", t.temporal.plainDate<PlainDate>());
      expectTypeOf(value(day.add("P1D"))).toEqualTypeOf<PlainDate>();
      expectTypeOf(value(day.sub<number>(day))).toEqualTypeOf<number>();
      // @ts-expect-error a date is no document
      day.get("year");
    });
  });

  test("of an outer join to a subquery, a CTE, or an alias, and of right and full joins", () => {
    types(() => {
      const q = select(posts.c.userId, func.count().as("n")).groupBy(posts.c.userId).subquery("q");
      const left = select(users.c.id, q.c.n).outerjoin(q, q.c.userId.eq(users.c.id));
      expectTypeOf<Row<typeof left>>().toEqualTypeOf<[number, number | null]>();
      const c = select(posts.c.userId, posts.c.title).cte("c");
      const withCte = select(users.c.id, c.c.title).outerjoin(c, c.c.userId.eq(users.c.id));
      expectTypeOf<Row<typeof withCte>>().toEqualTypeOf<[number, string | null]>();
      const p = alias(posts, "p");
      const aliases = select(posts.c.title, p.c.title).outerjoin(p, p.c.id.eq(posts.c.userId));
      expectTypeOf<Row<typeof aliases>>().toEqualTypeOf<[string, string | null]>();
      const right = select(users.c.id, posts.c.title).rightJoin(posts);
      expectTypeOf<Row<typeof right>>().toEqualTypeOf<[number | null, string | null]>();
      const full = select(users.c.id, posts.c.title).fullJoin(posts);
      expectTypeOf<Row<typeof full>>().toEqualTypeOf<[number | null, string | null]>();
      const counted = select(users.c.id, func.count(posts.c.id)).outerjoin(posts);
      expectTypeOf<Row<typeof counted>>().toEqualTypeOf<[number, number]>();
      const from = select(users.c.id, posts.c.title).outerjoinFrom(users, posts);
      expectTypeOf<Row<typeof from>>().toEqualTypeOf<[number, string | null]>();
      const options = select(users.c.id, posts.c.title).join(posts, null, { isOuter: true });
      expectTypeOf<Row<typeof options>>().toEqualTypeOf<[number, string | null]>();
      const fullOptions = select(users.c.id, posts.c.title).joinFrom(users, posts, null, { full: true });
      expectTypeOf<Row<typeof fullOptions>>().toEqualTypeOf<[number | null, string | null]>();
      const plain = select(users.c.id, posts.c.title).join(posts, null, { isOuter: false });
      expectTypeOf<Row<typeof plain>>().toEqualTypeOf<[number, string]>();
      const inner = select(users.c.id, q.c.n).join(q, q.c.userId.eq(users.c.id));
      // @ts-expect-error the subquery has no such column
      inner.where(q.c.title.eq("x"));
      // @ts-expect-error nor has the CTE
      c.c.userid;
    });
  });

  test("of the outer sides of joins stay nullable through subqueries and CTEs", () => {
    types(() => {
      const s = select({ id: users.c.id, title: posts.c.title }).outerjoin(posts).subquery("s");
      expectTypeOf(value(s.c.title)).toEqualTypeOf<string | null>();
      expectTypeOf(value(s.c.id)).toEqualTypeOf<number>();
      const c = select(users.c.id, posts.c.title).outerjoin(posts).cte("c");
      expectTypeOf(value(c.c.title)).toEqualTypeOf<string | null>();
      const whole = select(users, posts).outerjoin(posts).subquery("whole");
      expectTypeOf(value(whole.c.title)).toEqualTypeOf<string | null>();
      expectTypeOf(value(whole.c.name)).toEqualTypeOf<string>();
    });
  });

  test("of what is selected on a condition may be missing", () => {
    types(() => {
      const withAge = (yes: boolean) => select({ name: users.c.name, ...(yes ? { age: users.c.age } : {}) });
      expectTypeOf<InferRow<ReturnType<typeof withAge>>>().branded.toEqualTypeOf<{
        name: string;
        age?: number | null;
      }>();
      // @ts-expect-error a column that is not there is left out, and not undefined
      select({ name: users.c.name, age: undefined });
    });
  });

  test("of tables and statements can be named, and null be taken away or added where only the program knows", () => {
    types(() => {
      expectTypeOf<InferRow<typeof posts>>().toEqualTypeOf<{ id: number; userId: number; title: string; at: Date }>();
      expectTypeOf<InferInsert<typeof posts>>().branded.toEqualTypeOf<{
        readonly id?: number;
        readonly userId: number;
        readonly title: string;
        readonly at: Date;
      }>();
      expectTypeOf<InferUpdate<typeof posts>["title"]>().toEqualTypeOf<string | undefined>();
      const query = select({ age: notNullable(users.c.age), title: nullable(posts.c.title) });
      expectTypeOf<InferRow<typeof query>>().toEqualTypeOf<{ age: number; title: string | null }>();
      const named = select(notNullable(users.c.age)).subquery("n");
      expectTypeOf(value(named.c.age)).toEqualTypeOf<number>();
    });
  });

  test("of what is written may be a query of one column, and of no other type", () => {
    types(() => {
      update(users)
        .all()
        .values({ age: select(func.max(users.c.age)) });
      insert(posts).values({ userId: select(users.c.id).limit(1), title: "x", at: func.now() });
      // @ts-expect-error a text is no number
      insert(posts).values({ userId: select(users.c.name), title: "x", at: func.now() });
    });
  });
});
