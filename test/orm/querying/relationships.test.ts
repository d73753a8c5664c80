import { describe, expect, test } from "vitest";
import {
  aliased,
  attrs,
  Column,
  type Condition,
  func,
  InvalidRequestError,
  joinedload,
  ManyToMany,
  ManyToOne,
  not,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  subqueryload,
  t,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @OneToMany(
    () => Post,
    (p) => p.author,
    { orderBy: "id" },
  )
  posts!: Post[];
  @ManyToOne(
    () => User,
    (u) => u.team,
    { remoteSide: ["id"] },
  )
  boss!: Relation<User> | null;
  @OneToMany(
    () => User,
    (u) => u.boss,
  )
  team!: User[];
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
  @ManyToMany(
    () => Tag,
    (g) => g.posts,
    { secondary: "post_tags" },
  )
  tags!: Tag[];
}

@reg.Entity("tags")
class Tag {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) word!: string;
  @ManyToMany(
    () => Post,
    (p) => p.tags,
  )
  posts!: Post[];
}

const [u, p] = [attrs(User), attrs(Post)];

async function filled() {
  const { Session } = await storeFor(reg, { expireOnCommit: false });
  const session = Session();
  const [red, blue] = [make(Tag, { word: "red" }), make(Tag, { word: "blue" })];
  const ann = make(User, {
    name: "Ann",
    posts: [make(Post, { title: "a1", tags: [red] }), make(Post, { title: "a2", tags: [] })],
    team: [],
  });
  const bob = make(User, { name: "Bob", posts: [make(Post, { title: "b1", tags: [red, blue] })], boss: ann, team: [] });
  const cid = make(User, { name: "Cid", posts: [], boss: ann, team: [] });
  session.addAll([ann, bob, cid, make(Post, { title: "none", tags: [] })]);
  await session.commit();
  return { session, ann, bob, cid, red, blue };
}

const names = (all: readonly User[]) => all.map((each) => each.name);
const titles = (all: readonly Post[]) => all.map((each) => each.title);

describe("relationships in queries", () => {
  test("[QS-11] further criteria of a join go into its ON, and limit eager loads", async () => {
    const { session } = await filled();
    await using _ = session;
    const only = u.posts.and((x) => x.title.like("%1"));
    const joined = select(u.name, p.title).outerjoin(only).orderBy(u.id);
    expect(String(joined)).toMatch(/LEFT OUTER JOIN posts ON .* AND .*LIKE/s);
    expect((await session.execute(joined).all()).map((row) => [...row])).toEqual([
      ["Ann", "a1"],
      ["Bob", "b1"],
      ["Cid", null],
    ]);
    session.expungeAll();
    const eager = await session.scalars(select(User).orderBy(u.id).options(selectinload(only))).all();
    expect(eager.map((each) => titles(each.posts))).toEqual([["a1"], ["b1"], []]);
  });

  test("[QS-11] further criteria may name the association table, under whichever name it stands in the statement", async () => {
    const { session, red } = await filled();
    await using _ = session;
    const isRed = reg.metadata.tables.get("post_tags")?.c.tag_id.eq(red.id) as Condition;
    const reds = p.tags.and(isRed);
    for (const option of [selectinload(reds), subqueryload(reds), joinedload(reds)]) {
      session.expungeAll();
      const posts = await session
        .scalars(select(Post).where(p.title.eq("b1")).options(option))
        .unique()
        .all();
      expect(posts[0].tags.map((each) => each.word)).toEqual(["red"]);
    }
    const having = select(Post)
      .where(p.tags.any(() => isRed))
      .orderBy(p.id);
    expect(titles(await session.scalars(having).all())).toEqual(["a1", "b1"]);
    const tag = aliased(Tag);
    const joined = select(p.title, tag.word).join(p.tags.of(tag).and(isRed)).orderBy(p.id);
    expect((await session.execute(joined).all()).map((row) => [...row])).toEqual([
      ["a1", "red"],
      ["b1", "red"],
    ]);
  });

  test("[QS-12] rows are grouped by all columns of a class", async () => {
    const { session } = await filled();
    await using _ = session;
    const counts = select(User, func.count(p.id)).outerjoin(u.posts).groupBy(User).orderBy(u.id);
    expect((await session.execute(counts).all()).map(([user, n]) => [user.name, n])).toEqual([
      ["Ann", 2],
      ["Bob", 1],
      ["Cid", 0],
    ]);
    const post = aliased(Post, "post");
    const grouped = select(post).join(post.tags).groupBy(post).having(func.count().gt(1));
    expect(titles(await session.scalars(grouped).all())).toEqual(["b1"]);
  });

  test("[QS-12] aliases stand on either side of a join along a relationship", async () => {
    const { session } = await filled();
    await using _ = session;
    const boss = aliased(User, "boss");
    const under = select(User).join(u.boss.of(boss)).where(boss.name.eq("Ann")).orderBy(u.id);
    expect(names(await session.scalars(under).all())).toEqual(["Bob", "Cid"]);
    const post = aliased(Post, "post");
    const from = select(post.title)
      .selectFrom(boss)
      .join(boss.posts.of(post))
      .where(boss.name.eq("Ann"))
      .orderBy(post.id);
    expect(await session.scalars(from).all()).toEqual(["a1", "a2"]);
  });

  test("[QS-15] any() and has() are correlated, nest and can be negated", async () => {
    const { session } = await filled();
    await using _ = session;
    const withRed = select(User)
      .where(u.posts.any((x) => x.tags.any((g) => g.word.eq("red"))))
      .orderBy(u.id);
    expect(names(await session.scalars(withRed).all())).toEqual(["Ann", "Bob"]);
    expect(names(await session.scalars(select(User).where(not(u.posts.any()))).all())).toEqual(["Cid"]);
    const byBosses = select(Post)
      .where(p.author.has((x) => x.boss.has((y) => y.name.eq("Ann"))))
      .orderBy(p.id);
    expect(titles(await session.scalars(byBosses).all())).toEqual(["b1"]);
    const notAnn = select(Post)
      .where(not(p.author.has((x) => x.name.eq("Ann"))))
      .orderBy(p.id);
    expect(titles(await session.scalars(notAnn).all())).toEqual(["b1", "none"]);
  });

  test("[QS-16] a relationship is compared with an object, with null, and with a member; one without a key is an error", async () => {
    const { session, ann, blue } = await filled();
    await using _ = session;
    const all = async (condition: unknown) =>
      titles(
        await session
          .scalars(
            select(Post)
              .where(condition as never)
              .orderBy(p.title),
          )
          .all(),
      );
    expect(await all(p.author.eq(ann) as never)).toEqual(["a1", "a2"]);
    expect(await all(p.author.ne(ann) as never)).toEqual(["b1", "none"]);
    expect(await all(p.author.eq(null) as never)).toEqual(["none"]);
    expect(await all(p.author.isNotNull() as never)).toEqual(["a1", "a2", "b1"]);
    expect(await all(p.tags.contains(blue) as never)).toEqual(["b1"]);
    const [first] = ann.posts;
    expect(names(await session.scalars(select(User).where(u.posts.contains(first))).all())).toEqual(["Ann"]);
    expect(names(await session.scalars(select(User).filterBy({ boss: ann }).orderBy(u.id)).all())).toEqual([
      "Bob",
      "Cid",
    ]);
    const stranger = make(User, { name: "new" });
    await expect(session.scalars(select(Post).where(p.author.eq(stranger))).all()).rejects.toThrow(InvalidRequestError);
    await expect(session.scalars(select(Post).where(p.author.eq(stranger))).all()).rejects.toThrow(
      /its "id" is not set/,
    );
  });
});
