/** The chapter "Composing mapped hierarchies with mixins" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type Attrs,
  attrs,
  CheckConstraint,
  Column,
  ColumnProperty,
  type Create,
  create,
  DeclaredAttr,
  func,
  Index,
  inspect,
  ManyToOne,
  OneToMany,
  type OptionalProps,
  type Optionals,
  PrimaryKey,
  type Registry,
  type Relation,
  registry,
  select,
  t,
  text,
  UniqueConstraint,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

type Constructor<T extends object = object> = abstract new (...args: any[]) => T;

const namesOf = ({ metadata }: Registry, table: string) => metadata.tables.get(table)!.columns.map((c) => c.name);

/** A mixin is a function from class to class, and mixins are put together by calling one with another. */
function Timestamped<B extends Constructor>(Base: B) {
  abstract class Mixed extends Base {
    @Column({ default: func.now() }) createdAt!: Date;
    @Column(t.datetime, { nullable: true, onupdate: () => new Date(0) }) updatedAt!: Date | null;
  }
  return Mixed;
}

describe("common elements", () => {
  const reg = registry();

  @reg.Entity({
    abstract: true,
    tableName: (cls) => cls.name.toLowerCase(),
    eagerDefaults: true,
    comment: "common",
  })
  abstract class Common {
    declare [OptionalProps]?: Optionals<"id">;
    @PrimaryKey() id!: number;
  }

  function HasLogRecord<B extends Constructor>(Base: B) {
    abstract class Mixed extends Base {
      @Column({ foreignKey: "logrecord.id" }) logRecordId!: number;
      @ManyToOne(() => LogRecord) logRecord!: Relation<LogRecord> | null;
    }
    return Mixed;
  }

  @reg.Entity()
  class LogRecord extends Common {
    @Column() logInfo!: string;
  }

  @reg.Entity()
  class MyModel extends HasLogRecord(Common) {
    @Column() name!: string;
  }

  test("of a base and of mixins: names, options, columns, relationships", async () => {
    expect([...reg.metadata.tables.keys()]).toEqual(["logrecord", "mymodel"]);
    expect([namesOf(reg, "logrecord"), namesOf(reg, "mymodel")]).toEqual([
      ["id", "log_info"],
      ["id", "log_record_id", "name"],
    ]);
    expect([inspect(LogRecord), inspect(MyModel)].map((m) => m.options.eagerDefaults)).toEqual([true, true]);
    expect([inspect(LogRecord), inspect(MyModel)].map((m) => m.table.comment)).toEqual(["common", "common"]);
    const m = attrs(MyModel);
    expect(String(select(MyModel).join(m.logRecord)).replace(/\s+/g, " ")).toMatch(
      /^SELECT mymodel\.id, mymodel\.log_record_id, mymodel\.name FROM mymodel JOIN logrecord ON (logrecord\.id = mymodel\.log_record_id|mymodel\.log_record_id = logrecord\.id)$/,
    );
    const { Session } = await storeFor(reg);
    await using session = Session();
    const record = create(LogRecord, { logInfo: "i" });
    session.add(make(MyModel, { name: "n", logRecord: record }));
    await session.commit();
    expect(await session.scalar(select(m.logRecordId))).toBe(1);
    expectTypeOf<Create<LogRecord>>().toEqualTypeOf<{ logInfo: string } & { id?: number }>();
  });

  test("the class that comes first in the chain decides", () => {
    const own = registry();
    function Wide<B extends Constructor>(Base: B) {
      abstract class Mixed extends Base {
        @Column(t.string(100)) label!: string;
      }
      return Mixed;
    }
    @own.Entity({ abstract: true })
    abstract class Narrow {
      @PrimaryKey() id!: number;
      @Column(t.string(10)) label!: string;
    }
    @own.Entity("widened")
    class Widened extends Wide(Narrow) {}
    void Widened;
    expect(String(own.metadata.tables.get("widened")!.column("label").type)).toMatch(/100/);
  });
});

describe("columns of a mixin", () => {
  test("are copied for each class", async () => {
    const reg = registry();
    @reg.Entity({ abstract: true })
    abstract class Base {
      declare [OptionalProps]?: "id" | "createdAt";
      @PrimaryKey() id!: number;
    }
    @reg.Entity("one")
    class One extends Timestamped(Base) {
      @Column() name!: string;
    }
    @reg.Entity("two")
    class Two extends Timestamped(Base) {}
    void Two;
    expect(namesOf(reg, "one")).toEqual(["id", "created_at", "updated_at", "name"]);
    const [one, two] = ["one", "two"].map((name) => reg.metadata.tables.get(name)!.column("createdAt"));
    expect(one).not.toBe(two);
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const object = create(One, { name: "a" });
    session.add(object);
    await session.commit();
    expect([object.createdAt instanceof Date, object.updatedAt ?? null]).toEqual([true, null]);
    object.name = "b";
    await session.commit();
    expect(object.updatedAt).toEqual(new Date(0));
    expectTypeOf(object.createdAt).toEqualTypeOf<Date>();
  });
});

describe("relationships and expressions of a mixin", () => {
  const reg = registry();

  @reg.Entity("target")
  class Target {
    @PrimaryKey() id!: number;
  }

  function RefersToTarget<B extends Constructor>(Base: B) {
    abstract class Mixed extends Base {
      @Column({ foreignKey: "target.id", nullable: true }) targetId!: number | null;
      @ManyToOne(() => Target) target!: Relation<Target> | null;
      @DeclaredAttr((cls) =>
        ManyToOne(() => Target, {
          viewonly: true,
          primaryJoin: (own: Attrs<{ targetId: number | null; id: number }>, target: Attrs<Target>) =>
            target.id.eq(own.targetId).and(own.id.lt(cls.name === "Foo" ? 100 : 0)),
        }),
      )
      explicit!: Relation<Target> | null;
    }
    return Mixed;
  }

  @reg.Entity("foo")
  class Foo extends RefersToTarget(Object) {
    @PrimaryKey() id!: number;
  }

  @reg.Entity("bar")
  class Bar extends RefersToTarget(Object) {
    @PrimaryKey() id!: number;
  }

  test("a relationship belongs to each class by itself, also one that names the class in its condition", async () => {
    const join = (cls: typeof Foo | typeof Bar, name: string) =>
      expect(String(select(cls).join(attrs(cls).target)).replace(/\s+/g, " ")).toMatch(
        new RegExp(
          `FROM ${name} JOIN target ON (target\\.id = ${name}\\.target_id|${name}\\.target_id = target\\.id)$`,
        ),
      );
    join(Foo, "foo");
    join(Bar, "bar");
    const { Session } = await storeFor(reg);
    await using session = Session();
    const target = new Target();
    session.addAll([make(Foo, { target }), make(Bar, { target })]);
    await session.commit();
    await session.runSync((s) => {
      const [foo, bar] = [s.scalars(select(Foo)).one(), s.scalars(select(Bar)).one()];
      expect([foo.target, bar.target]).toEqual([target, target]);
      expect([foo.explicit, bar.explicit]).toEqual([target, null]);
    });
  });

  test("a column property is computed from the columns of the mixin", async () => {
    const own = registry();
    abstract class Something {
      @Column() x!: number;
      @Column() y!: number;
      @ColumnProperty((s: Attrs<Something>) => s.x.add(s.y)) readonly sum!: number;
      @DeclaredAttr((cls) => ColumnProperty((s: Attrs<Something>) => s.x.mul(cls.name.length)))
      readonly scaled!: number;
    }
    @own.Entity("something")
    class Mapped extends Something {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
    }
    const m = attrs(Mapped);
    expect(String(select(m.sum)).replace(/\s+/g, " ")).toMatch(
      /^SELECT something\.x \+ something\.y.* FROM something$/,
    );
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(create(Mapped, { x: 3, y: 4 }));
    await session.commit();
    expect(await session.execute(select(m.sum, m.scaled)).one()).toEqual([7, 18]);
  });
});

describe("mixins and hierarchies", () => {
  test("options of the table are asked for each class, attributes made for the first only", () => {
    const reg = registry();
    const asked: string[] = [];
    @reg.Entity({ abstract: true, tableName: (cls) => cls.name.toLowerCase() })
    abstract class Named {
      @DeclaredAttr((cls) => {
        asked.push(cls.name);
        return Column(t.string(20), { nullable: true });
      })
      label!: string | null;
    }
    @reg.Entity({ polymorphicOn: "discriminator", polymorphicIdentity: "person" })
    class Person extends Named {
      @PrimaryKey() id!: number;
      @Column(t.string(20)) discriminator!: string;
    }
    @reg.Entity({ polymorphicIdentity: "engineer" })
    class Engineer extends Person {
      @Column(t.text) primaryLanguage!: string;
    }
    @reg.Entity({ tableName: null, polymorphicIdentity: "manager" })
    class Manager extends Person {}
    expect([Person, Engineer, Manager].map((each) => inspect(each).table.name)).toEqual([
      "person",
      "engineer",
      "person",
    ]);
    expect([inspect(Engineer).single, inspect(Manager).single]).toEqual([false, true]);
    expect([namesOf(reg, "person"), namesOf(reg, "engineer")]).toEqual([
      ["label", "id", "discriminator"],
      ["primary_language", "id"],
    ]);
    expect(asked).toEqual(["Person"]);
  });

  test("a base may make one table the rule, and a class below name its own", () => {
    const reg = registry();
    @reg.Entity({ abstract: true, tableName: (cls, inherited) => (inherited ? null : cls.name.toLowerCase()) })
    abstract class Named {}
    @reg.Entity({ polymorphicOn: "discriminator", polymorphicIdentity: "person" })
    class Person extends Named {
      @PrimaryKey() id!: number;
      @Column(t.string(20)) discriminator!: string;
    }
    @reg.Entity("engineer", { polymorphicIdentity: "engineer" })
    class Engineer extends Person {}
    @reg.Entity({ polymorphicIdentity: "manager" })
    class Manager extends Person {}
    expect([Person, Engineer, Manager].map((each) => inspect(each).table.name)).toEqual([
      "person",
      "engineer",
      "person",
    ]);
  });

  test("the key of a mixin goes on in each table of a hierarchy, as a foreign key to the one above", async () => {
    const reg = registry();
    abstract class HasId {
      @PrimaryKey() id!: number;
    }
    @reg.Entity("person", { polymorphicOn: "discriminator", polymorphicIdentity: "person" })
    class Person extends HasId {
      @Column(t.string(20)) discriminator!: string;
    }
    @reg.Entity("engineer", { polymorphicIdentity: "engineer" })
    class Engineer extends Person {
      @Column(t.text) primaryLanguage!: string;
    }
    const { table } = inspect(Engineer);
    expect(table.primaryKey.columns.map((c) => c.name)).toEqual(["id"]);
    expect(table.column("id").foreignKeys.map((key) => key.tryColumn()?.table?.name)).toEqual(["person"]);
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(Engineer, { primaryLanguage: "ts" }));
    await session.commit();
    expect(await session.execute(text("select p.id, e.id from person p join engineer e on e.id = p.id")).one()).toEqual(
      [1, 1],
    );
  });
});

describe("constraints and indexes of several mixins", () => {
  test("are made for each table, and those of the class are added", () => {
    const reg = registry();
    @reg.Entity({ abstract: true, tableArgs: (of) => [new Index(`test_idx_${of.name}`, ["a", "b"])] })
    abstract class Indexed {
      @Column() a!: number;
      @Column() b!: number;
    }
    @reg.Entity({ abstract: true, tableArgs: (of) => [new UniqueConstraint(["a"], { name: `uq_${of.name}_a` })] })
    abstract class Unique extends Indexed {}
    @reg.Entity("table_a", { tableArgs: [new CheckConstraint("a > b", { name: "ck_table_a" })] })
    class ModelA extends Unique {
      @PrimaryKey() id!: number;
    }
    @reg.Entity("table_b")
    class ModelB extends Unique {
      @PrimaryKey() id!: number;
    }
    reg.configure();
    const made = [ModelA, ModelB].map((each) => {
      const { table } = inspect(each);
      return [
        [...table.indexes].map((i) => i.name),
        [...table.constraints]
          .map((c) => c.name)
          .filter(Boolean)
          .sort(),
      ];
    });
    expect(made).toEqual([
      [["test_idx_table_a"], ["ck_table_a", "uq_table_a_a"]],
      [["test_idx_table_b"], ["uq_table_b_a"]],
    ]);
  });

  test("a relation of many classes to one is a mixin with the other side computed", async () => {
    const reg = registry();
    @reg.Entity("tickets")
    class Ticket {
      @PrimaryKey() id!: number;
      @ManyToOne(
        () => Doc,
        (d) => d.tickets,
      )
      docs!: Relation<Doc> | null;
      @ManyToOne(
        () => Mail,
        (m) => m.tickets,
      )
      mails!: Relation<Mail> | null;
    }
    abstract class Ticketed {
      @PrimaryKey() id!: number;
      @DeclaredAttr((cls) => OneToMany(() => Ticket, { backPopulates: `${cls.name.toLowerCase()}s` as never }))
      tickets!: Ticket[];
    }
    @reg.Entity("docs")
    class Doc extends Ticketed {}
    @reg.Entity("mails")
    class Mail extends Ticketed {}
    const { Session } = await storeFor(reg);
    await using session = Session();
    const [doc, mail] = [make(Doc, { tickets: [new Ticket()] }), make(Mail, { tickets: [new Ticket()] })];
    session.addAll([doc, mail]);
    expect(doc.tickets[0].docs).toBe(doc);
    await session.commit();
    expect(await session.execute(text("select docs_id, mails_id from tickets order by docs_id is null")).all()).toEqual(
      [
        [1, null],
        [null, 1],
      ],
    );
  });
});
