/**
 * An example for each page of `docs/errors.md`: it raises the error, or gives the warning, whose code is its name. The page shows
 * its lines as they stand here, between the name and its closing bracket.
 */
import {
  type AsyncEngine,
  type AsyncSession,
  type AsyncSessionMaker,
  assign,
  asyncSessionmaker,
  awaitable,
  Column,
  CreateTable,
  checkConstraint,
  column,
  compile,
  create,
  createAsyncEngine,
  createEngine,
  DataError,
  DisconnectionError,
  del,
  event,
  func,
  InvalidatePoolError,
  insert,
  inspect,
  joinedload,
  ManyToOne,
  MetaData,
  OneToMany,
  OneToOne,
  type OptionalProps,
  PrimaryKey,
  QueuePool,
  type Relation,
  registry,
  select,
  sortTablesStrictly,
  t,
  table,
  text,
  update,
} from "../../src/index.js";
import { MultipleHeadsError, migrate, type Operations, RevisionGraph } from "../../src/migrations/index.js";

export const { Entity, metadata } = registry();

// The examples stand on these classes.
// begin: classes
@Entity("users", { versionIdCol: "version" })
export class User {
  declare [OptionalProps]?: "id" | "version";
  @PrimaryKey() id!: number;
  @Column(t.string(50), { unique: true }) name!: string;
  @Column(t.integer) version!: number;
  @OneToMany(
    () => Post,
    (post) => post.author,
  )
  posts!: Post[];
  @OneToOne(
    () => Badge,
    (badge) => badge.user,
  )
  badge!: Relation<Badge> | null;
}

@Entity("posts")
export class Post {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.string(50)) title!: string;
  @ManyToOne(
    () => User,
    (user) => user.posts,
    { cascade: [] },
  )
  author!: Relation<User> | null;
  @OneToMany(() => Mark, { backPopulates: "post" }) marks!: Mark[];
}

@Entity("marks")
export class Mark {
  declare [OptionalProps]?: "postId";
  @PrimaryKey(t.integer, { foreignKey: "posts.id", autoincrement: false }) postId!: number;
  @PrimaryKey(t.string(10)) name!: string;
  @ManyToOne(() => Post, { foreignKeys: ["postId"], backPopulates: "marks" }) post!: Relation<Post>;
}

@Entity("badges")
export class Badge {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @OneToOne(
    () => User,
    (user) => user.badge,
    { owner: true, unique: false },
  )
  user!: Relation<User> | null;
}

@Entity("pets", { polymorphicOn: "kind", polymorphicIdentity: "pet" })
export class Pet {
  declare [OptionalProps]?: "id" | "kind";
  @PrimaryKey() id!: number;
  @Column(t.string(10)) kind!: string;
}

@Entity({ polymorphicIdentity: "cat" })
export class Cat extends Pet {}

@Entity({ polymorphicIdentity: "dog" })
export class Dog extends Pet {}
// end

/** What the examples have at hand: an engine, and a session of it in which the user with the key 1 wrote two posts. */
export interface World {
  readonly engine: AsyncEngine;
  readonly Session: AsyncSessionMaker;
  readonly session: AsyncSession;
}

export const examples: Readonly<Record<string, (world: World) => unknown>> = {
  ATHANOR_ALREADY_QUIT: async () => {
    const threaded = createAsyncEngine("sqlite+worker://");
    await threaded.dispose();
    await threaded.runInThread((database) => database);
  },
  ATHANOR_AMBIGUOUS_FOREIGN_KEYS: () => {
    const metadata = new MetaData();
    const people = table("people", metadata, { id: column(t.integer, { primaryKey: true }) });
    const letters = table("letters", metadata, {
      sender: column(t.integer, { foreignKey: "people.id" }),
      receiver: column(t.integer, { foreignKey: "people.id" }),
    });
    people.join(letters); // people.join(letters, letters.c.sender.eq(people.c.id))
  },
  ATHANOR_ARGUMENT: () => {
    select(User).limit(-1);
  },
  ATHANOR_CARTESIAN: async ({ session }) => {
    await session.execute(select(User, Post)); // .join((user) => user.posts)
  },
  ATHANOR_CIRCULAR_DEPENDENCY: () => {
    const metadata = new MetaData();
    const id = column(t.integer, { primaryKey: true });
    table("hens", metadata, { id, egg: column(t.integer, { foreignKey: "eggs.id" }) });
    table("eggs", metadata, {
      id: column(t.integer, { primaryKey: true }),
      hen: column(t.integer, { foreignKey: "hens.id" }),
    });
    sortTablesStrictly([...metadata.tables.values()]); // foreignKey("hens.id", { useAlter: true, name: "fk_eggs_hens" })
  },
  ATHANOR_COMBINED_COLUMNS: () => {
    const { Entity } = registry();
    @Entity("animals", { polymorphicOn: "kind", polymorphicIdentity: "animal" })
    class Animal {
      @PrimaryKey() id!: number;
      @Column() kind!: string;
      @Column() name!: string;
    }
    @Entity("cats", { polymorphicIdentity: "cat" })
    class Cat extends Animal {
      @Column() declare name: string;
    }
    select(Cat).toSQL();
  },
  ATHANOR_COMPILE: async ({ engine }) => {
    const sample = metadata.tables.get("posts")?.tablesample(10); // SQLite has none
    await engine.execute(select(func.count()).selectFrom(sample as never));
  },
  ATHANOR_CONNECTION_BEGUN: async ({ engine }) => {
    await using connection = await engine.connect();
    await connection.execute(text("SELECT 1")); // begins a transaction
    await connection.begin();
  },
  ATHANOR_DATA: async ({ engine }) => {
    event.listen(engine, "beforeCursorExecute", () => {
      throw new DataError("value too long for type character varying(50)", null);
    });
    await engine.execute(insert(User).values({ name: "x".repeat(60), version: 1 }));
  },
  ATHANOR_DEPENDENCY_RULE: async ({ session }) => {
    const post = create(Post, { title: "third", author: null, marks: [create(Mark, { name: "new" })] });
    session.add(post);
    await session.flush();
    post.marks = []; // the key of a mark begins with its post's
    await session.flush();
  },
  ATHANOR_DETACHED: async ({ Session }) => {
    const user = await Session.begin((session) => session.getOne(User, 1));
    user.posts; // the session is closed
  },
  ATHANOR_IDENTIFIER: () => {
    const parcels = table("parcels", new MetaData(), { weight: column(t.integer) });
    const name = `ck_parcels_weight_${"is_more_than_nothing_at_all_".repeat(2)}`;
    parcels.addConstraint(checkConstraint("weight > 0", { name })); // { name: conv(name) } is cut
    compile(new CreateTable(parcels), createAsyncEngine("postgresql://localhost/shop").dialect);
  },
  ATHANOR_INTEGRITY: async ({ session }) => {
    session.addAll([create(User, { name: "Bob", posts: [] }), create(User, { name: "Bob", posts: [] })]);
    await session.flush();
  },
  ATHANOR_INVALID_REQUEST: async ({ session }) => {
    session.add(await session.getOne(User, 1));
    session.add(create(User, { id: 2, name: "Eve", posts: [] }));
    await session.refresh(create(User, { name: "nobody", posts: [] }));
  },
  ATHANOR_MISSING_SYNC_CONTEXT: async ({ session }) => {
    const user = await session.getOne(User, 1);
    user.posts; // await awaitable(user).posts, or a loader option
  },
  ATHANOR_MULTIPLE_RESULTS: async ({ session }) => {
    await session.scalars(select(Post)).one();
  },
  ATHANOR_NOT_EXECUTABLE: async ({ engine }) => {
    await engine.execute("SELECT 1" as never); // text("SELECT 1")
  },
  ATHANOR_NO_FOREIGN_KEYS: () => {
    const metadata = new MetaData();
    const cats = table("cats", metadata, { id: column(t.integer) });
    const dogs = table("dogs", metadata, { id: column(t.integer) });
    cats.join(dogs);
  },
  ATHANOR_NO_INSPECTION: () => {
    inspect("users" as never);
  },
  ATHANOR_NO_REFERENCED_TABLE: async ({ engine }) => {
    const metadata = new MetaData();
    table("pages", metadata, { bookId: column(t.integer, { foreignKey: "books.id" }) });
    await metadata.createAll(engine);
  },
  ATHANOR_NO_RESULT: async ({ session }) => {
    await session.getOne(User, 99); // get() gives null
  },
  ATHANOR_NO_SUCH_COLUMN: () => {
    const found = select(User).subquery("found");
    found.column("nmae");
  },
  ATHANOR_NO_SUCH_MODULE: () => {
    createEngine("oracle://localhost/app");
  },
  ATHANOR_NO_SUCH_TABLE: async ({ engine }) => {
    await engine.connect((connection) => inspect(connection).getColumns("nowhere"));
  },
  ATHANOR_NO_WHERE: async ({ session }) => {
    await session.execute(del(Post)); // del(Post).all()
  },
  ATHANOR_N_PLUS_ONE: async ({ Session }) => {
    await using session = Session({ nPlusOneWatch: { threshold: 2 } });
    await session.runSync((s) => {
      for (const post of s.scalars(select(Post)).all()) post.marks.length; // selectinload(Post, (post) => post.marks)
    });
  },
  ATHANOR_NO_IDENTITY: () => {
    const { Entity } = registry();
    @Entity("animals", { polymorphicOn: "kind", polymorphicIdentity: "animal" })
    class Animal {
      @PrimaryKey() id!: number;
      @Column() kind!: string;
    }
    @Entity() // { polymorphicIdentity: "cat" }
    class Cat extends Animal {}
    select(Cat).toSQL();
  },
  ATHANOR_NOT_SUPPORTED: async ({ engine }) => {
    for await (const each of engine.listen("orders")) console.log(each);
  },
  ATHANOR_OBJECT_DELETED: async ({ session }) => {
    const post = await session.getOne(Post, 1);
    await session.commit(); // expires what is loaded
    await session.execute(text("DELETE FROM posts"));
    await session.runSync(() => post.title);
  },
  ATHANOR_OPERATIONAL: async () => {
    await createAsyncEngine("sqlite:////nowhere/at/all.db").scalar(text("SELECT 1"));
  },
  ATHANOR_OVERLAPS: () => {
    const { Entity } = registry();
    @Entity("stations")
    class Station {
      @PrimaryKey() id!: number;
      @OneToMany(() => Train, { backPopulates: undefined }) trains!: Train[];
    }
    @Entity("trains")
    class Train {
      @PrimaryKey() id!: number;
      @ManyToOne(() => Station) station!: Relation<Station>;
    }
    select(Train).toSQL();
  },
  ATHANOR_PENDING_CONNECTION_ROLLBACK: async ({ engine }) => {
    await using connection = await engine.connect();
    await connection.begin();
    await connection.invalidate(); // as when the server is restarted
    await connection.execute(text("SELECT 1"));
  },
  ATHANOR_PENDING_ROLLBACK: async ({ session }) => {
    session.add(create(Post, { title: null as never, author: null, marks: [] }));
    await session.flush().catch(() => {});
    await session.scalars(select(Post)).all(); // after await session.rollback()
  },
  ATHANOR_PROGRAMMING: async ({ engine }) => {
    await engine.execute(text("SELECT nothing FROM nowhere"));
  },
  ATHANOR_RESOURCE_CLOSED: async ({ engine }) => {
    const connection = await engine.connect();
    await connection.close();
    await connection.execute(text("SELECT 1"));
  },
  ATHANOR_SESSION_BEGUN: async ({ session }) => {
    await session.getOne(User, 1); // begins a transaction
    await session.begin();
  },
  ATHANOR_STALE_DATA: async ({ session, Session }) => {
    const user = await session.getOne(User, 1);
    await Session.begin(async (other) => {
      (await other.getOne(User, 1)).name = "Alicia";
    });
    user.name = "Alice B.";
    await session.flush();
  },
  ATHANOR_STANDARD_DECORATOR: () => {
    class Thing {}
    (Entity as (...args: unknown[]) => (...args: unknown[]) => unknown)("things")(Thing, {
      kind: "class",
      name: "Thing",
    });
  },
  ATHANOR_STREAMED_COLLECTION: async ({ session }) => {
    await session.stream(select(User).options(joinedload(User, (user) => user.posts)));
  },
  ATHANOR_TIMEOUT: async () => {
    const small = createAsyncEngine("sqlite://", {
      poolClass: QueuePool,
      poolSize: 1,
      maxOverflow: 0,
      poolTimeout: 0.05,
    });
    await using _held = await small.connect();
    await small.connect();
  },
  ATHANOR_UNBOUND: async () => {
    await using session = asyncSessionmaker()();
    await session.scalars(select(User)).all();
  },
  ATHANOR_UNEVALUATABLE: async ({ session }) => {
    await session.scalars(select(Post)).all();
    const upper = update(Post)
      .where((post) => func.length(post.title).gt(3))
      .values({ title: "long" });
    await session.execute(upper, undefined, { synchronizeSession: "evaluate" });
  },
  ATHANOR_UNIQUE_NEEDED: async ({ session }) => {
    const users = await session.execute(select(User).options(joinedload(User, (user) => user.posts)));
    (users as unknown as { all(): unknown }).all(); // users.unique().all()
  },
  ATHANOR_UNLIKE_ROWS: () => {
    insert(Post).values([{ title: "a" }, { title: "b", id: 7 }]);
  },
  ATHANOR_UNMAPPED_CLASS: async ({ session }) => {
    class Plain {}
    await session.get(Plain, 1);
  },
  ATHANOR_UNMAPPED_INSTANCE: ({ session }) => {
    session.add({ name: "Alice" } as never); // create(User, { name: "Alice" })
  },
  ATHANOR_VALIDATION: ({ session }) => {
    assign(create(User, { name: "x", posts: [] }), { name: 5 } as never);
    void session;
  },
  ATHANOR_BLOCKING: async () => {
    await using threaded = createAsyncEngine("sqlite+worker://");
    await threaded.connect((connection) => connection.syncConnection.scalar(text("SELECT 1")));
  },
  ATHANOR_DELETE_COUNT: async ({ session }) => {
    const post = await session.getOne(Post, 1);
    await session.execute(text("DELETE FROM posts"));
    await session.delete(post);
    await session.flush();
  },
  ATHANOR_FLUSH: async ({ session }) => {
    event.listen(session, "afterFlush", () => {
      session.add(create(Post, { title: "one more", author: null, marks: [] })); // and that is flushed too
    });
    session.add(create(Post, { title: "third", author: null, marks: [] }));
    await session.commit();
  },
  ATHANOR_INTERFACE: async ({ engine }) => {
    await engine.connect((connection) => connection.stream(text("CREATE TABLE things (id INTEGER)"))); // it has no rows
  },
  ATHANOR_KEY_TAKEN: async ({ session }) => {
    const post = await session.getOne(Post, 1);
    session.add(create(Post, { id: 1, title: `again ${post.title}`, author: null, marks: [] }));
    await session.flush();
  },
  ATHANOR_MAPPING: () => {
    const { Entity } = registry();
    @Entity("keyless")
    class Keyless {
      @Column(t.integer) size!: number;
    }
    select(Keyless).toSQL();
  },
  ATHANOR_MERGE_PENDING: async ({ session }) => {
    const post = create(Post, { title: "third", author: null, marks: [] });
    session.add(post);
    await session.noAutoflush(() => session.merge(post));
  },
  ATHANOR_MIGRATION: async ({ engine }) => {
    const upgrade = (op: Operations) => op.dropTable("nowhere");
    await migrate(engine, { revisions: [{ revision: "5f3a", downRevision: null, upgrade }] });
  },
  ATHANOR_MULTIPLE_HEADS: () => {
    throw new MultipleHeadsError(["a1", "b2"]); // from "athanor upgrade head"
  },
  ATHANOR_CHANGED_IN_FLUSH: async ({ session }) => {
    const [bob] = await session.scalars(select(User)).all();
    const heard = new AbortController();
    const rename = () => void Object.assign(bob, { name: "Robert" });
    event.listen(Post, "afterInsert", rename, { signal: heard.signal });
    session.add(create(Post, { title: "third", author: null, marks: [] }));
    await session.flush();
    heard.abort();
  },
  ATHANOR_CHANGES_DISCARDED: async ({ session }) => {
    session.add(create(Post, { id: 1, title: "first again", author: null, marks: [] }));
    await session.flush().catch(() => undefined); // there is a post 1
    session.add(create(Post, { title: "third", author: null, marks: [] }));
    await session.rollback();
  },
  ATHANOR_NOT_IN_SESSION: async ({ session }) => {
    const post = create(Post, { title: "third", author: create(User, { name: "Bob", posts: [] }), marks: [] });
    session.add(post); // without the cascade "save-update", its author is not added
    await session.flush();
  },
  ATHANOR_REFLECTION: async ({ engine }) => {
    await engine.begin((connection) =>
      connection.execute(text("CREATE TABLE odd (id INTEGER REFERENCES nowhere (id))")),
    );
    await new MetaData().reflect(engine);
  },
  ATHANOR_UNREADABLE_VIEW: async ({ engine }) => {
    await engine.begin((connection) => connection.execute(text("CREATE VIEW odd AS SELECT * FROM nowhere")));
    await new MetaData().reflect(engine, { views: true });
  },
  ATHANOR_REVISION: () => {
    new RevisionGraph([]).resolve("5f3a");
  },
  ATHANOR_SEVERAL_ROWS: async ({ session }) => {
    await session.execute(text("INSERT INTO badges (user_id) VALUES (1), (1)"));
    await awaitable(await session.getOne(User, 1)).badge;
  },
  ATHANOR_STALE_VALUE: async ({ session }) => {
    const user = await session.getOne(User, 1);
    const posts = await awaitable(user).posts;
    await session.commit(); // expires all
    posts.push(create(Post, { title: "lost", author: null, marks: [] }));
  },
  ATHANOR_WRONG_IDENTITY: async ({ session }) => {
    session.add(create(Cat, { kind: "dog" }));
    await session.flush();
  },
  ATHANOR_DISCONNECTION: async ({ engine }) => {
    event.listen(engine, "checkout", () => {
      throw new DisconnectionError("the server does not answer");
    });
    await engine.scalar(text("SELECT 1"));
  },
  ATHANOR_INVALIDATE_POOL: async ({ engine }) => {
    event.listen(engine, "checkout", () => {
      throw new InvalidatePoolError("the server was restarted");
    });
    await engine.scalar(text("SELECT 1"));
  },
};

/** Pages whose examples no test can run. */
export const notRun: Readonly<Record<string, string>> = {
  ATHANOR_CLOSE_FAILED: "// The connection of a request was lost while its response was being sent.",
  ATHANOR_DATABASE: "// An error of the database that fits none of the narrower classes, such as a damaged file.",
  ATHANOR_ERROR: "// if (error instanceof AthanorError) logger.error({ code: error.errorCode }, error.message);",
  ATHANOR_INTERNAL: "// COMMIT of a transaction in which a statement had failed: PostgreSQL makes a ROLLBACK of it.",
  ATHANOR_LEAK: "const session = Session(); // await using session = Session();\nawait session.getOne(User, 1);",
  ATHANOR_LEFT_PREPARED:
    "// const session = asyncSessionmaker(engine, { twophase: true })();\nawait session.prepare();\nawait session.close(); // the server has gone away",
  ATHANOR_RESPONSE_LOST: 'reply.hijack();\nreply.raw.end("done"); // await db.commit() before',
  ATHANOR_STATEMENT: "// A driver threw an error that is none of its database's; the cause has it.",
  ATHANOR_WARNING:
    'using _ = filterWarnings("error");\nawait session.execute(select(User, Post)); // ATHANOR_CARTESIAN',
};
