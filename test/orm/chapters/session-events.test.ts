/** The chapters "Tracking queries, object and session changes with events" and "ORM events" of SQLAlchemy's ORM documentation. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  ArgumentError,
  type AsyncSessionMaker,
  attrs,
  awaitable,
  Column,
  deserialize,
  event,
  FlushError,
  type FrozenResult,
  flagModified,
  getHistory,
  insert,
  inspect,
  ManyToOne,
  Mapper,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  type Select,
  type Session,
  select,
  selectinload,
  serialize,
  t,
  text,
  UserDefinedOption,
  update,
  withLoaderCriteria,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

/** Classes whose rows know when they were made. */
abstract class Dated {
  @Column(t.integer) day!: number;
}

@reg.Entity("topics")
class Topic extends Dated {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
  @Column(t.boolean, { default: true }) open!: boolean;
  @OneToMany(
    () => Reply,
    (r) => r.topic,
    { orderBy: "id", cascade: ["all", "delete-orphan"] },
  )
  replies!: Reply[];
}

@reg.Entity("replies")
class Reply extends Dated {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) text!: string;
  @ManyToOne(
    () => Topic,
    (x) => x.replies,
  )
  topic!: Relation<Topic> | null;
}

@reg.Entity("log_lines")
class LogLine {
  @PrimaryKey() id!: number;
  @Column(t.string(80)) text!: string;
}

const topic = attrs(Topic);

/** An option of the application's own: where the result is kept. */
class FromCache extends UserDefinedOption {}

async function forum(options: Parameters<typeof storeFor>[1] = {}) {
  const store = await storeFor(reg, options);
  await store.Session.begin((s) =>
    s.addAll([
      make(Topic, {
        name: "b",
        day: 1,
        replies: [make(Reply, { text: "old", day: 1 }), make(Reply, { text: "new", day: 9 })],
      }),
      make(Topic, { name: "a", day: 9, open: false, replies: [] }),
    ]),
  );
  return { ...store, log: recordStatements(store.engine) };
}

describe("doOrmExecute", () => {
  test("changes options and statement, by what the statement tells of itself", async () => {
    const { Session } = await forum();
    event.listen(Session, "doOrmExecute", (state) => {
      if (!state.isSelect) return;
      state.updateExecutionOptions({ populateExisting: true });
      const statement = state.statement as Select;
      if (statement.columnDescriptions[0].entity === Topic) state.statement = statement.orderBy(topic.name);
    });
    await using session = Session();
    const all = await session.scalars(select(Topic)).all();
    expect(all.map((each) => each.name)).toEqual(["a", "b"]);
    await session.execute(text("UPDATE topics SET name = 'c' WHERE name = 'a'"));
    await session.scalars(select(Topic)).all();
    expect(all[0].name).toBe("c");
  });

  test("adds a condition everywhere: the loads that follow from the statement have it too", async () => {
    const { Session } = await forum();
    event.listen(Session, "doOrmExecute", (state) => {
      if (state.isSelect && !state.isColumnLoad && !state.isRelationshipLoad)
        state.addOptions(
          withLoaderCriteria(Topic, (x) => x.open.eq(true)),
          withLoaderCriteria(Dated, (x) => x.day.lt(5)),
        );
    });
    await using session = Session();
    const all = await session.scalars(select(Topic).options(selectinload(topic.replies))).all();
    expect(all.map((each) => [each.name, each.replies.map((reply) => reply.text)])).toEqual([["b", ["old"]]]);
    session.expire(all[0], ["replies"]);
    await session.runSync(() => expect(all[0].replies.map((reply) => reply.text)).toEqual(["old"]));
  });

  test("answers from a cache: what was frozen is thawed into the session that asks", async () => {
    const { Session, log } = await forum();
    const cache = new Map<unknown, FrozenResult<unknown>>();
    event.listen(Session, "doOrmExecute", function* (state) {
      const key = state.userDefinedOptions.find((each) => each instanceof FromCache)?.payload;
      if (key === undefined) return undefined;
      let frozen = cache.get(key);
      if (frozen === undefined) {
        frozen = (yield* state.invokeStatement()).freeze();
        cache.set(key, frozen);
      }
      return yield* state.mergeFrozenResult(frozen);
    });
    const cached = select(Topic).orderBy(topic.id).options(new FromCache("all"));
    const ask = async () => {
      await using session = Session();
      return (await session.scalars(cached).all()).map((each) => each.name);
    };
    expect(await ask()).toEqual(["b", "a"]);
    log.reset();
    expect(await ask()).toEqual(["b", "a"]);
    expect(log.count()).toBe(0);
  });
});

describe("a flush", () => {
  test("beforeFlush may change the session: what it adds, alters and deletes is part of the flush", async () => {
    const { Session } = await forum();
    event.listen(Session, "beforeFlush", (session) => {
      for (const object of session.new) if (object instanceof Topic) object.name = object.name.toUpperCase();
      for (const object of session.dirty)
        if (object instanceof Topic) session.add(make(LogLine, { text: `${object.name} changed` }));
    });
    await using session = Session();
    session.add(make(Topic, { name: "loud", day: 2 }));
    const first = await session.getOne(Topic, 1);
    first.name = "renamed";
    await session.commit();
    expect((await session.scalars(select(topic.name)).all()).sort()).toEqual(["LOUD", "a", "renamed"]);
    expect((await session.scalars(select(LogLine)).one()).text).toBe("renamed changed");
  });

  test("afterFlush still sees what was new, changed and deleted, with histories; afterFlushPostexec sees it done", async () => {
    const { Session } = await forum({ expireOnCommit: false });
    const seen: unknown[] = [];
    event.listen(Session, "afterFlush", (session) => {
      seen.push([session.new.size, session.dirty.size, session.deleted.size]);
      for (const object of session.dirty) seen.push(getHistory(object as Topic, "name").deleted);
    });
    event.listen(Session, "afterFlushPostexec", (session) => {
      seen.push([session.new.size, session.dirty.size, session.deleted.size]);
    });
    await using session = Session();
    const [b, a] = await session.scalars(select(Topic).orderBy(topic.id)).all();
    seen.length = 0;
    await session.delete(a);
    b.name = "other";
    session.add(make(Topic, { name: "n", day: 1 }));
    await session.flush();
    expect(seen).toEqual([[1, 1, 1], ["b"], [0, 0, 0]]);
  });

  test("what afterFlushPostexec changes is flushed again by a commit, a hundred times at most, and by the next flush otherwise", async () => {
    const { Session } = await forum();
    await using session = Session();
    let left = 2;
    event.listen(session, "afterFlushPostexec", (each) => {
      if (left-- > 0) each.add(make(LogLine, { text: `line ${left}` }));
    });
    session.add(make(LogLine, { text: "first" }));
    await session.flush();
    expect(session.new.size).toBe(1);
    await session.commit();
    expect(await session.scalars(select(attrs(LogLine).text).orderBy(attrs(LogLine).id)).all()).toEqual([
      "first",
      "line 1",
      "line 0",
    ]);
    left = Number.POSITIVE_INFINITY;
    session.add(make(LogLine, { text: "again" }));
    await expect(session.commit()).rejects.toThrow(FlushError);
    await session.rollback();
  });
});

describe("mapper events", () => {
  test("beforeInsert and its like hear each object with its mapper and connection, and may set columns of its row", async () => {
    const own = registry();
    @own.Entity("cards")
    class Card {
      @PrimaryKey() id!: number;
      @Column(t.string(20)) name!: string;
      @Column(t.string(20), { nullable: true }) stamp!: string | null;
    }
    const { Session } = await storeFor(own, { expireOnCommit: false });
    const heard: string[] = [];
    for (const name of [
      "beforeInsert",
      "afterInsert",
      "beforeUpdate",
      "afterUpdate",
      "beforeDelete",
      "afterDelete",
    ] as const)
      event.listen(Card, name, (mapper, connection, card) => {
        expectTypeOf(mapper).toEqualTypeOf<Mapper>();
        expectTypeOf(card).toEqualTypeOf<Card>();
        expect(connection).toBeDefined();
        heard.push(`${name} ${mapper.className} ${card.name}`);
        if (name.startsWith("before")) card.stamp = name;
      });
    await using session = Session();
    const card = make(Card, { name: "one" });
    session.add(card);
    await session.commit();
    expect(await session.scalar(select(attrs(Card).stamp))).toBe("beforeInsert");
    card.name = "two";
    await session.commit();
    expect(await session.scalar(select(attrs(Card).stamp))).toBe("beforeUpdate");
    await session.delete(card);
    await session.commit();
    expect(heard).toEqual([
      "beforeInsert Card one",
      "afterInsert Card one",
      "beforeUpdate Card two",
      "afterUpdate Card two",
      "beforeDelete Card two",
      "afterDelete Card two",
    ]);
    heard.length = 0;
    // Statements about the class are no flush.
    await session.execute(insert(Card), [{ name: "bulk" }]);
    await session.execute(
      update(Card)
        .where((c) => c.id.gt(0))
        .values({ name: "b" }),
    );
    expect(heard).toEqual([]);
    // @ts-expect-error no such event
    expect(() => event.listen(Card, "beforeEverything", () => {})).toThrow(ArgumentError);
  });

  test("a listener on a base, or a mixin, hears the classes below; once, and until it is removed", async () => {
    const { Session } = await forum();
    const heard: string[] = [];
    const note = (_: unknown, __: unknown, object: Dated) => void heard.push(object.constructor.name);
    event.listen(Dated as never, "beforeInsert", note as never);
    event.listen(Topic, "beforeInsert", () => void heard.push("once"), { once: true });
    await using session = Session();
    session.add(make(Topic, { name: "x", day: 1, replies: [make(Reply, { text: "y", day: 1 })] }));
    await session.commit();
    expect(heard.sort()).toEqual(["Reply", "Topic", "once"]);
    event.remove(Dated as never, "beforeInsert", note as never);
    expect(event.contains(Dated as never, "beforeInsert", note as never)).toBe(false);
    session.add(make(Topic, { name: "z", day: 1 }));
    await session.commit();
    expect(heard).toHaveLength(3);
  });
});

describe("the life of an object", () => {
  const TRANSITIONS = [
    "transientToPending",
    "pendingToTransient",
    "pendingToPersistent",
    "persistentToTransient",
    "persistentToDeleted",
    "persistentToDetached",
    "deletedToPersistent",
    "deletedToDetached",
    "detachedToPersistent",
    "loadedAsPersistent",
  ] as const;

  const recorded = (Maker: AsyncSessionMaker) => {
    const heard: string[] = [];
    for (const name of TRANSITIONS)
      event.listen(Maker, name, (_session: Session, object: object) => {
        if (object instanceof LogLine) heard.push(name);
      });
    return () => heard.splice(0);
  };

  test("each transition is an event of its session, whichever way it comes about", async () => {
    const { Session } = await forum();
    const heard = recorded(Session);
    await using session = Session();
    const line = make(LogLine, { text: "l" });
    session.add(line);
    session.expunge(line);
    session.add(line);
    await session.rollback();
    expect(heard()).toEqual(["transientToPending", "pendingToTransient", "transientToPending", "pendingToTransient"]);
    session.add(line);
    await session.flush();
    await session.rollback();
    expect(heard()).toEqual(["transientToPending", "pendingToPersistent", "persistentToTransient"]);
    const kept = make(LogLine, { text: "k" });
    session.add(kept);
    await session.commit();
    heard();
    await session.delete(kept);
    expect(heard()).toEqual([]);
    await session.flush();
    await session.rollback();
    expect(heard()).toEqual(["persistentToDeleted", "deletedToPersistent"]);
    session.expunge(kept);
    session.add(kept);
    expect(heard()).toEqual(["persistentToDetached", "detachedToPersistent"]);
    await session.delete(kept);
    await session.commit();
    expect(heard()).toEqual(["persistentToDeleted", "deletedToDetached"]);
    expect([inspect(kept).deleted, inspect(kept).wasDeleted]).toEqual([false, true]);
    await session.execute(insert(LogLine), [{ text: "row" }]);
    await session.scalars(select(LogLine)).all();
    await session.close();
    expect(heard()).toEqual(["loadedAsPersistent", "persistentToDetached"]);
  });

  test("init, load, refresh and expire are events of the class", async () => {
    const own = registry();
    @own.Entity("things")
    class Thing {
      @PrimaryKey() id!: number;
      @Column(t.string(20)) name!: string;
    }
    const { Session } = await storeFor(own);
    const heard: unknown[] = [];
    event.listen(Thing, "init", () => void heard.push("init"));
    event.listen(Thing, "load", (thing) => void heard.push(["load", thing.name]));
    event.listen(Thing, "refresh", (_thing, names) => void heard.push(["refresh", names]));
    event.listen(Thing, "expire", (_thing, names) => void heard.push(["expire", names]));
    await using session = Session();
    session.add(make(Thing, { name: "x" }));
    await session.commit();
    session.expungeAll();
    expect(heard.splice(0)).toEqual(["init", ["expire", null]]);
    const thing = await session.getOne(Thing, 1);
    session.expire(thing, ["name"]);
    await session.refresh(thing, ["name"]);
    // A refresh expires first, as in SQLAlchemy.
    expect(heard.splice(0)).toEqual([
      ["load", "x"],
      ["expire", ["name"]],
      ["expire", ["name"]],
      ["refresh", ["name"]],
    ]);
    await session.refresh(thing);
    expect(heard.splice(0)).toEqual([
      ["expire", null],
      ["refresh", null],
    ]);
    session.expire(thing);
    await awaitable(thing).name;
    expect(heard.splice(0)).toEqual([
      ["expire", null],
      ["refresh", ["id", "name"]],
    ]);
  });

  test("what a handler of load or refresh sets is as good as loaded, and is not written back", async () => {
    const own = registry();
    @own.Entity("secrets")
    class Secret {
      @PrimaryKey() id!: number;
      @Column(t.string(20)) text!: string;
      @Column(t.string(20)) note!: string;
    }
    const { engine, Session } = await storeFor(own);
    await Session.begin((s) => s.add(make(Secret, { text: "cba", note: "n" })));
    const turn = (secret: Secret): void => {
      secret.text = [...secret.text].reverse().join("");
    };
    event.listen(Secret, "load", turn);
    event.listen(Secret, "refresh", (secret, names) => {
      if (names === null || names.includes("text")) turn(secret);
    });
    await using session = Session();
    const log = recordStatements(engine);
    const secret = await session.getOne(Secret, 1);
    expect([secret.text, session.dirty.has(secret)]).toEqual(["abc", false]);
    secret.note = "pending";
    session.expire(secret, ["text"]);
    await session.noAutoflush(() => session.scalars(select(Secret)));
    expect([secret.text, getHistory(secret, "text").added, getHistory(secret, "note").added]).toEqual([
      "abc",
      [],
      ["pending"],
    ]);
    await session.flush();
    await session.scalars(select(Secret).executionOptions({ populateExisting: true }));
    expect(secret.text).toBe("abc");
    await session.commit();
    expect(log.texts("UPDATE")).toEqual([expect.not.stringContaining("text")]);
    expect(await session.scalar(text("select text from secrets"))).toBe("cba");
  });
});

describe("attribute events", () => {
  test("set, append and remove hear the change, may put another value in its place, or refuse it", () => {
    const own = registry();
    @own.Entity("boxes")
    class Box {
      @PrimaryKey() id!: number;
      @Column(t.string(20)) label!: string;
      @OneToMany(() => Part) parts!: Part[];
    }
    @own.Entity("parts")
    class Part {
      @PrimaryKey() id!: number;
      @Column(t.integer, { foreignKey: "boxes.id", nullable: true }) boxId!: number | null;
      @Column(t.string(20)) name!: string;
    }
    const heard: unknown[] = [];
    event.listen(attrs(Box).label, "set", (box, value, previous) => {
      expectTypeOf(box).toEqualTypeOf<Box>();
      expectTypeOf(value).toEqualTypeOf<string>();
      heard.push([value, previous]);
      if (value === "bad") throw new Error("refused");
      return value.trim();
    });
    event.listen(attrs(Box).parts, "append", (_box, part) => void heard.push(["append", part.name]));
    event.listen(attrs(Box).parts, "remove", (_box, part) => void heard.push(["remove", part.name]));
    const box = make(Box, { label: " a " });
    expect(box.label).toBe("a");
    expect(() => {
      box.label = "bad";
    }).toThrow("refused");
    expect(box.label).toBe("a");
    const part = make(Part, { name: "p" });
    box.parts.push(part);
    box.parts.pop();
    expect(heard).toEqual([
      [" a ", undefined],
      ["bad", "a"],
      ["append", "p"],
      ["remove", "p"],
    ]);
    // @ts-expect-error a column has no members
    expect(() => event.listen(attrs(Box).label, "append", () => {})).toThrow(ArgumentError);
  });
});

describe("initScalar", () => {
  test("gives a new object's unset attribute its value when it is read: the column's default, before the flush", async () => {
    const own = registry();
    @own.Entity("drafts")
    class Draft {
      @PrimaryKey() id!: number;
      @Column(t.string(20), { default: "untitled" }) title!: string;
      @Column(t.integer, { default: () => 7 }) pages!: number;
      @Column(t.string(20), { nullable: true }) note!: string | null;
    }
    event.listen(own, "mapperConfigured", (mapper) => {
      for (const { key, column } of mapper.columnAttributes) {
        const given: unknown = column.default;
        if (given === undefined) continue;
        event.listen(attrs(Draft)[key as "title"], "initScalar", () =>
          typeof given === "function" ? given() : (given as string),
        );
      }
    });
    const { Session } = await storeFor(own, { expireOnCommit: false });
    const draft = new Draft();
    expect([draft.title, draft.pages, draft.note]).toEqual(["untitled", 7, undefined]);
    draft.title = "Chapter";
    await Session.begin((s) => s.add(draft));
    await using session = Session();
    const d = attrs(Draft);
    expect([...(await session.execute(select(d.title, d.pages)).one())]).toEqual(["Chapter", 7]);
    // A handler that gives nothing leaves it unset.
    event.listen(d.note, "initScalar", () => undefined);
    expect(new Draft().note).toBeUndefined();
    // @ts-expect-error of another type
    event.listen(d.pages, "initScalar", () => "seven");
    // @ts-expect-error a relationship is no scalar
    expect(() => event.listen(topic.replies, "initScalar", () => undefined)).toThrow(ArgumentError);
  });
});

describe("transaction events", () => {
  test("come in their order: the session's transaction, its connection's, its end", async () => {
    const { Session } = await forum();
    const heard: string[] = [];
    for (const name of [
      "afterTransactionCreate",
      "afterBegin",
      "beforeCommit",
      "afterCommit",
      "afterRollback",
      "afterSoftRollback",
      "afterTransactionEnd",
    ] as const)
      event.listen(Session, name, (() => void heard.push(name)) as never);
    await using session = Session();
    session.add(make(LogLine, { text: "x" }));
    await session.commit();
    expect(heard.splice(0)).toEqual([
      "afterTransactionCreate",
      "beforeCommit",
      "afterBegin",
      "afterCommit",
      "afterTransactionEnd",
    ]);
    await session.scalar(select(topic.id));
    await session.rollback();
    expect(heard.splice(0)).toEqual([
      "afterTransactionCreate",
      "afterBegin",
      "afterRollback",
      "afterTransactionEnd",
      "afterSoftRollback",
    ]);
    await session.beginNested(() => session.scalar(select(topic.id)));
    expect(heard.filter((name) => name === "afterTransactionCreate")).toHaveLength(2);
  });

  test("beforeAttach and afterAttach hear an object come in", async () => {
    const { Session } = await forum();
    await using session = Session();
    const heard: string[] = [];
    event.listen(session, "beforeAttach", (s, object) => void heard.push(`before ${s.has(object)}`));
    event.listen(session, "afterAttach", (s, object) => void heard.push(`after ${s.has(object)}`));
    const line = make(LogLine, { text: "x" });
    session.add(line);
    await session.flush();
    session.expunge(line);
    session.add(line);
    expect(heard).toEqual(["before false", "after true", "before false", "after true"]);
  });
});

describe("events of collections", () => {
  const shelves = (collectionClass: typeof Array | typeof Set = Array) => {
    const own = registry();
    @own.Entity("shelves")
    class Shelf {
      @PrimaryKey() id!: number;
      @OneToMany(
        () => Book,
        (b) => b.shelf,
        { collectionClass },
      )
      books!: Book[] | Set<Book>;
      @Column(t.json, { nullable: true }) labels!: string[] | null;
    }
    @own.Entity("shelved_books")
    class Book {
      @PrimaryKey() id!: number;
      @Column(t.string(20)) name!: string;
      @ManyToOne(
        () => Shelf,
        (s) => s.books,
      )
      shelf!: Relation<Shelf> | null;
    }
    const books = attrs(Shelf).books;
    const heard: unknown[] = [];
    event.listen(books, "bulkReplace", (_shelf, members, { label, operation }) => {
      heard.push(["bulkReplace", members.map((book) => book.name), label, operation]);
    });
    event.listen(books, "append", (_shelf, { name }, { label }) => void heard.push(["append", name, label]));
    event.listen(books, "appendWoMutation", (_shelf, { name }) => void heard.push(["appendWoMutation", name]));
    event.listen(books, "remove", (_shelf, { name }) => void heard.push(["remove", name]));
    event.listen(books, "initCollection", (_shelf, collection) => void heard.push(["init", sizeOf(collection)]));
    event.listen(books, "disposeCollection", (_shelf, collection) => void heard.push(["dispose", sizeOf(collection)]));
    const sizeOf = (collection: unknown) =>
      Array.isArray(collection) ? collection.length : (collection as Set<Book>).size;
    return { own, Shelf, Book, heard: () => heard.splice(0), books };
  };

  test("an assignment of a whole collection is bulkReplace, then append and remove for what comes and goes; the handler may change the list", async () => {
    const { own, Shelf, Book, heard, books } = shelves();
    const [a, b, c] = ["a", "b", "c"].map((name) => make(Book, { name }));
    const shelf = make(Shelf, { books: [a, b] });
    expect(heard()).toEqual([
      ["init", 0],
      ["bulkReplace", ["a", "b"], "Shelf.books", "bulk replace"],
      ["append", "a", "Shelf.books"],
      ["append", "b", "Shelf.books"],
    ]);
    shelf.books = [b, c];
    expect(heard()).toEqual([
      ["init", 0],
      ["bulkReplace", ["b", "c"], "Shelf.books", "bulk replace"],
      ["append", "c", "Shelf.books"],
      ["appendWoMutation", "b"],
      ["remove", "a"],
      // The other side takes it away once more.
      ["remove", "a"],
      ["dispose", 2],
    ]);
    event.listen(books, "bulkReplace", (_shelf, members) => void members.splice(1));
    shelf.books = [a, c];
    expect([...shelf.books]).toEqual([a]);
    heard();
    // The other side tells who began it.
    b.shelf = shelf;
    expect(heard()).toEqual([["append", "b", "Book.shelf"]]);
    const { Session } = await storeFor(own);
    await Session.begin((s) => s.add(shelf));
    await using session = Session();
    const again = await session.getOne(Shelf, 1);
    heard();
    await session.runSync(() => again.books);
    expect(heard()).toEqual([["init", 2]]);
  });

  test("what a Set has already is appendWoMutation", () => {
    const { Shelf, Book, heard } = shelves(Set);
    const shelf = make(Shelf, {});
    const books = shelf.books as Set<InstanceType<typeof Book>>;
    const a = make(Book, { name: "a" });
    books.add(a);
    books.add(a);
    expect(heard()).toEqual([
      ["init", 0],
      ["append", "a", "Shelf.books"],
      ["appendWoMutation", "a"],
    ]);
  });

  test("modified hears flagModified(); activeHistory loads what was there before for a handler of set", async () => {
    const { own, Shelf, Book } = shelves();
    const heard: unknown[] = [];
    event.listen(attrs(Shelf).labels, "modified", (shelf) => void heard.push(["modified", shelf.id]));
    event.listen(attrs(Book).name, "set", (_book, value, previous) => void heard.push([value, previous]), {
      activeHistory: true,
    });
    const { Session } = await storeFor(own);
    await Session.begin((s) => s.addAll([make(Shelf, { labels: ["x"] }), make(Book, { name: "old" })]));
    heard.length = 0;
    await using session = Session();
    const shelf = await session.getOne(Shelf, 1);
    shelf.labels?.push("y");
    flagModified(shelf, "labels");
    const book = await session.getOne(Book, 1);
    session.expire(book);
    await session.runSync(() => {
      book.name = "new";
    });
    expect(heard).toEqual([
      ["modified", 1],
      ["new", "old"],
    ]);
  });
});

describe("listening to many classes", () => {
  test("Mapper stands for all classes, a mixin without columns for those that have it", async () => {
    const own = registry();
    class Audited {}
    @own.Entity("audited_things")
    class Thing extends Audited {
      @PrimaryKey() id!: number;
    }
    @own.Entity("other_things")
    class Other {
      @PrimaryKey() id!: number;
    }
    const heard: string[] = [];
    const stop = new AbortController();
    event.listen(Mapper, "beforeInsert", (mapper) => void heard.push(mapper.className), { signal: stop.signal });
    event.listen(Audited, "afterInsert", (_mapper, _connection, object) => void heard.push(object.constructor.name));
    const { Session } = await storeFor(own);
    await Session.begin((s) => s.addAll([new Thing(), new Other()]));
    stop.abort();
    expect(heard.sort()).toEqual(["Other", "Thing", "Thing"]);
    expect(() => event.listen(Audited, "nothing" as "load", () => {})).toThrow(ArgumentError);
  });
});

test("pickle and unpickle hear objects being serialised, and keep what the object has beside its attributes", () => {
  const own = registry();
  @own.Entity("marked_things", { construct: false })
  class Marked {
    @PrimaryKey() id!: number;
    @Column(t.string(10)) name!: string;
    mark?: Date;
  }
  event.listen(Marked, "pickle", (thing, kept) => {
    kept.mark = thing.mark;
  });
  event.listen(Marked, "unpickle", (thing, kept) => {
    thing.mark = kept.mark as Date;
  });
  const thing = make(Marked, { name: "x", mark: new Date(7) });
  const copy = deserialize<Marked>(serialize(thing), own);
  expect([copy.name, copy.mark]).toEqual(["x", new Date(7)]);
  event.listen(Marked, "pickle", (_thing, kept) => {
    kept.mark = Symbol("s");
  });
  expect(() => serialize(thing)).toThrow(/What a listener keeps with new Marked holds symbol/);
});
