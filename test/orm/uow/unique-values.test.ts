import { describe, expect, test } from "vitest";
import {
  Column,
  FlushError,
  IntegrityError,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  text,
  UniqueConstraint,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(30), { unique: true, nullable: true }) email!: string | null;
  @OneToMany(
    () => Slot,
    (s) => s.user,
    { cascade: ["all", "delete-orphan"], orderBy: "position" },
  )
  slots!: Slot[];
}

@reg.Entity("slots", { tableArgs: () => [new UniqueConstraint(["user_id", "position"])] })
class Slot {
  @PrimaryKey() id!: number;
  @Column(t.integer) position!: number;
  @Column(t.string(10)) label!: string;
  @ManyToOne(
    () => User,
    (u) => u.slots,
    { columnName: "user_id" },
  )
  user!: Relation<User> | null;
}

async function filled() {
  const store = await storeFor(reg, { expireOnCommit: false });
  const session = store.Session();
  const ann = make(User, { email: "ann", slots: [make(Slot, { position: 1, label: "a" })] });
  const bob = make(User, { email: "bob", slots: [] });
  session.addAll([ann, bob]);
  await session.commit();
  return { ...store, session, ann, bob };
}

describe("a unique value freed and taken again in one flush", () => {
  test("[RP-04] a row is replaced by its successor: its DELETE goes first, its children's before it", async () => {
    const { engine, session, ann } = await filled();
    await using _ = session;
    await session.delete(ann);
    const next = make(User, { email: "ann", slots: [make(Slot, { position: 1, label: "b" })] });
    session.add(next);
    const plan = await session.explainFlush();
    expect(plan.steps.map((s) => `${s.action} ${s.subject}`)).toEqual([
      "delete Slot",
      "delete User",
      "insert User",
      "insert Slot",
    ]);
    using log = recordStatements(engine);
    await session.commit();
    expect(log.texts().map((each) => each.replace(/^(\w+) (?:FROM|INTO) (\w+)[\s\S]*$/, "$1 $2"))).toEqual([
      "DELETE slots",
      "DELETE users",
      "INSERT users",
      "INSERT slots",
    ]);
    expect((await session.scalars(select(User).where((u) => u.email.eq("ann"))).one()).id).toBe(next.id);
  });

  test("[RP-04] other inserts and deletes keep their order", async () => {
    const { engine, session, ann, bob } = await filled();
    await using _ = session;
    await session.delete(ann);
    await session.delete(bob);
    session.addAll([make(User, { email: "cid", slots: [] }), make(User, { email: "ann", slots: [] })]);
    using log = recordStatements(engine);
    await session.commit();
    const written = log.texts().filter((each) => /users/.test(each));
    expect(written[0]).toMatch(/^DELETE|^INSERT/);
    expect(written.at(-1)).toMatch(/^DELETE/);
    expect((await session.scalars(select(User).orderBy((u) => u.email)).all()).map((u) => u.email)).toEqual([
      "ann",
      "cid",
    ]);
  });

  test("[RP-04] a value given up by an UPDATE is free for an INSERT, and for another UPDATE along a chain", async () => {
    const { session, ann, bob } = await filled();
    await using _ = session;
    ann.email = "ann2";
    session.add(make(User, { email: "ann", slots: [] }));
    await session.commit();
    bob.email = "bob2";
    ann.email = "bob";
    await session.commit();
    expect((await session.scalars(select(User).orderBy((u) => u.id)).all()).map((u) => u.email)).toEqual([
      "bob",
      "bob2",
      "ann",
    ]);
  });

  test("[RP-04] a constraint over a foreign key: a member of a collection is replaced at its position", async () => {
    const { session, ann } = await filled();
    await using _ = session;
    ann.slots = [make(Slot, { position: 1, label: "new" })];
    await session.commit();
    session.expire(ann, ["slots"]);
    await session.refresh(ann, ["slots"]);
    expect(ann.slots.map((s) => s.label)).toEqual(["new"]);
  });

  test("[RP-04] NULLs do not clash, and a swap of two rows is left to the database, which refuses", async () => {
    const { session, ann, bob } = await filled();
    await using _ = session;
    ann.email = null;
    session.add(make(User, { email: null, slots: [] }));
    await session.commit();
    ann.email = "ann";
    await session.commit();
    [ann.email, bob.email] = [bob.email, ann.email];
    await expect(session.commit()).rejects.toThrow(IntegrityError);
    await session.rollback();
  });

  test("what is deleted beside values that pass from row to row is deleted once", async () => {
    const { engine, session, ann, bob } = await filled();
    await using _ = session;
    const cid = make(User, { email: "cid", slots: [make(Slot, { position: 1, label: "c" })] });
    session.add(cid);
    await session.commit();
    ann.email = "ann2";
    bob.email = "ann";
    ann.slots = [make(Slot, { position: 1, label: "new" })];
    await session.delete(cid);
    using log = recordStatements(engine);
    await session.commit();
    expect(log.texts("DELETE").filter((each) => /FROM users/.test(each))).toHaveLength(1);
  });

  test("without a clash the order is what it always was: inserts before deletes", async () => {
    const { engine, session, ann } = await filled();
    await using _ = session;
    await session.delete(ann);
    session.add(make(User, { email: "new", slots: [] }));
    using log = recordStatements(engine);
    await session.commit();
    const users = log.texts().filter((each) => /users/.test(each));
    expect(users.map((each) => each.split(" ")[0])).toEqual(["INSERT", "DELETE"]);
  });
});

describe("a unique value and a row that a new object takes over", () => {
  const own = registry();
  @own.Entity("members")
  class Member {
    @PrimaryKey() id!: number;
    @Column(t.string(30), { unique: true }) name!: string;
    @OneToOne(
      () => Badge,
      (b) => b.member,
      { cascade: ["all", "delete-orphan"] },
    )
    badge!: Relation<Badge> | null;
    @OneToMany(
      () => Key,
      (k) => k.member,
      { cascade: ["all", "delete-orphan"] },
    )
    keys!: Key[];
  }
  @own.Entity("badges")
  class Badge {
    @OneToOne(
      () => Member,
      (m) => m.badge,
      { owner: true, primaryKey: true },
    )
    member!: Relation<Member>;
    @Column(t.string(10)) color!: string;
    @Column(t.string(10), { nullable: true }) note!: string | null;
  }
  @own.Entity("keys")
  class Key {
    @PrimaryKey() id!: number;
    @Column(t.string(10)) label!: string;
    @ManyToOne(
      () => Member,
      (m) => m.keys,
    )
    member!: Relation<Member>;
  }
  const rows = async (
    session: { execute(s: ReturnType<typeof text>): { all(): Promise<Iterable<unknown>[]> } },
    sql: string,
  ) => (await session.execute(text(sql)).all()).map((row) => [...row]);

  test("an object whose key is that of its owner takes over the row of the one that it replaces", async () => {
    const { engine, Session } = await storeFor(own, { expireOnCommit: false });
    await using session = Session();
    const ann = make(Member, { name: "ann", badge: make(Badge, { color: "red", note: "kept" }) });
    session.add(ann);
    await session.commit();
    ann.badge = make(Badge, { color: "blue" });
    using log = recordStatements(engine);
    await session.commit();
    expect(log.statements.map(({ verb }) => verb)).toEqual(["UPDATE"]);
    expect(await rows(session, "select member_id, color, note from badges")).toEqual([[ann.id, "blue", "kept"]]);
    expect(await session.get(Badge, ann.id)).toBe(ann.badge);
  });

  test("is known for an owner that is expired", async () => {
    const { Session } = await storeFor(own);
    await using session = Session();
    const ann = make(Member, { name: "ann", badge: make(Badge, { color: "red" }) });
    session.add(ann);
    await session.commit();
    const old = await session.getOne(Badge, 1);
    await session.commit();
    await session.delete(old);
    session.add(make(Badge, { color: "blue", member: ann }));
    await session.commit();
    expect(await rows(session, "select member_id, color from badges")).toEqual([[1, "blue"]]);
  });

  test("a value is freed by the UPDATE of the row, before another object takes it", async () => {
    const { Session } = await storeFor(own);
    await using session = Session();
    const old = make(Member, { id: 1, name: "ann" });
    session.add(old);
    await session.commit();
    await session.delete(old);
    session.addAll([make(Member, { id: 2, name: "ann" }), make(Member, { id: 1, name: "bob" })]);
    await session.commit();
    expect(await rows(session, "select id, name from members order by id")).toEqual([
      [1, "bob"],
      [2, "ann"],
    ]);
  });

  test("a row that goes before its heir can take it over is inserted anew", async () => {
    const { engine, Session } = await storeFor(own);
    await using session = Session();
    const old = make(Member, { name: "ann", badge: null, keys: [make(Key, { id: 5, label: "old" })] });
    session.add(old);
    await session.commit();
    await session.delete(old);
    session.add(make(Member, { id: 2, name: "ann", keys: [make(Key, { id: 5, label: "new" })] }));
    using log = recordStatements(engine);
    await session.commit();
    expect(log.texts().map((each) => /^(?:DELETE FROM|INSERT INTO) \w+/.exec(each)?.[0])).toEqual(
      expect.arrayContaining(["DELETE FROM keys", "DELETE FROM members", "INSERT INTO members", "INSERT INTO keys"]),
    );
    expect(await rows(session, "select id, label, member_id from keys")).toEqual([[5, "new", 2]]);
    expect((await session.getOne(Key, 5)).label).toBe("new");
  });

  describe("of another class", () => {
    const kinds = registry();
    @kinds.Entity("parties", { polymorphicOn: "kind", polymorphicIdentity: "party" })
    class Party {
      @PrimaryKey() id!: number;
      @Column(t.string(10)) kind!: string;
      @OneToMany(
        () => Note,
        (n) => n.party,
      )
      notes!: Note[];
    }
    @kinds.Entity("firms", { polymorphicIdentity: "firm" })
    class Firm extends Party {
      @Column(t.string(10), { nullable: true }) sign!: string | null;
    }
    @kinds.Entity("folk", { polymorphicIdentity: "folk" })
    class Folk extends Party {
      @Column(t.string(10), { nullable: true }) nick!: string | null;
    }
    @kinds.Entity({ polymorphicIdentity: "guest" })
    class Guest extends Folk {}
    @kinds.Entity("notes")
    class Note {
      @PrimaryKey() id!: number;
      @ManyToOne(
        () => Party,
        (p) => p.notes,
        { nullable: false },
      )
      party!: Relation<Party>;
    }

    test("the rows of the old object go before the new one's come, where they are in other tables", async () => {
      const { engine, Session } = await storeFor(kinds);
      await using session = Session();
      for (const [from, to, verbs] of [
        [Firm, Folk, ["DELETE", "DELETE", "INSERT", "INSERT"]],
        [Folk, Guest, ["UPDATE"]],
        [Guest, Party, ["DELETE", "DELETE", "INSERT"]],
      ] as const) {
        const old = make<Party>(from, { id: 7 });
        session.add((await session.get(Party, 7)) ?? old);
        await session.flush();
        await session.delete(await session.getOne(Party, 7));
        session.add(make<Party>(to, { id: 7 }));
        using log = recordStatements(engine);
        await session.flush();
        const written = log.statements.map(({ verb }) => verb).filter((verb) => verb !== "SELECT");
        expect(written).toEqual(verbs);
        session.expungeAll();
        expect((await session.getOne(Party, 7)).constructor).toBe(to);
      }
      expect(await rows(session, "select * from folk union all select * from firms")).toEqual([]);
    });

    test("is refused where rows that refer to the old object must see the new one first", async () => {
      const { Session } = await storeFor(kinds, { expireOnCommit: false });
      await using session = Session();
      const old = make(Firm, { id: 7, notes: [make(Note)] });
      session.add(old);
      await session.commit();
      const next = make(Folk, { id: 7 });
      session.add(next);
      next.notes = old.notes;
      await session.delete(old);
      const error = await session.flush().catch((each: unknown) => each);
      expect(error).toBeInstanceOf(FlushError);
      expect((error as Error).message).toBe(
        "new Folk has the primary key of Firm(7), which is deleted in this flush and has its rows in other tables. " +
          "Flush the deletion before the new object is added.",
      );
    });
  });
});

describe("a unique foreign key that passes from one object to another", () => {
  const own = registry();
  @own.Entity("owners")
  class Owner {
    @PrimaryKey() id!: number;
    @OneToOne(
      () => Desk,
      (desk) => desk.owner,
    )
    desk!: Relation<Desk> | null;
  }
  @own.Entity("desks")
  class Desk {
    @PrimaryKey() id!: number;
    @OneToOne(
      () => Owner,
      (owner) => owner.desk,
      { owner: true, columnName: "owner_id" },
    )
    owner!: Relation<Owner> | null;
  }

  test.each(["from its side", "from the other side"])("is given up before it is taken, %s", async (side) => {
    const { Session } = await storeFor(own, { expireOnCommit: false });
    await using session = Session();
    const [one, two] = [make(Desk, { owner: new Owner() }), make(Desk, { owner: new Owner() })];
    session.addAll([one, two]);
    await session.commit();
    const [ann, bob] = [one.owner, two.owner] as [Owner, Owner];
    if (side === "from its side") one.owner = bob;
    else bob.desk = one;
    await session.commit();
    const read = async () =>
      (await session.execute(text("select id, owner_id from desks order by id")).all()).map((row) => [...row]);
    expect(await read()).toEqual([
      [one.id, bob.id],
      [two.id, null],
    ]);
    // Along a chain, against the order of the keys.
    two.owner = ann;
    await session.commit();
    const three = make(Desk, { owner: null });
    session.add(three);
    await session.commit();
    three.owner = bob;
    one.owner = ann;
    await session.commit();
    expect(await read()).toEqual([
      [one.id, ann.id],
      [two.id, null],
      [three.id, bob.id],
    ]);
  });
});

describe("a unique value and rows that refer to what holds it", () => {
  const own = registry();
  @own.Entity("readers")
  class Reader {
    @PrimaryKey() id!: number;
    @ManyToMany(() => Tag, { secondary: "reader_tags" }) tags!: Tag[];
    @ManyToMany(
      () => Topic,
      (topic) => topic.readers,
      { secondary: "reader_topics" },
    )
    topics!: Topic[];
  }
  @own.Entity("tags")
  class Tag {
    @PrimaryKey() id!: number;
    @Column(t.string(30), { unique: true }) name!: string;
  }
  @own.Entity("topics")
  class Topic {
    @PrimaryKey() id!: number;
    @Column(t.string(30), { unique: true }) name!: string;
    @ManyToMany(
      () => Reader,
      (reader) => reader.topics,
      { secondary: "reader_topics" },
    )
    readers!: Reader[];
  }
  @own.Entity("shelves")
  class Shelf {
    @PrimaryKey() id!: number;
    @ManyToOne(() => Tag, { postUpdate: true, columnName: "tag_id" }) tag!: Relation<Tag> | null;
  }

  async function stored() {
    const { engine, Session } = await storeFor(own, { expireOnCommit: false });
    const session = Session();
    const tag = make(Tag, { name: "sea" });
    const topic = make(Topic, { name: "sea" });
    const reader = make(Reader, { tags: [tag], topics: [topic] });
    session.add(reader);
    await session.commit();
    const read = async (sql: string) => (await session.execute(text(sql)).all()).map((row) => [...row]);
    return { engine, session, reader, tag, topic, read };
  }

  test("a linked member is replaced by its successor: its row of association goes first", async () => {
    const { engine, session, reader, tag, read } = await stored();
    await using _ = session;
    await session.delete(tag);
    const next = make(Tag, { name: "sea" });
    reader.tags = [next];
    const plan = await session.explainFlush();
    expect(plan.steps.map((s) => `${s.action} ${s.subject}`)).toEqual([
      "unlink Reader.tags",
      "delete Tag",
      "insert Tag",
      "link Reader.tags",
    ]);
    using log = recordStatements(engine);
    await session.commit();
    expect(log.texts().map((each) => /^(?:DELETE FROM|INSERT INTO) \w+/.exec(each)?.[0])).toEqual([
      "DELETE FROM reader_tags",
      "DELETE FROM tags",
      "INSERT INTO tags",
      "INSERT INTO reader_tags",
    ]);
    expect(await read("select reader_id, tag_id from reader_tags")).toEqual([[reader.id, next.id]]);
  });

  test("of members that go, only what a successor waits for goes first, and each row goes once", async () => {
    const { session, reader, tag, topic, read } = await stored();
    await using _ = session;
    const [other, kept] = [make(Tag, { name: "land" }), make(Tag, { name: "air" })];
    reader.tags.push(other, kept);
    await session.commit();
    await session.delete(tag);
    await session.delete(topic);
    const [next, nextTopic] = [make(Tag, { name: "sea" }), make(Topic, { name: "sea" })];
    reader.tags = [kept, next];
    reader.topics = [nextTopic];
    await session.commit();
    expect(await read("select tag_id from reader_tags order by tag_id")).toEqual([[kept.id], [next.id]]);
    expect(await read("select reader_id, topic_id from reader_topics")).toEqual([[reader.id, nextTopic.id]]);
    expect(await read("select name from tags order by name")).toEqual([["air"], ["land"], ["sea"]]);
  });

  test("a member that gives its value up is replaced by one that takes it, seen from one side or from both", async () => {
    const { session, reader, tag, topic, read } = await stored();
    await using _ = session;
    tag.name = topic.name = "ocean";
    const [next, nextTopic] = [make(Tag, { name: "sea" }), make(Topic, { name: "sea" })];
    reader.tags = [next];
    reader.topics = [nextTopic];
    await session.commit();
    expect(await read("select reader_id, tag_id from reader_tags")).toEqual([[reader.id, next.id]]);
    expect(await read("select reader_id, topic_id from reader_topics")).toEqual([[reader.id, nextTopic.id]]);
  });

  test("a member is deleted that nothing replaces, while another object takes its value", async () => {
    const { session, reader, tag, read } = await stored();
    await using _ = session;
    await session.delete(tag);
    reader.tags = [];
    session.add(make(Tag, { name: "sea" }));
    await session.commit();
    expect(await read("select * from reader_tags")).toEqual([]);
    expect(await read("select name from tags")).toEqual([["sea"]]);
  });

  test("a key that is written by an UPDATE of its own lets go of a deleted object first, and takes up its successor last", async () => {
    const { session, tag, reader, read } = await stored();
    await using _ = session;
    reader.tags = [];
    const shelf = make(Shelf, { tag });
    session.add(shelf);
    await session.commit();
    await session.delete(tag);
    await session.delete(shelf);
    const next = make(Shelf, { tag: make(Tag, { name: "sea" }) });
    session.add(next);
    await session.commit();
    expect(await read("select id, tag_id from shelves")).toEqual([[next.id, next.tag?.id]]);
  });
});
