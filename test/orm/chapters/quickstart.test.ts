/** The chapter "ORM quick start" of SQLAlchemy's ORM documentation, from the first class to the last row, on both databases. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  attrs,
  awaitable,
  Column,
  type Create,
  create,
  ManyToOne,
  OneToMany,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { storeFor } from "../support.js";

const reg = registry();

@reg.Entity("user_account")
class User {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
  @Column(t.text, { nullable: true }) fullname!: string | null;
  @OneToMany(
    () => Address,
    (address) => address.user,
    { cascade: ["all", "delete-orphan"], orderBy: (address) => address.id },
  )
  addresses!: Address[];

  toString(): string {
    return `User(id=${this.id}, name=${this.name}, fullname=${this.fullname})`;
  }
}

@reg.Entity("address")
class Address {
  declare [OptionalProps]?: "id" | "userId" | "user";
  @PrimaryKey() id!: number;
  @Column() emailAddress!: string;
  @Column({ foreignKey: "user_account.id" }) userId!: number;
  @ManyToOne(
    () => User,
    (user) => user.addresses,
  )
  user!: Relation<User>;

  toString(): string {
    return `Address(id=${this.id}, emailAddress=${this.emailAddress})`;
  }
}

const mail = (emailAddress: string) => create(Address, { emailAddress });

async function populated() {
  const store = await storeFor(reg);
  await using session = store.Session();
  const spongebob = create(User, {
    name: "spongebob",
    fullname: "Spongebob Squarepants",
    addresses: [mail("spongebob@sqlalchemy.org")],
  });
  const sandy = create(User, {
    name: "sandy",
    fullname: "Sandy Cheeks",
    addresses: [mail("sandy@sqlalchemy.org"), mail("sandy@squirrelpower.org")],
  });
  const patrick = create(User, { name: "patrick", fullname: "Patrick Star" });
  session.addAll([spongebob, sandy, patrick]);
  await session.commit();
  return store;
}

describe("the quick start", () => {
  test("declares classes whose tables have the types and nullability of the properties", () => {
    const [users, addresses] = ["user_account", "address"].map((name) => reg.metadata.tables.get(name)!);
    expect(users.columns.map((c) => [c.name, c.primaryKey, c.nullable])).toEqual([
      ["id", true, false],
      ["name", false, false],
      ["fullname", false, true],
    ]);
    expect(addresses.columns.map((c) => [c.name, c.type.family, c.nullable])).toEqual([
      ["id", "integer", false],
      ["email_address", "string", false],
      ["user_id", "integer", false],
    ]);
    expectTypeOf<Create<User>>().toEqualTypeOf<
      { name: string } & { id?: number; fullname?: string | null; addresses?: readonly Create<Address>[] }
    >();
    // @ts-expect-error a name is required
    void (() => create(User, { fullname: "Nobody" }));
    // @ts-expect-error there is no such attribute
    void (() => create(User, { name: "x", nick: "y" }));
  });

  test("creates the tables in order of dependency", async () => {
    const { engine } = await storeFor(reg);
    await reg.metadata.dropAll(engine);
    using log = recordStatements(engine);
    await reg.metadata.createAll(engine);
    expect(log.texts("CREATE").map((sql) => /TABLE (\w+)/.exec(sql)?.[1])).toEqual(["user_account", "address"]);
    expect(log.texts("CREATE")[1]).toMatch(/FOREIGN KEY ?\(user_id\) REFERENCES user_account ?\(id\)/);
  });

  test("persists a graph: users first, then their addresses with the keys that the users got", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const sandy = create(User, { name: "sandy", addresses: [mail("a"), mail("b")] });
    using log = recordStatements(engine);
    session.add(sandy);
    expect(log.count()).toBe(0);
    await session.commit();
    expect(log.statements.map(({ verb, text }) => `${verb} ${/INTO (\w+)/.exec(text)?.[1]}`)).toEqual([
      "INSERT user_account",
      "INSERT address",
    ]);
    expect(await session.scalars(text("select user_id from address")).all()).toEqual([1, 1]);
  });

  test("selects objects by a condition", async () => {
    const { engine, Session } = await populated();
    await using session = Session();
    using log = recordStatements(engine);
    const stmt = select(User)
      .where((user) => user.name.in(["spongebob", "sandy"]))
      .orderBy((user) => user.id);
    const printed: string[] = [];
    for (const user of await session.scalars(stmt).all()) printed.push(String(user));
    expect(printed).toEqual([
      "User(id=1, name=spongebob, fullname=Spongebob Squarepants)",
      "User(id=2, name=sandy, fullname=Sandy Cheeks)",
    ]);
    expect(log.texts()).toEqual([
      expect.stringMatching(
        /^SELECT user_account\.id, user_account\.name, user_account\.fullname\s+FROM user_account\s+WHERE user_account\.name (IN|= ANY)/,
      ),
    ]);
  });

  test("joins along a relationship; several where() are tied by AND", async () => {
    const { engine, Session } = await populated();
    await using session = Session();
    const [u, a] = [attrs(User), attrs(Address)];
    const stmt = select(Address)
      .join(a.user)
      .where(u.name.eq("sandy"))
      .where(a.emailAddress.eq("sandy@sqlalchemy.org"));
    using log = recordStatements(engine);
    const found = await session.scalars(stmt).one();
    expectTypeOf(found).toEqualTypeOf<Address>();
    expect(String(found)).toBe("Address(id=2, emailAddress=sandy@sqlalchemy.org)");
    expect(log.texts()[0]).toMatch(
      /FROM address JOIN user_account ON (user_account\.id = address\.user_id|address\.user_id = user_account\.id)\s+WHERE user_account\.name = \S+ AND address\.email_address = \S+$/,
    );
  });

  test("tracks changes; a collection that is needed is loaded when it is asked for", async () => {
    const { engine, Session } = await populated();
    await using session = Session();
    const address = await session.getOne(Address, 2);
    const patrick = await session.scalars(select(User).where((u) => u.name.eq("patrick"))).one();
    // Where SQLAlchemy loads at this point, the error says what to write.
    expect(() => patrick.addresses.push(mail("patrickstar@sqlalchemy.org"))).toThrow(
      /awaitable\(|selectinload\(User, \(u\) => u\.addresses\)/,
    );
    using log = recordStatements(engine);
    (await awaitable(patrick).addresses).push(mail("patrickstar@sqlalchemy.org"));
    expect(log.texts()).toEqual([expect.stringMatching(/FROM address\s+WHERE .*address\.user_id/)]);
    log.reset();
    address.emailAddress = "sandy_cheeks@sqlalchemy.org";
    await session.commit();
    expect(log.statements.map((s) => s.verb)).toEqual(["UPDATE", "INSERT"]);
    expect(log.texts("UPDATE")[0]).toMatch(/^UPDATE address SET email_address ?= ?\S+ WHERE address\.id = \S+$/);
    expect(await session.scalars(text("select email_address from address where user_id = 3")).all()).toEqual([
      "patrickstar@sqlalchemy.org",
    ]);
  });

  test("deletes a row whose object left the collection, and an object with all that it has", async () => {
    const { engine, Session } = await populated();
    await using session = Session();
    const sandy = await session.getOne(User, 2);
    const addresses = await awaitable(sandy).addresses;
    using log = recordStatements(engine);
    addresses.shift();
    expect(log.count()).toBe(0);
    await session.flush();
    expect(log.texts()).toEqual([expect.stringMatching(/^DELETE FROM address WHERE address\.id = \S+$/)]);
    const spongebob = await session.getOne(User, 1);
    log.reset();
    await session.delete(spongebob);
    // The collection is loaded, as its members go too; nothing is deleted before the flush.
    expect(log.statements.map((s) => s.verb)).toEqual(["SELECT"]);
    await session.commit();
    expect(log.statements.slice(1).map(({ text }) => /FROM (\w+)/.exec(text)?.[1])).toEqual([
      "address",
      "user_account",
    ]);
    expect(await session.scalars(text("select name from user_account order by id")).all()).toEqual([
      "sandy",
      "patrick",
    ]);
    expect(await session.scalars(text("select email_address from address")).all()).toEqual(["sandy@squirrelpower.org"]);
  });

  test("the same in a synchronous session inside runSync, where reading loads", async () => {
    const { Session } = await populated();
    await using session = Session();
    const names = await session.runSync((s) => {
      const sandy = s.getOne(User, 2);
      sandy.addresses.splice(0, 1);
      s.flush();
      return sandy.addresses.map((address) => address.user.name);
    });
    expect(names).toEqual(["sandy"]);
    await session.commit();
    const again = await session.scalars(
      select(User)
        .options(selectinload(User, (u) => u.addresses))
        .orderBy((u) => u.id),
    );
    expect(again.all().map((user) => user.addresses.length)).toEqual([1, 1, 0]);
  });
});
