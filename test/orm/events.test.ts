import { describe, expect, test } from "vitest";
import { asyncSessionmaker, Column, event, PrimaryKey, registry, select, t } from "../../src/index.js";
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

  test("[EV-01] an unknown event does not compile and is refused", async () => {
    // @ts-expect-error there is no such event
    expect(() => event.listen(Note, "beforeLunch", () => {})).toThrow(/Note sends no event "beforeLunch"/);
  });
});
