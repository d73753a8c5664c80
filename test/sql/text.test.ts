import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ArgumentError,
  bindparam,
  cacheKeyOf,
  column,
  MetaData,
  parseText,
  StandardIdentifiers,
  select,
  t,
  table,
  sql as tag,
  text,
} from "../../src/sql/index.js";
import { bound, qmark, refused, sql, users } from "./fixtures.js";

describe("parameters in text", () => {
  it.each([
    ["SELECT :x", ["x"]],
    ["SELECT :x, :y, :x", ["x", "y", "x"]],
    ["a = :a_1AND b", ["a_1AND"]],
    ["x::int", []],
    ["x::int = :y::text", ["y"]],
    ["':no' = :yes", ["yes"]],
    ["'it''s :no' = :yes", ["yes"]],
    ['":no" = :yes', ["yes"]],
    ["`:no` = :yes", ["yes"]],
    ["-- :no\n:yes", ["yes"]],
    ["/* :no */ :yes", ["yes"]],
    ["$$ :no $$ :yes", ["yes"]],
    ["$f$ :no $$ $f$ :yes", ["yes"]],
    ["\\:no :yes", ["yes"]],
    ["12:30", []],
    ["arr[1:2]", []],
    ["a:=b", []],
    ["(:x)", ["x"]],
    ["x=:y", ["y"]],
  ])("of %j are %j", (source, names) => {
    expect(parseText(source).names).toEqual(names);
  });

  it("are bound, and everything else stays to the letter", () => {
    expect(bound(text("SELECT :x, ':no', a::int, '\\:' -- :c\n"), { x: 1 })).toEqual([
      "SELECT ?, ':no', a::int, '\\:' -- :c\n",
      [1],
    ]);
    expect(bound(text("a \\: b"))).toEqual(["a : b", []]);
    expect(bound(text("x = :x").bindparams({ x: 5 }))).toEqual(["x = ?", [5]]);
    expect(bound(text("x = :x").bindparams({}, bindparam("x", null, t.boolean)), { x: true })).toEqual([
      "x = ?",
      [true],
    ]);
    refused(() => text("x = :x").bindparams({ y: 1 }), ArgumentError, "the text has no parameter :y; it has: x");
    refused(() => bound(text("x = :x")), ArgumentError, "parameter x has no value");
    refused(() => text(5 as never), ArgumentError, "text() takes a string");
  });

  it("never swallow text: pieces and names put together again are the source", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ab':\"\\-/*\n$ 1[]") }), (source) => {
        const { pieces, names } = parseText(source);
        const again = pieces.reduce((all, piece, i) => all + (i > 0 ? `:${names[i - 1]}` : "") + piece, "");
        expect(again.length).toBeLessThanOrEqual(source.length);
        expect(again.replaceAll("\\", "")).toBe(source.replaceAll("\\", ""));
      }),
    );
  });
});

describe("the sql template", () => {
  it("binds values and renders nodes, queries and other templates in their places", () => {
    const recent = tag`${users.c.age} > ${3}`;
    expect(
      bound(tag`SELECT ${users.c.name} FROM ${users} WHERE ${recent} AND id IN ${select(users.c.id)} OR x = ${"a'"}`),
    ).toEqual([
      "SELECT users.name FROM users WHERE users.age > ? AND id IN (SELECT users.id FROM users) OR x = ?",
      [3, "a'"],
    ]);
    expect(cacheKeyOf(tag`a = ${1}`).key).toBe(cacheKeyOf(tag`a = ${2}`).key);
    expect(cacheKeyOf(tag`a = ${1}`).key).not.toBe(cacheKeyOf(tag`b = ${1}`).key);
    expect(sql(select(tag`upper(${users.c.name})`.returns(t.text).as("u")))).toBe(
      "SELECT upper(users.name) AS u FROM users",
    );
    expect(sql(select(users.c.id).where(tag`a OR b`, users.c.id.eq(1)))).toContain(
      "WHERE (a OR b) AND users.id = :id_1",
    );
    refused(() => tag`a = ${undefined}`, ArgumentError, "sql: value 1: the value is undefined");
    refused(() => text("a\0"), ArgumentError, "NUL");
  });
});

describe("names", () => {
  it("are quoted where they need it", () => {
    const names = new StandardIdentifiers();
    expect(names.quoteIfNeeded("users")).toBe("users");
    expect(names.quoteIfNeeded("Users")).toBe('"Users"');
    expect(names.quoteIfNeeded("select")).toBe('"select"');
    expect(names.quoteIfNeeded("1a")).toBe('"1a"');
    expect(names.quoteIfNeeded('a"b')).toBe('"a""b"');
    expect(names.quoteIfNeeded("a b")).toBe('"a b"');
    expect(names.format({ schema: "My", name: "order" })).toBe('"My"."order"');
    refused(() => names.quoteIfNeeded(""), ArgumentError, "cannot be empty");
    refused(() => names.quoteIfNeeded("a\0"), ArgumentError, "NUL");
    refused(() => names.quoteIfNeeded("a\ud800"), ArgumentError, "lone surrogate");
  });

  it("of tables, columns and labels are never read as SQL", () => {
    const evil = 'x"; DROP TABLE users; --';
    const md = new MetaData();
    const hostile = table(evil, md, { a: column(t.integer, { name: evil, primaryKey: true }) }, { schema: "we ird" });
    expect(sql(select(hostile.c.a.as(evil)))).toBe(
      'SELECT "we ird"."x""; DROP TABLE users; --"."x""; DROP TABLE users; --" AS "x""; DROP TABLE users; --" FROM "we ird"."x""; DROP TABLE users; --"',
    );
  });

  it("with hostile characters are one token, whatever they are", () => {
    const names = new StandardIdentifiers();
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (name) => {
        fc.pre(!name.includes("\0"));
        const quoted = names.quote(name);
        expect(quoted.slice(1, -1).replaceAll('""', "")).not.toContain('"');
      }),
    );
  });
});

describe("values", () => {
  it("never reach the text, except as literals that are quoted", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (value) => {
        fc.pre(!value.includes("\0"));
        const stmt = select(users.c.id).where(users.c.name.eq(value));
        expect(bound(stmt)).toEqual(["SELECT users.id FROM users WHERE users.name = ?", [value]]);
        const literal = sql(stmt, { literalBinds: true }, qmark).slice(
          "SELECT users.id FROM users WHERE users.name = ".length,
        );
        expect(literal).toBe(`'${value.replaceAll("'", "''")}'`);
      }),
    );
  });
});
