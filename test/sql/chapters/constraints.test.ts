import { createHash } from "node:crypto";
import { describe, expect } from "vitest";
import {
  CheckConstraint,
  CreateIndex,
  CreateTable,
  column,
  conv,
  ForeignKeyConstraint,
  foreignKey,
  func,
  IdentifierError,
  Index,
  IntegrityError,
  insert,
  inspect,
  MetaData,
  PrimaryKeyConstraint,
  type Table,
  t,
  table,
  UniqueConstraint,
} from "../../../src/index.js";
import { constraintName } from "../../../src/sql/index.js";
import { chapter, errorOf } from "./chapter.js";

const example = chapter();
const ddl = (made: unknown) => new CreateTable(made as Table);

describe("foreign keys", () => {
  example("of one column, by name and by column, and of several", async ({ connection, sql }) => {
    const own = new MetaData();
    const invoice = table("invoice", own, {
      invoiceId: column(t.integer, { name: "invoice_id", primaryKey: true }),
      refNum: column(t.integer, { name: "ref_num", primaryKey: true }),
    });
    const item = table(
      "invoice_item",
      own,
      {
        id: column(t.integer, { primaryKey: true }),
        invoiceId: column(t.integer, { name: "invoice_id", nullable: false }),
        refNum: column(t.integer, { name: "ref_num", nullable: false }),
        parent: column({ foreignKey: foreignKey("invoice_item.id", { onDelete: "CASCADE", onUpdate: "CASCADE" }) }),
      },
      new ForeignKeyConstraint(["invoiceId", "refNum"], [invoice.c.invoiceId, "invoice.ref_num"], { name: "fk_both" }),
    );
    expect(sql(ddl(item))).toContain(
      "CONSTRAINT fk_both FOREIGN KEY (invoice_id, ref_num) REFERENCES invoice (invoice_id, ref_num)",
    );
    expect(sql(ddl(item))).toContain("ON DELETE CASCADE ON UPDATE CASCADE");
    expect(item.c.parent.type.family).toBe("integer");
    expect(item.column("invoiceId").references(invoice.c.invoiceId)).toBe(true);
    await connection.runSync(own.createAll);
    await expect(connection.execute(insert(item).values({ invoiceId: 1, refNum: 1 }))).rejects.toBeInstanceOf(
      IntegrityError,
    );
  });

  example("a ring of tables is made and dropped", async ({ engine }) => {
    const own = new MetaData();
    table("ring_node", own, {
      id: column(t.integer, { primaryKey: true }),
      element: column({ foreignKey: foreignKey("ring_element.id", { name: "fk_node_element" }) }),
    });
    table("ring_element", own, {
      id: column(t.integer, { primaryKey: true }),
      node: column({ foreignKey: foreignKey("ring_node.id", { name: "fk_element_node", useAlter: true }) }),
    });
    await own.createAll(engine);
    expect(await inspect(engine).getForeignKeys("ring_element")).toHaveLength(1);
    await own.dropAll(engine);
    expect(await inspect(engine).hasTable("ring_node")).toBe(false);
  });
});

describe("UNIQUE, CHECK and PRIMARY KEY", () => {
  example("of a column and of the table, with names and without", async ({ connection, sql }) => {
    const own = new MetaData();
    const made = table(
      "my_table",
      own,
      {
        id: column(t.integer),
        version: column(t.integer),
        col1: column(t.integer, { unique: true }),
        col2: column(t.integer),
        col3: column(t.integer),
      },
      new PrimaryKeyConstraint(["id", "version"], { name: "mytable_pk" }),
      new UniqueConstraint(["col2", "col3"], { name: "uix_1" }),
      new CheckConstraint("col2 > col3 + 5", { name: "check1" }),
      new CheckConstraint("col1 > 5"),
    );
    const text = sql(ddl(made));
    for (const each of [
      "CONSTRAINT mytable_pk PRIMARY KEY (id, version)",
      "UNIQUE (col1)",
      "CONSTRAINT uix_1 UNIQUE (col2, col3)",
      "CONSTRAINT check1 CHECK (col2 > col3 + 5)",
      "CHECK (col1 > 5)",
    ])
      expect(text).toContain(each);
    expect(text).toContain("id INTEGER NOT NULL");
    await connection.runSync(own.createAll);
    await expect(
      connection.execute(insert(made).values({ id: 1, version: 1, col1: 1, col2: 9, col3: 1 })),
    ).rejects.toBeInstanceOf(IntegrityError);
  });

  example("a CHECK as an expression over the table's columns", ({ sql }) => {
    const made = table("expr_check", new MetaData(), { value: column(t.integer) });
    made.appendConstraint(new CheckConstraint(made.c.value.gt(5), { name: "positive" }));
    expect(sql(ddl(made))).toContain("CONSTRAINT positive CHECK (value > 5)");
  });
});

describe("naming conventions", () => {
  const namingConvention = {
    ix: "ix_%(column_0_label)s",
    uq: "uq_%(table_name)s_%(column_0_name)s",
    ck: "ck_%(table_name)s_%(constraint_name)s",
    fk: "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    pk: "pk_%(table_name)s",
  };

  example("name what has no name", ({ sql }) => {
    const own = new MetaData({ namingConvention });
    const person = table("person", own, {
      id: column(t.integer, { primaryKey: true }),
      name: column(t.text, { unique: true, nullable: false }),
      age: column(t.integer, { index: true }),
      boss: column({ foreignKey: "person.id" }),
    });
    person.addConstraint(new CheckConstraint("age > 5", { name: "adult" }));
    person.addConstraint(new CheckConstraint("age > 6", { name: conv("as_it_is") }));
    const text = sql(ddl(person));
    for (const each of [
      "pk_person",
      "uq_person_name",
      "fk_person_boss_person",
      "ck_person_adult",
      "CONSTRAINT as_it_is",
    ])
      expect(text).toContain(each);
    expect(sql(new CreateIndex(person.indexes[0] as Index))).toContain("INDEX ix_person_age ON person");
  });

  example("of several columns, cut where they are too long, alike each time", () => {
    const own = new MetaData({ namingConvention: { uq: "uq_%(table_name)s_%(column_0_N_name)s" } });
    const make = (name: string) =>
      table(
        name,
        own,
        {
          a: column(t.integer, { name: "information_channel_code" }),
          b: column(t.integer, { name: "billing_convention_name" }),
          c: column(t.integer, { name: "product_identifier" }),
        },
        new UniqueConstraint(["a", "b", "c"]),
      );
    const [, unique] = make("long_names").constraints;
    expect(constraintName(unique as UniqueConstraint, 63)).toBe(
      "uq_long_names_information_channel_code_billing_conventi_a79e",
    );
  });

  example(
    "names given by hand are cut only where they are marked so, and refused where they are too long",
    ({ sql, name }) => {
      const long = `${"a".repeat(63)}b`;
      const made = (given: string | ReturnType<typeof conv>) =>
        table("named", new MetaData(), { x: column(t.integer) }, new CheckConstraint("x > 1", { name: given }));
      const indexed = made("ck");
      const index = new Index(long, [indexed.c.x]);
      if (name === "sqlite") {
        expect(sql(ddl(made(long)))).toContain(`CONSTRAINT ${long} CHECK`);
        expect(sql(new CreateIndex(index))).toContain(long);
        return;
      }
      expect(sql(ddl(made(conv(long))))).toContain(`CONSTRAINT ${"a".repeat(55)}_834b CHECK`);
      const short = `the name "${long}" is 64 bytes long, and this database takes 63. Give a shorter one`;
      const tooLong = [
        ddl(made(long)),
        ddl(table(long, new MetaData(), { x: column(t.integer) })),
        ddl(table("t", new MetaData(), { x: column(t.integer) }, { schema: long })),
        new CreateIndex(index),
      ];
      for (const each of tooLong) {
        const error = errorOf(() => sql(each));
        expect(error).toBeInstanceOf(IdentifierError);
        expect(error?.message).toContain(short);
      }
    },
  );

  example("the label of a column is of its schema too", ({ sql }) => {
    const made = table("t", new MetaData(), { a: column(t.integer, { index: true }) }, { schema: "s.x" });
    expect(sql(new CreateIndex(made.indexes[0] as Index))).toContain("ix_s_x_t_a");
  });

  example("by tokens of one's own", () => {
    const own = new MetaData({
      namingConvention: {
        fk_guid: (constraint, made) => {
          const key = constraint as ForeignKeyConstraint;
          const parts = [
            made.name,
            ...key.columns.map((each) => each.name),
            ...key.refColumns.map((each) => each.name),
          ];
          return createHash("md5").update(parts.join("_")).digest("hex").slice(0, 8);
        },
        fk: "fk_%(fk_guid)s",
      },
    });
    table("account", own, {
      id: column(t.integer, { primaryKey: true }),
      version: column(t.integer, { primaryKey: true }),
    });
    const made = table("address", own, {
      id: column(t.integer, { primaryKey: true }),
      a: column(t.integer),
      v: column(t.integer),
    });
    const key = new ForeignKeyConstraint(["a", "v"], ["account.id", "account.version"]);
    made.appendConstraint(key);
    expect(constraintName(key, 63)).toMatch(/^fk_[0-9a-f]{8}$/);
  });
});

describe("indexes", () => {
  example("of a column, of several, of expressions; created alone", async ({ connection, sql }) => {
    const own = new MetaData();
    const made = table(
      "indexed",
      own,
      {
        col1: column(t.integer, { index: true }),
        col2: column(t.integer, { index: true, unique: true }),
        col3: column(t.text),
        col4: column(t.integer),
      },
      new Index("idx_34", ["col3", "col4"], { unique: true }),
    );
    new Index("idx_desc", [made.c.col4.desc()]);
    new Index("idx_lower", [func.lower(made.c.col3)], { where: made.c.col4.gt(3) });
    await connection.runSync(own.createAll);
    const names = await connection.runSync((sync) =>
      inspect(sync)
        .getIndexes("indexed")
        .map((each) => each.name),
    );
    expect(names.sort()).toEqual(["idx_34", "idx_desc", "idx_lower", "ix_indexed_col1", "ix_indexed_col2"]);
    expect(sql(new CreateIndex(made.indexes.find((each) => each.name === "idx_lower") as Index))).toMatch(
      /\(lower\(col3\)\) WHERE col4 > 3$/,
    );
    const later = new Index("idx_later", [made.c.col1, made.c.col4]);
    await later.create(connection);
    await later.create(connection, { checkfirst: true });
    await later.drop(connection);
    await later.drop(connection, { checkfirst: true });
  });
});
