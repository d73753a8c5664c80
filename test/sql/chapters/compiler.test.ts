import { describe, expect } from "vitest";
import {
  type Arg,
  CheckConstraint,
  ColumnElement,
  CreateTable,
  caseWhen,
  cast,
  column,
  compiles,
  DDLElement,
  FromClause,
  FunctionElement,
  func,
  Insert,
  insert,
  literal,
  MetaData,
  Node,
  type NumExpr,
  type Parts,
  type SQLType,
  Statement,
  select,
  type Table,
  t,
  table,
  unionAll,
} from "../../../src/index.js";
import { chapter } from "./chapter.js";

const metadata = new MetaData();
const account = table("accounts", metadata, {
  id: column(t.integer, { primaryKey: true }),
  checking: column(t.integer, { nullable: false }),
  savings: column(t.integer, { nullable: false }),
});
const archive = table("accounts_archive", metadata, {
  id: column(t.integer, { primaryKey: true, autoincrement: false }),
  checking: column(t.integer),
});
const example = chapter(metadata, async (connection) => {
  await connection.execute(
    insert(account).values([
      { id: 1, checking: 10, savings: 500 },
      { id: 2, checking: 90, savings: 20 },
    ]),
  );
});

describe("constructs of one's own", () => {
  class MyColumn extends ColumnElement<number> {
    static override readonly parts: Parts = { name: "name" };
    override get visitName(): string {
      return "MyColumn";
    }
    override get type(): SQLType {
      return t.integer as SQLType;
    }
    constructor(readonly name: string) {
      super();
    }
  }
  compiles(MyColumn, (node: MyColumn) => `[${node.name}]`);

  example("are columns, with what columns can do; two are alike where their parts are", ({ sql }) => {
    const one = new MyColumn("x") as unknown as NumExpr<number>;
    expect(sql(select(one.as("x"), new MyColumn("y") as never))).toMatch(/^SELECT \[x\] AS x, \[y\]/);
    expect(sql(select(one.add(1).as("more")).where(one.gt(3)))).toMatch(/\[x\] \+ (\?|\$1).* WHERE \[x\] > (\?|\$2)/);
    expect(new MyColumn("x").compare(new MyColumn("x"))).toBe(true);
    expect(new MyColumn("x").compare(new MyColumn("y"))).toBe(false);
  });

  class InsertFromSelect extends Statement {
    static override readonly parts: Parts = { target: "node", query: "node" };
    override get visitName(): string {
      return "InsertFromSelect";
    }
    constructor(
      readonly target: FromClause<unknown>,
      readonly query: Node,
    ) {
      super();
    }
  }
  compiles(
    InsertFromSelect,
    (node: InsertFromSelect, compiler) =>
      `INSERT INTO ${compiler.process(node.target)} ${compiler.process(node.query)}`,
  );

  example("a statement made of others carries their parameters, and is executed and cached", async (place) => {
    const { connection, all } = place;
    for (const [limit, ids] of [
      [50, [2]],
      [5, [1, 2]],
    ] as const) {
      const moved = select(account.c.id, account.c.checking).where(account.c.checking.gt(limit));
      await connection.execute(new InsertFromSelect(archive as never, moved as never) as never);
      expect(await all(select(archive.c.id).orderBy(archive.c.id))).toEqual(ids.map((id) => [id]));
      await connection.execute(archive.delete().all());
    }
  });

  class AlterColumn extends DDLElement {
    override get visitName(): string {
      return "AlterColumn";
    }
    constructor(
      readonly column: { readonly name: string; readonly table: { readonly name: string } | null },
      readonly command: string,
    ) {
      super();
    }
  }
  compiles(AlterColumn, (node: AlterColumn) => `ALTER COLUMN ${node.column.name} ${node.command}`);
  compiles(
    AlterColumn,
    "postgresql",
    (node: AlterColumn) => `ALTER TABLE ${node.column.table?.name} ALTER COLUMN ${node.column.name} ${node.command}`,
  );

  example("DDL, in the words of each database", async ({ connection, sql, name }) => {
    const ddl = new AlterColumn(archive.c.checking as never, "SET DEFAULT 7");
    expect(sql(ddl)).toBe(
      name === "sqlite"
        ? "ALTER COLUMN checking SET DEFAULT 7"
        : "ALTER TABLE accounts_archive ALTER COLUMN checking SET DEFAULT 7",
    );
    if (name === "postgresql") await connection.execute(ddl);
  });

  example("expressions inside DDL are written with their values", ({ sql }) => {
    const made = table("marked", new MetaData(), { n: column(t.integer), s: column(t.text) });
    made.appendConstraint(new CheckConstraint(made.c.s.eq("it's").and(made.c.n.gt(5)), { name: "ck" }));
    expect(sql(new CreateTable(made as unknown as Table))).toContain("CONSTRAINT ck CHECK (s = 'it''s' AND n > 5)");
  });
});

describe("constructs that are there already", () => {
  class Prefixed extends Insert {}
  compiles(Prefixed, (node: Prefixed, compiler) =>
    compiler.processBuiltin(node).replace("INSERT", "INSERT /* mine */"),
  );

  example("are written in another way, around the way that they had", async ({ connection, values, sql }) => {
    const mine = new Prefixed(archive as never).values({ id: 9, checking: 1 } as never);
    expect(sql(mine)).toMatch(/^INSERT \/\* mine \*\/ INTO accounts_archive/);
    await connection.execute(mine as never);
    expect(await values(select(archive.c.id))).toEqual([9]);
  });
});

describe("functions and constants", () => {
  class Coalesced extends FunctionElement {
    constructor(...args: readonly ColumnElement[]) {
      super("coalesce", args, t.text as SQLType);
    }
  }
  compiles(Coalesced, (node: Coalesced, compiler) => `coalesce(${compiler.processList(node.args)})`);
  compiles(Coalesced, "sqlite", (node: Coalesced, compiler) => {
    if (node.args.length > 2) throw new TypeError("this one takes two arguments on SQLite");
    return `ifnull(${compiler.processList(node.args)})`;
  });

  example("a function by another name on one database, and what it refuses there", async ({ values, sql, name }) => {
    const two = new Coalesced(cast(null, t.text) as never, cast("b", t.text) as never);
    expect(sql(select(two as never))).toContain(name === "sqlite" ? "ifnull(" : "coalesce(");
    expect(await values(select(two as never))).toEqual(["b"]);
    const three = () =>
      sql(select(new Coalesced(literal("a") as never, literal("b") as never, literal("c") as never) as never));
    if (name === "sqlite") expect(three).toThrow("two arguments on SQLite");
    else expect(three()).toContain("coalesce($1");
  });

  class UtcNow extends FunctionElement {
    constructor() {
      super("utcnow", [], t.datetime as SQLType);
    }
  }
  compiles(UtcNow, "postgresql", () => "TIMEZONE('utc', CURRENT_TIMESTAMP)");
  compiles(UtcNow, "sqlite", () => "STRFTIME('%Y-%m-%d %H:%M:%f', 'now')");

  example("a moment in UTC, in a query and as the default of a column", async ({ connection, values, name }) => {
    const own = new MetaData();
    const happened = table("happened", own, {
      id: column(t.integer, { primaryKey: true }),
      at: column(t.datetime, { serverDefault: name === "sqlite" ? func.now() : (new UtcNow() as never) }),
    });
    await connection.runSync(own.createAll);
    await connection.execute(insert(happened).values({ id: 1 }));
    const found = [
      ...(await values(select(happened.c.at))),
      ...(await values(select(new UtcNow() as never))),
    ] as Date[];
    for (const each of found) expect(Math.abs(each.getTime() - Date.now())).toBeLessThan(600_000);
  });

  class Greatest extends FunctionElement {
    constructor(...args: readonly Arg[]) {
      super("greatest", args as never, t.integer as SQLType);
    }
  }
  compiles(Greatest, "sqlite", (node: Greatest, compiler) => {
    const [one, other] = node.args as unknown as [NumExpr<number>, NumExpr<number>];
    return compiler.process(caseWhen([[one.gt(other), one]], { else: other }) as unknown as Node);
  });

  example("the greatest of two, by a CASE where there is no function", async ({ values, sql, name }) => {
    const most = new Greatest(account.c.checking, account.c.savings) as unknown as NumExpr<number>;
    expect(sql(select(most.as("most")))).toContain(name === "sqlite" ? "CASE WHEN" : "greatest(accounts.checking");
    expect(await values(select(account.c.id).where(most.gt(100)))).toEqual([1]);
  });

  class SqlFalse extends ColumnElement<boolean> {
    override get visitName(): string {
      return "SqlFalse";
    }
    override get type(): SQLType {
      return t.boolean as SQLType;
    }
  }
  compiles(SqlFalse, () => "false");
  compiles(SqlFalse, ["sqlite", "mysql"], () => "0");

  example("false, whatever it is called", async ({ all }) => {
    const enrolled = unionAll(
      select(account.c.id, new SqlFalse() as never).where(account.c.id.eq(1)),
      select(account.c.id, literal(true)).where(account.c.id.eq(2)),
    );
    expect((await all(enrolled)).sort()).toEqual([
      [1, false],
      [2, true],
    ]);
  });
});
