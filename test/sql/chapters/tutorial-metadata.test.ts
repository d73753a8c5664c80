import { describe, expect, expectTypeOf } from "vitest";
import {
  column,
  ForeignKey,
  foreignKey,
  inspect,
  MetaData,
  Table,
  t,
  table,
  text,
  type ValueOf,
} from "../../../src/index.js";
import { address, metadata, user } from "./accounts.js";
import { chapter, errorOf } from "./chapter.js";

const example = chapter(metadata);

describe("Working with Database Metadata", () => {
  example("a table's columns are typed, and named by its keys", () => {
    expect(user.c.name.name).toBe("name");
    expect(user.c.name.type.toString()).toBe("string(30)");
    expect(Object.keys(user.c)).toEqual(["id", "name", "fullname"]);
    expectTypeOf(user.c.id.key).toEqualTypeOf<"id">();
    // @ts-expect-error there is no such column
    expect(errorOf(() => user.c.nmae)).toBeNull();
    expect(errorOf(() => user.column("nmae"))?.message).toContain("id, name, fullname");
  });

  example("the primary key and the foreign key of a column", () => {
    expect(user.primaryKey.columns).toEqual([user.c.id]);
    expect(user.c.id.nullable).toBe(false);
    expect(address.c.userId.foreignKeys[0]).toBeInstanceOf(ForeignKey);
    expect(address.c.userId.foreignKeys[0]?.column).toBe(user.c.id);
  });

  example("a foreign key's column takes its type from the one that it refers to", () => {
    const own = new MetaData();
    const parent = table("parent", own, { id: column(t.bigint, { primaryKey: true }) });
    const child = table("child", own, {
      id: column(t.integer, { primaryKey: true }),
      byName: column({ foreignKey: foreignKey("parent.id"), nullable: false }),
      byColumn: column({ foreignKey: parent.c.id, nullable: false }),
    });
    expect(child.c.byName.type.visitName).toBe("visitBigInteger");
    expectTypeOf(child.c.byColumn.key).toEqualTypeOf<"byColumn">();
    expectTypeOf<ValueOf<typeof child.c.byColumn>>().toEqualTypeOf<bigint>();
    // @ts-expect-error a column has a type, or a foreign key
    expect(errorOf(() => column({ nullable: false }))?.message).toContain("has the type of the one that it refers to");
  });

  example("createAll() makes them once, dropAll() takes them away", async ({ engine }) => {
    const own = new MetaData();
    const parent = table("meta_parent", own, { id: column(t.integer, { primaryKey: true }) });
    table("meta_child", own, { parentId: column(t.integer, { foreignKey: parent.c.id }) });
    await own.createAll(engine);
    await own.createAll(engine);
    expect(await inspect(engine).getTableNames()).toEqual(expect.arrayContaining(["meta_child", "meta_parent"]));
    await own.dropAll(engine);
    expect(await inspect(engine).getTableNames()).not.toContain("meta_parent");
  });

  example("a table is reflected", async ({ connection }) => {
    await connection.execute(text("CREATE TABLE some_table (x int, y int)"));
    const own = new MetaData();
    const reflected = await connection.runSync((sync) => new Table("some_table", own, [], { autoloadWith: sync }));
    expect(reflected.columns.map((each) => [each.name, each.type.visitName])).toEqual([
      ["x", "visitInteger"],
      ["y", "visitInteger"],
    ]);
  });
});
