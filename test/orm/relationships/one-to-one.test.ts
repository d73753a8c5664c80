import { describe, expect, test, vi } from "vitest";
import {
  awaitable,
  Column,
  IntegrityError,
  OneToOne,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  text,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @OneToOne(
    () => Profile,
    (p) => p.user,
    { cascade: ["all", "delete-orphan"] },
  )
  profile!: Relation<Profile> | null;
  @OneToOne(
    () => Locker,
    (l) => l.user,
  )
  locker!: Relation<Locker> | null;
}

@reg.Entity("profiles")
class Profile {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) nick!: string;
  @OneToOne(
    () => User,
    (u) => u.profile,
    { owner: true },
  )
  user!: Relation<User> | null;
}

@reg.Entity("lockers")
class Locker {
  @PrimaryKey() id!: number;
  @OneToOne(
    () => User,
    (u) => u.locker,
    { owner: true, unique: false },
  )
  user!: Relation<User> | null;
}

async function withUser() {
  const store = await storeFor(reg, { expireOnCommit: false });
  await store.Session.begin((s) => s.add(make(User, { profile: make(Profile, { nick: "a" }), locker: new Locker() })));
  return store;
}

describe("one to one", () => {
  test("[RB-03] the side without the key reads an object or null", async () => {
    const { Session } = await withUser();
    await using session = Session();
    const user = await session.getOne(User, 1);
    const profile = await awaitable(user).profile;
    expect(profile).toBeInstanceOf(Profile);
    expect((profile as Profile).user).toBe(user);
    const empty = new User();
    session.add(empty);
    await session.flush();
    expect(await awaitable(empty).profile).toBeNull();
    expect(new User().profile).toBeNull();
  });

  test("[RB-03] more than one row is a warning, not silence", async () => {
    const warn = vi.fn();
    const { Session } = await withUser();
    await using session = Session({ warn });
    await session.execute(text("insert into lockers (id, user_id) values (50, 1)"));
    const user = await session.getOne(User, 1);
    expect(await awaitable(user).locker).toBeInstanceOf(Locker);
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/User\.locker/), "ATHANOR_SEVERAL_ROWS");
  });

  test("[RB-03] the key of the owning side is unique unless it says otherwise", async () => {
    const { Session } = await withUser();
    await using session = Session();
    await expect(session.execute(text("insert into profiles (id, nick, user_id) values (50, 'b', 1)"))).rejects.toThrow(
      IntegrityError,
    );
    await session.rollback();
  });

  test("[RB-07] both sides agree right after an assignment on either", () => {
    const user = new User();
    const profile = make(Profile, { nick: "x" });
    user.profile = profile;
    expect(profile.user).toBe(user);
    profile.user = null;
    expect(user.profile).toBeNull();
    const other = new User();
    profile.user = user;
    profile.user = other;
    expect([user.profile, other.profile]).toEqual([null, profile]);
  });

  test("replacing a delete-orphan member deletes the old one, the key being unique", async () => {
    const { Session } = await withUser();
    await using session = Session();
    const user = await session.getOne(User, 1);
    await session.refresh(user, ["profile"]);
    user.profile = null;
    await session.flush();
    user.profile = make(Profile, { nick: "b" });
    await session.commit();
    expect(await session.scalars(text("select nick from profiles")).all()).toEqual(["b"]);
  });

  test("a takeover nulls the key of the previous member", async () => {
    const { Session } = await withUser();
    await using session = Session();
    const user = await session.getOne(User, 1);
    await session.refresh(user, ["locker"]);
    const old = user.locker as Locker;
    user.locker = new Locker();
    expect(old.user).toBeNull();
    await session.commit();
    expect(await session.scalar(text("select count(*) from lockers where user_id is null"))).toBe(1);
  });

  test("deleting the parent deletes a cascaded member and nulls another's key", async () => {
    const { Session } = await withUser();
    await using session = Session();
    await session.delete(await session.getOne(User, 1));
    await session.commit();
    expect(await session.scalar(text("select count(*) from profiles"))).toBe(0);
    expect(await session.scalars(text("select user_id from lockers")).all()).toEqual([null]);
    expect(await session.scalars(select(User)).all()).toEqual([]);
  });
});
