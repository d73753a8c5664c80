import { describe, expect, it } from "vitest";
import {
  ArgumentError,
  and,
  bindparam,
  caseWhen,
  cast,
  collate,
  extract,
  false_,
  func,
  type LooseElement,
  literal,
  literalColumn,
  not,
  null_,
  or,
  select,
  t,
  true_,
  tuple,
  typeCoerce,
} from "../../src/sql/index.js";
import { bound, posts, refused, sql, users } from "./fixtures.js";

const { id, name, age, active, settings, labels, createdAt } = users.c;
const any = (value: unknown): LooseElement => value as LooseElement;

describe("comparison", () => {
  it.each([
    [() => id.eq(1), "users.id = :id_1"],
    [() => id.ne(1), "users.id != :id_1"],
    [() => id.lt(1), "users.id < :id_1"],
    [() => id.le(1), "users.id <= :id_1"],
    [() => id.gt(1), "users.id > :id_1"],
    [() => id.ge(age), "users.id >= users.age"],
    [() => age.eq(null), "users.age IS NULL"],
    [() => age.ne(null), "users.age IS NOT NULL"],
    [() => age.isNull(), "users.age IS NULL"],
    [() => age.isNotNull(), "users.age IS NOT NULL"],
    [() => age.is(null), "users.age IS NULL"],
    [() => age.isDistinctFrom(3), "users.age IS DISTINCT FROM :age_1"],
    [() => age.isNotDistinctFrom(null), "users.age IS NOT DISTINCT FROM NULL"],
    [() => age.between(1, 5), "users.age BETWEEN :age_1 AND :age_2"],
    [() => age.notBetween(1, id), "users.age NOT BETWEEN :age_1 AND users.id"],
    [
      () => age.between(5, 1, { symmetric: true }),
      "(users.age BETWEEN :age_1 AND :age_2 OR users.age BETWEEN :age_2 AND :age_1)",
    ],
  ])("%# renders %s", (make, text) => {
    expect(sql(make())).toBe(text);
  });

  it("negates by the opposite operator", () => {
    expect(sql(not(id.eq(1)))).toBe("users.id != :id_1");
    expect(sql(not(id.lt(1)))).toBe("users.id >= :id_1");
    expect(sql(not(age.isNull()))).toBe("users.age IS NOT NULL");
    expect(sql(not(id.in([1])))).toBe("users.id NOT IN (:id_1)");
    expect(sql(not(name.like("x")))).toBe("users.name NOT LIKE :name_1");
    expect(sql(not(age.between(1, 2)))).toBe("users.age NOT BETWEEN :age_1 AND :age_2");
    expect(sql(not(not(active)))).toBe("users.active");
    expect(sql(not(or(id.eq(1), id.eq(2))))).toBe("NOT (users.id = :id_1 OR users.id = :id_2)");
    expect(sql(not(active))).toBe("NOT users.active");
  });

  it("groups a comparison inside a comparison", () => {
    expect(sql(any(id.eq(1)).eq(true_()))).toBe("(users.id = :id_1) = true");
    expect(sql(any(age.isNull()).is(active))).toBe("(users.age IS NULL) IS NOT DISTINCT FROM users.active");
  });
});

describe("AND, OR, NOT", () => {
  it("are flattened, and grouped only where they must be", () => {
    expect(sql(and(id.eq(1), and(age.eq(2), name.eq("a"))))).toBe(
      "users.id = :id_1 AND users.age = :age_1 AND users.name = :name_1",
    );
    expect(sql(or(and(id.eq(1), age.eq(2)), name.eq("a")))).toBe(
      "users.id = :id_1 AND users.age = :age_1 OR users.name = :name_1",
    );
    expect(sql(and(or(id.eq(1), age.eq(2)), name.eq("a")))).toBe(
      "(users.id = :id_1 OR users.age = :age_1) AND users.name = :name_1",
    );
    expect(sql(id.eq(1).and(age.eq(2)).or(active))).toBe("users.id = :id_1 AND users.age = :age_1 OR users.active");
  });

  it("fold constants and are well defined when empty", () => {
    expect(sql(and())).toBe("true");
    expect(sql(or())).toBe("false");
    expect(sql(and(true_(), id.eq(1)))).toBe("users.id = :id_1");
    expect(sql(and(false_(), id.eq(1)))).toBe("false");
    expect(sql(or(false_(), id.eq(1)))).toBe("users.id = :id_1");
    expect(sql(or(true_(), id.eq(1)))).toBe("true");
    expect(sql(not(true_()))).toBe("false");
  });
});

describe("IN", () => {
  it("takes lists, sets, queries, parameters and expressions", () => {
    expect(bound(id.in([1, 2]))).toEqual(["users.id IN (?, ?)", [1, 2]]);
    expect(bound(id.in(new Set([3])))).toEqual(["users.id IN (?)", [3]]);
    expect(sql(id.in(select(posts.c.userId)))).toBe("users.id IN (SELECT posts.user_id FROM posts)");
    expect(sql(id.notIn(select(posts.c.userId)))).toBe("users.id NOT IN (SELECT posts.user_id FROM posts)");
    expect(sql(id.in([age, 3]))).toBe("users.id IN (users.age, :id_1)");
  });

  it("of nothing is false, and its negation true, as an SQL condition", () => {
    expect(sql(id.in([]))).toBe("users.id IN (SELECT CAST(NULL AS INTEGER) WHERE 1 != 1)");
    expect(sql(id.notIn([]))).toBe("users.id NOT IN (SELECT CAST(NULL AS INTEGER) WHERE 1 != 1)");
  });

  it("takes rows", () => {
    expect(bound(tuple(id, name).in([[1, "a"]] as never))).toEqual(["(users.id, users.name) IN ((?, ?))", [1, "a"]]);
    refused(() => tuple(id, name).in([[1]] as never), ArgumentError, "takes rows of 2 values");
  });

  it("takes a list that comes at execution", () => {
    const node = any(id).in(bindparam("ids", { options: { expanding: true, value: [1, 2, 3], type: t.integer } }));
    expect(bound(node)).toEqual(["users.id IN (?, ?, ?)", [1, 2, 3]]);
  });

  it("refuses null in the list, and what is no list", () => {
    refused(() => id.in([1, null as never]), ArgumentError, "holds null");
    refused(() => id.in([undefined as never]), ArgumentError, "undefined");
    refused(() => id.in("abc" as never), ArgumentError, "takes an array, a Set or a select");
  });
});

describe("text operators", () => {
  it("render LIKE and its kin", () => {
    expect(sql(name.like("a%"))).toBe("users.name LIKE :name_1");
    expect(sql(name.like("a/%", { escape: "/" }))).toBe("users.name LIKE :name_1 ESCAPE '/'");
    expect(sql(name.ilike("A%"))).toBe("lower(users.name) LIKE lower(:name_1)");
    expect(sql(name.notIlike("A%"))).toBe("lower(users.name) NOT LIKE lower(:name_1)");
    expect(sql(name.concat("x").concat(name))).toBe("users.name || :name_1 || users.name");
    expect(sql(name.collate("C").desc())).toBe('users.name COLLATE "C" DESC');
    expect(sql(collate(name, "nocase"))).toBe('users.name COLLATE "nocase"');
    expect(sql(name.regexpMatch("^a"))).toBe("users.name REGEXP :name_1");
    expect(sql(name.match("word"))).toBe("users.name MATCH :name_1");
  });

  it("put wildcards around plain text, and escape what is in it when asked", () => {
    expect(bound(name.startsWith("a"))).toEqual(["users.name LIKE ?", ["a%"]]);
    expect(bound(name.endsWith("a"))).toEqual(["users.name LIKE ?", ["%a"]]);
    expect(bound(name.contains("a"))).toEqual(["users.name LIKE ?", ["%a%"]]);
    expect(bound(name.contains("50%_/", { autoescape: true }))).toEqual([
      "users.name LIKE ? ESCAPE '/'",
      ["%50/%/_//%"],
    ]);
    expect(bound(name.icontains("A"))).toEqual(["lower(users.name) LIKE lower(?)", ["%A%"]]);
    expect(bound(name.startsWith(posts.c.title))).toEqual(["users.name LIKE posts.title || ?", ["%"]]);
    refused(() => name.contains("a", { autoescape: true, escape: "%" }), ArgumentError, "escape must be one character");
    refused(() => name.contains(posts.c.title, { autoescape: true }), ArgumentError, "autoescape needs a plain string");
  });
});

describe("arithmetic", () => {
  it("keeps the grouping it was built with", () => {
    expect(sql(age.add(1).mul(2))).toBe("(users.age + :age_1) * :param_1");
    expect(sql(age.add(age.mul(2)))).toBe("users.age + users.age * :age_1");
    expect(sql(age.sub(id.sub(1)))).toBe("users.age - (users.id - :id_1)");
    expect(sql(age.sub(id).sub(1))).toBe("(users.age - users.id) - :param_1");
    expect(sql(age.sub(id.add(1)))).toBe("users.age - (users.id + :id_1)");
    expect(sql(age.mul(id.div(2)))).toContain("users.age * (users.id / ");
    expect(sql(age.neg())).toBe("-users.age");
    expect(sql(age.neg().neg())).toBe("-(-users.age)");
    expect(sql(age.add(1).neg())).toBe("-(users.age + :age_1)");
    expect(sql(age.mod(3))).toBe("users.age % :age_1");
  });

  it("groups operators on whose precedence databases disagree", () => {
    expect(sql(any(name).concat(any(age).add(1)))).toBe("users.name || (users.age + :age_1)");
    expect(sql(age.bitwiseAnd(3).add(1))).toBe("(users.age & :age_1) + :param_1");
    expect(sql(age.bitwiseAnd(age.bitwiseOr(1)))).toBe("users.age & (users.age | :age_1)");
    expect(sql(age.bitwiseAnd(3).eq(1))).toBe("users.age & :age_1 = :param_1");
    expect(sql(age.bitwiseNot())).toBe("~users.age");
    expect(sql(age.bitwiseLshift(2))).toBe("users.age << :age_1");
  });

  it("divides truly, and whole numbers rounding down when asked", () => {
    expect(sql(age.div(2))).toBe("users.age / CAST(:age_1 AS DOUBLE PRECISION)");
    expect(sql(age.floorDiv(2))).toBe("CAST(FLOOR(users.age / CAST(:age_1 AS DOUBLE PRECISION)) AS INTEGER)");
    expect(sql(age.cast(t.double).div(2))).toBe("CAST(users.age AS DOUBLE PRECISION) / :age_1");
  });

  it("binds a fraction beside an integer column as a fraction", () => {
    expect(bound(age.mul(1.5))).toEqual(["users.age * ?", [1.5]]);
    expect(bound(age.gt(2.5))).toEqual(["users.age > ?", [2.5]]);
    refused(() => bound(age.eq(Number.NaN)), ArgumentError, "age: NaN is not a whole number");
    refused(() => bound(age.eq(2 ** 53)), ArgumentError, "beyond 2^53");
  });
});

describe("custom operators", () => {
  it("are written as given, and grouped as operands", () => {
    expect(sql(age.op("<->")(3))).toBe("users.age <-> :age_1");
    expect(sql(age.op<number>("<->")(3).lt(5))).toBe("(users.age <-> :age_1) < :param_1");
    expect(sql(and(age.boolOp("@@")(3), active))).toBe("(users.age @@ :age_1) AND users.active");
    expect(sql(age.op("%%", { precedence: 8, returnType: t.integer })(3))).toBe("users.age %% :age_1");
  });
});

describe("JSON and arrays", () => {
  it("reach into values by key, index and path", () => {
    expect(bound(settings.get("theme"))).toEqual(["users.settings -> ?", ["theme"]]);
    expect(bound(settings.get("theme").asString().eq("dark"))).toEqual(["users.settings ->> ? = ?", ["theme", "dark"]]);
    expect(sql(settings.path("sizes", 0).asInteger())).toBe("CAST(users.settings -> :key_1 ->> :key_2 AS INTEGER)");
    expect(bound(labels.at(1).eq("a"))).toEqual(["users.labels[?] = ?", [1, "a"]]);
    expect(bound(labels.contains(["a"]))).toEqual(["users.labels @> ?", [["a"]]]);
    expect(bound(labels.overlap(["a"]))).toEqual(["users.labels && ?", [["a"]]]);
    expect(sql(labels.slice(1, 2))).toBe("users.labels[:index_1:(:index_2)]".replace(":(:index_2)", "::index_2"));
    expect(bound(literal("a").eq(labels.any()))).toEqual(["? = ANY (users.labels)", ["a"]]);
  });
});

describe("special forms", () => {
  it("render CASE, CAST, EXTRACT and constants", () => {
    expect(
      sql(
        caseWhen(
          [
            [age.lt(18), "minor"],
            [age.lt(65), "adult"],
          ],
          { else: "senior" },
        ),
      ),
    ).toBe("CASE WHEN (users.age < :age_1) THEN :case_1 WHEN (users.age < :age_2) THEN :case_2 ELSE :case_3 END");
    expect(sql(caseWhen([[1, name]], { value: id }))).toBe("CASE users.id WHEN :id_1 THEN users.name END");
    expect(sql(cast(age, t.numeric(10, 2)))).toBe("CAST(users.age AS NUMERIC(10, 2))");
    expect(sql(typeCoerce(age, t.text))).toBe("users.age");
    expect(sql(extract("year", createdAt))).toBe("EXTRACT(year FROM users.created_at)");
    expect(sql(null_())).toBe("NULL");
    expect(sql(literalColumn("1 + 1"))).toBe("1 + 1");
    refused(() => extract("year; DROP TABLE users", createdAt), ArgumentError, "is not one of");
    refused(() => caseWhen([]), ArgumentError, "at least one pair");
  });

  it("render functions, with schema, DISTINCT, FILTER, OVER and WITHIN GROUP", () => {
    expect(sql(func.count())).toBe("count(*)");
    expect(sql(func.count(id.distinct()))).toBe("count(DISTINCT users.id)");
    expect(sql(func.count(id).filter(age.gt(3)))).toBe("count(users.id) FILTER (WHERE users.age > :age_1)");
    expect(sql(func.in("pg_catalog").version?.())).toBe("pg_catalog.version()");
    expect(sql(func.now())).toBe("CURRENT_TIMESTAMP");
    expect(sql(func.sum(age).over({ partitionBy: active, orderBy: id.desc() }))).toBe(
      "sum(users.age) OVER (PARTITION BY users.active ORDER BY users.id DESC)",
    );
    expect(bound(func.sum(age).over({ orderBy: id, rows: [-2, 0] }))).toEqual([
      "sum(users.age) OVER (ORDER BY users.id ROWS BETWEEN ? PRECEDING AND CURRENT ROW)",
      [2],
    ]);
    expect(bound(func.sum(age).over({ orderBy: id, range: [null, 1], exclude: "TIES" }))).toEqual([
      "sum(users.age) OVER (ORDER BY users.id RANGE BETWEEN UNBOUNDED PRECEDING AND ? FOLLOWING EXCLUDE TIES)",
      [1],
    ]);
    expect(sql(func.count().over({ name: "w" }))).toBe("count(*) OVER w");
    expect(sql(func.array_agg(name).aggregateOrderBy(id.desc()))).toBe("array_agg(users.name ORDER BY users.id DESC)");
    refused(() => func.sum(age).over({ rows: [0, 1], range: [0, 1] }), ArgumentError, "one frame");
  });

  it("order nulls", () => {
    expect(sql(age.desc().nullsLast())).toBe("users.age DESC NULLS LAST");
    expect(sql(age.nullsFirst())).toBe("users.age NULLS FIRST");
  });
});

describe("what is no value", () => {
  it("is refused where the expression is built, with the column's name and the way out", () => {
    refused(
      () => id.eq(undefined as never),
      ArgumentError,
      "users.id = ...: the value is undefined. Write null for SQL NULL",
    );
    refused(() => id.eq((() => 1) as never), ArgumentError, "users.id = ...: a function is not a value");
    refused(
      () => id.eq(Promise.resolve(1) as never),
      ArgumentError,
      "users.id = ...: the value is a Promise. Await it first.",
    );
    refused(() => id.gt(null as never), ArgumentError, "users.id > NULL is never true");
    refused(() => literal(undefined), ArgumentError, "literal(): the value is undefined");
    refused(() => func.lower(undefined as never), ArgumentError, "func.lower(), argument 1: the value is undefined");
    refused(() => and(true as never), ArgumentError, "and() got true, not an SQL expression");
    refused(() => not("x" as never), ArgumentError, 'Write text("x") if it is SQL');
    refused(() => bindparam(""), ArgumentError, "needs a name");
  });

  it("is refused at bind where only the value tells", () => {
    refused(() => bound(name.eq("a\0b")), ArgumentError, "name: the string");
    refused(() => bound(name.eq("a\0b")), ArgumentError, "NUL");
    refused(() => bound(name.eq("\ud800")), ArgumentError, "lone surrogate");
    refused(() => bound(literal("\udc00x")), ArgumentError, "lone surrogate");
    refused(() => bound(any(id).eq("5")), ArgumentError, 'id: "5" is not a whole number');
    refused(() => bound(createdAt.eq(new Date(Number.NaN))), ArgumentError, "the Date is invalid");
  });
});
