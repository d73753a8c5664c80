import { describe, expect, test } from "vitest";
import {
  awaitable,
  Column,
  getHistory,
  History,
  InvalidRequestError,
  joinedload,
  ManyToOne,
  OneToMany,
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
  @OneToMany(
    () => Task,
    (x) => x.user,
    { orderBy: "id" },
  )
  tasks!: Task[];
  @OneToMany(() => Task, { viewonly: true, orderBy: "id", foreignKeys: ["userId"] }) seen!: Task[];
}

@reg.Entity("tasks")
class Task {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) title!: string;
  @Column({ foreignKey: "users.id", nullable: true }) userId!: number;
  @ManyToOne(
    () => User,
    (u) => u.tasks,
  )
  user!: Relation<User> | null;
}

async function filled() {
  const store = await storeFor(reg, { expireOnCommit: false });
  await store.Session.begin((s) =>
    s.add(make(User, { tasks: [make(Task, { title: "a" }), make(Task, { title: "b" })] })),
  );
  return store;
}

describe("a viewonly relationship", () => {
  test("loads as any other", async () => {
    const { Session } = await filled();
    await using session = Session();
    const user = await session.getOne(User, 1);
    expect((await awaitable(user).seen).map((x) => x.title)).toEqual(["a", "b"]);
  });

  test("[RJ-09] is never written, and does not cascade", async () => {
    const { Session } = await filled();
    await using session = Session();
    const user = await session.getOne(User, 1);
    await session.refresh(user, ["seen"]);
    const fresh = make(Task, { title: "c" });
    user.seen.push(fresh);
    user.seen.shift();
    expect(session.has(fresh)).toBe(false);
    await session.commit();
    expect(await session.scalars(text("select title from tasks where user_id = 1 order by id")).all()).toEqual([
      "a",
      "b",
    ]);
  });

  test("has no changes to tell of, of a new object neither", () => {
    const [user, task] = [make(User), make(Task, { title: "a" })];
    user.seen.push(task);
    user.tasks.push(task);
    expect(getHistory(user, "seen")).toEqual(new History([], [task], []));
    expect(getHistory(user, "tasks")).toEqual(new History([task], [], []));
  });

  test("does not stand in the way of deleting its parent", async () => {
    const { Session } = await filled();
    await using session = Session();
    await session.delete(await session.getOne(User, 1));
    await session.commit();
    expect(await session.scalars(text("select user_id from tasks")).all()).toEqual([null, null]);
  });
});

describe("streams", () => {
  test("with a joined collection are refused", async () => {
    const { Session } = await filled();
    await using session = Session();
    const stmt = select(User).options(joinedload(User, (u) => u.tasks));
    const attempt = async () => (await session.streamScalars(stmt)).all();
    await expect(attempt()).rejects.toThrow(InvalidRequestError);
  });
});
