import { describe, expect, test } from "vitest";
import {
  type AsyncSession,
  Column,
  FlushError,
  inspect,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  StaleDataError,
  select,
  t,
  text,
} from "../../src/index.js";
import { recordStatements } from "../support/statements.js";
import { make, storeFor } from "./support.js";

const reg = registry();

@reg.Entity("documents", { versionIdCol: "version" })
class Document {
  @PrimaryKey() id!: number;
  @Column(t.integer) version!: number;
  @Column(t.string(30)) title!: string;
  @OneToMany(
    () => Page,
    (p) => p.document,
  )
  pages!: Page[];
}

@reg.Entity("pages", { versionIdCol: "version" })
class Page {
  @PrimaryKey() id!: number;
  @Column(t.integer) version!: number;
  @ManyToOne(
    () => Document,
    (d) => d.pages,
  )
  document!: Relation<Document> | null;
}

@reg.Entity("tokens", {
  versionIdCol: "etag",
  versionIdGenerator: (last) => `v${last ? Number(String(last).slice(1)) + 1 : 1}`,
})
class Token {
  @PrimaryKey() id!: number;
  @Column(t.string(10)) etag!: string;
  @Column(t.string(10), { nullable: true }) value!: string | null;
}

@reg.Entity("plain")
class Plain {
  @PrimaryKey() id!: number;
  @Column(t.string(10)) value!: string;
}

async function withDocument() {
  const store = await storeFor(reg, { expireOnCommit: false });
  const session = store.Session();
  const doc = make(Document, { title: "a", pages: [] });
  session.add(doc);
  await session.commit();
  return { ...store, session, doc };
}

describe("version counters", () => {
  test("begin at 1 and go up by one with each UPDATE, in its WHERE the old one", async () => {
    const { engine, session, doc } = await withDocument();
    await using _ = session;
    expect(doc.version).toBe(1);
    using log = recordStatements(engine);
    doc.title = "b";
    await session.flush();
    expect(doc.version).toBe(2);
    expect(log.texts()[0]).toMatch(
      /UPDATE documents SET .*version ?= ?.* WHERE .*documents\.id = .* AND documents\.version = /s,
    );
    doc.title = "b";
    await session.flush();
    expect(doc.version).toBe(2);
  });

  test("an UPDATE of an outdated object is StaleDataError, and says which", async () => {
    const { session, doc } = await withDocument();
    await using _ = session;
    await session.execute(text("update documents set version = 7"));
    doc.title = "b";
    const failed = session.flush();
    await expect(failed).rejects.toThrow(StaleDataError);
    await expect(failed).rejects.toThrow(/Document/);
    await session.rollback();
    await session.refresh(doc);
    expect([doc.version, doc.title]).toEqual([1, "a"]);
  });

  test("a DELETE of an outdated object is StaleDataError", async () => {
    const { session, doc } = await withDocument();
    await using _ = session;
    await session.refresh(doc, ["pages"]);
    await session.execute(text("update documents set version = 7"));
    await session.delete(doc);
    await expect(session.flush()).rejects.toThrow(StaleDataError);
    await session.rollback();
    expect(inspect(doc).state).toBe("persistent");
  });

  test("a change of a many-to-one counts, a change of a one-to-many only does not", async () => {
    const { session, doc } = await withDocument();
    await using _ = session;
    const page = new Page();
    session.add(page);
    await session.flush();
    expect(page.version).toBe(1);
    doc.pages.push(page);
    await session.flush();
    expect([doc.version, page.version]).toEqual([1, 2]);
  });

  test("two sessions: the second to write loses", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false }, { file: true });
    await Session.begin((s) => s.add(make(Document, { title: "a" })));
    const load = async () => {
      await using session = Session();
      return session.getOne(Document, 1);
    };
    const [mine, theirs] = [await load(), await load()];
    theirs.title = "theirs";
    await Session.begin((s) => s.add(theirs));
    mine.title = "mine";
    await expect(Session.begin((s) => s.add(mine))).rejects.toThrow(StaleDataError);
    await using session = Session();
    expect((await session.scalars(select(Document)).one()).title).toBe("theirs");
  });

  test("a lock on the row of an outdated object is StaleDataError, unless the object is read anew under it", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const document = make(Document, { title: "a" });
    session.add(document);
    await session.commit();
    expect(await session.get(Document, document.id, { withForUpdate: true })).toBe(document);
    await session.commit();
    await Session.begin(async (other) => {
      (await other.getOne(Document, document.id)).title = "theirs";
    });
    const error = await session.get(Document, document.id, { withForUpdate: true }).catch((each: unknown) => each);
    expect(error).toBeInstanceOf(StaleDataError);
    expect((error as Error).message).toBe(
      "Document(1) has the version 1, and its row the version 2: another transaction has changed it since it was loaded. " +
        "Roll back and begin again, or lock it with populateExisting: true, which reads it anew.",
    );
    const options = { withForUpdate: true, populateExisting: true };
    expect((await session.getOne(Document, document.id, options)).title).toBe("theirs");
    // One that nobody has looked at since it was loaded is compared too, and one that is expired has nothing to compare.
    await session.rollback();
    expect((await session.getOne(Document, 1, { withForUpdate: true })).version).toBe(2);
    await using third = Session();
    const unread = await third.getOne(Document, 1);
    await session.commit();
    await third.commit();
    await Session.begin((other) => other.execute(text("UPDATE documents SET version = 3")));
    await expect(third.get(Document, 1, { withForUpdate: true })).rejects.toThrow(StaleDataError);
    expect(unread.version).toBe(2);
  });

  test("a transaction that may be retried is run again with a new session where another has changed a row first, and one that merges an outdated object is not", async () => {
    const { Session, session, doc } = await withDocument();
    await session.close();
    let runs = 0;
    const change = (title: string) =>
      Session.begin(async (other) => Object.assign(await other.getOne(Document, 1), { title }));
    await Session.transaction(
      async (each) => {
        const mine = await each.getOne(Document, 1);
        if (runs++ < 2) await change(`other ${runs}`);
        mine.title += " mine";
      },
      { retries: 2, backoff: 1 },
    );
    await using after = Session();
    expect([runs, await after.getOne(Document, 1)]).toMatchObject([3, { title: "other 2 mine", version: 4 }]);

    const merge = (each: AsyncSession) => {
      runs++;
      return each.merge(doc);
    };
    const merging = Session.transaction(merge, { backoff: 1 });
    await expect(merging).rejects.toThrow(StaleDataError);
    expect(runs).toBe(4);
  });

  test("versionIdGenerator makes the next from the present one", async () => {
    const { session } = await withDocument();
    await using _ = session;
    const token = new Token();
    session.add(token);
    await session.flush();
    expect(token.etag).toBe("v1");
    token.value = "x";
    await session.flush();
    expect(token.etag).toBe("v2");
  });

  test("a rollback puts the counter back", async () => {
    const { session, doc } = await withDocument();
    await using _ = session;
    doc.title = "b";
    await session.flush();
    await session.rollback();
    await session.refresh(doc);
    expect(doc.version).toBe(1);
    doc.title = "c";
    await session.commit();
    expect(doc.version).toBe(2);
  });
});

describe("rows that are gone, without a version", () => {
  test("an UPDATE that matches no row is StaleDataError", async () => {
    const { session } = await withDocument();
    await using _ = session;
    const plain = make(Plain, { value: "x" });
    session.add(plain);
    await session.flush();
    await session.execute(text("delete from plain"));
    plain.value = "y";
    await expect(session.flush()).rejects.toThrow(StaleDataError);
    await session.rollback();
  });

  test("a DELETE that matches no row is a warning only", async () => {
    const warnings: string[] = [];
    const { Session } = await withDocument();
    await using session = Session({ warn: (message) => void warnings.push(message) });
    const plain = make(Plain, { value: "x" });
    session.add(plain);
    await session.flush();
    await session.execute(text("delete from plain"));
    await session.delete(plain);
    await session.flush();
    expect(warnings.join()).toMatch(/Plain|plain/);
    expect(inspect(plain).state).toBe("deleted");
  });
});

describe("a version beside a post-update", () => {
  const own = registry();

  @own.Entity("v_nodes", { versionIdCol: "version" })
  class Node {
    @PrimaryKey() id!: number;
    @Column(t.integer) version!: number;
    @ManyToOne(() => Node, { postUpdate: true }) friend!: Relation<Node> | null;
  }

  test("counts once more when the row lets go of another, and the DELETE knows it", async () => {
    const { Session } = await storeFor(own);
    await using session = Session();
    const [a, b] = [make(Node), make(Node)];
    session.addAll([a, b]);
    await session.flush();
    a.friend = b;
    b.friend = a;
    await session.flush();
    expect([a.version, b.version]).toEqual([2, 2]);
    await session.deleteAll([a, b]);
    await session.commit();
    expect(await session.scalar(text("select count(*) from v_nodes"))).toBe(0);
  });
});

test("a version that is left to the program must be there when the row is written", async () => {
  const own = registry();
  @own.Entity("v_manual", { versionIdCol: "version", versionIdGenerator: false })
  class Manual {
    @PrimaryKey() id!: number;
    @Column(t.integer, { nullable: true }) version!: number | null;
  }
  const { Session } = await storeFor(own);
  await using session = Session();
  session.add(make(Manual));
  await expect(session.flush()).rejects.toThrow(
    new FlushError(
      'new Manual has no version: versionIdGenerator: false leaves "version" to the program, so set it before the flush.',
    ),
  );
  await session.rollback();
  const given = make(Manual, { version: 1 });
  session.add(given);
  await session.flush();
  given.version = null;
  await expect(session.flush()).rejects.toThrow(/^Manual\(1\) has no version/);
});

test("a row whose version is NULL is neither written nor deleted, and the error says so", async () => {
  const own = registry();
  @own.Entity("v_null", { versionIdCol: "version" })
  class Old {
    @PrimaryKey() id!: number;
    @Column(t.integer, { nullable: true, name: "ver" }) version!: number | null;
    @Column(t.string(10), { nullable: true }) title!: string | null;
  }
  const { Session } = await storeFor(own);
  await using session = Session();
  await session.execute(text("insert into v_null (id) values (1)"));
  await session.commit();
  const message =
    'Old(1) has no version: its row has NULL in "ver", so that no statement could tell whether somebody has changed it. ' +
    "Give such rows a version by an UPDATE of your own, and declare the column NOT NULL.";
  const old = await session.getOne(Old, 1);
  old.title = "new";
  await expect(session.flush()).rejects.toThrow(new FlushError(message));
  await session.rollback();
  await session.delete(old);
  await expect(session.flush()).rejects.toThrow(new FlushError(message));
});

test("a version is named on the base-most class that has one: another one below it would leave the first uncounted", () => {
  const own = registry();
  @own.Entity("v_base", { versionIdCol: "version" })
  class Base {
    @PrimaryKey() id!: number;
    @Column(t.integer) version!: number;
  }
  @own.Entity("v_sub", { versionIdCol: "other" })
  class Sub extends Base {
    @Column(t.integer) other!: number;
  }
  expect(() => new Sub()).toThrow(
    "Sub names Sub.other as its versionIdCol, and has the version Base.version of a superclass, which would not be counted any more: name it on the superclass only.",
  );
});
