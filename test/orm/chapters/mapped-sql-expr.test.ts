/** The chapter "SQL expressions as mapped attributes" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type Attrs,
  attrs,
  awaitable,
  Column,
  ColumnProperty,
  caseWhen,
  columnProperty,
  create,
  func,
  Hybrid,
  literal,
  ManyToMany,
  ManyToOne,
  OneToMany,
  type OptionalProps,
  objectSession,
  PrimaryKey,
  QueryExpression,
  type Relation,
  registry,
  type Session,
  type StrExpr,
  select,
  t,
  withExpression,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { storeFor } from "../support.js";

const reg = registry();

@reg.Entity("user")
class User {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.string(50), { nullable: true }) firstname!: string | null;
  @Column(t.string(50)) lastname!: string;
  @OneToMany(
    () => Address,
    (a) => a.user,
  )
  addresses!: Address[];
  @OneToMany(
    () => Book,
    (b) => b.owner,
  )
  books!: Book[];

  /** One name, for objects and for statements. */
  @Hybrid((u: Attrs<User>) =>
    caseWhen([[u.firstname.isNotNull(), u.firstname.concat(" ").concat(u.lastname)]], { else: u.lastname }),
  )
  get fullname(): string {
    return this.firstname === null ? this.lastname : `${this.firstname} ${this.lastname}`;
  }

  @ColumnProperty((u: Attrs<User>) => func.coalesce(u.firstname, "").concat(u.lastname)) readonly joined!: string;

  @ColumnProperty((u: Attrs<User>) => {
    const a = attrs(Address);
    return select(func.count(a.id)).where(a.userId.eq(u.id)).correlateExcept(Address).scalarSubquery();
  })
  readonly addressCount!: number;

  @ColumnProperty((u: Attrs<User>) => u.lastname.concat("!"), { deferred: true }) readonly loud!: string;

  @QueryExpression(t.integer) readonly score!: number | null;

  /** A query of its own at each reading. */
  get countedNow(): number {
    const a = attrs(Address);
    return (objectSession(this) as Session).scalar(select(func.count(a.id)).where(a.userId.eq(this.id))) as number;
  }
}

@reg.Entity("address")
class Address {
  declare [OptionalProps]?: "id" | "userId";
  @PrimaryKey() id!: number;
  @Column({ foreignKey: "user.id", nullable: true }) userId!: number;
  @ManyToOne(
    () => User,
    (u) => u.addresses,
  )
  user!: Relation<User> | null;
}

@reg.Entity("author_book")
class Book {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @ManyToOne(
    () => User,
    (u) => u.books,
  )
  owner!: Relation<User> | null;
}

async function opened() {
  const store = await storeFor(reg);
  await store.Session.begin((s) =>
    s.addAll([
      create(User, { firstname: "John", lastname: "Smith", addresses: [create(Address, {}), create(Address, {})] }),
      create(User, { firstname: null, lastname: "Nobody" }),
    ]),
  );
  return { ...store, session: store.Session() };
}

describe("an SQL expression of a class", () => {
  test("a hybrid is the same in memory and in a query, with a condition too", async () => {
    const { session } = await opened();
    await using _ = session;
    const john = await session
      .scalars(
        select(User)
          .where((u) => u.fullname.eq("John Smith"))
          .limit(1),
      )
      .one();
    expect(john.fullname).toBe("John Smith");
    const names = await session.scalars(select(attrs(User).fullname).orderBy(attrs(User).id)).all();
    expectTypeOf(names).toEqualTypeOf<string[]>();
    expect(names).toEqual(["John Smith", "Nobody"]);
    expectTypeOf(attrs(User).fullname).toExtend<StrExpr<string, User>>();
  });

  test("a column property loads with the object, and can be used in statements", async () => {
    const { session, engine } = await opened();
    await using _ = session;
    using log = recordStatements(engine);
    const john = await session.scalars(select(User).where((u) => u.joined.eq("JohnSmith"))).one();
    expect([john.joined, john.addressCount, log.count()]).toEqual(["JohnSmith", 2, 1]);
    const u = attrs(User);
    expect(await session.execute(select(u.lastname, u.addressCount).orderBy(u.addressCount.desc())).all()).toEqual([
      ["Smith", 2],
      ["Nobody", 0],
    ]);
    // @ts-expect-error it cannot be assigned
    void (() => (john.joined = "x"));
    // @ts-expect-error nor given
    expect(() => create(User, { firstname: "a", lastname: "b", joined: 3 })).toThrow(/joined/);
  });

  test("it correlates to the class also where its own table is selected beside", async () => {
    const { session } = await opened();
    await using _ = session;
    const a = attrs(Address);
    const rows = await session
      .execute(
        select(User, a.id)
          .join(a, a.userId.eq(attrs(User).id))
          .orderBy(a.id),
      )
      .all();
    expect(rows.map(([user, id]) => [user.addressCount, id])).toEqual([
      [2, 1],
      [2, 2],
    ]);
  });

  test("one across a many-to-many counts what is linked", async () => {
    const own = registry();
    @own.Entity("author")
    class Author {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @ManyToMany(() => Work, { secondary: "book_authors" }) works!: Work[];
      @ColumnProperty((author: Attrs<Author>) => {
        const links = own.metadata.tables.get("book_authors")!;
        return select(func.count(links.column("work_id")))
          .where(links.column("author_id").eq(author.id as never) as never)
          .correlateExcept(links)
          .scalarSubquery();
      })
      readonly bookCount!: number;
    }
    @own.Entity("work")
    class Work {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(create(Author, { works: [create(Work, {}), create(Work, {})] }));
    await session.commit();
    expect((await session.scalars(select(Author)).one()).bookCount).toBe(2);
  });

  test("an attribute is added once the other class is there, before the first use", async () => {
    const own = registry();
    @own.Entity("late_user")
    class Late {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
    }
    @own.Entity("late_address")
    class Owned {
      declare [OptionalProps]?: "id" | "lateId";
      @PrimaryKey() id!: number;
      @Column({ foreignKey: "late_user.id" }) lateId!: number;
    }
    own.addProperty(
      Late,
      "ownedCount",
      ColumnProperty((l: Attrs<Late>) =>
        select(func.count(attrs(Owned).id))
          .where(attrs(Owned).lateId.eq(l.id))
          .scalarSubquery(),
      ),
    );
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(create(Late, {}));
    await session.flush();
    session.add(create(Owned, { lateId: 1 }));
    await session.commit();
    session.expungeAll();
    expect(await session.scalars(select(Late)).one()).toMatchObject({ ownedCount: 1 });
  });

  test("properties are composed of others", async () => {
    const own = registry();
    @own.Entity("file")
    class File {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @Column(t.string(64)) name!: string;
      @Column(t.string(8)) extension!: string;
      @ColumnProperty((f: Attrs<File>) => f.name.concat(".").concat(f.extension)) readonly filename!: string;
      @ColumnProperty((f: Attrs<File>) => literal("C:/").concat(f.filename)) readonly path!: string;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(create(File, { name: "foo", extension: "txt" }));
    await session.commit();
    const f = attrs(File);
    expect(await session.scalars(select(f.path).where(f.filename.eq("foo.txt"))).one()).toBe("C:/foo.txt");
  });

  test("a deferred one loads when it is read", async () => {
    const { session, engine } = await opened();
    await using _ = session;
    using log = recordStatements(engine);
    const [john] = await session.scalars(select(User).orderBy((u) => u.id)).all();
    expect(log.texts()[0]).not.toMatch(/loud/);
    expect(await awaitable(john).loud).toBe("Smith!");
    expect(log.count()).toBe(2);
  });

  test("a plain getter asks the session of its object, where one may be asked synchronously", async () => {
    const { session } = await opened();
    await using _ = session;
    const john = await session.getOne(User, 1);
    expect(await session.runSync(() => john.countedNow)).toBe(2);
  });

  test("a statement gives the expression of an attribute that is there for it", async () => {
    const { session } = await opened();
    await using _ = session;
    const [plain] = await session.scalars(select(User).orderBy((u) => u.id)).all();
    expect(plain.score).toBeNull();
    session.expungeAll();
    const [scored] = await session
      .scalars(
        select(User)
          .options(
            withExpression(
              User,
              (u) => u.score,
              (u) => u.id.mul(10),
            ),
          )
          .orderBy((u) => u.id),
      )
      .all();
    expect(scored.score).toBe(10);
  });
});

test("a column property is added to a class that is there, by what comes after it", async () => {
  const own = registry();
  @own.Entity("writers")
  class Writer {
    declare [OptionalProps]?: "id" | "pages";
    @PrimaryKey() id!: number;
    @Column(t.string(20)) name!: string;
    declare readonly pages: number;
  }
  @own.Entity("writer_pages")
  class Page {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @Column({ foreignKey: "writers.id" }) writerId!: number;
  }
  own.addProperty(
    Writer,
    "pages",
    columnProperty<Writer>((w) => {
      const p = attrs(Page);
      return select(func.count(p.id)).where(p.writerId.eq(w.id)).scalarSubquery();
    }),
  );
  const { Session } = await storeFor(own);
  await using session = Session();
  session.addAll([create(Writer, { name: "a" }), create(Writer, { name: "b" })]);
  await session.flush();
  session.add(create(Page, { writerId: 2 }));
  await session.commit();
  const found = await session.scalars(select(Writer).orderBy((w) => w.id)).all();
  expect(found.map((writer) => Number(writer.pages))).toEqual([0, 1]);
});
