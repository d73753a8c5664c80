/** A relation to one object of one of several classes: a comment on a post or on a photo. */
import { afterAll, afterEach, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import {
  aliased,
  asyncSessionmaker,
  attrs,
  awaitable,
  Column,
  type Condition,
  del,
  IntegrityError,
  inspect,
  joinedload,
  type Loaded,
  ManyToAny,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  toObject,
} from "../../../src/index.js";
import { openDatabase, type TestDatabase } from "../../support/database.js";
import { recordStatements } from "../../support/statements.js";
import { make, type Store, storeFor } from "../support.js";

function world(references: "flush" | "database" | "none") {
  const reg = registry();

  @reg.Entity("posts")
  class Post {
    @PrimaryKey() id!: number;
    @Column() title!: string;
    @OneToMany(
      () => Comment,
      (c) => c.subject,
      { cascade: ["all", "delete-orphan"], orderBy: (c) => c.id },
    )
    comments!: Comment[];
    @ManyToMany(() => Tag, { secondary: "post_tags" }) tags!: Tag[];
  }

  @reg.Entity("photos")
  class Photo {
    @PrimaryKey() id!: number;
    @Column() title!: string;
    @Column() width!: number;
    @OneToMany(
      () => Comment,
      (c) => c.subject,
      { orderBy: (c) => c.id },
    )
    comments!: Comment[];
    @ManyToMany(() => Tag, { secondary: "photo_tags" }) tags!: Tag[];
  }

  @reg.Entity("tags")
  class Tag {
    @PrimaryKey() id!: number;
    @Column() label!: string;
  }

  @reg.Entity("comments")
  class Comment {
    @PrimaryKey() id!: number;
    @Column() text!: string;
    @ManyToAny({ post: () => Post, photo: () => Photo }, { references, index: true })
    subject!: Relation<Post | Photo> | null;
    @ManyToOne(() => Tag) tag!: Relation<Tag> | null;
  }
  return { reg, Post, Photo, Tag, Comment };
}

type Post = InstanceType<ReturnType<typeof world>["Post"]>;
type Photo = InstanceType<ReturnType<typeof world>["Photo"]>;
type Comment = InstanceType<ReturnType<typeof world>["Comment"]>;

for (const references of ["flush", "database"] as const) {
  describe(`a comment on a post or on a photo, checked by ${references}`, () => {
    const { reg, Post, Photo, Tag, Comment } = world(references);
    let database: TestDatabase;
    let store: Store;

    beforeAll(async () => {
      database = await openDatabase();
      const { engine } = database;
      await reg.metadata.createAll(engine);
      store = { engine, Session: asyncSessionmaker(engine) };
    });
    afterAll(() => database[Symbol.asyncDispose]());
    afterEach(async () => {
      for (const table of [...reg.metadata.sortedTables].reverse())
        await store.engine.begin((c) => c.execute(del(table).all()));
    });

    /** A post and a photo with the same key, comments on each, and one on nothing. */
    async function stored() {
      const session = store.Session();
      const red = make(Tag, { label: "red" });
      const post = make(Post, { id: 7, title: "a post", tags: [red] });
      const photo = make(Photo, { id: 7, title: "a photo", width: 5 });
      let id = 0;
      const on = (text: string, subject: Post | Photo | null) => make(Comment, { id: ++id, text, subject });
      session.addAll([on("first", post), on("second", photo), on("third", post), on("none", null), photo, post]);
      await session.commit();
      session.expungeAll();
      return session;
    }
    const byText = (session: Awaited<ReturnType<typeof stored>>) =>
      session.scalars(select(Comment).orderBy((c) => c.id)).all();

    test("[EX-02] the other side has it at once, before anything is stored", () => {
      const post = make(Post, { title: "p" });
      const photo = make(Photo, { title: "f", width: 1 });
      const comment = make(Comment, { text: "c", subject: post });
      expect(post.comments).toEqual([comment]);
      comment.subject = photo;
      expect([post.comments, photo.comments]).toEqual([[], [comment]]);
      post.comments.push(comment);
      expect(comment.subject).toBe(post);
      expect(photo.comments).toEqual([]);
      comment.subject = null;
      expect([post.comments, comment.subject]).toEqual([[], null]);
    });

    test("[EX-02] objects of two classes with one key are told apart", async () => {
      await using session = await stored();
      const comments = await byText(session);
      const subjects = await Promise.all(comments.map((c) => awaitable(c).subject));
      expect(subjects.map((each) => (each instanceof Post ? "post" : each instanceof Photo ? "photo" : each))).toEqual([
        "post",
        "photo",
        "post",
        null,
      ]);
      expect(comments.map((c) => c.subject)).toEqual(subjects);
    });

    test("[EX-02] selectinload takes one statement for each class, and goes on along what they have in common", async () => {
      await using session = await stored();
      using log = recordStatements(store.engine);
      const comments = await session
        .scalars(
          select(Comment)
            .options(selectinload(Comment, (c) => c.subject).selectinload((s) => s.tags))
            .orderBy((c) => c.id),
        )
        .all();
      expect(comments.map((c) => c.subject?.title ?? null)).toEqual(["a post", "a photo", "a post", null]);
      expect(comments[0]?.subject?.tags.map((each) => each.label)).toEqual(["red"]);
      expect(log.count("SELECT")).toBe(5);
      expectTypeOf(comments).items.toExtend<Loaded<Comment, "subject" | "subject.tags">>();
    });

    test("[EX-02] an option may go along one of the classes only; joinedload brings both in one statement", async () => {
      await using session = await stored();
      const [first] = await session
        .scalars(
          select(Comment)
            .options(selectinload(Comment, (c) => c.subject.of(Post)).selectinload((p) => p.tags))
            .orderBy((c) => c.id),
        )
        .all();
      expect((first as Comment).subject?.tags).toHaveLength(1);
      session.expungeAll();
      using log = recordStatements(store.engine);
      const all = await session
        .scalars(
          select(Comment)
            .options(joinedload(Comment, (c) => c.subject))
            .orderBy((c) => c.id),
        )
        .all();
      expect(all.map((c) => c.subject?.title ?? null)).toEqual(["a post", "a photo", "a post", null]);
      expect(log.count("SELECT")).toBe(1);
    });

    test("[EX-02] in runSync it loads when it is read, and what the identity map has takes no statement", async () => {
      await using session = await stored();
      const photo = await session.getOne(Photo, 7);
      const titles = await session.runSync((s) => {
        const comments = s.scalars(select(Comment).orderBy((c) => c.id)).all();
        using log = recordStatements(store.engine);
        expect(comments[1]?.subject).toBe(photo);
        expect(log.count()).toBe(0);
        return comments.map((c) => c.subject?.title ?? null);
      });
      expect(titles).toEqual(["a post", "a photo", "a post", null]);
    });

    test("[EX-02] the collections of each class hold its own, loaded or counted", async () => {
      await using session = await stored();
      const post = await session.scalars(select(Post).options(selectinload(Post, (p) => p.comments))).one();
      expect(post.comments.map((c) => c.text)).toEqual(["first", "third"]);
      expect(post.comments[0]?.subject).toBe(post);
      const photo = await session.getOne(Photo, 7);
      expect(await session.count(photo, "comments")).toBe(1);
      expect((await awaitable(photo).comments).map((c) => c.text)).toEqual(["second"]);
      session.expungeAll();
      const joined = await session
        .scalars(select(Photo).options(joinedload(Photo, (p) => p.comments)))
        .unique()
        .all();
      expect(joined[0]?.comments.map((c) => c.text)).toEqual(["second"]);
    });

    test("[EX-02] statements compare with objects, ask one class or what all have in common, and join along one", async () => {
      await using session = await stored();
      const [post, photo] = [await session.getOne(Post, 7), await session.getOne(Photo, 7)];
      const c = attrs(Comment);
      const texts = async (condition: Condition) =>
        (await session.scalars(select(Comment).where(condition).orderBy(c.id)).all()).map((each) => each.text);
      expect(await texts(c.subject.eq(post))).toEqual(["first", "third"]);
      expect(await texts(c.subject.eq(photo))).toEqual(["second"]);
      expect(await texts(c.subject.ne(post))).toEqual(["second", "none"]);
      expect(await texts(c.subject.isNull())).toEqual(["none"]);
      expect(await texts(c.subject.isNotNull())).toEqual(["first", "second", "third"]);
      expect(await texts(c.subject.of(Post).isNotNull())).toEqual(["first", "third"]);
      expect(await texts(c.subject.of(Post).isNull())).toEqual(["second", "none"]);
      expect(await texts(c.subject.of(Photo).has((p) => p.width.gt(4)))).toEqual(["second"]);
      expect(await texts(c.subject.of(Photo).has((p) => p.width.gt(5)))).toEqual([]);
      expect(await texts(c.subject.has((s) => s.title.like("a p%")))).toEqual(["first", "second", "third"]);
      expect(await texts(c.subject.has((s) => s.title.like("%photo")))).toEqual(["second"]);
      const photos = aliased(Photo, "shot");
      const rows = await session.execute(select(c.text, photos.title).join(c.subject.of(photos)).orderBy(c.id)).all();
      expect(rows.map((row) => [...row])).toEqual([["second", "a photo"]]);
      const posts = await session
        .scalars(select(Post).where((p) => p.comments.any((each) => each.text.eq("second"))))
        .all();
      expect(posts).toEqual([]);
      expect(await session.scalars(select(Comment).filterBy({ subject: photo })).all()).toHaveLength(1);
      const [second] = await session.scalars(select(Comment).where(c.text.eq("second"))).all();
      expect(await session.scalars(select(Photo).where((p) => p.comments.contains(second as Comment))).all()).toEqual([
        photo,
      ]);
      expect(await session.scalars(select(Post).where((p) => p.comments.contains(second as Comment))).all()).toEqual(
        [],
      );
    });

    test("[EX-02] moving from one class to another is one UPDATE, and no orphan is deleted", async () => {
      await using session = await stored();
      const post = await session.scalars(select(Post).options(selectinload(Post, (p) => p.comments))).one();
      const photo = await session.scalars(select(Photo).options(selectinload(Photo, (p) => p.comments))).one();
      const [first, third] = post.comments as [Comment, Comment];
      first.subject = photo;
      expect([post.comments, photo.comments.map((c) => c.text)]).toEqual([[third], ["second", "first"]]);
      using log = recordStatements(store.engine);
      await session.flush();
      expect([log.count("UPDATE"), log.count("DELETE")]).toEqual([1, 0]);
      await session.commit();
      session.expungeAll();
      const again = await session
        .scalars(
          select(Comment)
            .options(selectinload(Comment, (c) => c.subject))
            .orderBy((c) => c.id),
        )
        .all();
      expect(again.map((c) => c.subject?.title ?? null)).toEqual(["a photo", "a photo", "a post", null]);
    });

    test("[EX-02] an object that is not loaded is let go of, too", async () => {
      await using session = await stored();
      const [first] = await byText(session);
      (first as Comment).subject = await session.getOne(Photo, 7);
      await session.commit();
      const post = await session.scalars(select(Post).options(selectinload(Post, (p) => p.comments))).one();
      expect(post.comments.map((c) => c.text)).toEqual(["third"]);
      const [again] = await byText(session);
      (again as Comment).subject = null;
      await session.commit();
      const c = attrs(Comment);
      expect(await session.scalars(select(c.text).where(c.subject.isNull()).orderBy(c.id)).all()).toEqual([
        "first",
        "none",
      ]);
    });

    test("[EX-02] delete cascades go to those of the class; without one the others are left without a subject", async () => {
      await using session = await stored();
      const [post, photo] = [await session.getOne(Post, 7), await session.getOne(Photo, 7)];
      await session.delete(post);
      await session.commit();
      expect((await byText(session)).map((c) => c.text)).toEqual(["second", "none"]);
      await session.delete(photo);
      await session.commit();
      const c = attrs(Comment);
      expect(await session.scalars(select(c.text).where(c.subject.isNull()).orderBy(c.id)).all()).toEqual([
        "second",
        "none",
      ]);
    });

    test("[EX-02] taken out of a delete-orphan collection and given to nobody it is deleted", async () => {
      await using session = await stored();
      const post = await session.scalars(select(Post).options(selectinload(Post, (p) => p.comments))).one();
      post.comments.pop();
      await session.commit();
      expect((await byText(session)).map((c) => c.text)).toEqual(["first", "second", "none"]);
    });

    test("[EX-02] expired and refreshed by its name; read where it cannot load, the error says how it can", async () => {
      await using session = await stored();
      const [first] = (await byText(session)) as [Comment];
      expect(() => first.subject).toThrow(
        'Attribute "subject" of Comment(1) is not loaded, and reading or replacing it here would need the database without an await. ' +
          'Load it with the statement (options(selectinload(Comment, (x) => x.subject))), or write "await awaitable(object).subject", ' +
          '"await session.refresh(object, ["subject"])"',
      );
      await session.refresh(first, ["subject"]);
      expect(first.subject?.title).toBe("a post");
      session.expire(first, ["subject"]);
      expect(() => first.subject).toThrow("awaitable(object).subject");
    });

    test("[EX-02] merge and plain data know it by its name", async () => {
      await using session = await stored();
      const [first] = await session
        .scalars(
          select(Comment)
            .options(selectinload(Comment, (c) => c.subject))
            .orderBy((c) => c.id),
        )
        .all();
      expect(toObject(first as Comment, { include: ["text", "subject.title"] })).toEqual({
        text: "first",
        subject: { title: "a post" },
      });
      await session.rollback(); // An embedded database has one connection.
      await using other = store.Session();
      const merged = await other.merge(first as Comment);
      expect((await awaitable(merged).subject)?.title).toBe("a post");
      const photo = await other.getOne(Photo, 7);
      merged.subject = photo;
      await other.commit();
      const [moved] = await byText(session);
      expect((await awaitable(moved as Comment).subject)?.title).toBe("a photo");
      expect(inspect(moved as Comment).modified).toBe(false);
    });
  });
}

describe("who checks a reference", () => {
  const [flush, database, none] = [world("flush"), world("database"), world("none")];

  /** What comes of storing a comment with these columns. */
  const outcome = async ({ reg, Comment }: ReturnType<typeof world>, values: object): Promise<unknown> => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(Object.assign(make(Comment, { text: "lost" }), values));
    return session.flush().then(
      () => "stored",
      (error: unknown) => error,
    );
  };

  test("[EX-02] a flush: a key that was set by hand must be there, as with a foreign key", async () => {
    const error = await outcome(flush, { subjectType: "post", subjectId: 99 });
    expect(error).toBeInstanceOf(IntegrityError);
    expect(error).toMatchObject({
      violation: "foreignKey",
      table: "comments",
      columns: ["subject_type", "subject_id"],
    });
    expect((error as Error).message).toBe(
      "new Comment refers to Post 99 along Comment.subject, and there is none: it was never stored, or deleted meanwhile.",
    );
  });

  test("[EX-02] a flush: what is referred to cannot be deleted where nothing is said of those who refer", async () => {
    const reg = registry();
    @reg.Entity("videos")
    class Video {
      @PrimaryKey() id!: number;
    }
    @reg.Entity("remarks")
    class Remark {
      @PrimaryKey() id!: number;
      @ManyToAny({ video: () => Video }) subject!: Relation<Video> | null;
    }
    const { Session } = await storeFor(reg);
    await using session = Session();
    const [one, two] = [make(Video, { id: 1 }), make(Video, { id: 2 })];
    const remark = make(Remark, { id: 1, subject: two });
    session.addAll([one, remark]);
    await session.commit();
    await session.delete(one);
    await session.commit();
    await session.delete(two);
    await expect(session.commit()).rejects.toThrow(
      "Video(2) cannot be deleted: rows of remarks refer to it along Remark.subject. Delete them first; or give Video a collection of them, " +
        'with which they lose it, or go too where its cascade has "delete".',
    );
    await session.rollback();
    await session.delete(two);
    await session.delete(remark);
    await session.commit();
    expect(await session.scalars(select(Video)).all()).toEqual([]);
  });

  test("[EX-02] a flush: two transactions, one that refers and one that deletes, cannot both succeed", async () => {
    const { reg, Post, Comment } = flush;
    const { Session } = await storeFor(reg);
    await Session.begin((s) => s.add(make(Post, { id: 1, title: "p" })));
    const refers = Session.begin((s) => {
      s.add(Object.assign(make(Comment, { text: "c" }), { subjectType: "post", subjectId: 1 }));
    });
    const deletes = Session.begin(async (s) => s.delete(await s.getOne(Post, 1)));
    await Promise.allSettled([refers, deletes]);
    await using session = Session();
    const comments = await session.scalars(select(Comment).options(selectinload(Comment, (c) => c.subject))).all();
    // Where the comment was there first, the delete took it along or was refused.
    for (const comment of comments) expect(comment.subject).toBeInstanceOf(Post);
  });

  test("[EX-02] the database: there is a foreign key to each class, and at most one is set", async () => {
    const missing = await outcome(database, { subjectPostId: 99 });
    expect(missing).toBeInstanceOf(IntegrityError);
    expect((missing as IntegrityError).violation).toBe("foreignKey");
    const { reg, Post, Photo, Comment } = database;
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.addAll([make(Post, { id: 1, title: "p" }), make(Photo, { id: 1, title: "f", width: 1 })]);
    await session.flush();
    session.add(Object.assign(make(Comment, { text: "both" }), { subjectPostId: 1, subjectPhotoId: 1 }));
    const both = await session.flush().catch((error: unknown) => error);
    expect((both as IntegrityError).violation).toBe("check");
  });

  test("[EX-02] nobody: it is stored, and refers to nothing", async () => {
    expect(await outcome(none, { subjectType: "post", subjectId: 99 })).toBe("stored");
  });
});

describe("what is wrong is said", () => {
  const { Post, Photo, Tag, Comment, reg } = world("flush");
  const broken = (map: (reg: ReturnType<typeof registry>) => void) => {
    const own = registry();
    map(own);
    return () => own.configure();
  };

  test("[EX-02] an object of another class, a name that rows have and the mapping has not", async () => {
    const comment = make(Comment, { text: "c" });
    expect(() => Object.assign(comment, { subject: make(Tag) })).toThrow(
      "Comment.subject of new Comment takes objects of Post, Photo, not Tag.",
    );
    expect(() => Object.assign(comment, { subject: 5 })).toThrow("takes objects of Post, Photo, not 5.");
    const { Session } = await storeFor(reg);
    await using session = Session();
    const names = { subjectType: "video", subjectId: 1 };
    session.add(Object.assign(comment, { id: 1 }, names));
    await session.commit();
    await expect(awaitable(comment).subject).rejects.toThrow(
      'Comment.subject of Comment(1) refers to "video", which is none of post, photo. Name its class in @ManyToAny(), or correct the row.',
    );
  });

  test("[EX-02] statements that need one class", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const c = attrs(Comment);
    await expect(session.execute(select(c.text).join(c.subject))).rejects.toThrow(
      "A join along Comment.subject needs one class, and it may refer to Post, Photo: write x.subject.of(Post).",
    );
    // @ts-expect-error: a tag is none of the classes
    expect(() => c.subject.of(Tag)).toThrow(
      "Comment.subject.of(...) takes one of Post, Photo or an alias of one, not Tag.",
    );
    // @ts-expect-error: nor can it be compared
    expect(() => c.subject.eq(make(Tag))).toThrow(
      "Comment.subject.eq() takes an object of one of Post, Photo, not new Tag.",
    );
    expect(() => c.subject.any()).toThrow("Comment.subject holds one object: use has() instead of any().");
    // @ts-expect-error: width is not of both
    expect(() => c.subject.has((s) => s.width.gt(1))).toThrow('Post has no mapped attribute "width"');
    expect(() => selectinload(Comment, (x) => x.subject).selectinPolymorphic([])).toThrow(
      "selectinPolymorphic() speaks of one class, and the path has reached several",
    );
    expectTypeOf<Comment["subject"]>().toExtend<Post | Photo | null>();
    expectTypeOf(c.subject.of(Photo).has).parameter(0).not.toBeAny();
  });

  test("[EX-02] mappings that make no sense", () => {
    expect(() => ManyToAny({})(Comment.prototype, "x")).toThrow(
      "Comment.x: @ManyToAny() takes at least one class, by its name.",
    );
    expect(() =>
      ManyToAny({ post: () => Post }, { references: "database", idType: t.uuid })(Comment.prototype, "x"),
    ).toThrow('Comment.x: idType goes with a key column, and with references: "database" there is none.');
    expect(() => ManyToAny({ post: () => Post }, { onDelete: "CASCADE" })(Comment.prototype, "x")).toThrow(
      'Comment.x: onDelete and onUpdate are of foreign keys, which there are only with references: "database".',
    );
    expect(
      broken((own) => {
        @own.Entity("as")
        class A {
          @PrimaryKey() id!: number;
        }
        @own.Entity("bs")
        class B {
          @PrimaryKey() id!: number;
          @ManyToAny({ one: () => A, two: () => A }) a!: Relation<A> | null;
        }
        void B;
      }),
    ).toThrow("B.a: @ManyToAny() names A twice.");
    expect(
      broken((own) => {
        @own.Entity("as")
        class A {
          @PrimaryKey(t.uuid) id!: string;
        }
        @own.Entity("bs")
        class B {
          @PrimaryKey() id!: number;
          @ManyToAny({ a: () => A }) a!: Relation<A> | null;
        }
        void B;
      }),
    ).toThrow(
      /^B\.a: the key of A is of type .*uuid.*, and B\.aId of type .*Say idType in @ManyToAny\(\), or map "aId" yourself/i,
    );
    expect(
      broken((own) => {
        @own.Entity("as")
        class A {
          @PrimaryKey() one!: number;
          @PrimaryKey() two!: number;
        }
        @own.Entity("bs")
        class B {
          @PrimaryKey() id!: number;
          @ManyToAny({ a: () => A }) a!: Relation<A> | null;
        }
        void B;
      }),
    ).toThrow("B.a: A has a key of 2 columns. @ManyToAny() refers to classes with a key of one column.");
    expect(
      broken((own) => {
        @own.Entity("as")
        class A {
          @PrimaryKey() id!: number;
          @OneToMany(
            () => C,
            (c) => c.subject as never,
          )
          cs!: object[];
        }
        @own.Entity("bs")
        class B {
          @PrimaryKey() id!: number;
        }
        @own.Entity("cs")
        class C {
          @PrimaryKey() id!: number;
          @ManyToAny({ b: () => B }) subject!: Relation<B> | null;
        }
        void A;
      }),
    ).toThrow(
      "A.cs: its other side is said to be C.subject, which takes objects of B and not of A. Name A in its @ManyToAny() too.",
    );
  });
});
