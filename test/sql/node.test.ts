import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ColumnElement,
  CompileError,
  cacheKeyOf,
  compile,
  compiles,
  insert,
  iterate,
  literal,
  type Node,
  or,
  type Parts,
  replaceNodes,
  type SQLType,
  select,
  t,
  text,
  values,
} from "../../src/sql/index.js";
import { bound, posts, qmark, refused, sql, users } from "./fixtures.js";

const key = (node: unknown): number | null => cacheKeyOf(node as Node).key;

describe("the cache key", () => {
  it("is the same for other values and another for another shape", () => {
    const make = (id: number, name: string) =>
      select(users).where(users.c.id.eq(id), users.c.name.like(name)).limit(id);
    expect(key(make(1, "a"))).toBe(key(make(2, "b")));
    expect(cacheKeyOf(make(5, "x")).binds.map((bind) => bind.value)).toEqual([5, "x", 5]);
    expect(key(make(1, "a"))).not.toBe(key(make(1, "a").offset(3)));
    expect(key(select(users.c.id))).not.toBe(key(select(users.c.age)));
    expect(key(users.c.id.eq(1))).not.toBe(key(users.c.id.ne(1)));
    expect(key(select({ a: users.c.id }))).not.toBe(key(select({ b: users.c.id })));
    expect(key(literal(1))).not.toBe(key(literal("1")));
    expect(key(text("a :x"))).not.toBe(key(text("a :y")));
  });

  it("does not grow with an IN list, and grows with rows of VALUES", () => {
    expect(key(users.c.id.in([1]))).toBe(key(users.c.id.in([1, 2, 3])));
    expect(key(users.c.id.in([]))).toBe(key(users.c.id.in([1])));
    const row = { userId: 1, title: "x" };
    expect(key(insert(posts).values([row]))).not.toBe(key(insert(posts).values([row, row])));
    expect(key(select(values({ a: t.integer }, [[1]]).c.a))).not.toBe(
      key(select(values({ a: t.integer }, [[1], [2]]).c.a)),
    );
  });

  it("knows aliases by their place in the statement, not by their objects", () => {
    const self = () => {
      const a = users.alias();
      const b = users.alias();
      return [select(a.c.id).where(a.c.id.eq(b.c.id)), select(a.c.id).where(a.c.id.eq(a.c.id))] as const;
    };
    const [two, one] = self();
    const [again] = self();
    expect(key(two)).toBe(key(again));
    expect(key(two)).not.toBe(key(one));
  });

  it("lists a parameter that is used twice once", () => {
    const value = literal(5);
    const stmt = select(users.c.id).where(or(users.c.id.eq(value), users.c.age.eq(value)));
    expect(cacheKeyOf(stmt).binds).toHaveLength(1);
    expect(bound(stmt)[1]).toEqual([5, 5]);
    const other = select(users.c.id).where(or(users.c.id.eq(literal(5)), users.c.age.eq(literal(5))));
    expect(key(stmt)).not.toBe(key(other));
  });

  it("is null where a node says that it cannot be cached", () => {
    class Fresh extends ColumnElement {
      override get visitName() {
        return "Fresh";
      }
      get type(): SQLType {
        return t.integer as SQLType;
      }
      override appendKey(context: { cacheable: boolean }): void {
        context.cacheable = false;
      }
    }
    expect(key(select(new Fresh() as never))).toBeNull();
  });

  it("tells apart what stands side by side in an element of one's own", () => {
    class Marked extends ColumnElement {
      static override readonly parts: Parts = { one: "name", two: "name", some: "names", more: "names", kind: "type" };
      override get visitName() {
        return "Marked";
      }
      get type(): SQLType {
        return t.integer as SQLType;
      }
      constructor(
        readonly one: string | number | boolean | null,
        readonly two: string | null,
        readonly some: readonly (string | number)[] = [],
        readonly more: readonly (string | number)[] = [],
        readonly kind: { readonly cacheKey: string } | null = null,
      ) {
        super();
      }
    }
    const different = [
      new Marked("ab", "c"),
      new Marked("a", "bc"),
      new Marked("", null),
      new Marked(null, ""),
      new Marked(1, null),
      new Marked("1", null),
      new Marked(true, null),
      new Marked("true", null),
      new Marked("a", "b", ["c"], []),
      new Marked("a", "b", [], ["c"]),
      new Marked("a", "b", ["c", "d"], []),
      new Marked("a", "b", ["c"], ["d"]),
      new Marked("a", "b", [1], []),
      new Marked("a", "b", ["1"], []),
      new Marked("a", "b", [], [], { cacheKey: "x" }),
      new Marked("a", "b", [], [], { cacheKey: "y" }),
    ];
    expect(new Set(different.map((each) => key(select(each as never)))).size).toBe(different.length);
    const long = "x".repeat(5000);
    expect(key(new Marked(long, null))).toBe(key(new Marked(long, null)));
    expect(key(new Marked(long, null))).not.toBe(key(new Marked(`${long}y`, null)));
  });

  it("of equal keys means equal text: random conditions", () => {
    const leaf = fc.oneof(
      fc.integer({ min: 0, max: 9 }).map((v) => users.c.id.eq(v)),
      fc.string({ unit: "binary-ascii" }).map((v) => users.c.name.like(v)),
      fc.array(fc.integer(), { minLength: 1, maxLength: 3 }).map((v) => users.c.age.in(v)),
      fc.constant(users.c.age.isNull()),
    );
    const tree = fc.array(leaf, { minLength: 1, maxLength: 5 });
    const seen = new Map<number, string>();
    const values = /\((\?(, )?)+\)/g;
    fc.assert(
      fc.property(tree, fc.boolean(), (conditions, any) => {
        const stmt = any ? select(users.c.id).where(or(...conditions)) : select(users.c.id).where(...conditions);
        const shape = compile(stmt, qmark).text.replace(values, "(...)");
        const id = key(stmt) as number;
        expect(seen.get(id) ?? shape).toBe(shape);
        seen.set(id, shape);
      }),
    );
  });
});

describe("traversal and rewriting", () => {
  it("visits each node once, parents first", () => {
    const condition = users.c.id.eq(1);
    const stmt = select(users.c.id).where(condition);
    const names = [...iterate(stmt)].map((node) => node.visitName);
    expect(names).toEqual(["Select", "Column", "BinaryExpression", "BindParameter"]);
  });

  it("replaces nodes, shares what does not change and keeps parameters", () => {
    const stmt = select(users.c.id).where(users.c.id.eq(1), users.c.age.gt(2)).orderBy(users.c.id);
    const changed = replaceNodes(stmt, (node) =>
      node === (users.c.age as unknown) ? (posts.c.id as unknown as Node) : undefined,
    );
    expect(sql(changed)).toBe(
      "SELECT users.id FROM users, posts WHERE users.id = :id_1 AND posts.id > :age_1 ORDER BY users.id",
    );
    expect(changed.whereCriteria[0]).toBe(stmt.whereCriteria[0]);
    expect(cacheKeyOf(changed).binds).toEqual(cacheKeyOf(stmt).binds);
    expect(replaceNodes(stmt, () => undefined)).toBe(stmt);
    expect(sql(stmt)).toContain("users.age > :age_1");
  });

  it("replaces tables under aliases and subqueries", () => {
    const sub = select(users.c.id).where(users.c.age.gt(3)).subquery("s");
    const stmt = select(sub.c.id);
    const changed = replaceNodes(stmt as unknown as Node, (node) =>
      node === (users.c.age as unknown) ? (users.c.id as unknown as Node) : undefined,
    );
    expect(sql(changed)).toBe("SELECT s.id FROM (SELECT users.id FROM users WHERE users.id > :age_1) AS s");
  });

  it("leaves statements alone: builders give new ones", () => {
    const base = select(users.c.id);
    base.where(users.c.id.eq(1)).limit(3);
    expect(sql(base)).toBe("SELECT users.id FROM users");
  });
});

describe("custom constructs", () => {
  class Twice extends ColumnElement {
    static override readonly parts: Parts = { element: "node" };
    override get visitName() {
      return "Twice";
    }
    constructor(readonly element: ColumnElement) {
      super();
    }
    get type(): SQLType {
      return t.integer as SQLType;
    }
  }
  const twice = (element: unknown) => new Twice(element as ColumnElement) as never;

  it("compile as told, by dialect, and take part in the cache", () => {
    refused(() => sql(select(twice(users.c.id)), {}, qmark), CompileError, "Say how with compiles(Twice");
    compiles(Twice, (node, compiler) => `2 * ${compiler.process(node.element)}`);
    compiles(Twice, "qmark", (node, compiler) => `twice(${compiler.process(node.element)})`);
    expect(sql(select(twice(users.c.id)))).toBe("SELECT 2 * users.id AS anon_1 FROM users");
    expect(sql(select(twice(users.c.id)), {}, qmark)).toBe("SELECT twice(users.id) AS anon_1 FROM users");
    expect(key(twice(users.c.id))).not.toBe(key(twice(users.c.age)));
    expect(bound(select(twice(literal(4))))).toEqual(["SELECT twice(?) AS anon_1", [4]]);
  });

  it("must list their children, or their values would be frozen into the plan", () => {
    class Careless extends Twice {
      static override readonly parts: Parts = {};
    }
    refused(() => sql(select(new Careless(literal(1) as never) as never)), CompileError, "not in its cache key");
  });
});

describe("toString", () => {
  it("prints any node, and never throws", () => {
    expect(String(users.c.id)).toBe("users.id");
    expect(String(select(users.c.id).where(users.c.id.eq(1)))).toBe(
      "SELECT users.id FROM users WHERE users.id = :id_1",
    );
    class Unknown extends ColumnElement {
      override get visitName() {
        return "Unknown";
      }
      get type(): SQLType {
        return t.integer as SQLType;
      }
    }
    expect(String(new Unknown())).toContain("<Unknown:");
  });
});
