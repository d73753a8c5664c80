import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  Column,
  event,
  inspect,
  joinedload,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  StaleDataError,
  select,
  selectinload,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(50), { nullable: true }) name!: string | null;
  @Column(t.integer, { nullable: true }) age!: number | null;
  @OneToMany(
    () => Address,
    (a) => a.user,
    { orderBy: "id", cascade: ["all", "delete-orphan"] },
  )
  addresses!: Address[];
  @ManyToMany(
    () => Role,
    (r) => r.users,
    { orderBy: "id" },
  )
  roles!: Role[];
  @OneToMany(
    () => Note,
    (n) => n.user,
    { cascade: ["save-update"] },
  )
  notes!: Note[];
}

@reg.Entity("addresses")
class Address {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) email!: string;
  @ManyToOne(
    () => User,
    (u) => u.addresses,
  )
  user!: Relation<User> | null;
}

@reg.Entity("roles")
class Role {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) label!: string;
  @ManyToMany(
    () => User,
    (u) => u.roles,
  )
  users!: User[];
}

@reg.Entity("notes")
class Note {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) body!: string;
  @ManyToOne(
    () => User,
    (u) => u.notes,
    { cascade: [] },
  )
  user!: Relation<User> | null;
}

@reg.Entity("documents", { versionIdCol: "version" })
class Document {
  @PrimaryKey() id!: number;
  @Column(t.integer) version!: number;
  @Column(t.string(50)) title!: string;
}

async function filled() {
  const store = await storeFor(reg, { expireOnCommit: false });
  await store.Session.begin((s) =>
    s.add(
      make(User, {
        name: "Ann",
        age: 30,
        addresses: [make(Address, { email: "a@x" }), make(Address, { email: "b@x" })],
        roles: [make(Role, { label: "admin" })],
        notes: [make(Note, { body: "n" })],
      }),
    ),
  );
  return store;
}

/** A detached user with everything loaded. */
async function detached({ Session }: Awaited<ReturnType<typeof filled>>) {
  await using session = Session();
  const user = await session.getOne(User, 1, {
    options: [selectinload(User, (u) => u.addresses), selectinload(User, (u) => u.roles)],
  });
  // From the identity map: the other side is loaded too.
  for (const address of user.addresses) expect(address.user).toBe(user);
  return user;
}

describe("what merge gives", () => {
  test("[SS-05] the given object stays outside; the result is the session's own, loaded by its key", async () => {
    const store = await filled();
    await using session = store.Session();
    const given = make(User, { id: 1, name: "Bea" });
    const merged = await session.merge(given);
    expect(merged).not.toBe(given);
    expect(inspect(given).state).toBe("transient");
    expect(inspect(merged).state).toBe("persistent");
    expect([merged.name, merged.age]).toEqual(["Bea", 30]);
    await session.commit();
    expect(await session.scalar(text("select name from users where id = 1"))).toBe("Bea");
  });

  test("[SS-05] what is present in the identity map is taken from there", async () => {
    const store = await filled();
    await using session = store.Session();
    const present = await session.getOne(User, 1);
    using log = recordStatements(store.engine);
    expect(await session.merge(make(User, { id: 1, age: 31 }))).toBe(present);
    expect(present.age).toBe(31);
    expect(log.count()).toBe(0);
  });

  test("[SS-05] a key that has no row, or no key at all, makes a new pending object", async () => {
    const store = await filled();
    await using session = store.Session();
    const withKey = await session.merge(make(User, { id: 500, name: "New" }));
    expect(inspect(withKey).state).toBe("pending");
    const without = await session.merge(make(User, { name: "Newer" }));
    expect(inspect(without).state).toBe("pending");
    await session.commit();
    expect(withKey.id).toBe(500);
    expect(await session.scalar(text("select count(*) from users"))).toBe(3);
  });

  test("[SS-05] an object of the session itself is given back", async () => {
    const store = await filled();
    await using session = store.Session();
    const present = await session.getOne(User, 1);
    expect(await session.merge(present)).toBe(present);
  });

  test("[SS-05] an object whose row is gone makes a new pending one", async () => {
    const store = await filled();
    const given = await detached(store);
    await using session = store.Session();
    for (const name of ["addresses", "users_roles", "notes", "users"])
      await session.execute(text(`delete from ${name}`));
    const merged = await session.merge(given);
    expect(inspect(merged).state).toBe("pending");
    await session.commit();
    expect(await session.scalar(text("select count(*) from addresses"))).toBe(2);
  });

  test("an object that it makes was not constructed: it is told of as loaded, with what it was given", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const heard: unknown[] = [];
    event.listen(User, "load", (user) => void heard.push([user.name, inspect(user).state]), { signal: stop.signal });
    const given = make(User, { name: "new", addresses: [make(Address, { email: "a" })] });
    await session.merge(given);
    expect(heard).toEqual([["new", "pending"]]);
    await session.commit();
    session.expungeAll();
    await session.getOne(User, 1);
    expect(heard[1]).toEqual(["new", "persistent"]);
    await session.merge(make(User, { id: 1, name: "again" }));
    expect(heard.length).toBe(2);
  });
});

describe("what merge copies", () => {
  test("only attributes that are loaded on the given object", async () => {
    const store = await filled();
    await using session = store.Session();
    const merged = await session.merge(make(User, { id: 1, name: "Bea" }));
    expect(merged.age).toBe(30);
    await session.refresh(merged, ["addresses"]);
    expect(merged.addresses).toHaveLength(2);
  });

  test("a change only where the value differs: merging an equal object emits no UPDATE", async () => {
    const store = await filled();
    const given = await detached(store);
    await using session = store.Session();
    const merged = await session.merge(given);
    expect(session.isModified(merged)).toBe(false);
    using log = recordStatements(store.engine);
    await session.commit();
    expect(log.count()).toBe(0);
  });

  test("null is a value", async () => {
    const store = await filled();
    await using session = store.Session();
    const merged = await session.merge(make(User, { id: 1, age: null }));
    await session.commit();
    expect(merged.age).toBeNull();
    expect(await session.scalar(text("select age from users where id = 1"))).toBeNull();
  });

  test("the identity of the given one is not looked up again when its key attribute was changed", async () => {
    const store = await filled();
    const given = await detached(store);
    given.id = 70;
    await using session = store.Session();
    const merged = await session.merge(given);
    expect(inspect(merged).identity).toEqual([1]);
    expect(merged.id).toBe(70);
  });
});

describe("what merge follows", () => {
  test("[SC-07] collections are replaced by the merged members; an orphan goes", async () => {
    const store = await filled();
    await using session = store.Session();
    const merged = await session.merge(
      make(User, {
        id: 1,
        addresses: [make(Address, { id: 2, email: "b2@x" }), make(Address, { email: "c@x" })],
      }),
    );
    expect(merged.addresses.map((a) => a.email)).toEqual(["b2@x", "c@x"]);
    await session.commit();
    const emails = await session.scalars(text("select email from addresses order by id")).all();
    expect(emails).toEqual(["b2@x", "c@x"]);
  });

  test("[SC-07] stops at a relationship without the merge cascade", async () => {
    const store = await filled();
    await using session = store.Session();
    const merged = await session.merge(make(User, { id: 1, notes: [make(Note, { body: "m" })] }));
    await session.commit();
    expect(inspect(merged).attrs["notes"].loaded).toBe(false);
    expect(await session.scalars(text("select body from notes")).all()).toEqual(["n"]);
  });

  test("a cycle gives one object for each, and ends", async () => {
    const store = await filled();
    const given = await detached(store);
    await using session = store.Session();
    const merged = await session.merge(given);
    expect(merged.addresses.map((a) => a.user)).toEqual([merged, merged]);
    expect(merged.roles[0].id).toBe(1);
  });

  test("the same child met twice is one object, and the way it was reached is not followed back", async () => {
    const store = await filled();
    await using session = store.Session();
    const role = make(Role, { label: "shared" });
    const given = make(User, { name: "Two", roles: [role] });
    make(User, { name: "Other", roles: [role] });
    const merged = await session.merge(given);
    expect(merged.roles).toHaveLength(1);
    expect(role.users).toHaveLength(2);
    await session.commit();
    expect(await session.scalars(text("select label from roles order by id")).all()).toEqual(["admin", "shared"]);
    expect(await session.scalars(text("select name from users order by id")).all()).toEqual(["Ann", "Two"]);
  });

  test("two given objects with one new key are one object", async () => {
    const store = await filled();
    await using session = store.Session();
    const merged = await session.merge(
      make(User, { name: "Two", roles: [make(Role, { id: 9, label: "x" }), make(Role, { id: 9, label: "x" })] }),
    );
    expect(new Set(merged.roles).size).toBe(1);
  });

  test("a deep graph does not overflow", async () => {
    const deep = registry();
    @deep.Entity("links")
    class Link {
      @PrimaryKey() id!: number;
      @ManyToOne(() => Link, { columnName: "next_id" }) next!: Link | null;
    }
    const { Session } = await storeFor(deep);
    let head = make(Link, { id: 1 });
    for (let i = 2; i <= 5_000; i++) head = make(Link, { id: i, next: head });
    await using session = Session({ autoflush: false });
    const merged = await session.merge(head);
    let length = 0;
    for (let link: Link | null = merged; link; link = link.next) length++;
    expect(length).toBe(5_000);
  });

  test("takes loader options for what it must load", async () => {
    const store = await filled();
    await using session = store.Session();
    const merged = await session.merge(make(User, { id: 1, name: "x" }), {
      options: [selectinload(User, (u) => u.addresses)],
    });
    expect(merged.addresses).toHaveLength(2);
  });
});

describe("merge with load: false", () => {
  test("takes the state as committed and emits no SQL", async () => {
    const store = await filled();
    const given = await detached(store);
    await using session = store.Session();
    using log = recordStatements(store.engine);
    const merged = await session.merge(given, { load: false });
    expect(inspect(merged).state).toBe("persistent");
    expect(merged.addresses.map((a) => a.email)).toEqual(["a@x", "b@x"]);
    expect(merged.addresses[0].user).toBe(merged);
    expect(session.dirty.size).toBe(0);
    await session.flush();
    expect(log.count()).toBe(0);
    merged.name = "Bea";
    await session.flush();
    expect(log.count("UPDATE")).toBe(1);
  });

  test("refuses transient objects and such with pending changes", async () => {
    const store = await filled();
    const given = await detached(store);
    await using session = store.Session();
    await expect(session.merge(make(User, { name: "x" }), { load: false })).rejects.toThrow(
      /^merge\(\) with load: false does not take transient objects: new User has no identity/,
    );
    given.name = "changed";
    await expect(session.merge(given, { load: false })).rejects.toThrow(
      /does not take objects with pending changes: User\(1\) is modified/,
    );
  });
});

describe("merge and the rest", () => {
  test("autoflushes before it looks", async () => {
    const store = await filled();
    await using session = store.Session();
    const pending = make(User, { id: 40, name: "Pending" });
    session.add(pending);
    expect(await session.merge(make(User, { id: 40, age: 4 }))).toBe(pending);
    expect(pending.age).toBe(4);
  });

  test("an object that is pending in the session is copied, and a warning says so", async () => {
    const warn = vi.fn();
    const store = await filled();
    await using session = store.Session({ warn, autoflush: false });
    const pending = make(User, { name: "Pending" });
    session.add(pending);
    const merged = await session.merge(pending);
    if (merged !== pending)
      expect(warn).toHaveBeenCalledWith(
        expect.stringMatching(/pending in this session already/),
        "ATHANOR_MERGE_PENDING",
      );
  });

  test("a version id that differs is StaleDataError", async () => {
    const store = await filled();
    const { Session } = store;
    const given = make(Document, { title: "a" });
    await using first = Session();
    first.add(given);
    await first.commit();
    await first.close();
    await Session.begin(async (s) => {
      (await s.getOne(Document, 1)).title = "b";
    });
    await using session = Session();
    await expect(session.merge(given)).rejects.toThrow(StaleDataError);
    await expect(session.merge(given)).rejects.toThrow(
      /^Version id '1' on merged state Document\(1\) does not match existing version '2'/,
    );
  });

  test("an unmapped object is refused with its type", async () => {
    const store = await filled();
    await using session = store.Session();
    class Stray {}
    await expect((async () => session.merge(new Stray()))()).rejects.toThrow(/^An instance of Stray is not mapped/);
    await expect((async () => session.merge(null as never))()).rejects.toThrow(
      /^A mapped object is needed here, not null\.$/,
    );
  });

  test("merging the same detached graph twice changes nothing the second time", async () => {
    const store = await filled();
    const given = await detached(store);
    given.addresses.push(make(Address, { email: "c@x" }));
    await using session = store.Session();
    await session.merge(given);
    await session.commit();
    expect(await session.scalars(select(Address)).all()).toHaveLength(3);
  });
});

describe("a relationship that is loaded on the given object", () => {
  const kinds = [false, true].flatMap((viewonly) =>
    (["select", "raise", "raise_on_sql"] as const).map((lazy) => ({ viewonly, lazy })),
  );

  test.each(kinds)(
    "is loaded on the merged one too, and with load: false without a statement: %o",
    async ({ viewonly, lazy }) => {
      const own = registry();
      @own.Entity("merge_owners")
      class Owner {
        @PrimaryKey() id!: number;
        @OneToMany(
          () => Pet,
          (pet) => pet.owner,
          { viewonly, lazy, orderBy: "id" },
        )
        pets!: Pet[];
      }
      @own.Entity("merge_pets")
      class Pet {
        @PrimaryKey() id!: number;
        @Column(t.integer, { foreignKey: "merge_owners.id" }) ownerId!: number;
        @ManyToOne(
          () => Owner,
          (owner) => owner.pets,
          { viewonly, lazy },
        )
        owner!: Relation<Owner> | null;
      }
      const { Session, engine } = await storeFor(own);
      await Session.begin(async (s) => {
        s.add(make(Owner, { id: 1 }));
        await s.flush();
        s.addAll([make(Pet, { ownerId: 1 }), make(Pet, { ownerId: 1 })]);
      });
      await using from = Session();
      const owner = await from
        .scalars(select(Owner).options(joinedload(Owner, (each) => each.pets)))
        .unique()
        .one();
      // Some databases have one connection, which the next session wants.
      await from.close();
      await using another = Session();
      const pet = await another.getOne(Pet, 1, { options: [joinedload(Pet, (each) => each.owner)] });
      await another.close();
      for (const given of [owner, pet]) {
        for (const load of [true, false]) {
          await using to = Session();
          using log = recordStatements(engine);
          const merged = await to.merge(given, { load });
          if (!load) expect(log.statements).toEqual([]);
          expect([...inspect(merged).unloaded]).toEqual([]);
          if (merged instanceof Owner) expect(merged.pets.map((each) => each.id)).toEqual([1, 2]);
          else expect(merged.owner?.id).toBe(1);
        }
      }
    },
  );
});
