import { describe, expect, test } from "vitest";
import {
  asyncSessionmaker,
  attrs,
  Column,
  Composite,
  type CompositeOf,
  column,
  DDL,
  event,
  insert,
  MetaData,
  PrimaryKey,
  registry,
  Session,
  select,
  t,
  table,
  update,
} from "../../src/index.js";
import { freshDatabase } from "../support/database.js";

const reg = registry();

@reg.Entity("notes")
class Note {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) body!: string;
  @Column(t.string(50), { nullable: true }) slug!: string | null;
}

@reg.Entity("audits")
class Audit {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) what!: string;
}

async function store() {
  const { engine } = await freshDatabase();
  await reg.metadata.createAll(engine);
  return asyncSessionmaker(engine, { expireOnCommit: false });
}

const note = (body: string) => Object.assign(new Note(), { body });

describe("session events", () => {
  test("[SV-03] what a handler of beforeFlush adds is part of that flush", async () => {
    const Session = await store();
    event.listen(Session, "beforeFlush", (session) => {
      for (const object of session.new) {
        if (object instanceof Note) session.add(Object.assign(new Audit(), { what: `new ${object.body}` }));
      }
    });
    await using session = Session();
    session.add(note("a"));
    await session.flush();
    expect(session.new.size).toBe(0);
    expect((await session.scalars(select(Audit)).all()).map((a) => a.what)).toEqual(["new a"]);
  });

  test("[SV-03] a handler of beforeFlush may ask the database, which does not flush, and may not flush itself", async () => {
    const Session = await store();
    const seen: string[] = [];
    let flushes = false;
    event.listen(Session, "beforeFlush", (session) => {
      seen.push(`${session.scalars(select(Note)).all().length} of ${session.new.size}`);
      if (flushes) session.flush();
    });
    await using session = Session();
    session.add(note("a"));
    await session.runSync((s) => s.flush());
    session.add(note("b"));
    await session.runSync((s) => s.flush());
    expect(seen).toEqual(["0 of 1", "1 of 1"]);
    session.add(note("c"));
    await expect(session.flush()).rejects.toThrow(/a handler of a call that was awaited, which cannot block/);
    flushes = true;
    await expect(session.runSync((s) => s.flush())).rejects.toThrow("This session is flushing already");
    flushes = false;
    await session.runSync((s) => s.commit());
    expect(seen).toHaveLength(4);
  });

  test("[SV-05] transitions fire once and in order", async () => {
    const Session = await store();
    const seen: string[] = [];
    for (const name of [
      "transientToPending",
      "pendingToPersistent",
      "persistentToDeleted",
      "deletedToDetached",
    ] as const) {
      event.listen(Session, name, () => {
        seen.push(name);
      });
    }
    await using session = Session({ expireOnCommit: true });
    const one = note("a");
    session.add(one);
    await session.flush();
    await session.delete(one);
    await session.commit();
    expect(seen).toEqual(["transientToPending", "pendingToPersistent", "persistentToDeleted", "deletedToDetached"]);
  });

  test("[EV-06] a throw in a handler aborts the flush and leaves the session to be rolled back", async () => {
    const Session = await store();
    event.listen(
      Session,
      "afterFlush",
      () => {
        throw new Error("no");
      },
      { once: true },
    );
    await using session = Session();
    session.add(note("a"));
    await expect(session.flush()).rejects.toThrow("no");
    expect(session.isActive).toBe(false);
    await session.rollback();
    expect(await session.scalars(select(Note)).all()).toEqual([]);
  });
});

describe("mapper events", () => {
  test("[SV-04] beforeInsert sets a column of its own row, once for each object, and no UPDATE follows", async () => {
    const Session = await store();
    const stop = new AbortController();
    const calls: string[] = [];
    event.listen(
      Note,
      "beforeInsert",
      (_mapper, _connection, object) => {
        calls.push(object.body);
        object.slug = object.body.toUpperCase();
      },
      { signal: stop.signal },
    );
    await using session = Session();
    const [a, b] = [note("a"), note("b")];
    session.addAll([a, b]);
    await session.flush();
    stop.abort();
    expect(calls).toEqual(["a", "b"]);
    expect(session.dirty.size).toBe(0);
    session.expungeAll();
    expect((await session.scalars(select(Note).orderBy((n) => n.id)).all()).map((n) => n.slug)).toEqual(["A", "B"]);
  });

  test("[SV-04] statements that a handler returns are executed on the flush's connection, in its transaction", async () => {
    const Session = await store();
    const stop = new AbortController();
    const { signal } = stop;
    const added = (object: Note) => insert(Note).values({ body: `added ${object.body}`, slug: "" });
    event.listen(Note, "afterInsert", (_mapper, _connection, object) => [added(object)], { signal });
    event.listen(Note, "beforeDelete", (_mapper, _connection, { body }) => update(Note).values({ slug: body }).all(), {
      signal,
    });
    await using session = Session();
    const one = note("a");
    session.addAll([one, note("b")]);
    await session.flush();
    const bodies = () => session.scalars(select(Note).orderBy((n) => n.id)).all();
    expect((await bodies()).map((n) => n.body)).toEqual(["a", "b", "added a", "added b"]);
    await session.delete(one);
    await session.flush();
    stop.abort();
    session.expireAll();
    expect((await bodies()).map((n) => n.slug)).toEqual(["a", "a", "a"]);
    await session.rollback();
    expect(await bodies()).toEqual([]);
  });

  test("[EV-01] an unknown event does not compile and is refused", async () => {
    // @ts-expect-error there is no such event
    expect(() => event.listen(Note, "beforeLunch", () => {})).toThrow(/Note sends no event "beforeLunch"/);
  });
});

test("[EV-01] a composite sends no events of its own, and says whose there are", () => {
  const own = registry();
  class Point {
    constructor(
      readonly x: number,
      readonly y: number,
    ) {}
  }
  @own.Entity("marks")
  class Mark {
    @PrimaryKey() id!: number;
    @Composite(Point, { x: t.integer, y: t.integer }) at!: CompositeOf<Point>;
  }
  // @ts-expect-error there is no such target
  expect(() => event.listen(attrs(Mark).at, "set", () => {})).toThrow(
    "Mark.at is a composite, which sends no events of its own: listen to the attributes of its columns, attrs(...).at.x and so on.",
  );
  event.listen(attrs(Mark).at.x, "set", (_mark, value) => value + 1);
  const mark = Object.assign(new Mark(), { at: new Point(1, 2) });
  expect(mark.at.x).toBe(2);
});

test("[EV-01] a handler that does not fit is told from the event's own, whatever the target", () => {
  const own = new MetaData();
  const notes = table("typed_events", own, { id: column(t.integer) });
  const fits = (_listen: () => void): void => {};
  fits(() => event.listen(attrs(Note).body, "set", (object, value) => void [object.slug, value.toUpperCase()]));
  fits(() => event.listen(notes, "afterCreate", new DDL("SELECT 1")));
  fits(() =>
    event.listen(
      Session,
      "afterBegin",
      (session, _transaction, connection) => void [session.isActive, connection.dialect],
    ),
  );
  // @ts-expect-error the value of a text is text
  fits(() => event.listen(attrs(Note).body, "set", (_object, value) => void value.toFixed()));
  // @ts-expect-error an id is what the function takes, and the event gives a session
  fits(() => event.listen(Session, "beforeFlush", (id: number) => void id));
  // @ts-expect-error a table is told of as a whole
  fits(() => event.listen(notes, "after_create", new DDL("SELECT 1")));
  expect(() => event.listen(notes, "after_create" as never, new DDL("SELECT 1") as never)).toThrow(
    'table typed_events sends no event "after_create"; it is written "afterCreate"',
  );
});
