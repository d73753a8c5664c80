/** The chapter "Integration with dataclasses" of SQLAlchemy's ORM documentation: what a dataclass is there, `create()` is here. On both databases. */
import { inspect as print } from "node:util";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  asyncSessionmaker,
  Column,
  type Create,
  column,
  create,
  func,
  ManyToOne,
  type NoInitProps,
  OneToMany,
  type OptionalProps,
  type Optionals,
  PrimaryKey,
  type Relation,
  registry,
  relationship,
  select,
  t,
  table,
  text,
} from "../../../src/index.js";
import { assertEntitiesEqual } from "../../../src/testing/index.js";
import { storeFor } from "../support.js";

describe("the constructor", () => {
  test("takes what an INSERT needs, leaves out what the database makes, and what says init: false", async () => {
    const reg = registry();
    @reg.Entity("user_account")
    class User {
      declare [NoInitProps]?: "id";
      declare [OptionalProps]?: "fullname" | "createdAt";
      @PrimaryKey({ init: false }) id!: number;
      @Column() name!: string;
      @Column({ default: "nobody" }) fullname!: string;
      @Column({ default: func.now() }) createdAt!: Date;
      @Column({ repr: false, nullable: true }) secret!: string;
    }
    expectTypeOf<Create<User>>().toEqualTypeOf<
      { name: string; secret: string } & { fullname?: string; createdAt?: Date }
    >();
    // @ts-expect-error the name is required
    void (() => create(User, { secret: "s" }));
    // @ts-expect-error the key is no parameter
    expect(() => create(User, { name: "name", secret: "s", id: 3 })).toThrow(
      'create(User, ...): "id" is mapped with init: false; assign it to the object.',
    );
    const { Session } = await storeFor(reg);
    await using session = Session();
    const user = create(User, { name: "name", secret: "s3cret" });
    // A default is INSERT's: until then the attribute is not set.
    expect(user.fullname).toBeUndefined();
    session.add(user);
    await session.flush();
    expect([user.id, user.fullname, user.createdAt instanceof Date]).toEqual([1, "nobody", true]);
    expect(print(user)).toMatch(/^User \{.*name: 'name'/s);
    expect(print(user)).not.toMatch(/s3cret/);
  });

  test("requires what mixins and abstract bases require; each class adds to what may be left out", async () => {
    const reg = registry();
    let made = 0;
    @reg.Entity({ abstract: true })
    abstract class AbstractUser {
      declare [OptionalProps]?: Optionals<"createdBy">;
      @Column() createUser!: number;
      @Column({ default: 0 }) createdBy!: number;
      @Column(t.integer, { nullable: true }) updateUser!: number | null;
    }
    @reg.Entity("sys_user")
    class User extends AbstractUser {
      declare [OptionalProps]?: Optionals<"createdBy" | "uid">;
      @PrimaryKey(t.string(50), { default: () => `uid ${++made}` }) uid!: string;
      @Column() username!: string;
    }
    expectTypeOf<Create<User>>().toEqualTypeOf<
      { createUser: number; username: string } & { createdBy?: number; updateUser?: number | null; uid?: string }
    >();
    // @ts-expect-error the base requires createUser
    void (() => create(User, { username: "u" }));
    const { Session } = await storeFor(reg);
    await using session = Session();
    const user = create(User, { createUser: 1, username: "u" });
    session.add(user);
    await session.commit();
    await session.refresh(user);
    expect([user.uid, user.createdBy, user.updateUser]).toEqual(["uid 1", 0, null]);
  });

  test("gives an empty collection and a null where no relation is given", () => {
    const reg = registry();
    @reg.Entity("parent")
    class Parent {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @OneToMany(
        () => Child,
        (c) => c.parent,
      )
      children!: Child[];
    }
    @reg.Entity("child")
    class Child {
      declare [OptionalProps]?: "id" | "parentId";
      @PrimaryKey() id!: number;
      @Column({ foreignKey: "parent.id" }) parentId!: number;
      @ManyToOne(
        () => Parent,
        (p) => p.children,
      )
      parent!: Relation<Parent> | null;
    }
    const [parent, child] = [create(Parent, {}), create(Child, {})];
    expect(parent.children).toEqual([]);
    expect(child.parent).toBeNull();
    expect(create(Child, { parent }).parent?.children).toHaveLength(1);
  });

  test("fields that are not mapped are the object's own, and nothing stores them", async () => {
    const reg = registry();
    @reg.Entity("data", { construct: false })
    class Data {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @Column() status!: string;
      constructor(
        public ctrlOne: string | null = null,
        public ctrlTwo: string | null = null,
      ) {}
    }
    const data = Object.assign(new Data("ctrl1", "ctrl2"), { status: "s1" });
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(data);
    await session.commit();
    expect([data.ctrlOne, data.ctrlTwo]).toEqual(["ctrl1", "ctrl2"]);
    session.expungeAll();
    const loaded = await session.scalars(select(Data)).one();
    expect([loaded.status, loaded.ctrlOne]).toEqual(["s1", undefined]);
  });

  test("parameters that only serve to make others are those of a constructor of one's own", async () => {
    const reg = registry();
    @reg.Entity("hashed")
    class User {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @Column() name!: string;
      @Column() passwordHash!: string;
      constructor(given?: { name: string; password: string; repeatPassword: string }) {
        if (given === undefined) return;
        if (given.password !== given.repeatPassword) throw new RangeError("passwords do not match");
        this.name = given.name;
        this.passwordHash = `hash of ${given.password.length}`;
      }
    }
    expect(() => new User({ name: "u", password: "xyz", repeatPassword: "zyx" })).toThrow(RangeError);
    const user = new User({ name: "some_user", password: "xyz", repeatPassword: "xyz" });
    expect(user.passwordHash).toBe("hash of 3");
    const { Session } = await storeFor(reg);
    await Session.begin((s) => s.add(user));
    await using session = Session();
    expect((await session.scalars(select(User)).one()).passwordHash).toBe("hash of 3");
  });
});

describe("equality", () => {
  test("objects are equal by identity; for tests there is equality by attributes", async () => {
    const reg = registry();
    @reg.Entity("users_eq")
    class User {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @Column() name!: string;
    }
    const [one, same, other] = ["a", "a", "b"].map((name) => create(User, { name }));
    expect(one).not.toBe(same);
    assertEntitiesEqual(one, same);
    expect(() => assertEntitiesEqual(one, other)).toThrow(/name/);
  });
});

describe("a class that is there already", () => {
  test("is mapped over a table, with its own constructor", async () => {
    const reg = registry();
    const users = table("user", reg.metadata, {
      id: column(t.integer, { primaryKey: true }),
      name: column(t.string(50)),
      nickname: column(t.string(12)),
    });
    const addresses = table("address", reg.metadata, {
      id: column(t.integer, { primaryKey: true }),
      user_id: column(t.integer, { foreignKey: "user.id" }),
      email_address: column(t.string(50)),
    });
    class User {
      id?: number;
      name: string;
      nickname: string | null;
      addresses: Address[] = [];
      constructor(name = "", nickname: string | null = null) {
        this.name = name;
        this.nickname = nickname;
      }
    }
    class Address {
      id?: number;
      email_address: string;
      constructor(email_address = "") {
        this.email_address = email_address;
      }
    }
    reg.mapImperatively(User, users, { properties: { addresses: relationship(() => Address) } });
    reg.mapImperatively(Address, addresses);
    const { engine } = await storeFor(reg);
    await using session = asyncSessionmaker(engine)();
    const user = new User("ed");
    user.addresses.push(new Address("ed@x"));
    session.add(user);
    await session.commit();
    expect(await session.execute(text("select user_id, email_address from address")).one()).toEqual([1, "ed@x"]);
    session.expungeAll();
    const found = await session.scalars(select(User)).one();
    expect([found.name, found.nickname]).toEqual(["ed", null]);
  });
});
