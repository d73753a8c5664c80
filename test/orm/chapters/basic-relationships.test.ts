/** The chapters "Basic relationship patterns" and "Using the legacy backref parameter" of SQLAlchemy's ORM documentation, on both databases. */
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from "vitest";
import {
  type Attrs,
  and,
  awaitable,
  Column,
  column,
  create,
  func,
  IntegrityError,
  inspect,
  joinedload,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  registry,
  relationship,
  select,
  t,
  table,
  text,
  UniqueConstraint,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

describe("one to many and many to one", () => {
  const reg = registry();

  @reg.Entity("parent_table")
  class Parent {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @OneToMany(
      () => Child,
      (c) => c.parent,
      { orderBy: "id" },
    )
    children!: Child[];
    @OneToMany(
      () => Tag,
      (g) => g.parent,
      { cascade: ["all", "delete-orphan"] },
    )
    tags!: Set<Tag>;
  }

  @reg.Entity("child_table")
  class Child {
    declare [OptionalProps]?: "id" | "parentId";
    @PrimaryKey() id!: number;
    @Column({ foreignKey: "parent_table.id", nullable: true }) parentId!: number | null;
    @ManyToOne(
      () => Parent,
      (p) => p.children,
    )
    parent!: Relation<Parent> | null;
  }

  @reg.Entity("tag_table")
  class Tag {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    // It makes parent_id, which must not be null.
    @ManyToOne(
      () => Parent,
      (p) => p.tags,
      { nullable: false },
    )
    parent!: Relation<Parent>;
  }

  test("[RB-01] both sides agree before anything is stored, and the key follows", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const parent = create(Parent, { children: [create(Child, {})] });
    const [child] = parent.children;
    expect(child.parent).toBe(parent);
    const late = create(Child, { parent });
    expect(parent.children).toEqual([child, late]);
    session.add(parent);
    await session.commit();
    expect([child.parentId, late.parentId]).toEqual([1, 1]);
    expectTypeOf(parent.children).toEqualTypeOf<Child[]>();
    expectTypeOf(child.parent).toEqualTypeOf<Relation<Parent> | null>();
  });

  test("[RB-02] a nullable one is null where nothing is referred to, and one that is not is refused by the database", async () => {
    const { Session } = await storeFor(reg);
    expect(reg.metadata.tables.get("tag_table")!.column("parent_id").nullable).toBe(false);
    await using session = Session();
    session.add(create(Child, {}));
    await session.commit();
    expect(await awaitable(await session.getOne(Child, 1)).parent).toBeNull();
    session.add(make(Tag));
    await expect(session.flush()).rejects.toThrow(IntegrityError);
    await session.rollback();
  });

  test("the property's type makes the collection: an array, or a Set", () => {
    const parent = create(Parent, {});
    expect([Array.isArray(parent.children), parent.tags instanceof Set]).toEqual([true, true]);
    expectTypeOf(parent.tags).toEqualTypeOf<Set<Tag>>();
  });

  test("members go with their parent by cascade, or are let go", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const parent = create(Parent, { children: [create(Child, {})], tags: new Set([make(Tag)]) });
    session.add(parent);
    await session.commit();
    await session.delete(parent);
    await session.commit();
    expect(
      await session.execute(text("select (select count(*) from tag_table), (select parent_id from child_table)")).one(),
    ).toEqual([0, null]);
  });
});

describe("one to one", () => {
  const reg = registry();

  @reg.Entity("parent_one")
  class Parent {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @OneToOne(
      () => Child,
      (c) => c.parent,
    )
    child!: Relation<Child> | null;
    @OneToMany(
      () => Twin,
      (c) => c.parent,
      { uselist: false },
    )
    twin!: Relation<Twin> | null;
    @OneToOne(
      () => Owned,
      (o) => o.parent,
      { singleParent: true, cascade: ["all", "delete-orphan"] },
    )
    owned!: Relation<Owned> | null;
  }

  @reg.Entity("child_one", { tableArgs: () => [new UniqueConstraint(["parent_id"], { name: "uq_child_parent" })] })
  class Child {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @OneToOne(
      () => Parent,
      (p) => p.child,
      { owner: true, unique: false },
    )
    parent!: Relation<Parent> | null;
  }

  @reg.Entity("twin_one")
  class Twin {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @ManyToOne(
      () => Parent,
      (p) => p.twin,
    )
    parent!: Relation<Parent> | null;
  }

  @reg.Entity("owned_one")
  class Owned {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @OneToOne(
      () => Parent,
      (p) => p.owned,
      { owner: true, unique: false },
    )
    parent!: Relation<Parent> | null;
  }

  beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => {}));
  afterEach(() => void vi.restoreAllMocks());

  test("[RB-03] holds one object or null on both sides; replacing it lets the old one go", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const [one, two] = [create(Child, {}), create(Child, {})];
    const parent = create(Parent, { child: one });
    session.add(parent);
    await session.commit();
    expect(one.parent).toBe(parent);
    parent.child = two;
    expect(one.parent).toBeNull();
    await session.commit();
    expect(await session.scalars(text("select parent_id from child_one order by id")).all()).toEqual([null, 1]);
    expect(create(Parent, {}).child).toBeNull();
  });

  test("[RB-03] is a one-to-many with uselist: false too; several rows are warned about", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const parent = create(Parent, { twin: create(Twin, {}) });
    session.add(parent);
    await session.commit();
    await session.execute(text("insert into twin_one (parent_id) values (1)"));
    const warned: string[] = [];
    const listen = (warning: Error) => void warned.push(warning.message);
    process.on("warning", listen);
    expect(await awaitable(await session.getOne(Parent, 1)).twin).toBeInstanceOf(Twin);
    await new Promise((done) => setImmediate(done));
    process.off("warning", listen);
    expect(warned.join()).toMatch(/Parent\.twin/);
  });

  test("[RB-03] a unique constraint makes sure of it in the database", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(create(Parent, { child: create(Child, {}) }));
    await session.commit();
    await expect(session.execute(text("insert into child_one (parent_id) values (1)"))).rejects.toThrow(IntegrityError);
    await session.rollback();
  });

  test("[RA-05] singleParent refuses what has a parent, new or detached; what was loaded is taken over, as its parents are not known", async () => {
    const message = /is already the owned of another Parent: Parent\.owned has singleParent: true/;
    const fresh = create(Owned, {});
    create(Parent, { owned: fresh });
    expect(() => create(Parent, { owned: fresh })).toThrow(message);
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    const stored = create(Owned, {});
    await Session.begin((s) => s.add(create(Parent, { id: 7, owned: stored })));
    expect(inspect(stored).detached).toBe(true);
    expect(() => create(Parent, { owned: stored })).toThrow(message);
    const session = Session();
    const parent = await session.scalars(select(Parent).options(joinedload(Parent, (p) => p.owned))).one();
    await session.close();
    const loaded = parent.owned!;
    const thief = create(Parent, { owned: loaded });
    expect([thief.owned, parent.owned, loaded.parent]).toEqual([loaded, loaded, thief]);
  });
});

describe("many to many", () => {
  const reg = registry();
  const association = table("association_table", reg.metadata, {
    left_id: column(t.integer, { primaryKey: true, foreignKey: "left_table.id" }),
    right_id: column(t.integer, { primaryKey: true, foreignKey: "right_table.id" }),
  });

  @reg.Entity("left_table")
  class Parent {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @ManyToMany(
      () => Child,
      (c) => c.parents,
      { secondary: association, lazy: "joined" },
    )
    children!: Child[];
    @ManyToMany(() => Child, { secondary: () => association, viewonly: true }) asSet!: Set<Child>;
    @ManyToMany(() => Alone, { secondary: "alone_links" }) alone!: Alone[];
  }

  @reg.Entity("right_table")
  class Child {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @ManyToMany(
      () => Parent,
      (p) => p.children,
      { secondary: association, lazy: "joined" },
    )
    parents!: Parent[];
  }

  @reg.Entity("alone")
  class Alone {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
  }

  test("[RB-04] rows of the association table come and go with the members of either side", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const [one, two] = [create(Child, {}), create(Child, {})];
    const parent = create(Parent, { children: [one] });
    two.parents.push(parent);
    expect(parent.children).toEqual([one, two]);
    session.add(parent);
    await session.commit();
    expect(await session.scalar(select(func.count()).selectFrom(association))).toBe(2);
    parent.children.shift();
    await session.commit();
    expect(await session.scalars(select(association.c.right_id)).all()).toEqual([two.id]);
  });

  test("[RB-04] deleting a member deletes its links where it knows of them; where it does not, the database has its say", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const parent = create(Parent, { children: [create(Child, {})], alone: [create(Alone, {})] });
    session.add(parent);
    await session.commit();
    await session.delete(await session.getOne(Child, 1));
    await session.commit();
    expect(await session.scalar(select(func.count()).selectFrom(association))).toBe(0);
    await session.delete(await session.getOne(Alone, 1));
    await expect(session.flush()).rejects.toThrow(IntegrityError);
    await session.rollback();
  });

  test("[RA-04] both sides may be joined: neither is joined back, and each object is the same one", async () => {
    const { engine, Session } = await storeFor(reg);
    const [a, b] = [create(Child, { id: 1 }), create(Child, { id: 2 })];
    await Session.begin((s) =>
      s.addAll([create(Parent, { id: 1, children: [a, b] }), create(Parent, { id: 2, children: [b] })]),
    );
    await using session = Session();
    using log = recordStatements(engine);
    const parents = await session
      .scalars(select(Parent).orderBy((p) => p.id))
      .unique()
      .all();
    expect(log.count()).toBe(1);
    expect(log.texts()[0].match(/JOIN/g)).toHaveLength(2);
    expect(parents.map((p) => p.children.map((c) => c.id).sort())).toEqual([[1, 2], [2]]);
    expect(inspect(parents[0].children[0]).unloaded.has("parents")).toBe(true);
    expect(await awaitable(parents[1].children[0]).parents).toEqual(parents);
    session.expungeAll();
    const child = await session.getOne(Child, 2);
    expect(child.parents.map((p) => p.id).sort()).toEqual([1, 2]);
  });

  test("the association table may be named late, and the collection be a Set", async () => {
    const { Session } = await storeFor(reg);
    await Session.begin((s) => s.add(create(Parent, { children: [create(Child, {})] })));
    await using session = Session();
    const set = await awaitable(await session.getOne(Parent, 1)).asSet;
    expect([set instanceof Set, set.size]).toEqual([true, 1]);
  });
});

describe("an association object", () => {
  const reg = registry();

  @reg.Entity("association_object")
  class Association {
    declare [OptionalProps]?: "leftId" | "rightId";
    @PrimaryKey({ foreignKey: "left_object.id" }) leftId!: number;
    @PrimaryKey({ foreignKey: "right_object.id" }) rightId!: number;
    @Column(t.text, { nullable: true }) extraData!: string | null;
    @ManyToOne(
      () => Child,
      (c) => c.parentAssociations,
    )
    child!: Relation<Child> | null;
    @ManyToOne(
      () => Parent,
      (p) => p.childAssociations,
    )
    parent!: Relation<Parent> | null;
  }

  @reg.Entity("left_object")
  class Parent {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @OneToMany(
      () => Association,
      (a) => a.parent,
    )
    childAssociations!: Association[];
    @ManyToMany(() => Child, { secondary: "association_object", viewonly: true }) children!: Child[];
    @ManyToMany(() => Child, {
      secondary: "association_object",
      overlaps: ["childAssociations", "parentAssociations", "parent", "child"],
    })
    writing!: Child[];
  }

  @reg.Entity("right_object")
  class Child {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @OneToMany(
      () => Association,
      (a) => a.child,
    )
    parentAssociations!: Association[];
  }

  test("[RB-05] holds data of its own, and is stored after both of its ends", async () => {
    const { Session, engine } = await storeFor(reg);
    await using session = Session();
    const parent = create(Parent, {});
    const link = create(Association, { extraData: "some data", child: create(Child, {}) });
    parent.childAssociations.push(link);
    session.add(parent);
    using log = recordStatements(engine);
    await session.commit();
    expect(
      log
        .texts("INSERT")
        .map((sql) => /INTO (\w+)/.exec(sql)?.[1])
        .at(-1),
    ).toBe("association_object");
    expect(await session.execute(text("select left_id, right_id, extra_data from association_object")).one()).toEqual([
      1,
      1,
      "some data",
    ]);
  });

  test("[RB-06] beside a many-to-many over its table: a viewonly one reads after expiry, a writing one makes rows twice", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const parent = create(Parent, {});
    session.add(parent);
    await session.commit();
    expect(await awaitable(parent).children).toEqual([]);
    const child = create(Child, {});
    (await awaitable(parent).childAssociations).push(create(Association, { child }));
    await session.flush();
    expect(parent.children).toEqual([]);
    await session.commit();
    expect(await awaitable(parent).children).toEqual([child]);
    const other = create(Child, {});
    (await awaitable(parent).writing).push(other);
    (await awaitable(parent).childAssociations).push(create(Association, { child: other }));
    await expect(session.flush()).rejects.toThrow(IntegrityError);
    await session.rollback();
  });
});

describe("arguments that are found late", () => {
  test("are functions: of the target class, of its columns, of the association table", async () => {
    const reg = registry();
    @reg.Entity("late_parent")
    class Parent {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @OneToMany(() => Child, {
        primaryJoin: (p: Attrs<Parent>, c: Attrs<Child>) => p.id.eq(c.parentId),
        orderBy: (c) => c.email.desc(),
      })
      children!: Child[];
    }
    @reg.Entity("late_child")
    class Child {
      declare [OptionalProps]?: "id" | "parentId";
      @PrimaryKey() id!: number;
      @Column() email!: string;
      @Column({ foreignKey: () => Parent }) parentId!: number;
    }
    const { Session } = await storeFor(reg);
    await Session.begin((s) =>
      s.add(create(Parent, { children: ["a", "b"].map((email) => create(Child, { email })) })),
    );
    await using session = Session();
    expect((await awaitable(await session.getOne(Parent, 1)).children).map((c) => c.email)).toEqual(["b", "a"]);
  });

  test("a relationship is added to a class that is declared, before its first use", async () => {
    const reg = registry();
    @reg.Entity("added_parent")
    class Parent {
      declare [OptionalProps]?: "id";
      declare children: Child[];
      @PrimaryKey() id!: number;
    }
    @reg.Entity("added_child")
    class Child {
      declare [OptionalProps]?: "id" | "parentId";
      @PrimaryKey() id!: number;
      @Column({ foreignKey: () => Parent }) parentId!: number;
    }
    reg.addProperties(Parent, { children: relationship(() => Child) });
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(create(Parent, { children: [create(Child, {})] }));
    await session.commit();
    expect(await session.scalar(text("select parent_id from added_child"))).toBe(1);
  });
});

describe("backref", () => {
  test("is the other side, declared: each names the other, and has options of its own", async () => {
    const reg = registry();
    const isTony = (u: { id: unknown }, a: { userId: unknown; email: unknown }) => {
      const [user, address] = [u, a] as unknown as [Attrs<User>, Attrs<Address>];
      return and(user.id.eq(address.userId), address.email.startsWith("tony"));
    };
    @reg.Entity("user")
    class User {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @OneToMany(
        () => Address,
        (a) => a.user,
        { primaryJoin: isTony },
      )
      addresses!: Address[];
    }
    @reg.Entity("address")
    class Address {
      declare [OptionalProps]?: "id" | "userId";
      @PrimaryKey() id!: number;
      @Column() email!: string;
      @Column({ foreignKey: "user.id", nullable: true }) userId!: number | null;
      // The condition is not copied: each side says its own. This one is loaded with its object.
      @ManyToOne(
        () => User,
        (u) => u.addresses,
        { lazy: "joined", primaryJoin: (a: Attrs<Address>, u: Attrs<User>) => isTony(u, a) },
      )
      user!: Relation<User> | null;
    }
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const user = create(User, { addresses: ["tony@x", "jack@x"].map((email) => create(Address, { email })) });
    expect(user.addresses[1].user).toBe(user);
    session.add(user);
    await session.commit();
    expect((await awaitable(user).addresses).map((a) => a.email)).toEqual(["tony@x"]);
    session.expungeAll();
    using log = recordStatements(engine);
    const found = await session.scalars(select(Address).orderBy((a) => a.id)).all();
    expect([found.map((a) => a.user?.id ?? null), log.count()]).toEqual([[1, null], 1]);
    // @ts-expect-error there is no such option
    void (() => OneToMany(() => Address, { backref: "user" }));
  });
});
