/** The chapter "Changing attribute behaviour" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type Attrs,
  attrs,
  awaitable,
  Column,
  column,
  create,
  func,
  Hybrid,
  ManyToOne,
  OneToMany,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  registry,
  type SQLType,
  type StrExpr,
  Synonym,
  select,
  synonym,
  TypeDecorator,
  t,
  table,
  text,
  Validates,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

describe("simple validators", () => {
  const reg = registry();

  @reg.Entity("address")
  class EmailAddress {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @Column() email!: string;
    @ManyToOne(
      () => User,
      (u) => u.addresses,
    )
    user!: Relation<User> | null;

    @Validates("email") validateEmail(_key: string, address: string): string {
      if (!address.includes("@")) throw new RangeError("failed simple email validation");
      return address;
    }
  }

  @reg.Entity("user", { polymorphicOn: "kind", polymorphicIdentity: "user" })
  class User {
    declare [OptionalProps]?: "id" | "kind";
    @PrimaryKey() id!: number;
    @Column(t.string(10)) kind!: string;
    @Column(t.text, { nullable: true }) email!: string | null;
    @OneToMany(
      () => EmailAddress,
      (a) => a.user,
    )
    addresses!: EmailAddress[];

    @Validates("email") validateEmail(_key: string, address: string): string {
      if (!address.includes("@")) throw new RangeError("failed simple email validation");
      return address;
    }
    @Validates("addresses", { includeRemoves: true, includeBackrefs: false })
    validateAddress(_key: string, address: EmailAddress, isRemove: boolean): EmailAddress {
      if (isRemove) throw new RangeError("not allowed to remove items from the collection");
      if (address.email.startsWith("spam@")) throw new RangeError("no spam");
      return address;
    }
  }

  @reg.Entity({ polymorphicIdentity: "verified" })
  class VerifiedUser extends User {
    @Validates("email") override validateEmail(key: string, address: string): string {
      const checked = super.validateEmail(key, address);
      if (!checked.endsWith("@example.com")) throw new RangeError("only example.com addresses allowed");
      return checked;
    }
  }

  test("see what is assigned, and not what is loaded", async () => {
    expect(() => create(EmailAddress, { email: "nobody" })).toThrow("failed simple email validation");
    const { Session } = await storeFor(reg);
    await using session = Session();
    await session.execute(text("insert into address (id, email) values (1, 'loaded')"));
    expect((await session.getOne(EmailAddress, 1)).email).toBe("loaded");
  });

  test("see what comes into a collection, what leaves it where asked, and not what another side did where so asked", () => {
    const user = create(User, {});
    const [good, spam] = ["a@b", "spam@b"].map((email) => create(EmailAddress, { email }));
    user.addresses.push(good);
    expect(() => user.addresses.push(spam)).toThrow("no spam");
    expect(() => user.addresses.pop()).toThrow("not allowed to remove");
    expect(user.addresses).toHaveLength(1);
    spam.user = user;
    expect(user.addresses).toHaveLength(2);
  });

  test("of a subclass stand in for its parent's of the same name, and may call it", () => {
    expect(create(User, { email: "a@b" }).email).toBe("a@b");
    expect(() => create(VerifiedUser, { email: "nobody" })).toThrow("failed simple email validation");
    expect(() => create(VerifiedUser, { email: "a@b" })).toThrow("only example.com");
    expect(create(VerifiedUser, { email: "a@example.com" }).email).toBe("a@example.com");
  });
});

describe("a type of one's own", () => {
  test("converts on the way to the database and back", async () => {
    class Upper extends TypeDecorator<string, string> {
      readonly impl: SQLType<string> = t.string(20);
      override processBindParam(value: string): string {
        return value.toUpperCase();
      }
      override processResultValue(value: string): string {
        return `<${value}>`;
      }
    }
    const reg = registry();
    @reg.Entity("shouts")
    class Shout {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @Column(new Upper()) word!: string;
    }
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(create(Shout, { word: "hey" }));
    await session.commit();
    expect(await session.scalar(text("select word from shouts"))).toBe("HEY");
    expect((await session.scalars(select(Shout).where((s) => s.word.eq("hey"))).one()).word).toBe("<HEY>");
  });
});

describe("accessors and hybrids", () => {
  const reg = registry();

  @reg.Entity("email_address")
  class EmailAddress {
    declare [OptionalProps]?: "id" | "email" | "short";
    @PrimaryKey() id!: number;
    @Column({ name: "email" }) stored!: string;

    /** An accessor alone: objects have it, statements do not. */
    get plain(): string {
      return this.stored;
    }
    set plain(value: string) {
      this.stored = value;
    }
    @Hybrid((e: Attrs<EmailAddress>) => e.stored)
    get email(): string {
      return this.stored;
    }
    set email(value: string) {
      this.stored = value;
    }
    @Hybrid((e: Attrs<EmailAddress>) => func.substr(e.stored, 1, func.length(e.stored).sub(12)))
    get short(): string {
      return this.stored.slice(0, -12);
    }
    set short(value: string) {
      this.stored = `${value}@example.com`;
    }
  }

  test("an accessor reads and writes the attribute, and has no meaning in statements", () => {
    const address = make(EmailAddress, { plain: "a@b" });
    expect([address.stored, address.plain]).toEqual(["a@b", "a@b"]);
    expect(() => (attrs(EmailAddress) as { plain: unknown }).plain).toThrow(/no mapped attribute "plain"/);
  });

  test("a hybrid is a column in statements, and is written through its setter", async () => {
    const { engine, Session } = await storeFor(reg);
    await Session.begin((s) => s.add(make(EmailAddress, { email: "address@example.com" })));
    await using session = Session();
    const address = await session.scalars(select(EmailAddress).where((e) => e.email.eq("address@example.com"))).one();
    using log = recordStatements(engine);
    address.email = "otheraddress@example.com";
    await session.commit();
    expect(log.texts()).toEqual([expect.stringMatching(/^UPDATE email_address SET email ?=/)]);
    expectTypeOf(attrs(EmailAddress).email).toExtend<StrExpr<string, EmailAddress>>();
  });

  test("its two meanings may be written differently", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const made = make(EmailAddress, { short: "address" });
    expect(made.stored).toBe("address@example.com");
    session.add(made);
    await session.commit();
    using log = recordStatements(engine);
    const found = await session.scalars(select(EmailAddress).where((e) => e.short.eq("address"))).one();
    expect(found.short).toBe("address");
    expect(log.texts()[0]).toMatch(/WHERE substr\(email_address\.email, .*length\(email_address\.email\) - \S+\) = /);
  });
});

describe("synonyms", () => {
  const reg = registry();

  @reg.Entity("my_table")
  class MyClass {
    declare [OptionalProps]?: "id" | "status" | "state";
    @PrimaryKey() id!: number;
    @Column(t.string(50)) jobStatus!: string;
    @Synonym("jobStatus") status!: string;
    @Synonym("status") state!: string;
    @ManyToOne(() => MyClass, { columnName: "parent_id" }) parent!: Relation<MyClass> | null;
    @Synonym("parent") above!: Relation<MyClass> | null;
    /** A synonym with an accessor of its own is a hybrid. */
    @Hybrid((m: Attrs<MyClass>) => m.jobStatus)
    get described(): string {
      return `Status: ${this.jobStatus}`;
    }
  }

  test("are one attribute under two names, in statements and on objects", async () => {
    const m = attrs(MyClass);
    expect(String(m.status.eq("some_status"))).toBe(String(m.jobStatus.eq("some_status")));
    const object = create(MyClass, { status: "x" } as never);
    expect([object.status, object.jobStatus]).toEqual(["x", "x"]);
    object.jobStatus = "y";
    expect([object.status, object.jobStatus, object.described]).toEqual(["y", "y", "Status: y"]);
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(object);
    await session.commit();
    expect(await session.scalars(select(MyClass).where((e) => e.described.eq("y"))).one()).toBe(object);
  });

  test("may stand for a relationship, and for a synonym", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const parent = create(MyClass, { state: "p" } as never);
    const child = create(MyClass, { jobStatus: "c", above: parent });
    expect([parent.jobStatus, child.parent]).toEqual(["p", parent]);
    session.add(child);
    await session.commit();
    session.expungeAll();
    const found = await session.scalars(select(MyClass).where((e) => e.state.eq("c"))).one();
    expect((await awaitable(found).above)?.state).toBe("p");
  });

  test("are written in an imperative mapping too", () => {
    const own = registry();
    const jobs = table("jobs", own.metadata, {
      id: column(t.integer, { primaryKey: true }),
      job_status: column(t.text),
    });
    class Job {
      declare id: number;
      declare job_status: string;
      declare status: string;
    }
    own.mapImperatively(Job, jobs, { properties: { status: synonym("job_status") } });
    const job = create(Job, { status: "x" } as never);
    expect(job.job_status).toBe("x");
  });
});

describe("operators", () => {
  test("of an attribute are given by a comparator", async () => {
    const reg = registry();
    @reg.Entity("words")
    class Word {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @Column(t.string(20), {
        comparator: (c: StrExpr<string>) => ({ eq: (other: string) => func.lower(c).eq(other.toLowerCase()) }),
      })
      word!: string;
    }
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(create(Word, { word: "Trucks" }));
    await session.commit();
    expect(await session.scalars(select(Word).where((w) => w.word.eq("tRUCKS"))).all()).toHaveLength(1);
    expect(await session.scalars(select(Word).filterBy({ word: "TRUCKS" })).all()).toHaveLength(1);
  });
});
