import { describe, expect, test } from "vitest";
import {
  Column,
  event,
  inspect,
  ManyToOne,
  OneToMany,
  objectState,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("authors")
class Author {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @OneToMany(
    () => Book,
    (b) => b.author,
  )
  books!: Book[];
}

@reg.Entity("books")
class Book {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) title!: string;
  @ManyToOne(
    () => Author,
    (a) => a.books,
  )
  author!: Relation<Author> | null;
}

const stateOf = (object: object) => inspect(object).state;

async function withOne() {
  const store = await storeFor(reg);
  const session = store.Session();
  const author = make(Author, { name: "Ada" });
  session.add(author);
  await session.commit();
  return { ...store, session, author };
}

describe("the five states", () => {
  test("[SS-01] an object goes transient, pending, persistent, deleted, detached, and inspect() tells each", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const author = make(Author, { name: "Ada" });
    expect(stateOf(author)).toBe("transient");
    expect(inspect(author).session).toBeNull();
    expect(session.has(author)).toBe(false);
    session.add(author);
    expect(stateOf(author)).toBe("pending");
    expect(session.has(author)).toBe(true);
    expect(inspect(author).session).toBe(session);
    expect(inspect(author).hasIdentity).toBe(false);
    await session.flush();
    expect(stateOf(author)).toBe("persistent");
    expect(inspect(author).identity).toEqual([author.id]);
    await session.delete(author);
    expect(stateOf(author)).toBe("persistent");
    expect(session.deleted).toEqual(new Set([author]));
    await session.flush();
    expect(stateOf(author)).toBe("deleted");
    expect(session.has(author)).toBe(false);
    expect(inspect(author).session).toBe(session);
    expect(session.deleted.size).toBe(0);
    await session.commit();
    expect(stateOf(author)).toBe("detached");
    expect(inspect(author).wasDeleted).toBe(true);
    expect(inspect(author).session).toBeNull();
  });

  test("[SS-01] the flags of inspect() are true for exactly one state", async () => {
    const { session, author } = await withOne();
    await using _ = session;
    const flags = (object: object) => {
      const { transient, pending, persistent, deleted, detached } = inspect(object);
      return { transient, pending, persistent, deleted, detached };
    };
    const none = { transient: false, pending: false, persistent: false, deleted: false, detached: false };
    expect(flags(author)).toEqual({ ...none, persistent: true });
    const fresh = new Author();
    expect(flags(fresh)).toEqual({ ...none, transient: true });
    session.add(fresh);
    expect(flags(fresh)).toEqual({ ...none, pending: true });
    session.expunge(author);
    expect(flags(author)).toEqual({ ...none, detached: true });
  });

  test("an object whose DELETE was rolled back with its INSERT passes for deleted once it is inserted again, and works like any other", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const author = make(Author, { name: "Ada" });
    session.add(author);
    await session.flush();
    await session.delete(author);
    await session.flush();
    await session.rollback();
    expect(stateOf(author)).toBe("transient");
    session.add(author);
    await session.commit();
    expect(stateOf(author)).toBe("deleted");
    expect(session.has(author)).toBe(true);
    await session.refresh(author);
    author.name = "Grace";
    await session.commit();
    expect((await session.execute(text("select name from authors"))).scalar()).toBe("Grace");
    expect(() => session.add(author)).toThrow(
      /Author\(\d+\) has been deleted; it passes for deleted although that was rolled back, as its INSERT was too\. Use makeTransient\(object\) to make a new object of it\.$/,
    );
    await session.delete(author);
    await session.flush();
    await session.rollback();
    expect(stateOf(author)).toBe("persistent");
  });

  test("expunge makes a persistent object detached and a pending one transient", async () => {
    const { session, author } = await withOne();
    await using _ = session;
    const fresh = make(Author, { name: "Bob" });
    session.add(fresh);
    session.expunge(fresh);
    session.expunge(author);
    expect([stateOf(fresh), stateOf(author)]).toEqual(["transient", "detached"]);
    expect(session.new.size).toBe(0);
    expect([...session]).toEqual([]);
  });

  test("close makes persistent objects detached and pending ones transient", async () => {
    const { session, author } = await withOne();
    const fresh = make(Author, { name: "Bob" });
    session.add(fresh);
    await session.close();
    expect([stateOf(fresh), stateOf(author)]).toEqual(["transient", "detached"]);
  });

  test("add of a detached object makes it persistent again without SQL", async () => {
    const { engine, Session } = await withOne();
    const author = await (async () => {
      await using session = Session();
      return session.getOne(Author, 1);
    })();
    expect(stateOf(author)).toBe("detached");
    using log = recordStatements(engine);
    await using session = Session();
    session.add(author);
    expect(stateOf(author)).toBe("persistent");
    expect(await session.get(Author, 1)).toBe(author);
    expect(log.count()).toBe(0);
  });

  test("a detached object that was changed is written by the session it is added to", async () => {
    const { session, author, Session } = await withOne();
    await session.refresh(author);
    session.expunge(author);
    author.name = "Grace";
    await session.close();
    await using other = Session();
    other.add(author);
    expect(other.dirty.has(author)).toBe(true);
    await other.commit();
    expect(await other.scalar(select(Author).where((a) => a.name.eq("Grace")))).toBe(author);
  });

  test("add before the flush of a delete takes the deletion back", async () => {
    const { session, author } = await withOne();
    await using _ = session;
    await session.delete(author);
    session.add(author);
    expect(session.deleted.size).toBe(0);
    await session.commit();
    expect(stateOf(author)).toBe("persistent");
    expect(await session.scalars(select(Author)).all()).toEqual([author]);
  });

  test("add of an object whose deletion was flushed is refused, and says what to do", async () => {
    const { session, author } = await withOne();
    await using _ = session;
    await session.delete(author);
    await session.flush();
    expect(() => session.add(author)).toThrow(/^Author\(1\) has been deleted/);
  });

  test("delete of a transient or pending object is refused", async () => {
    const { session } = await withOne();
    await using _ = session;
    const fresh = make(Author, { name: "Bob" });
    await expect(session.delete(fresh)).rejects.toThrow(/^new Author is not persisted, so it cannot be deleted\.$/);
    session.add(fresh);
    await expect(session.delete(fresh)).rejects.toThrow(/not persisted.*expunge\(\)/);
  });

  test("delete of a detached object brings it in and deletes its row", async () => {
    const { session, author, Session } = await withOne();
    await session.refresh(author);
    await session.close();
    await using other = Session();
    await other.delete(author);
    expect(other.deleted).toEqual(new Set([author]));
    await other.commit();
    expect(await other.scalars(select(Author)).all()).toEqual([]);
  });

  test("objectState() names the state as inspect() does", async () => {
    const session = (await storeFor(reg)).Session();
    const author = make(Author, { name: "Ann" });
    const both = () => [objectState(author), inspect(author).state];
    expect(both()).toEqual(["transient", "transient"]);
    session.add(author);
    expect(both()).toEqual(["pending", "pending"]);
    await session.flush();
    expect(both()).toEqual(["persistent", "persistent"]);
    await session.delete(author);
    await session.flush();
    expect(both()).toEqual(["deleted", "deleted"]);
    await session.commit();
    expect(both()).toEqual(["detached", "detached"]);
    await session.close();
  });
});

describe("what is told of a transition", () => {
  test("comes when the object is in its new state, and in the session or out of it", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const heard: string[] = [];
    const events = [
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
    for (const name of events) {
      event.listen(session, name, (face, object) => {
        const kept = [face.has(object), face.identityMap.has(object), face.deleted.has(object)].map(Number).join("");
        heard.push(`${name} ${stateOf(object)} ${kept}`);
      });
    }
    const author = make(Author, { name: "Ada" });
    session.add(author);
    session.expunge(author);
    session.add(author);
    await session.flush();
    await session.rollback();
    session.add(author);
    await session.commit();
    session.expunge(author);
    await session.delete(author);
    await session.flush();
    await session.rollback();
    await session.delete(author);
    await session.commit();
    await session.execute(text("INSERT INTO authors (name) VALUES ('Bea')"));
    await session.scalars(select(Author)).one();
    expect(heard).toEqual([
      "transientToPending pending 100",
      "pendingToTransient transient 000",
      "transientToPending pending 100",
      "pendingToPersistent persistent 110",
      "persistentToTransient transient 000",
      "transientToPending pending 100",
      "pendingToPersistent persistent 110",
      "persistentToDetached detached 000",
      "detachedToPersistent persistent 110",
      "persistentToDeleted deleted 000",
      "deletedToPersistent persistent 110",
      "persistentToDeleted deleted 000",
      "deletedToDetached detached 000",
      "loadedAsPersistent persistent 110",
    ]);
  });
});

describe("what a rollback does to states", () => {
  test("[TU-18] added objects are transient, deleted ones persistent, changed ones read the database's value again", async () => {
    const { session, author } = await withOne();
    await using _ = session;
    const gone = make(Author, { name: "Gone" });
    session.add(gone);
    await session.commit();
    await session.refresh(author);
    author.name = "Changed";
    const added = make(Author, { name: "Added" });
    session.add(added);
    await session.delete(gone);
    await session.flush();
    expect([stateOf(author), stateOf(added), stateOf(gone)]).toEqual(["persistent", "persistent", "deleted"]);
    await session.rollback();
    expect([stateOf(author), stateOf(added), stateOf(gone)]).toEqual(["persistent", "transient", "persistent"]);
    expect(session.has(gone)).toBe(true);
    expect(inspect(author).expired).toBe(true);
    await session.refresh(author);
    await session.refresh(gone);
    expect([author.name, gone.name]).toEqual(["Ada", "Gone"]);
  });

  test("[TU-18] a key that was generated stays on the object, its identity does not, and it can be added again", async () => {
    const { session } = await withOne();
    await using _ = session;
    const added = make(Author, { name: "Added" });
    session.add(added);
    await session.flush();
    const { id } = added;
    await session.rollback();
    expect(added.id).toBe(id);
    expect(inspect(added).identity).toBeNull();
    expect(added.name).toBe("Added");
    session.add(added);
    await session.commit();
    expect(stateOf(added)).toBe("persistent");
    expect(await session.scalars(select(Author).where((a) => a.name.eq("Added"))).all()).toEqual([added]);
  });

  test("pending objects that were never flushed become transient, unflushed deletions are forgotten", async () => {
    const { session, author } = await withOne();
    await using _ = session;
    const fresh = make(Author, { name: "Bob" });
    session.add(fresh);
    await session.delete(author);
    // delete() flushed nothing that it did not need
    await session.rollback();
    expect([stateOf(fresh), stateOf(author)]).toEqual(["transient", "persistent"]);
    expect([session.new.size, session.deleted.size]).toEqual([0, 0]);
  });

  test("an object that was added and deleted in one transaction is transient after its rollback", async () => {
    const { session } = await withOne();
    await using _ = session;
    const brief = make(Author, { name: "Brief" });
    session.add(brief);
    await session.flush();
    await session.delete(brief);
    await session.flush();
    expect(stateOf(brief)).toBe("deleted");
    await session.rollback();
    expect(stateOf(brief)).toBe("transient");
    expect(session.has(brief)).toBe(false);
  });

  test("collections read the database again after a rollback", async () => {
    const { session, author } = await withOne();
    await using _ = session;
    await session.refresh(author, ["books"]);
    author.books.push(make(Book, { title: "Lost" }));
    await session.flush();
    await session.rollback();
    await session.refresh(author, ["books"]);
    expect(author.books).toEqual([]);
  });

  test("a changed primary key is the old one again after a rollback", async () => {
    const { session, author } = await withOne();
    await using _ = session;
    await session.refresh(author);
    author.id = 77;
    await session.flush();
    expect(inspect(author).identity).toEqual([77]);
    expect(await session.get(Author, 77)).toBe(author);
    await session.rollback();
    expect(inspect(author).identity).toEqual([1]);
    expect(await session.get(Author, 77)).toBeNull();
    expect(await session.get(Author, 1)).toBe(author);
  });
});

describe("what a savepoint does to states", () => {
  test("[ST-02] its rollback touches only the objects that were added, changed or deleted inside it", async () => {
    const { session, author } = await withOne();
    await using _ = session;
    const other = make(Author, { name: "Other" });
    const doomed = make(Author, { name: "Doomed" });
    session.addAll([other, doomed]);
    await session.commit();
    for (const object of [author, other, doomed]) await session.refresh(object);
    const outer = make(Author, { name: "Outer" });
    session.add(outer);
    const savepoint = await session.beginNested();
    const inner = make(Author, { name: "Inner" });
    session.add(inner);
    author.name = "Changed";
    await session.delete(doomed);
    await session.flush();
    await savepoint.rollback();
    expect([outer, inner, author, other, doomed].map(stateOf)).toEqual([
      "persistent",
      "transient",
      "persistent",
      "persistent",
      "persistent",
    ]);
    expect(inspect(author).expired).toBe(true);
    // Untouched inside the savepoint: still loaded, no statement is needed.
    expect(inspect(other).expired).toBe(false);
    expect(other.name).toBe("Other");
    expect(outer.name).toBe("Outer");
    await session.commit();
    const names = await session.scalars(select(Author).orderBy((a) => a.name)).all();
    expect(names.map((a) => a.name)).toEqual(["Ada", "Doomed", "Other", "Outer"]);
  });

  test("[ST-02] its rollback loses changes made inside it that were not flushed", async () => {
    const { session, author } = await withOne();
    await using _ = session;
    await session.refresh(author);
    const savepoint = await session.beginNested();
    author.name = "Unflushed";
    await savepoint.rollback();
    await session.refresh(author);
    expect(author.name).toBe("Ada");
  });

  test("its release expires nothing", async () => {
    const { session, author } = await withOne();
    await using _ = session;
    await session.refresh(author);
    const savepoint = await session.beginNested();
    author.name = "Inside";
    await savepoint.commit();
    expect(inspect(author).expired).toBe(false);
    expect(author.name).toBe("Inside");
  });

  test("what a released savepoint did is undone by the rollback of the transaction around it", async () => {
    const { session, author } = await withOne();
    await using _ = session;
    await session.refresh(author);
    const inner = make(Author, { name: "Inner" });
    await session.beginNested(() => {
      session.add(inner);
      author.name = "Inside";
    });
    expect(stateOf(inner)).toBe("persistent");
    await session.rollback();
    expect(stateOf(inner)).toBe("transient");
    await session.refresh(author);
    expect(author.name).toBe("Ada");
  });

  test("an object deleted inside a savepoint that is released is detached by the commit", async () => {
    const { session, author } = await withOne();
    await using _ = session;
    await session.beginNested(() => session.delete(author));
    expect(stateOf(author)).toBe("deleted");
    await session.commit();
    expect(stateOf(author)).toBe("detached");
  });
});

describe("rows that are gone", () => {
  test("an object whose row was deleted behind the session's back is told so at the flush of a change", async () => {
    const { session, author } = await withOne();
    await using _ = session;
    await session.refresh(author);
    await session.execute(text("delete from authors"));
    author.name = "Nobody";
    await expect(session.flush()).rejects.toThrow(/Author/);
    await session.rollback();
  });
});
