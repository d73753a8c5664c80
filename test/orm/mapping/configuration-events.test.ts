import { describe, expect, test } from "vitest";
import {
  attrs,
  awaitable,
  Column,
  event,
  inspect,
  ManyToOne,
  PrimaryKey,
  Registry,
  registry,
  relationship,
  select,
  Table,
  t,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

describe("events of classes that are being mapped", () => {
  test("[SV-09] a registry tells of each class and of the work as a whole, in order", () => {
    const heard: string[] = [];
    const reg = registry();
    for (const name of [
      "instrumentClass",
      "afterMapperConstructed",
      "beforeMapperConfigured",
      "mapperConfigured",
    ] as const)
      event.listen(reg, name, (mapper, cls) => void heard.push(`${name} ${mapper.className} ${cls.name}`));
    event.listen(reg, "beforeConfigured", (of) => void heard.push(`beforeConfigured ${of === reg}`));
    event.listen(reg, "afterConfigured", () => void heard.push("afterConfigured"));
    @reg.Entity("hens")
    class Hen {
      @PrimaryKey() id!: number;
    }
    @reg.Entity("eggs")
    class Egg {
      @PrimaryKey() id!: number;
      @ManyToOne(() => Hen) hen!: Hen | null;
    }
    expect(heard).toEqual([
      "instrumentClass Hen Hen",
      "afterMapperConstructed Hen Hen",
      "instrumentClass Egg Egg",
      "afterMapperConstructed Egg Egg",
    ]);
    heard.length = 0;
    expect(inspect(Egg).relationships.map((each) => each.key)).toEqual(["hen"]);
    reg.configure();
    expect(heard).toEqual([
      "beforeConfigured true",
      "beforeMapperConfigured Hen Hen",
      "beforeMapperConfigured Egg Egg",
      "mapperConfigured Hen Hen",
      "mapperConfigured Egg Egg",
      "afterConfigured",
    ]);
  });

  test("[SV-09] a plug-in gives every class of a registry a column and a relationship while it is mapped", async () => {
    const reg = registry();
    @reg.Entity("tenants")
    class Tenant {
      @PrimaryKey() id!: number;
      @Column(t.string(20)) name!: string;
    }
    event.listen(reg, "afterMapperConstructed", (_mapper, cls) => {
      reg.addProperty(cls, "note", Column(t.string(20), { nullable: true }));
      reg.addProperty(
        cls,
        "tenant",
        ManyToOne(() => Tenant),
      );
    });
    @reg.Entity("letters")
    class Letter {
      @PrimaryKey() id!: number;
      declare note: string | null;
      declare tenant: Tenant | null;
    }
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(Letter, { note: "x", tenant: make(Tenant, { name: "a" }) }));
    await session.commit();
    const letter = await session
      .scalars(select(Letter).where(() => (attrs(Letter) as never as { note: { eq(v: string): never } }).note.eq("x")))
      .one();
    expect((await awaitable(letter).tenant)?.name).toBe("a");
    expect(reg.metadata.tables.get("letters")?.columns.map((c) => c.name)).toEqual(["id", "note", "tenant_id"]);
  });

  test("[SV-09] a listener on all registries, and one on a base, hear each class below; an error in one stops the mapping", () => {
    const reg = registry();
    @reg.Entity({ abstract: true })
    class Base {
      @PrimaryKey() id!: number;
    }
    const heard: string[] = [];
    const everywhere = (mapper: { readonly className: string }) => void heard.push(`all ${mapper.className}`);
    event.listen(Registry, "mapperConfigured", everywhere);
    event.listen(Base, "mapperConfigured", (mapper) => void heard.push(`base ${mapper.className}`));
    @reg.Entity("twigs")
    class Twig extends Base {}
    reg.configure();
    event.remove(Registry, "mapperConfigured", everywhere);
    expect(heard).toEqual([`all ${Twig.name}`, `base ${Twig.name}`]);

    const strict = registry();
    event.listen(strict, "beforeMapperConfigured", (_mapper, cls) => {
      if (!/^[A-Z]/.test(cls.name)) throw new Error(`${cls.name}: a class begins with a capital`);
    });
    @strict.Entity("odd")
    class odd {
      @PrimaryKey() id!: number;
    }
    expect(() => new odd()).toThrow("odd: a class begins with a capital");
  });
});

describe("attributes after the declaration", () => {
  test("[MA-05] columns and relationships are given to a mapped class before its first use, and refused after it", async () => {
    const reg = registry();
    @reg.Entity("stamps")
    class Stamp {
      @PrimaryKey() id!: number;
    }
    @reg.Entity("prints")
    class Print {
      @PrimaryKey() id!: number;
      declare shade: string;
      declare stamp: Stamp | null;
    }
    reg.addProperty(Print, "shade", Column(t.string(10)));
    reg.addProperty(Print, "stampId", Column(t.integer, { foreignKey: () => Stamp, nullable: true }));
    reg.addProperties(Print, { stamp: relationship(() => Stamp) });
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(Print, { shade: "red", stamp: make(Stamp) }));
    await session.commit();
    const print = await session.scalars(select(Print)).one();
    expect([print.shade, (await awaitable(print).stamp)?.id]).toEqual(["red", 1]);
    expect(() => reg.addProperty(Print, "late", Column(t.integer))).toThrow(
      "Print is in use already, so that it cannot get late. Prepare before the first use.",
    );
  });

  test("[MA-05] sortOrder moves a mixin's columns to the end, and tableCls makes the table of each class", () => {
    const made: string[] = [];
    const reg = registry();
    @reg.Entity({
      abstract: true,
      tableCls: (name, metadata, options) => {
        made.push(name);
        return new Table(`app_${name}`, metadata, [], { ...options, comment: "made here" }) as never;
      },
    })
    class Dated {
      @Column(t.timestamp, { sortOrder: 10 }) createdAt!: Date;
    }
    @reg.Entity("notes")
    class Note extends Dated {
      @PrimaryKey({ sortOrder: -1 }) id!: number;
      @Column() body!: string;
    }
    const { table } = inspect(Note);
    expect(table.columns.map((c) => c.name)).toEqual(["id", "body", "created_at"]);
    expect([made, table.name, table.comment]).toEqual([["notes"], "app_notes", "made here"]);
  });
});
