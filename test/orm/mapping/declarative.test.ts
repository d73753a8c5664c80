/** Mapping styles, declarative tables and configuration, mixins and abstract bases, typed construction. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  attrs,
  awaitable,
  CheckConstraint,
  Column,
  type Create,
  column,
  computed,
  create,
  DeclaredAttr,
  func,
  Index,
  inspect,
  ManyToOne,
  MapperConfigurationError,
  type NoInitProps,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  table,
  text,
  toObject,
  UniqueConstraint,
  UnmappedClassError,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const lengthOf = (c: { readonly type: object }) => Number(/\((\d+)\)/.exec(String(c.type))?.[1] ?? 0);

describe("tables and classes", () => {
  test("[MS-03] a class names an existing table, renames columns and leaves some out", async () => {
    const own = registry();
    const accounts = table("accounts", own.metadata, {
      id: column(t.integer, { primaryKey: true }),
      acct_name: column(t.text, { nullable: false }),
      internal: column(t.text, { serverDefault: "x" }),
    });
    @own.Entity({ table: accounts as never, excludeProperties: ["internal"] })
    class Account {
      @PrimaryKey() id!: number;
      @Column({ name: "acct_name" }) title!: string;
    }
    const { engine, Session } = await storeFor(own);
    await using session = Session();
    session.add(make(Account, { title: "a" }));
    await session.commit();
    using log = recordStatements(engine);
    const found = await session.scalars(select(Account).where((a) => a.title.eq("a"))).one();
    expect(found.title).toBe("a");
    expect(log.texts()[0]).not.toMatch(/internal/);
    expect(await session.scalar(text("select internal from accounts"))).toBe("x");
    expect([...inspect(Account).attributes.keys()]).toEqual(["id", "title"]);
  });

  test("[MS-08] a registry has its own types by property class, and a hook decides case by case", async () => {
    class Money {
      constructor(readonly cents: number) {}
    }
    const { Entity: Mapped, metadata } = registry({
      typeMap: new Map<unknown, ReturnType<typeof t.string>>([
        [Money, t.json as never],
        [String, t.string(40)],
      ]),
      resolveType: ({ property, type }) => (property.endsWith("Code") ? (t.string(3) as never) : type),
    });
    @Mapped("bills")
    class Bill {
      @PrimaryKey() id!: number;
      @Column() label!: string;
      @Column() currencyCode!: string;
      @Column() total!: Money;
    }
    void Bill;
    const { columns } = metadata.tables.get("bills")!;
    expect(columns.map(lengthOf)).toEqual([0, 40, 3, 0]);
    expect(columns[3].type.family).toBe(t.json.family);
    expect(() => {
      @(registry().Entity("bad"))
      class Bad {
        @PrimaryKey() id!: number;
        @Column() total!: Money;
      }
      void Bad;
    }).toThrow(/^Bad\.total: the type of the column cannot be inferred: there is no column type for Money\./);
  });

  test("[MS-09] nullability is set in one place, and the attribute's type agrees", () => {
    const own = registry();
    @own.Entity("notes")
    class Note {
      @PrimaryKey() id!: number;
      @Column(t.text, { nullable: true }) body!: string | null;
      @Column() title!: string;
    }
    expect(own.metadata.tables.get("notes")?.columns.map((c) => c.nullable)).toEqual([false, true, false]);
    expectTypeOf(attrs(Note).body.eq).parameter(0).toExtend<string | null | object>();
    expectTypeOf<Create<Note>>().toExtend<{ id: number; title: string; body?: string | null }>();
  });

  test("[MS-10] a column recipe is used in many classes, each with a column of its own", () => {
    const own = registry();
    const createdAt = Column(t.timestamp, { serverDefault: func.now() });
    const code = (length: number) => Column(t.string(length), { unique: true });
    @own.Entity("a")
    class A {
      @PrimaryKey() id!: number;
      @createdAt createdAt!: Date;
      @code(3) code!: string;
    }
    @own.Entity("b")
    class B {
      @PrimaryKey() id!: number;
      @createdAt made!: Date;
      @code(5) code!: string;
    }
    void [A, B];
    const [a, b] = [own.metadata.tables.get("a")!, own.metadata.tables.get("b")!];
    expect([a.columns[1].name, b.columns[1].name]).toEqual(["created_at", "made"]);
    expect(a.columns[1]).not.toBe(b.columns[1]);
    expect([a.columns[2], b.columns[2]].map(lengthOf)).toEqual([3, 5]);
  });

  test("[MS-16] a deferred column is absent from the ordinary SELECT; a group loads together, raiseload raises", async () => {
    const own = registry();
    @own.Entity("books")
    class Book {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @Column() title!: string;
      @Column(t.text, { deferred: true }) summary!: string;
      @Column(t.text, { group: "big" }) cover!: string;
      @Column(t.text, { group: "big" }) back!: string;
      @Column(t.text, { deferred: true, deferredRaiseload: true }) secret!: string;
      @Column({ activeHistory: true }) state!: string;
    }
    const { engine, Session } = await storeFor(own);
    await Session.begin((s) =>
      s.add(create(Book, { title: "t", summary: "s", cover: "c", back: "b", secret: "x", state: "new" })),
    );
    await using session = Session();
    using log = recordStatements(engine);
    const book = await session.getOne(Book, 1);
    expect(log.texts()[0]).not.toMatch(/summary|cover|back|secret/);
    expect(await awaitable(book).cover).toBe("c");
    expect(book.back).toBe("b");
    expect(log.count()).toBe(2);
    expect(await awaitable(book).summary).toBe("s");
    const message =
      /^"Book\.secret" is not available on Book\(1\): it is mapped with deferredRaiseload: true\. Load it with the statement: options\(undefer\(Book/;
    await session.runSync(() => expect(() => book.secret).toThrow(message));
    const { undefer } = await import("../../../src/index.js");
    session.expungeAll();
    const [open] = await session.scalars(select(Book).options(undefer(Book, (b) => b.secret))).all();
    expect(open.secret).toBe("x");
    session.expire(open, ["state"]);
    await session.runSync(() => {
      open.state = "old";
    });
    expect(inspect(open).attrs["state"].history.deleted).toEqual(["new"]);
  });

  test("[MS-18] a table without a declared key maps when the class names what identifies a row", async () => {
    const own = registry();
    const log = table("log_lines", own.metadata, {
      day: column(t.integer),
      nr: column(t.integer),
      body: column(t.text),
    });
    @own.Entity({ table: log as never, primaryKey: ["day", "nr"] })
    class Line {
      @Column() day!: number;
      @Column() nr!: number;
      @Column() body!: string;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(make(Line, { day: 1, nr: 2, body: "x" }));
    await session.commit();
    const line = await session.getOne(Line, [1, 2]);
    line.body = "y";
    await session.commit();
    expect(await session.scalar(text("select body from log_lines"))).toBe("y");
    expect(() => {
      @(registry().Entity("keyless"))
      class Keyless {
        @Column() a!: number;
      }
      void Keyless;
    }).toThrow(MapperConfigurationError);
  });

  test("[MS-19] columns that are not mapped are not selected, and their server defaults apply", async () => {
    const own = registry();
    const wide = table("wide", own.metadata, {
      id: column(t.integer, { primaryKey: true }),
      a: column(t.text),
      b: column(t.integer, { serverDefault: "7" }),
      c: column(t.text),
    });
    @own.Entity({ table: wide as never, includeProperties: ["id", "a"] })
    class Narrow {
      @PrimaryKey() id!: number;
      @Column({ nullable: true }) a!: string;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(make(Narrow, { a: "x" }));
    await session.commit();
    expect(await session.scalar(text("select b from wide"))).toBe(7);
    expect([...inspect(Narrow).attributes.keys()]).toEqual(["id", "a"]);
  });

  test("[MS-22] [MS-23] objects and classes tell of themselves without loading", async () => {
    const own = registry();
    @own.Entity("parents")
    class Parent {
      @PrimaryKey() id!: number;
      @Column() name!: string;
    }
    @own.Entity("children")
    class Child {
      @PrimaryKey() id!: number;
      @ManyToOne(() => Parent) parent!: Relation<Parent> | null;
    }
    const mapper = inspect(Child);
    expect(mapper.columnAttributes.map((a) => a.key)).toEqual(["id", "parentId"]);
    expect(mapper.relationships.map((r) => [r.key, r.direction, r.target.className])).toEqual([
      ["parent", "manyToOne", "Parent"],
    ]);
    expect([mapper.primaryKey.map((a) => a.key), mapper.table.name, mapper.inherits]).toEqual([
      ["id"],
      "children",
      null,
    ]);
    const { engine, Session } = await storeFor(own);
    await using session = Session();
    session.add(make(Parent, { name: "p" }));
    await session.commit();
    const parent = await session.getOne(Parent, 1);
    session.expire(parent, ["name"]);
    using log = recordStatements(engine);
    const state = inspect(parent);
    expect([state.state, state.identity, [...state.unloaded], state.session === session]).toEqual([
      "persistent",
      [1],
      ["name"],
      true,
    ]);
    parent.name = "q";
    expect(inspect(parent).attrs["name"].history.added).toEqual(["q"]);
    expect(log.count()).toBe(0);
  });
});

describe("mixins and abstract bases", () => {
  type Constructor = abstract new (...args: any[]) => object;

  /** A mixin: a function from class to class. */
  function Timestamped<B extends Constructor>(Base: B) {
    abstract class Mixed extends Base {
      @Column(t.timestamp, { serverDefault: func.now() }) createdAt!: Date;
    }
    return Mixed;
  }

  test("[MX-01] a mixin's columns appear in every class that uses it, as columns of their own", async () => {
    const own = registry();
    @own.Entity({ abstract: true })
    abstract class Base {
      @PrimaryKey() id!: number;
    }
    @own.Entity("logs")
    class Log extends Timestamped(Base) {
      @Column() body!: string;
    }
    @own.Entity("mails")
    class Mail extends Timestamped(Base) {
      @Column() to!: string;
    }
    void Mail;
    const names = (name: string) => own.metadata.tables.get(name)?.columns.map((c) => c.name);
    expect([names("logs"), names("mails")]).toEqual([
      ["id", "created_at", "body"],
      ["id", "created_at", "to"],
    ]);
    const { Session } = await storeFor(own);
    await using session = Session();
    const log = make(Log, { body: "x" });
    session.add(log);
    await session.flush();
    expect(log.createdAt).toBeInstanceOf(Date);
    expect(await session.scalars(select(Log).where((l) => l.createdAt.isNotNull())).all()).toEqual([log]);
  });

  test("[MX-02] a relationship of a mixin belongs to each class; @DeclaredAttr makes it per class", async () => {
    const own = registry();
    @own.Entity("users")
    class User {
      @PrimaryKey() id!: number;
    }
    @own.Entity({ abstract: true })
    abstract class Owned {
      @PrimaryKey() id!: number;
      @ManyToOne(() => User) owner!: Relation<User> | null;
      @DeclaredAttr((cls) => Column(t.string(cls.name.length))) tag!: string;
      @DeclaredAttr((cls) => ManyToOne(() => User, { columnName: `${cls.name.toLowerCase()}_editor` }))
      editor!: Relation<User> | null;
    }
    @own.Entity("docs")
    class Doc extends Owned {}
    @own.Entity("images")
    class Image extends Owned {}
    const names = (name: string) => own.metadata.tables.get(name)?.columns.map((c) => c.name);
    const { Session } = await storeFor(own);
    expect([names("docs"), names("images")]).toEqual([
      ["id", "tag", "owner_id", "doc_editor"],
      ["id", "tag", "owner_id", "image_editor"],
    ]);
    expect(lengthOf(own.metadata.tables.get("images")!.columns[1])).toBe(5);
    await using session = Session();
    const user = new User();
    session.addAll([make(Doc, { owner: user, editor: user, tag: "a" }), make(Image, { owner: user, tag: "b" })]);
    await session.commit();
    const doc = await session.scalars(select(Doc)).one();
    expect([await awaitable(doc).owner, await awaitable(doc).editor]).toEqual([user, user]);
    expect(await awaitable(await session.scalars(select(Image)).one()).editor).toBe(null);
  });

  test("[MX-03] indexes and constraints of a mixin are made for each table, named by it", () => {
    const own = registry();
    @own.Entity({
      abstract: true,
      tableArgs: (of) => [
        new Index(`ix_${of.name}_code`, ["code"]),
        new UniqueConstraint(["code", "kind"], { name: `uq_${of.name}` }),
      ],
    })
    abstract class Coded {
      @PrimaryKey() id!: number;
      @Column(t.string(5)) code!: string;
      @Column(t.string(5)) kind!: string;
    }
    @own.Entity("one", { tableArgs: () => [new CheckConstraint("code <> ''", { name: "ck_one" })] })
    class One extends Coded {}
    @own.Entity("two")
    class Two extends Coded {}
    own.configure();
    void [One, Two];
    const [one, two] = [own.metadata.tables.get("one")!, own.metadata.tables.get("two")!];
    expect([[...one.indexes].map((i) => i.name), [...two.indexes].map((i) => i.name)]).toEqual([
      ["ix_one_code"],
      ["ix_two_code"],
    ]);
    expect(
      [...one.constraints]
        .map((c) => c.name)
        .filter(Boolean)
        .sort(),
    ).toEqual(["ck_one", "uq_one"]);
    expect(() => own.Entity({ abstract: true, tableArgs: [] })(class Bad {})).toThrow(
      /^Bad: tableArgs of an abstract base must be a function/,
    );
  });

  test("[MX-04] [MX-05] mapper options and table names come from a base, computed for each class; a class may opt out", async () => {
    const own = registry();
    @own.Entity({
      abstract: true,
      versionIdCol: "version",
      tableName: (cls, hasInheritedTable) => (hasInheritedTable ? null : `app_${cls.name.toLowerCase()}`),
    })
    abstract class Base {
      @PrimaryKey() id!: number;
      @Column() version!: number;
    }
    @own.Entity({ polymorphicOn: "kind", polymorphicIdentity: "thing" })
    class Thing extends Base {
      @Column(t.string(9)) kind!: string;
    }
    @own.Entity({ polymorphicIdentity: "small" })
    class Small extends Thing {}
    @own.Entity("special")
    class Special extends Base {}
    expect([inspect(Thing).table.name, inspect(Small).table.name, inspect(Special).table.name]).toEqual([
      "app_thing",
      "app_thing",
      "special",
    ]);
    const { Session } = await storeFor(own);
    await using session = Session();
    const special = new Special();
    session.add(special);
    await session.flush();
    expect(special.version).toBe(1);
    // @ts-expect-error options are typed
    void (() => own.Entity({ versionIdColumn: "version" }));
  });

  test("[MX-06] an abstract base has no table, and naming it says what it is", async () => {
    const own = registry();
    @own.Entity({ abstract: true })
    class Base {
      @PrimaryKey() id!: number;
    }
    @own.Entity("reals")
    class Real extends Base {}
    expect(own.metadata.tables.size).toBe(1);
    const message = "Base is an abstract base and has no table: name a class below it that is mapped with @Entity().";
    expect(() => select(Base)).toThrow(message);
    const { Session } = await storeFor(own);
    await using session = Session();
    await expect(session.get(Base, 1)).rejects.toThrow(UnmappedClassError);
    expect(() => session.add(new Base())).toThrow(/An instance of Base is not mapped/);
    session.add(new Real());
    await session.flush();
    expect((await session.scalars(select(Real)).all()).length).toBe(1);
  });
});

describe("typed construction", () => {
  const own = registry();
  @own.Entity("members", { construct: true })
  class Member {
    declare [OptionalProps]?: "id" | "createdAt";
    declare [NoInitProps]?: "loginCount";
    @PrimaryKey() id!: number;
    @Column() name!: string;
    @Column(t.text, { nullable: true }) bio!: string | null;
    @Column({ serverDefault: func.now() }) createdAt!: Date;
    @Column({ default: 0, init: false }) loginCount!: number;
    @Column({ repr: false }) password!: string;
    readonly label?: string;
    note: string | undefined;
    #cache: number | undefined;
    get cached(): number {
      this.#cache ??= 1;
      return this.#cache;
    }
  }

  test("[MS-20] [DC-01] create() requires what the INSERT requires, by type, and refuses unknown names", () => {
    const member = create(Member, { name: "a", password: "s" });
    expect([member.name, member.bio]).toEqual(["a", undefined]);
    expectTypeOf(create<Member>)
      .parameter(1)
      .toExtend<{ name: string; password: string; bio?: string | null }>();
    // @ts-expect-error a name is required
    void (() => create(Member, { password: "s" }));
    // @ts-expect-error a number is no name
    void (() => create(Member, { name: 3, password: "s" }));
    // @ts-expect-error there is no such attribute
    expect(() => create(Member, { name: "a", password: "s", nmae: "b" })).toThrow(
      /^Member has no mapped attribute "nmae"\. It has: id, name, bio, createdAt, loginCount, password/,
    );
    expect(() => new Member()).not.toThrow();
  });

  test("[DC-02] a column is kept out of the constructor, and out of printing and JSON", async () => {
    // @ts-expect-error it is no parameter
    expect(() => create(Member, { name: "a", password: "s", loginCount: 3 })).toThrow(
      'create(Member, ...): "loginCount" is mapped with init: false; assign it to the object.',
    );
    const { Session } = await storeFor(own);
    await using session = Session({ expireOnCommit: false });
    const member = create(Member, { name: "a", password: "s3cret" });
    session.add(member);
    await session.commit();
    expect(member.loginCount).toBe(0);
    const { inspect: print } = await import("node:util");
    expect([print(member), JSON.stringify(member), JSON.stringify(toObject(member))].join()).not.toMatch(
      /s3cret|password/,
    );
    expect(member.password).toBe("s3cret");
  });

  test("[DC-05] plain fields, getters and private members survive and are not persisted", async () => {
    const { Session } = await storeFor(own);
    await using session = Session();
    const member = Object.assign(create(Member, { name: "a", password: "s" }), { note: "n" });
    expect([member.cached, member.note]).toEqual([1, "n"]);
    session.add(member);
    await session.commit();
    expect(member.note).toBe("n");
    expect(inspect(Member).attributes.has("note")).toBe(false);
  });
});

describe("what the database makes", () => {
  async function counters(eagerDefaults: boolean | "auto" | undefined) {
    const own = registry();
    @own.Entity("counters", eagerDefaults === undefined ? {} : { eagerDefaults })
    class Counter {
      @PrimaryKey() id!: number;
      @Column() n!: number;
      @Column({ serverDefault: "5" }) five!: number;
      @Column({ computed: computed("n * 2", { persisted: true }) }) twice!: number;
    }
    const { engine, Session } = await storeFor(own);
    const session = Session({ expireOnCommit: false });
    const counter = make(Counter, { n: 1 });
    session.add(counter);
    await session.flush();
    return { engine, session, counter, Counter };
  }
  const isLoaded = (object: object, name: string) => inspect(object).attrs[name].loaded;

  test("[MX-04] [SP-04] by default it is read back with the INSERT and with the UPDATE, without another statement", async () => {
    const { engine, session, counter, Counter } = await counters(undefined);
    await using _ = session;
    expect([counter.five, counter.twice]).toEqual([5, 2]);
    counter.n = 4;
    using log = recordStatements(engine);
    await session.flush();
    expect([counter.twice, log.texts().length]).toEqual([8, 1]);
    counter.n = attrs(Counter).n.add(1) as never;
    await session.flush();
    expect([counter.n, counter.twice, log.texts().length]).toEqual([5, 10, 2]);
  });

  test("[MX-04] eagerDefaults: false reads it back with neither", async () => {
    const lazy = await counters(false);
    await using __ = lazy.session;
    expect([isLoaded(lazy.counter, "five"), isLoaded(lazy.counter, "twice"), lazy.counter.id]).toEqual([
      false,
      false,
      1,
    ]);
    expect(await awaitable(lazy.counter).five).toBe(5);
    lazy.counter.n = 7;
    await lazy.session.flush();
    expect(isLoaded(lazy.counter, "twice")).toBe(false);
  });

  /** A table whose trigger counts changes: PostgreSQL's changes the row on its way, SQLite's afterwards. */
  async function watched(eagerDefaults: boolean | "auto") {
    const own = registry();
    @own.Entity("watched", { eagerDefaults })
    class Watched {
      @PrimaryKey() id!: number;
      @Column() n!: number;
      @Column(t.integer, { serverDefault: "0", serverOnupdate: true }) changes!: number;
    }
    const { engine, Session } = await storeFor(own);
    if (engine.dialect.name === "sqlite") {
      await engine.execute(
        text(
          "CREATE TRIGGER count_changes AFTER UPDATE OF n ON watched BEGIN UPDATE watched SET changes = old.changes + 1 WHERE id = new.id; END",
        ),
      );
    } else {
      await engine.execute(
        text(
          "CREATE FUNCTION count_changes() RETURNS trigger AS $$ BEGIN new.changes = old.changes + 1; RETURN new; END $$ LANGUAGE plpgsql",
        ),
      );
      await engine.execute(
        text("CREATE TRIGGER count_changes BEFORE UPDATE ON watched FOR EACH ROW EXECUTE FUNCTION count_changes()"),
      );
    }
    const session = Session({ expireOnCommit: false });
    const objects = [make(Watched, { n: 1 }), make(Watched, { n: 2 })];
    session.addAll(objects);
    await session.flush();
    for (const each of objects) each.n = 5;
    await session.flush();
    return { engine, session, objects };
  }

  test("[SP-04] what a trigger makes is never read back as it was before: it is asked for, or left to the next read", async () => {
    const eager = await watched(true);
    await using _ = eager.session;
    expect(eager.objects.map((each) => each.changes)).toEqual([1, 1]);
    const auto = await watched("auto");
    await using __ = auto.session;
    expect(await Promise.all(auto.objects.map((each) => awaitable(each).changes))).toEqual([1, 1]);
    if (auto.engine.dialect.name === "sqlite") {
      auto.objects[0].n = 6;
      await auto.session.flush();
      expect(() => auto.objects[0].changes).toThrow(
        "is not loaded (the database changes it with each UPDATE, so that a flush forgets it",
      );
    }
  });
});
