import { describe, expect, test } from "vitest";
import {
  type Attrs,
  Column,
  ManyToOne,
  OneToMany,
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

@reg.Entity("ck_users")
class User {
  @PrimaryKey(t.string(20)) name!: string;
  @OneToMany(
    () => Address,
    (a) => a.user,
    { orderBy: "email" },
  )
  addresses!: Address[];
}

@reg.Entity("ck_addresses")
class Address {
  @PrimaryKey(t.string(20), { foreignKey: "ck_users.name", onUpdate: "CASCADE" }) userName!: string;
  @PrimaryKey(t.string(20)) email!: string;
  @ManyToOne(
    () => User,
    (u) => u.addresses,
    { foreignKeys: ["userName"] },
  )
  user!: Relation<User> | null;
}

@reg.Entity("ck_nodes")
class Node {
  @PrimaryKey(t.string(20)) name!: string;
  @ManyToOne(() => Node, { passiveUpdates: false, deferrable: true, initially: "DEFERRED" })
  parent!: Relation<Node> | null;
}

@reg.Entity("ck_people", { polymorphicOn: "kind", polymorphicIdentity: "person" })
class Person {
  @PrimaryKey(t.string(20)) name!: string;
  @Column(t.string(20)) kind!: string;
}

@reg.Entity("ck_managers", { polymorphicIdentity: "manager" })
class Manager extends Person {
  @PrimaryKey(t.string(20), { foreignKey: "ck_people.name", onUpdate: "CASCADE" }) declare name: string;
  @Column(t.integer) level!: number;
}

@reg.Entity("ck_engineers", { polymorphicIdentity: "engineer" })
class Engineer extends Person {
  @PrimaryKey(t.string(20), { foreignKey: "ck_people.name", onUpdate: "CASCADE" }) declare name: string;
  @Column(t.string(20)) language!: string;
  @Column(t.string(20), { nullable: true, foreignKey: "ck_managers.name", onUpdate: "CASCADE" })
  bossName!: string | null;
  @ManyToOne(() => Manager, {
    foreignKeys: ["bossName"],
    primaryJoin: (e: Attrs<Engineer>, m: Attrs<Manager>) => e.bossName.eq(m.name),
  })
  boss!: Relation<Manager> | null;
}

@reg.Entity("ck_guests", { polymorphicIdentity: "guest" })
class Guest extends Person {
  @PrimaryKey() number!: number;
  @Column(t.string(20), { foreignKey: "ck_people.name", onUpdate: "CASCADE" }) personName!: string;
  @Column(t.string(20)) room!: string;
}

describe("a primary key that changes", () => {
  test("with a foreign key that the database makes follow, the row is written under its new key in the same flush", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const user = make(User, { name: "ed" });
    user.addresses = ["1", "2"].map((email) => make(Address, { email }));
    session.add(user);
    await session.flush();
    user.name = "jack";
    user.addresses[1].email = "3";
    await session.commit();
    const rows = await session.execute(text("select user_name, email from ck_addresses order by email")).all();
    expect(rows.map((row) => [...row])).toEqual([
      ["jack", "1"],
      ["jack", "3"],
    ]);
    expect((await session.get(Address, ["jack", "3"]))?.email).toBe("3");
  });

  test("reaches objects whose reference is not loaded, where the flush writes their keys", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const top = make(Node, { name: "top" });
    session.addAll([top, ...["a", "b"].map((name) => make(Node, { name, parent: top }))]);
    await session.commit();
    const [a, b, renamed] = await session.scalars(select(Node).orderBy((n) => n.name)).all();
    expect([a.name, b.name, renamed]).toEqual(["a", "b", top]);
    renamed.name = "root";
    await session.commit();
    expect(await session.scalars(text("select parent_name from ck_nodes order by name")).all()).toEqual([
      "root",
      "root",
      null,
    ]);
  });

  test("of a joined class, the tables below follow by their foreign keys and get their own changes", async () => {
    const { Session, engine } = await storeFor(reg);
    await using session = Session();
    const boss = make(Manager, { name: "ann", level: 1 });
    const engineer = make(Engineer, { name: "bob", language: "java", boss });
    session.add(engineer);
    await session.commit();
    await session.refresh(engineer);
    await session.refresh(boss);
    expect(engineer.bossName).toBe("ann");
    engineer.name = "cid";
    engineer.language = "scala";
    boss.name = "dora";
    using log = recordStatements(engine);
    await session.commit();
    expect(log.rows("UPDATE")).toBe(3);
    const [row] = await session.execute(text("select name, language, boss_name from ck_engineers")).all();
    expect([...row]).toEqual(["cid", "scala", "dora"]);
  });
});

test("a joined class may have a key of its own beside the foreign key that means inheritance", async () => {
  const { Session } = await storeFor(reg);
  await using session = Session();
  const guest = make(Guest, { name: "eve", room: "12" });
  session.add(guest);
  await session.commit();
  expect(await session.scalars(text("select person_name from ck_guests")).all()).toEqual(["eve"]);
  await session.refresh(guest);
  guest.room = "13";
  guest.name = "eva";
  await session.commit();
  session.expungeAll();
  const found = await session.scalars(select(Guest).where((g) => g.room.eq("13"))).one();
  expect([found.name, found.personName, found.number]).toEqual(["eva", "eva", 1]);
  await session.delete(found);
  await session.commit();
  expect(await session.scalar(text("select count(*) from ck_people"))).toBe(0);
});
