import { describe, expect, test } from "vitest";
import {
  aliased,
  asWritten,
  attrs,
  Column,
  column,
  ForeignKey,
  inspect,
  ManyToMany,
  ManyToOne,
  MetaData,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  relationship,
  select,
  t,
  table,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

describe("a class and its table", () => {
  const reg = registry();

  @reg.Entity("users")
  class User {
    @PrimaryKey() id!: number;
    @Column(t.string(20), { name: "user_name" }) name!: string;
    @Column({ nullable: true }) birthYear!: number;
    @OneToMany(
      () => Post,
      (p) => p.author,
      { orderBy: "id" },
    )
    posts!: Post[];
  }

  @reg.Entity("posts")
  class Post {
    @PrimaryKey() id!: number;
    @Column(t.string(20)) title!: string;
    @Column({ foreignKey: () => User, onDelete: "CASCADE" }) authorId!: number;
    @ManyToOne(
      () => User,
      (u) => u.posts,
    )
    author!: Relation<User> | null;
    @ManyToMany(() => Tag) tags!: Tag[];
  }

  @reg.Entity("tags")
  class Tag {
    @PrimaryKey() id!: number;
  }

  test("[MS-01] one decorated class gives a mapper and a table", () => {
    const mapper = inspect(User);
    expect(mapper.table).toBe(reg.metadata.tables.get("users"));
    expect([...mapper.attributes.keys()]).toEqual(["id", "name", "birthYear", "posts"]);
    expect(mapper.table.columns.map((c) => [c.name, c.primaryKey, c.nullable])).toEqual([
      ["id", true, false],
      ["user_name", false, false],
      ["birth_year", false, true],
    ]);
  });

  test("[MS-05] attribute and column names differ: in SQL, in results and in filterBy", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(User, { name: "Ann" }));
    await session.flush();
    using log = recordStatements(engine);
    const u = attrs(User);
    expect((await session.scalars(select(User).filterBy({ name: "Ann" })).one()).name).toBe("Ann");
    expect(log.texts()[0]).toMatch(/users\.user_name/);
    expect(await session.execute(select({ name: u.name })).one()).toEqual({ name: "Ann" });
    expect(await session.scalar(text("select user_name from users"))).toBe("Ann");
  });

  test("[MS-15] a mapped foreign key is used by the relationship beside it, with its ON DELETE", async () => {
    const posts = reg.metadata.tables.get("posts");
    expect(posts?.columns.map((c) => c.name)).toEqual(["id", "title", "author_id"]);
    expect(posts?.foreignKeyConstraints).toHaveLength(1);
    const { Session } = await storeFor(reg);
    await using session = Session();
    const user = make(User, { name: "Ann", posts: [make(Post, { title: "x" })] });
    session.add(user);
    await session.flush();
    expect(user.posts[0].authorId).toBe(user.id);
    await session.execute(text("delete from users"));
    expect(await session.scalar(text("select count(*) from posts"))).toBe(0);
  });

  test("[QS-01] rows are tuples of entities and values in the order asked", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const ann = make(User, { name: "Ann", posts: [make(Post, { title: "one" }), make(Post, { title: "two" })] });
    session.add(ann);
    await session.flush();
    const u = attrs(User);
    const p = attrs(Post);
    const rows = await session.execute(select(User, p.title, Post).join(u.posts).orderBy(p.id)).all();
    expect(rows.map(([user, title, post]) => [user, title, post])).toEqual([
      [ann, "one", ann.posts[0]],
      [ann, "two", ann.posts[1]],
    ]);
  });

  test("[QS-02] two aliases of a class come back under their names", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.addAll([make(User, { name: "Ann" }), make(User, { name: "Bob" })]);
    await session.flush();
    const [x, y] = [aliased(User, "x"), aliased(User, "y")];
    const row = await session.execute(select(x, y).where(x.id.lt(y.id))).one();
    expect([row[0].name, row[1].name]).toEqual(["Ann", "Bob"]);
    expect((row as unknown as { x: User; y: User }).y).toBe(row[1]);
    expect(Object.keys((row as unknown as { _mapping: object })._mapping)).toEqual(["x", "y"]);
  });

  test("[QS-08] [QS-09] joins along relationships, in a chain and outer, link tables included", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const tag = new Tag();
    session.addAll([
      make(User, { name: "Ann", posts: [make(Post, { title: "one", tags: [tag] })] }),
      make(User, { name: "Bob" }),
    ]);
    await session.flush();
    const u = attrs(User);
    const p = attrs(Post);
    const g = attrs(Tag);
    expect(await session.execute(select(u.name, g.id).join(u.posts).join(p.tags)).all()).toEqual([["Ann", tag.id]]);
    expect(await session.execute(select(u.name, p.title).outerjoin(u.posts).orderBy(u.name)).all()).toEqual([
      ["Ann", "one"],
      ["Bob", null],
    ]);
  });

  test("[TU-11] createAll skips what is there and dropAll goes the other way round", async () => {
    const { engine } = await storeFor(reg);
    using log = recordStatements(engine);
    await reg.metadata.createAll(engine);
    expect(log.count("CREATE")).toBe(0);
    log.reset();
    await reg.metadata.dropAll(engine);
    const dropped = log.texts("DROP").map((sql) => /TABLE (\w+)/.exec(sql)?.[1]);
    expect(dropped.indexOf("posts")).toBeLessThan(dropped.indexOf("users"));
    log.reset();
    await reg.metadata.createAll(engine);
    const made = log.texts("CREATE").map((sql) => /TABLE (\w+)/.exec(sql)?.[1]);
    expect(made.indexOf("users")).toBeLessThan(made.indexOf("posts"));
  });
});

describe("registries", () => {
  test("[MS-04] two families of classes with equal names do not see each other", async () => {
    const family = () => {
      const reg = registry();
      @reg.Entity("users")
      class User {
        @PrimaryKey() id!: number;
        @OneToMany(
          () => Pet,
          (p) => p.user,
        )
        pets!: Pet[];
      }
      @reg.Entity("pets")
      class Pet {
        @PrimaryKey() id!: number;
        @ManyToOne(
          () => User,
          (u) => u.pets,
        )
        user!: Relation<User> | null;
      }
      return { reg, User, Pet };
    };
    const [one, two] = [family(), family()];
    const { Session } = await storeFor(one.reg);
    await using session = Session();
    session.add(make(one.User, { pets: [new one.Pet()] }));
    await session.flush();
    expect(() => make(two.User, { pets: [new one.Pet()] })).toThrow(/takes objects of Pet, not Pet/);
    expect(one.reg.metadata).not.toBe(two.reg.metadata);
  });

  test("[MS-06] a naming strategy replaces names everywhere: columns, foreign keys, indexes, link tables", async () => {
    const reg = registry({ naming: { ...asWritten, tableName: (name) => `tbl_${name}` } });
    @reg.Entity()
    class BigUser {
      @PrimaryKey() id!: number;
      @Column({ index: true }) birthYear!: number;
      @ManyToMany(() => BigPost) likedPosts!: BigPost[];
    }
    @reg.Entity()
    class BigPost {
      @PrimaryKey() id!: number;
      @ManyToOne(() => BigUser, { index: true }) mainAuthor!: Relation<BigUser> | null;
    }
    reg.configure();
    expect([...reg.metadata.tables.keys()].sort()).toEqual(["tbl_BigPost", "tbl_BigUser", "tbl_BigUser_likedPosts"]);
    expect(inspect(BigUser).table.columns.map((c) => c.name)).toEqual(["id", "birthYear"]);
    expect(inspect(BigPost).table.columns.map((c) => c.name)).toEqual(["id", "mainAuthorId"]);
    expect(reg.metadata.tables.get("tbl_BigUser_likedPosts")?.columns.map((c) => c.name)).toEqual([
      "bigUserId",
      "bigPostId",
    ]);
    const inspector = inspect((await storeFor(reg)).engine);
    const indexes = [await inspector.getIndexes("tbl_BigUser"), await inspector.getIndexes("tbl_BigPost")];
    expect(indexes.flat().map((each) => each.name)).toEqual([
      "ix_tbl_BigUser_birthYear",
      "ix_tbl_BigPost_mainAuthorId",
    ]);
  });

  test("[MS-06] snake_case is the default", () => {
    const reg = registry();
    @reg.Entity()
    class HTMLPage {
      @PrimaryKey() pageId!: number;
      @Column() line2Count!: number;
      @ManyToOne(() => HTMLPage) nextPage!: Relation<HTMLPage> | null;
    }
    const { table } = inspect(HTMLPage);
    expect(table.name).toBe("html_page");
    expect(table.columns.map((c) => c.name)).toEqual(["page_id", "line2_count", "next_page_page_id"]);
  });

  test("[MS-02] a plain class is mapped imperatively to a table", async () => {
    const metadata = new MetaData();
    const reg = registry({ metadata });
    const users = table("users", metadata, { id: column(t.integer, { primaryKey: true }), name: column(t.string(20)) });
    const posts = table("posts", metadata, {
      id: column(t.integer, { primaryKey: true }),
      userId: column(t.integer, { name: "user_id", foreignKey: new ForeignKey("users.id") }),
    });
    class User {
      declare id: number;
      declare name: string;
      declare posts: Post[];
    }
    class Post {
      declare id: number;
      declare userId: number;
      declare user: User;
    }
    reg.mapImperatively(User, users as never, {
      properties: { posts: relationship(() => Post, { backPopulates: "user" }) },
    });
    reg.mapImperatively(Post, posts as never, {
      properties: { user: relationship(() => User, { backPopulates: "posts" }) },
    });
    const { Session } = await storeFor(reg);
    await using session = Session({ expireOnCommit: false });
    const user = make(User, { name: "Ann", posts: [new Post()] });
    session.add(user);
    await session.commit();
    expect(user.posts[0].userId).toBe(user.id);
    expect(user.posts[0].user).toBe(user);
  });
});

describe("column types from the declared property types", () => {
  const reg = registry();

  @reg.Entity("samples")
  class Sample {
    @PrimaryKey() id!: number;
    @Column() n!: number;
    @Column() s!: string;
    @Column() b!: boolean;
    @Column() d!: Date;
    @Column() big!: bigint;
    @Column() bytes!: Uint8Array;
    @Column(t.numeric(10, 2)) price!: string;
    @Column(t.json) data!: unknown;
    @Column(t.enum(["red", "green"])) color!: "red" | "green";
    @Column(t.date) day!: string;
    @Column(t.uuid) uid!: string;
    @Column(t.double) ratio!: number;
  }

  test("[MS-07] number, string, boolean, Date, bigint and Uint8Array are inferred, and every value comes back as it was", async () => {
    expect(
      inspect(Sample)
        .columnAttributes.slice(1, 7)
        .map((a) => a.type.family),
    ).toHaveLength(6);
    const { Session } = await storeFor(reg);
    await using session = Session();
    const values = {
      n: 42,
      s: "text",
      b: true,
      d: new Date("2024-02-29T12:34:56.789Z"),
      big: 2n ** 60n + 1n,
      bytes: new Uint8Array([0, 1, 255]),
      price: "12.50",
      data: { a: [1, null, "x"], nested: { deep: true } },
      color: "red" as const,
      day: "2024-02-29",
      uid: "6f1c7b8e-3d2a-4b5c-8d9e-0a1b2c3d4e5f",
      ratio: 0.1,
    };
    session.add(make(Sample, values));
    await session.commit();
    session.expungeAll();
    const sample = await session.scalars(select(Sample)).one();
    for (const [key, value] of Object.entries(values)) {
      const found = (sample as unknown as Record<string, unknown>)[key];
      if (value instanceof Uint8Array) expect([...(found as Uint8Array)], key).toEqual([...value]);
      else expect(found, key).toEqual(value);
    }
    expect(typeof sample.b).toBe("boolean");
  });

  test("a loaded value that is assigned again is no change", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session({ expireOnCommit: false });
    session.add(
      make(Sample, {
        n: 1,
        s: "",
        b: false,
        d: new Date(0),
        big: 0n,
        bytes: new Uint8Array(),
        price: "0.00",
        data: {},
        color: "green",
        day: "2000-01-01",
        uid: "6f1c7b8e-3d2a-4b5c-8d9e-0a1b2c3d4e5f",
        ratio: 0,
      }),
    );
    await session.commit();
    session.expungeAll();
    const sample = await session.scalars(select(Sample)).one();
    sample.d = new Date(0);
    sample.bytes = new Uint8Array();
    sample.big = 0n;
    expect(session.isModified(sample)).toBe(false);
  });
});
