import { describe, expect, onTestFinished, test } from "vitest";
import {
  awaitable,
  Column,
  createEngine,
  IntegrityError,
  inspect,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  sessionmaker,
  t,
  text,
} from "../../../src/index.js";
import { freshDatabase } from "../../support/database.js";
import { recordStatements } from "../../support/statements.js";
import { make } from "../support.js";

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(20), { unique: true }) name!: string;
  @OneToMany(
    () => Post,
    (p) => p.author,
    { orderBy: "id", cascade: ["all", "delete-orphan"] },
  )
  posts!: Post[];
}

@reg.Entity("posts")
class Post {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) title!: string;
  @ManyToOne(
    () => User,
    (u) => u.posts,
  )
  author!: Relation<User> | null;
}

/** The plain session is for drivers that answer at once: SQLite, whatever the project. */
async function database() {
  const { url } = await freshDatabase({ on: "sqlite", file: true });
  const engine = createEngine(url);
  onTestFinished(() => engine.dispose());
  reg.metadata.createAll(engine);
  return { engine, Session: sessionmaker(engine) };
}

describe("the plain, synchronous session", () => {
  test("stores, queries, loads lazily, and needs no await", async () => {
    const { engine, Session } = await database();
    using session = Session();
    session.add(make(User, { name: "Ann", posts: [make(Post, { title: "one" }), make(Post, { title: "two" })] }));
    session.commit();
    using log = recordStatements(engine);
    const user = session.scalars(select(User)).one();
    expect(user.posts.map((p) => p.title)).toEqual(["one", "two"]);
    expect(log.count("SELECT")).toBe(2);
    expect(user.posts[0].author).toBe(user);
    expect(session.get(User, 1)).toBe(user);
    expect(session.getOne(User, 1).name).toBe("Ann");
  });

  test("loads what expired by a commit when it is read", async () => {
    const { Session } = await database();
    using session = Session();
    const user = make(User, { name: "Ann" });
    session.add(user);
    session.commit();
    expect(inspect(user).expired).toBe(true);
    expect(user.name).toBe("Ann");
    user.posts.push(make(Post, { title: "x" }));
    user.posts = [...user.posts];
    session.commit();
    expect(session.scalar(text("select count(*) from posts"))).toBe(1);
  });

  test("begin(fn), beginNested(fn) and the factory's begin commit and roll back", async () => {
    const { Session } = await database();
    Session.begin((s) => s.add(make(User, { name: "Ann" })));
    expect(() =>
      Session.begin((s) => {
        s.add(make(User, { name: "Bob" }));
        s.flush();
        throw new Error("no");
      }),
    ).toThrow("no");
    using session = Session();
    session.begin((s) => {
      s.add(make(User, { name: "Cid" }));
      expect(() => s.beginNested(() => s.add(make(User, { name: "Ann" })))).toThrow(IntegrityError);
      s.add(make(User, { name: "Dan" }));
    });
    expect(
      session
        .scalars(select(User).orderBy((u) => u.name))
        .all()
        .map((u) => u.name),
    ).toEqual(["Ann", "Cid", "Dan"]);
  });

  test("the `using` forms close the session and roll back what was not committed", async () => {
    const { Session } = await database();
    let user: User;
    {
      using session = Session();
      user = make(User, { name: "lost" });
      session.add(user);
      session.flush();
    }
    // As in SQLAlchemy: close() detaches first, so that nothing is put back.
    expect(inspect(user).state).toBe("detached");
    using session = Session();
    {
      using _tx = session.begin();
      session.add(make(User, { name: "lost" }));
    }
    expect(session.scalar(text("select count(*) from users"))).toBe(0);
  });

  test("merge, refresh, delete and expire work as in the asynchronous one", async () => {
    const { Session } = await database();
    using session = Session();
    const merged = session.merge(make(User, { name: "Ann", posts: [make(Post, { title: "x" })] }));
    session.commit();
    session.execute(text("update users set name = 'Eve'"));
    session.refresh(merged);
    expect(merged.name).toBe("Eve");
    session.expire(merged, ["name"]);
    expect(merged.name).toBe("Eve");
    session.delete(merged);
    session.commit();
    expect(session.scalar(text("select count(*) from posts"))).toBe(0);
  });

  test("awaitable() is for asynchronous sessions, and says so", async () => {
    const { Session } = await database();
    using session = Session();
    session.add(make(User, { name: "Ann" }));
    session.commit();
    const user = session.scalars(select(User)).one();
    await expect(awaitable(user).posts).rejects.toThrow(
      /belongs to a synchronous session, where attributes load when they are read/,
    );
  });
});
