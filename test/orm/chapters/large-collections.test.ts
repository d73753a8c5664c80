/** The chapter "Working with large collections" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, expectTypeOf, test, vi } from "vitest";
import {
  awaitable,
  Column,
  func,
  InvalidRequestError,
  inspect,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
  WriteOnlyCollection,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("accounts")
class Account {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) owner!: string;
  @OneToMany(
    () => Entry,
    (e) => e.account,
    {
      lazy: "write_only",
      cascade: ["all", "delete-orphan"],
      passiveDeletes: true,
    },
  )
  entries!: WriteOnlyCollection<Entry>;
}

@reg.Entity("entries")
class Entry {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) text!: string;
  @Column(t.integer) amount!: number;
  @ManyToOne(
    () => Account,
    (a) => a.entries,
    { onDelete: "CASCADE" },
  )
  account!: Relation<Account> | null;
}

@reg.Entity("audits")
class Audit {
  @PrimaryKey() id!: number;
  @ManyToMany(() => Entry, { lazy: "write_only", secondary: "audit_entries", passiveDeletes: true })
  entries!: WriteOnlyCollection<Entry>;
  @OneToMany(() => Stamp, { lazy: "write_only" }) stamps!: WriteOnlyCollection<Stamp>;
}

@reg.Entity("stamps")
class Stamp {
  @PrimaryKey() id!: number;
  @Column({ foreignKey: () => Audit, nullable: true }) auditId!: number | null;
}

const entry = (text: string, amount: number) => make(Entry, { text, amount });

async function opened() {
  const store = await storeFor(reg, { expireOnCommit: false });
  await store.Session.begin((s) => {
    const account = make(Account, { owner: "Ann" });
    account.entries.addAll([entry("a", 10), entry("b", 20), entry("c", 30)]);
    s.add(account);
    const other = make(Account, { owner: "Bob" });
    other.entries.add(entry("x", 1));
    s.add(other);
  });
  const session = store.Session();
  const account = await session.getOne(Account, 1);
  return { ...store, session, account, log: recordStatements(store.engine) };
}

describe("a write-only collection", () => {
  test("[RL-01] never loads: a new member costs one INSERT, and reading the attribute nothing", async () => {
    const { session, account, log } = await opened();
    await using _ = session;
    expect(account.entries).toBeInstanceOf(WriteOnlyCollection);
    expect(account.entries).toBe(account.entries);
    expect(await awaitable(account).entries).toBe(account.entries);
    const added = entry("d", 40);
    account.entries.add(added);
    expect(added.account).toBe(account);
    expect(session.has(added)).toBe(true);
    await session.commit();
    expect(log.count()).toBe(1);
    expect(log.count("INSERT")).toBe(1);
    expect(inspect(account).unloaded.has("entries")).toBe(true);
    expect(JSON.parse(JSON.stringify(account))).toEqual({ id: 1, owner: "Ann" });
  });

  test("[RL-02] queues what is added and removed, with cascades and the other side", async () => {
    const { session, account } = await opened();
    await using _ = session;
    const first = await session
      .scalars(
        account.entries
          .select()
          .orderBy((e) => e.id)
          .limit(1),
      )
      .one();
    account.entries.remove(first);
    expect(first.account).toBeNull();
    const [d, e] = [entry("d", 40), entry("e", 50)];
    account.entries.addAll([d, e]);
    account.entries.remove(e);
    expect(inspect(account).attrs.entries.history.added).toEqual([d]);
    entry("f", 60).account = account;
    using warned = vi.spyOn(process, "emitWarning").mockReturnValue();
    await session.commit();
    expect(warned).toHaveBeenCalledExactlyOnceWith(
      expect.stringMatching(/^new Entry is not in the session/),
      expect.anything(),
    );
    // "a" is an orphan; "e" was taken back before it was written; "f" came from the other side, which does not pull it into the session.
    expect(await session.scalars(text("select text from entries where account_id = 1 order by id")).all()).toEqual([
      "b",
      "c",
      "d",
    ]);
    expect(await session.scalar(text("select count(*) from entries"))).toBe(4);
  });

  test("[RL-02] takes a whole list while its object is new, and refuses one afterwards, with advice", async () => {
    const { session, account } = await opened();
    await using _ = session;
    const fresh = make(Account, { owner: "Cid", entries: [entry("p", 1), entry("q", 2)] as never });
    session.add(fresh);
    await session.flush();
    expect(await session.scalars(fresh.entries.select()).all()).toHaveLength(2);
    expect(() => {
      account.entries = [] as never;
    }).toThrow(InvalidRequestError);
    expect(() => {
      account.entries = [] as never;
    }).toThrow(
      "Account.entries of Account(1) is write-only: a collection that is not in memory cannot be replaced. Use its add(), addAll() and remove()",
    );
    expect(() => account.entries.add({} as Entry)).toThrow("takes objects of Entry");
  });

  test("[RL-03] gives a typed SELECT bound to its parent, which can be filtered, ordered, limited and streamed", async () => {
    const { session, account } = await opened();
    await using _ = session;
    const stmt = account.entries
      .select()
      .where((e) => e.amount.gt(10))
      .orderBy((e) => e.amount.desc());
    const found = await session.scalars(stmt).all();
    expectTypeOf(found).toEqualTypeOf<Entry[]>();
    expect(found.map((e) => e.text)).toEqual(["c", "b"]);
    const texts: string[] = [];
    for await (const e of await session.streamScalars(account.entries.select().orderBy((e) => e.id)))
      texts.push(e.text);
    expect(texts).toEqual(["a", "b", "c"]);
    const sum = select(func.sum(select(Entry).subquery().c.amount));
    expect(sum).toBeDefined();
    expect(await session.scalar(select(func.count()).selectFrom(account.entries.select().subquery()))).toBe(3);
    // An autoflush gives a new parent its key in time.
    const late = make(Account, { owner: "new" });
    session.add(late);
    late.entries.add(entry("late", 5));
    expect((await session.scalars(late.entries.select()).all()).map((e) => e.text)).toEqual(["late"]);
  });

  test("[RL-04] gives an INSERT that fills in the parent's key", async () => {
    const { session, account } = await opened();
    await using _ = session;
    await session.execute(account.entries.insert(), [
      { text: "d", amount: 40 },
      { text: "e", amount: 50 },
    ]);
    expect(await session.scalar(text("select count(*) from entries where account_id = 1"))).toBe(5);
    const audit = make(Audit, { id: 1 });
    session.add(audit);
    expect(() => audit.entries.insert()).toThrow(
      "Audit.entries is a many-to-many: an INSERT of members cannot tie them.",
    );
  });

  test("[RL-05] gives UPDATE and DELETE with the parent's condition, and objects in memory follow", async () => {
    const { session, account } = await opened();
    await using _ = session;
    const [a] = await session.scalars(account.entries.select().orderBy((e) => e.id)).all();
    await session.execute(
      account.entries
        .update()
        .where((e) => e.amount.lt(25))
        .values({ amount: 5 }),
    );
    expect(a.amount).toBe(5);
    expect(await session.scalars(text("select amount from entries order by id")).all()).toEqual([5, 5, 30, 1]);
    await session.execute(account.entries.delete().where((e) => e.amount.eq(5)));
    expect(await session.scalars(text("select amount from entries order by id")).all()).toEqual([30, 1]);
  });

  test("[RL-03] [RL-05] works through an association table: select, update and delete by subquery", async () => {
    const { session, account } = await opened();
    await using _ = session;
    const all = await session.scalars(account.entries.select().orderBy((e) => e.id)).all();
    const audit = make(Audit, { id: 1 });
    session.add(audit);
    audit.entries.addAll(all.slice(0, 2));
    await session.commit();
    expect(await session.scalar(text("select count(*) from audit_entries"))).toBe(2);
    expect((await session.scalars(audit.entries.select().orderBy((e) => e.id)).all()).map((e) => e.text)).toEqual([
      "a",
      "b",
    ]);
    await session.execute(audit.entries.update().values({ text: "seen" }));
    expect(await session.scalars(text("select text from entries order by id")).all()).toEqual([
      "seen",
      "seen",
      "c",
      "x",
    ]);
    audit.entries.remove(all[0]);
    await session.commit();
    expect(await session.scalar(text("select count(*) from audit_entries"))).toBe(1);
  });

  test("[RL-06] [SC-06] leaves members to ON DELETE when its parent goes: no SELECT, one DELETE", async () => {
    const { session, account, log } = await opened();
    await using _ = session;
    log.reset();
    await session.delete(account);
    await session.commit();
    expect(log.count("SELECT")).toBe(0);
    expect(log.count("DELETE")).toBe(1);
    expect(await session.scalars(text("select text from entries")).all()).toEqual(["x"]);
  });

  test("[RL-06] without passiveDeletes a delete of its parent is refused, with the two ways out", async () => {
    const { session } = await opened();
    await using _ = session;
    const audit = make(Audit, { id: 1 });
    session.add(audit);
    await session.commit();
    await session.delete(audit);
    await expect(session.commit()).rejects.toThrow(
      "Audit.stamps is write-only: what Audit(1) has in the database cannot be loaded for this operation. For a delete, say passiveDeletes: true",
    );
  });

  test("merges what is queued into a new object, and refuses it for one that has a row", async () => {
    const { session, account } = await opened();
    await using _ = session;
    const fresh = make(Account, { owner: "Cid", entries: [entry("p", 1), entry("q", 2)] as never });
    const merged = await session.merge(fresh);
    await session.flush();
    expect((await session.scalars(merged.entries.select()).all()).map((e) => e.text).sort()).toEqual(["p", "q"]);
    expect((await session.merge(make(Account, { id: 1, owner: "Anna" }))).owner).toBe("Anna");
    await session.flush();
    expect(await session.scalars(account.entries.select()).all()).toHaveLength(3);
    await expect(session.merge(make(Account, { id: 1, entries: [entry("r", 3)] as never }))).rejects.toThrow(
      "merge(): Account.entries of new Account has members that were not flushed, and a write-only collection that has a row cannot be replaced by them.",
    );
  });

  test("cannot be loaded with its object by an option", async () => {
    const { session } = await opened();
    await using _ = session;
    await expect(
      session.scalars(select(Account).options(selectinload(Account, (a) => a.entries))).all(),
    ).rejects.toThrow("Account.entries is write-only and cannot be loaded with its object.");
    const a = make(Account, { owner: "x" });
    expectTypeOf(a.entries.add).parameter(0).toEqualTypeOf<Entry>();
  });

  test("forgets what was queued at a rollback", async () => {
    const { session, account } = await opened();
    await using _ = session;
    account.entries.add(entry("gone", 1));
    await session.rollback();
    expect(session.new.size).toBe(0);
    await session.commit();
    expect(await session.scalar(text("select count(*) from entries where account_id = 1"))).toBe(3);
  });
});

describe("passive deletes", () => {
  const own = registry();

  @own.Entity("pd_parents")
  class Parent {
    @PrimaryKey() id!: number;
    @OneToMany(
      () => Child,
      (c) => c.parent,
      { cascade: ["all", "delete-orphan"], passiveDeletes: true },
    )
    children!: Child[];
    @OneToMany(() => Thing, { passiveDeletes: "all" }) things!: Thing[];
  }
  @own.Entity("pd_children")
  class Child {
    @PrimaryKey() id!: number;
    @ManyToOne(
      () => Parent,
      (p) => p.children,
      { onDelete: "CASCADE" },
    )
    parent!: Relation<Parent> | null;
  }
  @own.Entity("pd_things")
  class Thing {
    @PrimaryKey() id!: number;
    @Column({ foreignKey: () => Parent, onDelete: "SET NULL", nullable: true }) parentId!: number | null;
  }

  test("[SC-06] [RL-06] loaded children go by the unit of work, unloaded ones by the database, and nothing is loaded for it", async () => {
    const { Session, engine } = await storeFor(own);
    await Session.begin((s) => {
      s.add(make(Parent, { id: 1, children: [make(Child, { id: 1 }), make(Child, { id: 2 })] }));
      s.add(make(Parent, { id: 2, children: [make(Child, { id: 3 })], things: [make(Thing, { id: 9 })] }));
    });
    await using session = Session();
    const loaded = await session.getOne(Parent, 1, { options: [selectinload(Parent, (p) => p.children)] });
    const unloaded = await session.getOne(Parent, 2);
    using log = recordStatements(engine);
    await session.delete(loaded);
    await session.delete(unloaded);
    await session.flush();
    expect(log.count("SELECT")).toBe(0);
    expect(log.rows("DELETE")).toBe(4);
    expect(await session.scalar(text("select count(*) from pd_children"))).toBe(0);
    expect(await session.scalars(text("select parent_id from pd_things")).all()).toEqual([null]);
  });

  test('[RL-06] passiveDeletes: "all" leaves even loaded children alone', async () => {
    const { Session, engine } = await storeFor(own);
    await Session.begin((s) => s.add(make(Parent, { id: 1, things: [make(Thing, { id: 9 })] })));
    await using session = Session();
    const parent = await session.getOne(Parent, 1, { options: [selectinload(Parent, (p) => p.things)] });
    using log = recordStatements(engine);
    await session.delete(parent);
    await session.flush();
    expect(log.texts().map((s) => s.split(" ")[0])).toEqual(["DELETE"]);
    expect(await session.scalars(text("select parent_id from pd_things")).all()).toEqual([null]);
  });
});
