import { describe, expect, onTestFinished, test } from "vitest";
import {
  Column,
  event,
  InvalidRequestError,
  joinedload,
  ManyToOne,
  MissingSyncContextError,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  Session as SyncSession,
  select,
  selectinload,
  subqueryload,
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
    { orderBy: "id", cascade: ["all", "delete-orphan"] },
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

async function filled() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    for (const name of ["Ann", "Bob"])
      s.add(make(Author, { name, books: [make(Book, { title: `${name} 1` }), make(Book, { title: `${name} 2` })] }));
  });
  return store;
}

describe("runSync", () => {
  test("[XA-03] inside it lazy loads work on the session's own connection and objects", async () => {
    const { Session } = await filled();
    await using session = Session();
    const ann = await session.getOne(Author, 1);
    session.add(make(Book, { title: "pending", author: ann }));
    const titles = await session.runSync((s) => {
      expect(s).toBeInstanceOf(SyncSession);
      expect(s.get(Author, 1)).toBe(ann);
      return ann.books.map((b) => b.title);
    });
    expect(titles).toEqual(["Ann 1", "Ann 2", "pending"]);
  });

  test("[XA-03] outside they raise, before and after it", async () => {
    const { Session } = await filled();
    await using session = Session();
    const [ann, bob] = await session.scalars(select(Author).orderBy((a) => a.id)).all();
    expect(() => ann.books).toThrow(MissingSyncContextError);
    await session.runSync(() => ann.books.length);
    expect(ann.books).toHaveLength(2);
    expect(() => bob.books).toThrow(MissingSyncContextError);
  });

  test("[QR-01] the first access emits one SELECT and later ones none", async () => {
    const { engine, Session } = await filled();
    await using session = Session();
    const ann = await session.getOne(Author, 1);
    using log = recordStatements(engine);
    await session.runSync(() => {
      expect(ann.books).toHaveLength(2);
      expect(log.count("SELECT")).toBe(1);
      expect(ann.books[0].author).toBe(ann);
      expect(ann.books).toBe(ann.books);
      expect(log.count("SELECT")).toBe(1);
    });
  });

  test("edits, queries, flush, savepoints, commit and rollback work in it, on one connection", async () => {
    const { Session } = await filled();
    await using session = Session();
    await session.runSync((s) => {
      const ann = s.getOne(Author, 1);
      ann.name = "Anna";
      ann.books[0].title = "changed";
      s.add(make(Author, { name: "Cid" }));
      s.delete(s.getOne(Author, 2));
      s.commit();
      expect(
        s
          .scalars(select(Author).orderBy((a) => a.id))
          .all()
          .map((a) => a.name),
      ).toEqual(["Anna", "Cid"]);
      ann.name = "lost";
      s.rollback();
      expect(ann.name).toBe("Anna");
      s.beginNested((inner) => {
        expect(inner).toBe(s);
        ann.name = "kept";
      });
      expect(() =>
        s.beginNested(() => {
          ann.name = "undone";
          throw new Error("no");
        }),
      ).toThrow("no");
      expect(ann.name).toBe("kept");
      expect(s.scalar(text("select count(*) from books"))).toBe(2);
      s.commit();
      expect(ann.name).toBe("kept");
    });
    expect(await session.scalar(text("select name from authors where id = 1"))).toBe("kept");
  });

  test("gives what the function gives, and throws what it throws", async () => {
    const { Session } = await filled();
    await using session = Session();
    expect(await session.runSync(() => ({ a: 1 }))).toEqual({ a: 1 });
    const failure = new Error("no");
    await expect(
      session.runSync(() => {
        throw failure;
      }),
    ).rejects.toBe(failure);
    const ann = await session.getOne(Author, 1);
    expect(() => ann.books).toThrow(MissingSyncContextError);
  });

  test("a database error inside it is the error that it is outside", async () => {
    const { Session } = await filled();
    await using session = Session();
    const outside = await session.execute(text("select * from nowhere")).catch((e: Error) => e);
    await session.rollback();
    const inside = await session.runSync((s) => void s.execute(text("select * from nowhere"))).catch((e: Error) => e);
    expect((inside as Error).name).toBe((outside as Error).name);
  });

  test("a second runSync inside it is an error that says what to use", async () => {
    const { Session } = await filled();
    await using session = Session();
    const inner = session.runSync(() => session.runSync(() => 1));
    await expect(inner).rejects.toThrow(InvalidRequestError);
    await expect(session.runSync(() => session.runSync(() => 1))).rejects.toThrow(
      /^The asynchronous session was called inside runSync\(\)\. In there, use the synchronous session that the function is given; nothing of it is awaited\.$/,
    );
    expect(await session.runSync((s) => s.scalar(text("select 1")))).toBe(1);
  });

  test("any call of the asynchronous session inside it is the same error", async () => {
    const { Session } = await filled();
    await using session = Session();
    await session.runSync(() => {
      expect(() => session.commit()).toThrow(/called inside runSync\(\)/);
      expect(() => session.scalars(select(Author))).toThrow(/called inside runSync\(\)/);
    });
  });

  test("an asynchronous function is an error, and what it goes on to do is not waited for", async () => {
    const { Session } = await filled();
    await using session = Session();
    await expect(session.runSync(async () => 1)).rejects.toThrow(
      /^The function given to runSync\(\) returned a promise\. It must be synchronous: everything in it blocks, and nothing is awaited\.$/,
    );
    await expect(
      session.runSync(async () => {
        await null;
        throw new Error("unhandled?");
      }),
    ).rejects.toThrow(/returned a promise/);
    expect(await session.scalars(select(Author)).all()).toHaveLength(2);
  });

  test("the synchronous session is of no use after it has ended", async () => {
    const { Session } = await filled();
    await using session = Session();
    let kept: SyncSession | undefined;
    await session.runSync((s) => {
      kept = s;
    });
    expect(() => kept?.scalars(select(Author))).toThrow(
      /^This synchronous session belongs to a runSync\(\) that has ended, or .* inside the function given to runSync, and flush and commit there where/,
    );
    expect(kept).toBe(session.syncSession);
  });

  test("calls made meanwhile wait for its end", async () => {
    const { Session } = await filled();
    await using session = Session();
    const [inside, after] = await Promise.all([
      session.runSync((s) => {
        s.add(make(Author, { name: "Cid" }));
        return s.scalars(select(Author)).all().length;
      }),
      session.scalar(text("select count(*) from authors")),
    ]);
    expect([inside, after]).toEqual([3, 3]);
  });

  test.each([selectinload, joinedload, subqueryload])(
    "a handler of load or refresh may load and ask inside it, in the middle of a statement with %o",
    async (loader) => {
      const { Session } = await filled();
      await using session = Session();
      const heard: unknown[] = [];
      const stop = new AbortController();
      onTestFinished(() => stop.abort());
      for (const name of ["load", "refresh"] as const) {
        const ask = (book: Book) => {
          const sync = SyncSession.objectSession(book) as SyncSession;
          heard.push([name, book.author?.name, sync.scalar(text("select count(*) from authors"))]);
        };
        event.listen(Book, name, ask, { signal: stop.signal });
      }
      const seen = await session.runSync((s) => {
        const statement = select(Author)
          .options((loader as typeof selectinload)(Author, (author) => author.books))
          .orderBy((author) => author.id);
        const read = () => s.scalars(statement).unique().all();
        const first = read();
        s.expireAll();
        expect(read()).toEqual(first);
        return first.map((author) => author.books.map((book) => book.title));
      });
      expect(seen).toEqual([
        ["Ann 1", "Ann 2"],
        ["Bob 1", "Bob 2"],
      ]);
      const names = ["Ann", "Ann", "Bob", "Bob"];
      expect(heard.map(String)).toEqual(
        ["load", "refresh"].flatMap((name) => names.map((each) => `${name},${each},2`)),
      );
    },
  );

  test("metadata.createAll and other functions of a connection run in it", async () => {
    const { engine } = await storeFor(registry());
    await using connection = await engine.connect();
    await connection.runSync(reg.metadata.createAll);
    expect(await connection.scalar(text("select count(*) from authors"))).toBe(0);
  });

  test("calls of it one after the other let timers have their turn", async () => {
    const { engine, Session } = await storeFor(registry());
    await using session = Session();
    let turns = 0;
    const ticking = setInterval(() => turns++, 1);
    const during = async (call: () => Promise<unknown>): Promise<number> => {
      turns = 0;
      const until = performance.now() + 150;
      while (performance.now() < until) await call();
      return turns;
    };
    try {
      expect(await during(() => session.runSync((s) => s.scalar(text("select 1"))))).toBeGreaterThan(2);
      await session.close();
      await using connection = await engine.connect();
      expect(await during(() => connection.runSync((c) => c.scalar(text("select 1"))))).toBeGreaterThan(2);
    } finally {
      clearInterval(ticking);
    }
  });
});
