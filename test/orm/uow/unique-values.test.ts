import { describe, expect, test } from "vitest";
import {
  Column,
  IntegrityError,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
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
