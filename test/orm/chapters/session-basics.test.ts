/** The chapters "Session basics" and "Session API" of SQLAlchemy's ORM documentation. What the files of test/orm/session show is not repeated in depth. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type AsyncSession,
  asyncSessionmaker,
  attrs,
  Column,
  DetachedInstanceError,
  IntegrityError,
  InvalidRequestError,
  identityKey,
  inspect,
  ManyToMany,
  ManyToOne,
  NoResultFound,
  OneToMany,
  objectSession,
  PendingRollbackError,
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

@reg.Entity("customers")
class Customer {
  @PrimaryKey() id!: number;
  @Column(t.string(30), { unique: true }) name!: string;
  @Column(t.string(30), { nullable: true }) fullName!: string | null;
  @OneToMany(
    () => Address,
    (a) => a.customer,
    { orderBy: "id" },
  )
  addresses!: Address[];
  @OneToMany(() => Invoice, { cascade: ["all", "delete-orphan"], orderBy: "id" }) invoices!: Invoice[];
  @OneToMany(() => Visit, { passiveDeletes: true }) visits!: Visit[];
  @ManyToMany(() => Label, { secondary: "customer_labels" }) labels!: Label[];
}

@reg.Entity("addresses")
class Address {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) email!: string;
  @Column(t.integer, { foreignKey: "customers.id", nullable: true }) customerId!: number | null;
  @ManyToOne(
    () => Customer,
    (c) => c.addresses,
  )
  customer!: Relation<Customer> | null;
}

@reg.Entity("invoices")
class Invoice {
  @PrimaryKey() id!: number;
  @Column(t.integer, { foreignKey: "customers.id" }) customerId!: number;
}

@reg.Entity("visits")
class Visit {
  @PrimaryKey() id!: number;
  @Column(t.integer, { foreignKey: "customers.id", onDelete: "CASCADE" }) customerId!: number;
}

@reg.Entity("labels")
class Label {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) text!: string;
}

const c = attrs(Customer);
const named = (name: string, more: Partial<Customer> = {}) => make(Customer, { name, ...more });
const allNames = (session: AsyncSession) => session.scalars(select(c.name).orderBy(c.id)).all();

async function shop(options: Parameters<typeof storeFor>[1] = {}) {
  const store = await storeFor(reg, options);
  return { ...store, log: recordStatements(store.engine) };
}

describe("opening and closing", () => {
  test("a session of a factory is closed at the end of its block; without a commit nothing was written", async () => {
    const { Session } = await shop();
    let kept: Customer;
    {
      await using session = Session();
      kept = named("ann");
      session.add(kept);
      session.add(named("bob"));
      await session.commit();
      session.add(named("lost"));
    }
    await using second = Session();
    expect(await allNames(second)).toEqual(["ann", "bob"]);
    // Expired by the commit, and detached since.
    expect(() => kept.name).toThrow(DetachedInstanceError);
  });

  test("expireOnCommit: false keeps objects readable after the commit and the end of the session", async () => {
    const { Session } = await shop({ expireOnCommit: false });
    const ann = named("ann");
    await Session.begin((session) => session.add(ann));
    expect(ann.name).toBe("ann");
    expect(inspect(ann).detached).toBe(true);
  });

  test("begin, commit and rollback are framed by a function; a throw rolls back and goes on", async () => {
    const { Session } = await shop();
    await using session = Session();
    await session.begin(() => session.addAll([named("ann"), named("bob")]));
    const failing = session.begin(() => {
      session.add(named("cid"));
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await allNames(session)).toEqual(["ann", "bob"]);
  });

  test("await using on begin() commits only what said so", async () => {
    const { Session } = await shop();
    await using session = Session();
    {
      await using tx = await session.begin();
      session.add(named("ann"));
      await tx.commit();
    }
    {
      await using _ = await session.begin();
      session.add(named("bob"));
    }
    expect(await allNames(session)).toEqual(["ann"]);
  });

  test("a factory begins, commits and closes in one call, and is given its engine later", async () => {
    const { engine } = await shop();
    const Late = asyncSessionmaker();
    Late.configure({ bind: engine });
    const made = await Late.begin((session) => {
      const ann = named("ann");
      session.add(ann);
      return ann;
    });
    expectTypeOf(made).toEqualTypeOf<Customer>();
    expect(inspect(made).detached).toBe(true);
    await using session = Late({ info: { page: 7 } });
    expect(session.info.page).toBe(7);
    expect(await allNames(session)).toEqual(["ann"]);
  });
});

describe("querying and adding", () => {
  test("select() with filterBy for objects and for columns", async () => {
    const { Session } = await shop();
    await using session = Session();
    session.addAll([named("ed", { fullName: "Ed Jones" }), named("flo")]);
    const found = await session.scalars(select(Customer).filterBy({ name: "ed" })).all();
    expectTypeOf(found).toEqualTypeOf<Customer[]>();
    expect(found).toHaveLength(1);
    const rows = await session.execute(select(c.name, c.fullName).orderBy(c.id)).all();
    expect(rows.map((row) => [...row])).toEqual([
      ["ed", "Ed Jones"],
      ["flo", null],
    ]);
    // @ts-expect-error no such attribute
    expect(() => select(Customer).filterBy({ nme: "ed" })).toThrow(/nme/);
  });

  test("add() takes what is new or detached, is nothing for what is there, and follows the cascade", async () => {
    const { Session } = await shop({ expireOnCommit: false });
    const ann = named("ann", { addresses: [make(Address, { email: "a@x" })] });
    await Session.begin((session) => session.add(ann));
    await using session = Session();
    session.add(ann);
    session.add(ann);
    expect(inspect(ann).persistent).toBe(true);
    expect(session.has(ann.addresses[0])).toBe(true);
    expect([...session.new]).toEqual([]);
    expect(objectSession(ann)).toBe(session);
    expect([...session]).toHaveLength(2);
  });
});

describe("deleting", () => {
  test("waits in session.deleted for the flush, after which the object is out; the commit makes that final", async () => {
    const { Session } = await shop();
    await using session = Session();
    const [ann, bob] = [named("ann"), named("bob")];
    session.addAll([ann, bob]);
    await session.commit();
    await session.deleteAll([ann, bob]);
    expect(session.deleted).toEqual(new Set([ann, bob]));
    await session.flush();
    expect([session.deleted.size, session.has(ann), inspect(ann).deleted]).toEqual([0, false, true]);
    await session.commit();
    expect(inspect(ann).detached).toBe(true);
  });

  test("related rows: keys become NULL, delete cascades delete, association rows go, passiveDeletes leaves it to the database", async () => {
    const { Session, log } = await shop();
    await using session = Session();
    session.add(
      named("ann", {
        addresses: [make(Address, { email: "a@x" })],
        invoices: [make(Invoice), make(Invoice)],
        visits: [make(Visit)],
        labels: [make(Label, { text: "vip" })],
      }),
    );
    await session.commit();
    const ann = await session.scalars(select(Customer)).one();
    log.reset();
    await session.delete(ann);
    await session.flush();
    // What refers to it was not loaded: it is selected, but for what the database does by itself.
    expect(log.texts("SELECT").some((each) => each.includes("FROM addresses"))).toBe(true);
    expect(log.texts("SELECT").some((each) => each.includes("FROM visits"))).toBe(false);
    const count = async (table: string) => Number(await session.scalar(text(`SELECT count(*) FROM ${table}`)));
    expect(await session.scalar(select(attrs(Address).customerId))).toBeNull();
    expect([await count("invoices"), await count("customer_labels"), await count("labels")]).toEqual([0, 0, 1]);
    expect(await count("visits")).toBe(0);
  });

  test("leaves the object in collections that are loaded; taking it out of one with delete-orphan is the better way", async () => {
    const { Session } = await shop({ expireOnCommit: false });
    await using session = Session();
    const ann = named("ann", { addresses: [make(Address, { email: "a" })], invoices: [make(Invoice), make(Invoice)] });
    session.add(ann);
    await session.commit();
    await session.delete(ann.addresses[0]);
    await session.flush();
    expect(ann.addresses).toHaveLength(1);
    await session.refresh(ann, ["addresses"]);
    expect(ann.addresses).toEqual([]);
    const [first] = ann.invoices;
    ann.invoices.shift();
    await session.commit();
    // Without expiry a commit leaves deleted objects where they are, as in SQLAlchemy.
    expect(inspect(first).state).toBe("deleted");
    expect(ann.invoices).toHaveLength(1);
  });
});

describe("flushing", () => {
  test("comes before statements about classes, and not with autoflush: false or within noAutoflush", async () => {
    const { Session, log } = await shop();
    await using session = Session();
    session.add(named("ann"));
    expect(await allNames(session)).toEqual(["ann"]);
    session.add(named("bob"));
    await session.noAutoflush(async () => expect(await allNames(session)).toEqual(["ann"]));
    await session.commit();
    await session.close();
    await using quiet = Session({ autoflush: false });
    quiet.add(named("cid"));
    expect(await allNames(quiet)).toEqual(["ann", "bob"]);
    log.reset();
    // Savepoints and commits flush all the same.
    const savepoint = await quiet.beginNested();
    expect(log.count("INSERT")).toBe(1);
    await savepoint.commit();
    quiet.add(named("dan"));
    await quiet.commit();
    expect(await allNames(quiet)).toEqual(["ann", "bob", "cid", "dan"]);
  });

  test("comes before refresh, lazy loads and the SELECT of merge", async () => {
    const { Session, log } = await shop({ expireOnCommit: false });
    await using session = Session();
    const ann = named("ann");
    session.add(ann);
    await session.commit();
    let round = 0;
    for (const act of [
      () => session.refresh(ann),
      () => session.runSync(() => ann.addresses.length),
      () => session.merge(make(Customer, { id: 99, name: "merged" })),
    ]) {
      session.add(named(`new ${round++}`));
      log.reset();
      await act();
      expect(log.statements.map((each) => each.verb).slice(0, 2)).toEqual(["INSERT", "SELECT"]);
      await session.commit();
      session.expire(ann, ["addresses"]);
    }
  });

  test("that fails is rolled back, and the session wants to hear rollback() before it goes on", async () => {
    const { Session } = await shop();
    await using session = Session();
    session.add(named("ann"));
    await session.commit();
    session.addAll([named("bob"), named("ann")]);
    await expect(session.flush()).rejects.toThrow(IntegrityError);
    expect(session.isActive).toBe(false);
    await expect(allNames(session)).rejects.toThrow(PendingRollbackError);
    await session.rollback();
    expect(await allNames(session)).toEqual(["ann"]);
  });
});

describe("get, expire and refresh", () => {
  test("get looks among the session's objects first; getOne does not give null", async () => {
    const { Session, log } = await shop();
    await using session = Session();
    session.add(named("ann"));
    await session.commit();
    const ann = await session.get(Customer, 1);
    log.reset();
    expect(await session.get(Customer, 1)).toBe(ann);
    expect(await session.get(Customer, { id: 1 })).toBe(ann);
    expect(await session.get(Customer, [1])).toBe(ann);
    expect(log.count()).toBe(0);
    expect(await session.get(Customer, 5)).toBeNull();
    await expect(session.getOne(Customer, 5)).rejects.toThrow(NoResultFound);
    expectTypeOf(ann).toEqualTypeOf<Customer | null>();
  });

  test("expire() loads again when read, refresh() at once, populateExisting with the statement", async () => {
    const { Session, log } = await shop();
    await using session = Session();
    session.add(named("ann"));
    await session.commit();
    const ann = await session.getOne(Customer, 1);
    const rename = (name: string) => session.execute(text("UPDATE customers SET name = :name"), { name });
    await rename("one");
    session.expire(ann);
    await session.runSync(() => expect(ann.name).toBe("one"));
    await rename("two");
    expect(ann.name).toBe("one");
    await session.refresh(ann);
    expect(ann.name).toBe("two");
    await rename("three");
    await session.scalars(select(Customer).executionOptions({ populateExisting: true })).all();
    expect(ann.name).toBe("three");
    await rename("four");
    session.expireAll();
    log.reset();
    await session.runSync(() => [ann.name, ann.fullName]);
    expect(log.count("SELECT")).toBe(1);
  });
});

describe("transactions of a session", () => {
  test("begin by themselves at the first use: a statement, add(), or a change of an object", async () => {
    const { Session } = await shop({ expireOnCommit: false });
    await using session = Session();
    expect([session.inTransaction(), session.getTransaction()]).toEqual([false, null]);
    const ann = named("ann");
    session.add(ann);
    expect(session.inTransaction()).toBe(true);
    expect(session.getTransaction()).not.toBeNull();
    await session.commit();
    expect(session.inTransaction()).toBe(false);
    ann.name = "anna";
    expect(session.inTransaction()).toBe(true);
    await session.rollback();
    await session.scalar(select(c.name));
    expect(session.inTransaction()).toBe(true);
    await expect(session.begin()).rejects.toThrow(InvalidRequestError);
  });

  test("with autobegin: false only begin() begins one, each time", async () => {
    const { Session } = await shop();
    await using session = Session({ autobegin: false });
    expect(() => session.add(named("ann"))).toThrow(InvalidRequestError);
    await session.begin();
    session.add(named("ann"));
    await session.commit();
    await expect(session.scalar(select(c.name))).rejects.toThrow(/begin/);
    await session.begin();
    expect(await session.scalar(select(c.name))).toBe("ann");
    await session.rollback();
  });

  test("commit() and rollback() without one pass silently, and a connection goes back at the end", async () => {
    const { Session, engine } = await shop();
    await using session = Session();
    await session.commit();
    await session.rollback();
    await session.scalar(select(c.name));
    expect(engine.pool.status().checkedOut).toBe(1);
    await session.rollback();
    expect(engine.pool.status().checkedOut).toBe(0);
  });

  test("rollback(): what was added is out with its values, what was deleted is back, all else is expired", async () => {
    const { Session } = await shop({ expireOnCommit: false });
    await using session = Session();
    const [ann, bob] = [named("ann"), named("bob")];
    session.addAll([ann, bob]);
    await session.commit();
    const cid = named("cid");
    session.add(cid);
    await session.delete(ann);
    bob.name = "robert";
    await session.flush();
    await session.rollback();
    expect([inspect(cid).transient, cid.name]).toEqual([true, "cid"]);
    expect(inspect(ann).persistent).toBe(true);
    expect(inspect(bob).expired).toBe(true);
    await session.runSync(() => expect(bob.name).toBe("bob"));
  });

  test("close() lets everything go and the session begins anew; closeResetsOnly: false forbids that, but for reset()", async () => {
    const { Session } = await shop();
    const session = Session({ closeResetsOnly: false });
    const ann = named("ann");
    session.add(ann);
    await session.reset();
    expect(inspect(ann).transient).toBe(true);
    session.add(named("bob"));
    await session.close();
    expect(() => session.add(named("cid"))).toThrow(InvalidRequestError);
  });
});

test("what an object's state and a session tell", async () => {
  const { Session } = await shop();
  await using session = Session();
  const ann = named("ann");
  session.add(ann);
  expect(inspect(ann).pending).toBe(true);
  expect(session.new).toEqual(new Set([ann]));
  await session.flush();
  expect(inspect(ann).identity).toEqual([1]);
  expect(identityKey(ann)).toEqual(identityKey(Customer, 1));
  expect(session.identityMap.has(ann)).toBe(true);
  inspect(ann).info.seen = true;
  await session.refresh(ann);
  expect(inspect(ann).info).toEqual({ seen: true });
  ann.fullName = "Ann";
  expect([session.dirty.has(ann), session.isModified(ann)]).toEqual([true, true]);
  session.expunge(ann);
  expect([inspect(ann).detached, objectSession(ann)]).toEqual([true, null]);
  expect(() => session.expunge(ann)).toThrow(InvalidRequestError);
});
