/** Athanor: entities with identity map, change tracking and relationships. */
import {
  type AsyncSession,
  asyncSessionmaker,
  attrs,
  bindparam,
  Column,
  create,
  createAsyncEngine,
  Entity,
  ManyToMany,
  ManyToOne,
  OneToMany,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  select,
  selectinload,
  t,
  text,
} from "athanor";
import {
  AUTHORS,
  authorRow,
  CHANGED,
  CLASSES,
  COMMENTS_PER_POST,
  changedScore,
  commentRow,
  GETS,
  GRAPHS,
  POSTS_PER_AUTHOR,
  postRow,
  QUERIES,
  sums,
  TRANSACTIONS,
} from "../workloads.mjs";

@Entity("authors")
class Author {
  declare [OptionalProps]?: "id" | "posts";
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @Column() email!: string;
  @Column() age!: number;
  @Column() active!: boolean;
  @Column(t.float) score!: number;
  @Column(t.datetime({ timezone: true })) createdAt!: Date;
  @OneToMany(
    () => Post,
    (p) => p.author,
    { cascade: ["all", "delete-orphan"], passiveDeletes: true },
  )
  posts!: Post[];
}

@Entity("posts")
class Post {
  declare [OptionalProps]?: "id" | "comments" | "tags" | "authorId" | "author";
  @PrimaryKey() id!: number;
  @Column({ foreignKey: "authors.id" }) authorId!: number;
  @ManyToOne(
    () => Author,
    (a) => a.posts,
  )
  author!: Relation<Author>;
  @Column() title!: string;
  @Column() body!: string;
  @Column() views!: number;
  @OneToMany(
    () => Comment,
    (c) => c.post,
    { cascade: ["all", "delete-orphan"], passiveDeletes: true },
  )
  comments!: Comment[];
  @ManyToMany(() => Tag, { secondary: "post_tags" })
  tags!: Tag[];
}

@Entity("comments")
class Comment {
  declare [OptionalProps]?: "id" | "postId" | "post";
  @PrimaryKey() id!: number;
  @Column({ foreignKey: "posts.id" }) postId!: number;
  @ManyToOne(
    () => Post,
    (p) => p.comments,
  )
  post!: Relation<Post>;
  @Column() body!: string;
  @Column() likes!: number;
}

@Entity("tags")
class Tag {
  @PrimaryKey() id!: number;
  @Column() name!: string;
}

@Entity("events")
class Event {
  @PrimaryKey() id!: number;
  @Column() kind!: string;
  @Column() amount!: number;
  @Column() note!: string;
}

// What is asked often is built once, as docs/speed.md recommends.
const author = bindparam("author", t.integer);
const mostViewed = select(Post)
  .where((p) => p.authorId.eq(author).and(p.views.ge(bindparam("views", t.integer))))
  .orderBy((p) => [p.views.desc(), p.id])
  .limit(10);
const firstOf = select(Post)
  .where((p) => p.authorId.eq(author))
  .orderBy((p) => p.id)
  .limit(10);

const engineUrl = (kind: string, url: string) => (kind === "sqlite" ? `sqlite:///${url}` : url);

export async function startup(kind: string, url: string): Promise<number> {
  const things = [];
  for (let i = 0; i < CLASSES; i++) {
    const Thing = { [`Thing${i}`]: class {} }[`Thing${i}`];
    PrimaryKey(t.integer)(Thing.prototype, "id");
    Column(t.text)(Thing.prototype, "name");
    Column(t.integer)(Thing.prototype, "size");
    things.push(Entity(`thing${i}`)(Thing) ?? Thing);
  }
  const engine = createAsyncEngine(engineUrl(kind, url));
  const session = asyncSessionmaker(engine)();
  const first = things[0] as unknown as new () => { id: number };
  const found = await session.scalars(select(first).where((x: any) => x.id.eq(1))).all();
  await session.close();
  await engine.dispose();
  return found.length + CLASSES;
}

export async function open(kind: string, url: string) {
  const engine = createAsyncEngine(engineUrl(kind, url), { poolSize: 20 });
  const Session = asyncSessionmaker(engine, { expireOnCommit: false });
  const within = async <T>(fn: (session: AsyncSession) => Promise<T>): Promise<T> => {
    const session = Session();
    const result = await fn(session);
    await session.close();
    return result;
  };
  const authors = (session: AsyncSession): Promise<Author[]> => session.scalars(select(Author)).all();
  const postsOf = (session: AsyncSession, q: { author: number; views: number }): Promise<Post[]> =>
    session.scalars(mostViewed, q).all();
  const web = (tr: (typeof TRANSACTIONS)[number]): Promise<number> =>
    within(async (session) => {
      const author = await session.getOne(Author, tr.author);
      const posts = await session.scalars(firstOf, { author: tr.author }).all();
      session.add(create(Post, { authorId: author.id, title: tr.title, body: tr.body, views: tr.views }));
      author.age = tr.age;
      await session.commit();
      return posts.length;
    });
  const scalar = (statement: string): Promise<number> =>
    within(async (session) => Number(await session.scalar(text(statement))));
  const state = () => scalar("SELECT (SELECT count(*) FROM posts) * 1000 + (SELECT sum(age) FROM authors)");
  const everyAuthor = () => within(async (session) => sums.authors(await authors(session)));

  return {
    prepare: {
      W1: () => Array.from({ length: AUTHORS }, (_, i) => authorRow(i + 1)),
      W15: async () => {
        const session = Session();
        return { session, list: await authors(session) };
      },
    } as Record<string, () => unknown>,
    W1: (rows: ReturnType<typeof authorRow>[]) =>
      within(async (session) => {
        const list = rows.map((row) => create(Author, row));
        session.addAll(list);
        await session.commit();
        return list.map((a) => a.id);
      }),
    W2: () =>
      within(async (session) => {
        const comments: Comment[] = [];
        for (let i = 0; i < 200; i++) {
          const author = create(Author, authorRow(i));
          const posts: Post[] = [];
          for (let j = 0; j < POSTS_PER_AUTHOR; j++) {
            const list: Comment[] = [];
            for (let k = 0; k < COMMENTS_PER_POST; k++) list.push(create(Comment, commentRow(j, k)));
            comments.push(...list);
            const { title, body, views } = postRow(i, j);
            posts.push(create(Post, { title, body, views, comments: list }));
          }
          author.posts = posts;
          session.add(author);
        }
        await session.commit();
        return comments.map((c) => c.id);
      }),
    W3: () => within(authors),
    W3r: () =>
      within(async (session) => {
        const list = await authors(session);
        let n = 0;
        for (const a of list)
          n += a.id + a.name.length + a.email.length + a.age + (a.active ? 1 : 0) + a.score + a.createdAt.getTime();
        return [list, n] as const;
      }),
    W4: () =>
      within((session) =>
        session
          .scalars(
            select(Author)
              .where((a) => a.id.le(GRAPHS))
              .options(selectinload(Author, (a) => a.posts).selectinload((p) => p.comments)),
          )
          .all(),
      ),
    W5: () =>
      within(async (session) => {
        const found: Author[] = [];
        for (const id of GETS) found.push(await session.getOne(Author, id));
        return found;
      }),
    W6: () =>
      within(async (session) => {
        const list = await authors(session);
        for (let i = 0; i < CHANGED; i++) list[i * (AUTHORS / CHANGED)].score = changedScore(i);
        await session.commit();
        return list;
      }),
    W7: () =>
      within(async (session) => {
        const list = await authors(session);
        list[77].score = 4321;
        await session.commit();
        return list;
      }),
    W8: () =>
      within(async (session) => {
        const found: Post[][] = [];
        for (const q of QUERIES) found.push(await postsOf(session, q));
        return found;
      }),
    W9: () =>
      within(async (session) => {
        const list = await session.scalars(select(Author).where((a) => a.id.le(GRAPHS))).all();
        await session.deleteAll(list);
        await session.commit();
      }),
    W10: async () => {
      const lengths: number[] = [];
      for (const tr of TRANSACTIONS) lengths.push(await web(tr));
      return lengths;
    },
    W11: () =>
      within((session) =>
        session
          .scalars(
            select(Post)
              .where((p) => p.id.le(1000))
              .options(selectinload(Post, (p) => p.tags)),
          )
          .all(),
      ),
    W12: () =>
      within(async (session) => {
        let sum = 0;
        const { id, kind, amount, note } = attrs(Event);
        for await (const row of await session.stream(select({ id, kind, amount, note }))) sum += row.amount;
        return sum;
      }),
    W12e: () =>
      within(async (session) => {
        let sum = 0;
        for await (const event of await session.streamScalars(select(Event))) sum += event.amount;
        return sum;
      }),
    W13: () =>
      Promise.all(
        Array.from({ length: 20 }, async (_, s) => {
          for (let i = s; i < TRANSACTIONS.length; i += 20) await web(TRANSACTIONS[i]);
        }),
      ),
    W15: async ({ session }: { session: AsyncSession }) => {
      const found: Post[][] = [];
      for (const q of QUERIES) found.push(await postsOf(session, q));
      return found;
    },
    after: { W15: ({ session }: { session: AsyncSession }) => session.close() } as Record<string, (p: any) => unknown>,
    sum: {
      W1: sums.keys,
      W2: sums.keys,
      W3: sums.authors,
      W3r: ([list]: [Author[]]) => sums.authors(list),
      W4: sums.graph,
      W5: sums.authors,
      W6: everyAuthor,
      W7: everyAuthor,
      W8: sums.posts,
      W9: () => scalar("SELECT (SELECT count(*) FROM authors) * 1000 + (SELECT count(*) FROM comments)"),
      W10: async (lengths: number[]) => lengths.reduce((a, b) => a + b, 0) + (await state()),
      W13: state,
      W11: sums.tagged,
      W12: (n: number) => n,
      W12e: (n: number) => n,
      W15: sums.posts,
    },
    close: () => engine.dispose(),
  };
}
