/** The chapter "Configuring how relationship joins" of SQLAlchemy's ORM documentation, on both databases. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type Attrs,
  aliased,
  and,
  attrs,
  awaitable,
  Column,
  cast,
  type Expr,
  ForeignKeyConstraint,
  foreign,
  func,
  inspect,
  join,
  joinedload,
  ManyToMany,
  ManyToOne,
  OneToMany,
  objectSession,
  PrimaryKey,
  type Relation,
  registry,
  remote,
  type Session,
  select,
  selectinload,
  subqueryload,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const shop = registry();

@shop.Entity("customers")
class Customer {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @Column({ foreignKey: () => Address, nullable: true }) billingId!: number | null;
  @Column({ foreignKey: () => Address, nullable: true }) shippingId!: number | null;
  @ManyToOne(() => Address, { foreignKeys: ["billingId"] }) billing!: Relation<Address> | null;
  @ManyToOne(() => Address, { foreignKeys: ["shippingId"] }) shipping!: Relation<Address> | null;
}

@shop.Entity("addresses")
class Address {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) city!: string;
  @Column({ foreignKey: "users.id", nullable: true }) userId!: number | null;
}

@shop.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @OneToMany(() => Address, {
    primaryJoin: (u: Attrs<User>, a: Attrs<Address>) => and(u.id.eq(a.userId), a.city.eq("Boston")),
    orderBy: "id",
  })
  bostonAddresses!: Address[];
}

const STRATEGIES = [
  ["lazily", null],
  ["by select-in", "selectinload"],
  ["by a join", "joinedload"],
  ["by a subquery", "subqueryload"],
] as const;
const OPTIONS: Readonly<Record<string, typeof subqueryload>> = { selectinload, joinedload, subqueryload };

describe("several foreign keys to one table", () => {
  test("[RJ-01] each relationship names its own, in the mapping", async () => {
    const { Session } = await storeFor(shop);
    await Session.begin((s) => {
      s.add(
        make(Customer, {
          name: "c",
          billing: make(Address, { city: "Rome" }),
          shipping: make(Address, { city: "Oslo" }),
        }),
      );
    });
    await using session = Session();
    const c = await session
      .scalars(
        select(Customer).options(
          joinedload(Customer, (x) => x.billing),
          selectinload(Customer, (x) => x.shipping),
        ),
      )
      .one();
    expect([c.billing?.city, c.shipping?.city]).toEqual(["Rome", "Oslo"]);
    const oslo = await session.scalars(select(Customer).where((x) => x.shipping.has((a) => a.city.eq("Oslo")))).all();
    expect(oslo).toEqual([c]);
  });

  test("[RJ-01] leaving the choice out is an error that names the candidates", () => {
    const reg = registry();
    @reg.Entity()
    class Place {
      @PrimaryKey() id!: number;
    }
    @reg.Entity()
    class Trip {
      @PrimaryKey() id!: number;
      @Column({ foreignKey: () => Place }) startId!: number;
      @Column({ foreignKey: () => Place }) endId!: number;
      @ManyToOne(() => Place) place!: Relation<Place> | null;
    }
    expect(() => new Trip()).toThrow(
      /Trip\.place: there are several foreign keys between Trip .* and Place .*start_id; .*end_id/s,
    );
  });
});

describe("a condition of one's own", () => {
  test.each(STRATEGIES)("[RJ-02] holds %s", async (_, strategy) => {
    const { Session } = await storeFor(shop);
    await Session.begin(async (s) => {
      s.addAll([make(User, { id: 1, name: "a" }), make(User, { id: 2, name: "b" })]);
      await s.flush();
      s.addAll([
        make(Address, { id: 1, city: "Boston", userId: 1 }),
        make(Address, { id: 2, city: "Paris", userId: 1 }),
        make(Address, { id: 3, city: "Boston", userId: 1 }),
        make(Address, { id: 4, city: "Paris", userId: 2 }),
      ]);
    });
    await using session = Session();
    const stmt = select(User).orderBy((u) => u.id);
    const users = await session
      .scalars(strategy === null ? stmt : stmt.options(OPTIONS[strategy](User, (u) => u.bostonAddresses)))
      .unique()
      .all();
    const seen = await session.runSync(() => users.map((u) => u.bostonAddresses.map((a) => a.id)));
    expect(seen).toEqual([[1, 3], []]);
  });

  test("[RJ-02] is part of joins, any() and contains(), and what is added through it is written", async () => {
    const { Session } = await storeFor(shop);
    await using session = Session();
    const boston = make(Address, { city: "Boston" });
    const user = make(User, { name: "a", bostonAddresses: [boston] });
    session.add(user);
    session.add(make(User, { name: "b" }));
    await session.commit();
    expect(await session.scalar(text("select user_id from addresses"))).toBe(1);
    expect(await session.scalars(select(User).where((u) => u.bostonAddresses.any())).all()).toEqual([user]);
    expect(await session.scalars(select(User).where((u) => u.bostonAddresses.contains(boston))).all()).toEqual([user]);
    await session.execute(text("update addresses set city = 'Rome'"));
    expect(await session.scalars(select(User).where((u) => u.bostonAddresses.contains(boston))).all()).toEqual([]);
    expect(await session.scalars(select(User).join(attrs(User).bostonAddresses)).all()).toEqual([]);
  });
});

const net = registry();

@net.Entity("hosts")
class Host {
  @PrimaryKey() id!: number;
  @Column(t.integer) number!: number;
  @Column(t.string(20)) content!: string;
  /** The number of one host as the content of another: text compared with an integer, and no foreign key anywhere. */
  @OneToMany(() => Host, {
    viewonly: true,
    primaryJoin: (h: Attrs<Host>, _: Attrs<Host>) => cast(h.number, t.string(20)).eq(remote(foreign(h.content))),
    orderBy: "id",
  })
  named!: Host[];
}

@net.Entity("magazines")
class Magazine {
  @PrimaryKey() id!: number;
}

@net.Entity("writers", {
  tableArgs: [],
})
class Writer {
  @PrimaryKey({ autoincrement: false }) id!: number;
  @PrimaryKey({ foreignKey: "magazines.id", autoincrement: false }) magazineId!: number;
  @ManyToOne(() => Magazine, { foreignKeys: ["magazineId"] }) magazine!: Relation<Magazine> | null;
}

@net.Entity("articles", {
  tableArgs: () => [
    new ForeignKeyConstraint(["magazineId", "writerId"] as never, ["writers.magazine_id", "writers.id"] as never),
  ],
})
class Article {
  @PrimaryKey({ autoincrement: false }) articleId!: number;
  @PrimaryKey({ foreignKey: "magazines.id", autoincrement: false }) magazineId!: number;
  @Column(t.integer, { nullable: true }) writerId!: number | null;
  @ManyToOne(() => Magazine, { foreignKeys: ["magazineId"] }) magazine!: Relation<Magazine> | null;
  @ManyToOne(() => Writer, {
    primaryJoin: (a: Attrs<Article>, w: Attrs<Writer>) =>
      and(w.id.eq(foreign(a.writerId)), w.magazineId.eq(a.magazineId)),
  })
  writer!: Relation<Writer> | null;
}

@net.Entity("elements")
class Element {
  @PrimaryKey(t.string(50)) path!: string;
  @OneToMany(() => Element, {
    viewonly: true,
    primaryJoin: (e: Attrs<Element>) => remote(foreign(e.path)).like(e.path.concat("/%")),
    orderBy: "path",
  })
  descendants!: Element[];
}

@net.Entity("points")
class Point {
  @PrimaryKey() id!: number;
  @Column(t.integer) x!: number;
  @Column(t.integer, { nullable: true }) near!: number | null;
  @OneToMany(() => Point, {
    viewonly: true,
    primaryJoin: (p: Attrs<Point>) => func.abs(p.x.sub(remote(foreign(p.x)))).lt(5),
    orderBy: "id",
  })
  close!: Point[];
}

describe("foreign() and remote()", () => {
  test.each(STRATEGIES)("[RJ-03] map a condition of casts without any foreign key, %s", async (_, strategy) => {
    const { Session } = await storeFor(net);
    await Session.begin((s) =>
      s.addAll([
        make(Host, { id: 1, number: 7, content: "x" }),
        make(Host, { id: 2, number: 8, content: "7" }),
        make(Host, { id: 3, number: 9, content: "7" }),
      ]),
    );
    await using session = Session();
    const stmt = select(Host).orderBy((h) => h.id);
    const hosts = await session
      .scalars(strategy === null ? stmt : stmt.options(OPTIONS[strategy](Host, (h) => h.named)))
      .unique()
      .all();
    expect(await session.runSync(() => hosts.map((h) => h.named.map((x) => x.id)))).toEqual([[2, 3], [], []]);
  });

  test("[RJ-04] map operators and functions: paths that begin with another, numbers near each other; view-only", async () => {
    const { Session } = await storeFor(net);
    await Session.begin((s) => {
      s.addAll(["/a", "/a/b", "/a/b/c", "/x"].map((path) => make(Element, { path })));
      s.addAll([1, 4, 20].map((x, i) => make(Point, { id: i + 1, x })));
    });
    await using session = Session();
    const a = await session.getOne(Element, "/a");
    expect((await awaitable(a).descendants).map((e) => e.path)).toEqual(["/a/b", "/a/b/c"]);
    const points = await session
      .scalars(
        select(Point)
          .orderBy((p) => p.id)
          .options(selectinload(Point, (p) => p.close)),
      )
      .all();
    expect(points.map((p) => p.close.map((x) => x.id))).toEqual([[1, 2], [1, 2], [3]]);
  });

  test("[RJ-04] a condition that a flush could not write is refused unless the relationship is viewonly", () => {
    const reg = registry();
    @reg.Entity()
    class Leaf {
      @PrimaryKey(t.string(50)) path!: string;
      @OneToMany(() => Leaf, { primaryJoin: (e: Attrs<Leaf>) => remote(foreign(e.path)).like(e.path.concat("/%")) })
      below!: Leaf[];
    }
    expect(() => new Leaf()).toThrow(
      'Leaf.below: its primaryJoin compares no foreign-key column with the column it refers to by a plain "="',
    );
  });

  test("[RJ-05] foreign() leaves a column of an overlapping key to the other relationship", async () => {
    const { Session } = await storeFor(net);
    await using session = Session();
    const magazine = make(Magazine, { id: 1 });
    const writer = make(Writer, { id: 5, magazine });
    const article = make(Article, { articleId: 1, magazine, writer });
    session.addAll([magazine, writer, article]);
    await session.commit();
    expect(await session.execute(text("select magazine_id, writer_id from articles")).all()).toEqual([[1, 5]]);
    article.writer = null;
    await session.commit();
    expect(await session.execute(text("select magazine_id, writer_id from articles")).all()).toEqual([[1, null]]);
  });
});

describe("overlapping writes", () => {
  const heard: string[] = [];
  beforeEach(() => {
    heard.length = 0;
    vi.spyOn(process, "emitWarning").mockImplementation((message) => void heard.push(String(message)));
  });
  afterEach(() => vi.restoreAllMocks());

  function pair(overlaps: string | undefined, viewonly = false) {
    const reg = registry();
    @reg.Entity("overlap_parents")
    class Parent {
      @PrimaryKey() id!: number;
      @OneToMany(() => Child) children!: Child[];
    }
    @reg.Entity("overlap_children")
    class Child {
      @PrimaryKey() id!: number;
      @ManyToOne(() => Parent, {
        ...(overlaps === undefined ? {} : { overlaps }),
        viewonly,
        ...(viewonly ? { foreignKeys: ["parentId"] } : {}),
      })
      parent!: Relation<Parent> | null;
      @Column({ foreignKey: () => Parent, nullable: true }) parentId!: number | null;
    }
    reg.configure();
    return [Parent, Child];
  }

  test("[RJ-05] two relationships that write one column are warned about, with the ways out", () => {
    pair(undefined);
    expect(heard).toHaveLength(1);
    expect(heard[0]).toContain(
      'Relationship "Child.parent" will copy column overlap_parents.id to column overlap_children.parent_id, which conflicts with relationship(s): "Parent.children"',
    );
    expect(heard[0]).toContain('add overlaps: ["children"] to Child.parent');
  });

  test("[RJ-05] overlaps: [...] and viewonly silence it", () => {
    pair("children");
    pair(undefined, true);
    expect(heard).toEqual([]);
  });

  test("[RB-06] an association object beside a many-to-many over the same table is warned about; viewonly makes it harmless", () => {
    const map = (viewonly: boolean) => {
      const reg = registry();
      @reg.Entity("rb_left")
      class Left {
        @PrimaryKey() id!: number;
        @OneToMany(
          () => Link,
          (l) => l.left,
        )
        links!: Link[];
        @ManyToMany(() => Right, { secondary: () => Link, viewonly }) rights!: Right[];
      }
      @reg.Entity("rb_right")
      class Right {
        @PrimaryKey() id!: number;
      }
      @reg.Entity("rb_link")
      class Link {
        @ManyToOne(
          () => Left,
          (l) => l.links,
          { primaryKey: true },
        )
        left!: Relation<Left>;
        @ManyToOne(() => Right, { primaryKey: true }) right!: Relation<Right>;
      }
      reg.configure();
      return [Left, Right, Link];
    };
    map(true);
    expect(heard).toEqual([]);
    map(false);
    expect(heard.join("\n")).toMatch(
      /"Left\.rights" will copy column rb_left\.id|copies rb_left\.id to rb_link\.left_id/,
    );
  });
});

const graph = registry();

@graph.Entity("nodes")
class Node {
  @PrimaryKey() id!: number;
  @Column(t.string(10)) label!: string;
  @ManyToMany(
    () => Node,
    (n) => n.left,
    {
      secondary: "node_to_node",
      joinColumns: ["left_id"],
      inverseJoinColumns: ["right_id"],
      orderBy: "id",
    },
  )
  right!: Node[];
  @ManyToMany(
    () => Node,
    (n) => n.right,
    { secondary: "node_to_node", orderBy: "id" },
  )
  left!: Node[];
  /** The same link read by conditions: those who are followed and have a label that begins with "v". */
  @ManyToMany(() => Node, {
    secondary: "node_to_node",
    viewonly: true,
    primaryJoin: (n: Attrs<Node>, _: Attrs<Node>, link: LinkColumns) => n.id.eq(link.left_id),
    secondaryJoin: (_: Attrs<Node>, n: Attrs<Node>, link: LinkColumns) =>
      and(n.id.eq(link.right_id), n.label.like("v%")),
    orderBy: "id",
  })
  vips!: Node[];
}
type LinkColumns = { readonly left_id: Attrs<Node>["id"]; readonly right_id: Attrs<Node>["id"] };

describe("a many-to-many of a class with itself", () => {
  test("[RJ-06] works from both sides on one link table", async () => {
    const { Session } = await storeFor(graph);
    await using session = Session();
    const [a, b, c] = ["a", "b", "vc"].map((label, i) => make(Node, { id: i + 1, label }));
    a.right.push(b, c);
    expect(c.left).toEqual([a]);
    c.right.push(a);
    session.add(a);
    await session.commit();
    expect(await session.scalar(text("select count(*) from node_to_node"))).toBe(3);
    const nodes = await session
      .scalars(
        select(Node)
          .orderBy((n) => n.id)
          .options(
            selectinload(Node, (n) => n.left),
            joinedload(Node, (n) => n.right),
          ),
      )
      .unique()
      .all();
    expect(nodes.map((n) => [n.left.map((x) => x.id), n.right.map((x) => x.id)])).toEqual([
      [[3], [2, 3]],
      [[1], []],
      [[1], [1]],
    ]);
    const followsC = await session.scalars(select(Node).where((n) => n.right.any((x) => x.label.eq("vc")))).all();
    expect(followsC).toEqual([a]);
    a.right = [];
    await session.commit();
    expect(await session.scalar(text("select count(*) from node_to_node"))).toBe(1);
  });

  test.each(STRATEGIES)("[RJ-06] takes primaryJoin and secondaryJoin, with more to say, %s", async (_, strategy) => {
    const { Session } = await storeFor(graph);
    await Session.begin((s) => {
      const [a, b, c] = ["a", "b", "vc"].map((label, i) => make(Node, { id: i + 1, label }));
      a.right.push(b, c);
      b.right.push(a);
      s.add(a);
    });
    await using session = Session();
    const stmt = select(Node).orderBy((n) => n.id);
    const nodes = await session
      .scalars(strategy === null ? stmt : stmt.options(OPTIONS[strategy](Node, (n) => n.vips)))
      .unique()
      .all();
    expect(await session.runSync(() => nodes.map((n) => n.vips.map((x) => x.id)))).toEqual([[3], [], []]);
  });
});

const blog = registry();

@blog.Entity("authors")
class Author {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @OneToMany(
    () => Post,
    (p) => p.author,
  )
  posts!: Post[];
  /** The two newest of each author. */
  @OneToMany(() => newest(), { viewonly: true, orderBy: (p) => p.id.desc() }) newest!: Post[];
  /** The same, told by a column that only the subquery has. */
  @OneToMany(() => ranked().posts, {
    viewonly: true,
    primaryJoin: (a: Attrs<Author>, p: Attrs<Post>) => and(a.id.eq(p.authorId), ranked().place.le(2)),
    orderBy: "-id",
  })
  top!: Post[];
}

@blog.Entity("posts")
class Post {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) title!: string;
  @Column({ foreignKey: "authors.id", nullable: true }) authorId!: number | null;
  @ManyToOne(
    () => Author,
    (a) => a.posts,
  )
  author!: Relation<Author> | null;
}

function makeRanked() {
  const p = attrs(Post);
  const place = func.row_number().over({ partitionBy: p.authorId, orderBy: p.id.desc() }).as("place");
  const inner = select(p.id, p.title, p.authorId, place).subquery();
  return { inner, posts: aliased(Post, inner), place: inner.c.place };
}
let made: ReturnType<typeof makeRanked> | undefined;
function ranked() {
  made ??= makeRanked();
  return made;
}
function newest() {
  const { inner } = makeRanked();
  return aliased(Post, select(inner.c.id, inner.c.title, inner.c.authorId).where(inner.c.place.le(2)).subquery());
}

async function posts() {
  const store = await storeFor(blog);
  await store.Session.begin((s) => {
    s.add(make(Author, { id: 1, name: "Ann", posts: [1, 2, 3, 4].map((id) => make(Post, { id, title: `p${id}` })) }));
    s.add(make(Author, { id: 2, name: "Bob", posts: [make(Post, { id: 9, title: "p9" })] }));
    s.add(make(Author, { id: 3, name: "Cid" }));
  });
  return store;
}

describe("a relationship to an alias", () => {
  test.each(STRATEGIES)(
    "[RJ-07] [RJ-08] gives the newest two of each parent %s, whether the subquery or the condition limits them",
    async (_, strategy) => {
      const { Session } = await posts();
      await using session = Session();
      const stmt = select(Author).orderBy((a) => a.id);
      const authors = await session
        .scalars(
          strategy === null
            ? stmt
            : stmt.options(
                OPTIONS[strategy](Author, (a) => a.newest),
                OPTIONS[strategy](Author, (a) => a.top),
              ),
        )
        .unique()
        .all();
      const seen = await session.runSync(() => authors.map((a) => [a.newest.map((p) => p.id), a.top.map((p) => p.id)]));
      expect(seen).toEqual([
        [
          [4, 3],
          [4, 3],
        ],
        [[9], [9]],
        [[], []],
      ]);
    },
  );

  test("[RJ-08] loads them for all parents in one statement, and they are the objects that other relationships give", async () => {
    const { Session, engine } = await posts();
    await using session = Session();
    using log = recordStatements(engine);
    const authors = await session
      .scalars(
        select(Author)
          .orderBy((a) => a.id)
          .options(selectinload(Author, (a) => a.newest)),
      )
      .all();
    expect(log.count()).toBe(2);
    expect(log.texts()[1]).toContain("row_number()");
    expect(authors[0].newest[0]).toBe(await session.getOne(Post, 4));
  });

  test("[RJ-07] can be joined along and asked for members", async () => {
    const { Session } = await posts();
    await using session = Session();
    const a = attrs(Author);
    const withTop = await session.scalars(select(Author).where(a.top.any((p) => p.title.eq("p9")))).all();
    expect(withTop.map((x) => x.name)).toEqual(["Bob"]);
    expect(await session.scalars(select(Author).where(a.top.any((p) => p.title.eq("p1")))).all()).toEqual([]);
    expect(await session.execute(select(a.name).join(a.newest).orderBy(a.name)).all()).toEqual([
      ["Ann"],
      ["Ann"],
      ["Bob"],
    ]);
  });

  test("[RJ-07] must be viewonly", () => {
    const reg = registry();
    @reg.Entity("rj7_owner")
    class Owner {
      @PrimaryKey() id!: number;
      @OneToMany(() => aliased(Thing, "other"), { foreignKeys: ["ownerId"] }) things!: Thing[];
    }
    @reg.Entity("rj7_thing")
    class Thing {
      @PrimaryKey() id!: number;
      @Column({ foreignKey: () => Owner }) ownerId!: number;
    }
    expect(() => new Owner()).toThrow(
      "Owner.things leads to an alias or a subquery, to which nothing can be written: say viewonly: true",
    );
  });
});

describe("a condition with a subquery", () => {
  const own = registry();
  @own.Entity("watched")
  class Watched {
    @PrimaryKey() id!: number;
    @OneToMany(() => Stat, {
      viewonly: true,
      primaryJoin: (w: Attrs<Watched>, stat: Attrs<Stat>) => {
        const other = aliased(Stat);
        const last = select(func.max(other.day)).where(other.watchedId.eq(w.id)).correlate(Watched);
        return and(w.id.eq(foreign(stat.watchedId)), stat.day.eq(last.scalarSubquery()));
      },
    })
    latest!: Stat[];
    @OneToMany(() => Stat, {
      viewonly: true,
      orderBy: "id",
      primaryJoin: (w: Attrs<Watched>, stat: Attrs<Stat>) =>
        and(w.id.eq(foreign(stat.watchedId)), stat.id.in(select(attrs(Mark).statId))),
    })
    marked!: Stat[];
  }
  @own.Entity("stats")
  class Stat {
    @PrimaryKey() id!: number;
    @Column(t.integer) day!: number;
    @Column({ foreignKey: () => Watched }) watchedId!: number;
  }
  @own.Entity("marks")
  class Mark {
    @PrimaryKey() id!: number;
    @Column(t.integer) statId!: number;
  }

  test.each(STRATEGIES)("that is correlated to the parent, or of a third table, loads %s", async (_, strategy) => {
    const { Session } = await storeFor(own);
    await using session = Session();
    session.addAll([make(Watched, { id: 1 }), make(Watched, { id: 2 })]);
    await session.flush();
    session.addAll(
      [
        [1, 5, 1],
        [2, 9, 1],
        [3, 3, 2],
      ].map(([id, day, watchedId]) => make(Stat, { id, day, watchedId })),
    );
    session.addAll([make(Mark, { id: 1, statId: 1 }), make(Mark, { id: 2, statId: 3 })]);
    await session.flush();
    session.expungeAll();
    const w = attrs(Watched);
    const stmt = select(Watched).orderBy(w.id);
    const options = strategy === null ? [] : [OPTIONS[strategy](w.latest), OPTIONS[strategy](w.marked)];
    const all = await session
      .scalars(stmt.options(...options))
      .unique()
      .all();
    const found = await session.runSync(() =>
      all.map((x) => [x.latest, x.marked].map((each) => each.map((y) => y.id))),
    );
    expect(found).toEqual([
      [[2], [1]],
      [[3], [3]],
    ]);
    const other = aliased(Watched);
    const joined = select(other.id, attrs(Stat).id).join(other.latest).orderBy(other.id);
    expect(await session.execute(joined).all()).toEqual([
      [1, 2],
      [2, 3],
    ]);
  });
});

describe("viewonly", () => {
  test("[RJ-09] is not written, not kept in step in memory, and reads anew only after expiry", async () => {
    const { Session } = await posts();
    await using session = Session();
    const ann = await session.getOne(Author, 1, { options: [selectinload(Author, (a) => a.newest)] });
    const [four] = ann.newest;
    ann.newest.pop();
    expect(session.has(four)).toBe(true);
    await session.commit();
    expect(await session.scalar(text("select count(*) from posts where author_id = 1"))).toBe(4);
    const again = await awaitable(ann).newest;
    expect(again.map((p) => p.id)).toEqual([4, 3]);
    session.add(make(Post, { id: 10, title: "p10", author: ann }));
    await session.flush();
    expect((await awaitable(ann).newest).map((p) => p.id)).toEqual([4, 3]);
    session.expire(ann, ["newest"]);
    expect((await awaitable(ann).newest).map((p) => p.id)).toEqual([10, 4]);
  });
});

describe("a join of several tables between two classes", () => {
  const reg = registry();

  @reg.Entity("ja")
  class A {
    @PrimaryKey() id!: number;
    @Column(t.integer, { foreignKey: "jb.id" }) bId!: number;
    @ManyToMany(() => D, {
      secondary: "routes",
      viewonly: true,
      primaryJoin: (a: Attrs<A>, _d: Attrs<D>, r: Record<string, never>) =>
        and(a.bId.eq(foreign(r["b_id"]!)), a.id.eq(foreign(r["a_id"]!))),
      secondaryJoin: (_a: Attrs<A>, d: Attrs<D>, r: Record<string, never>) => d.id.eq(foreign(r["d_id"]!)),
    })
    ds!: D[];
  }

  @reg.Entity("jb")
  class B {
    @PrimaryKey() id!: number;
    @Column(t.integer, { foreignKey: "jd.id" }) dId!: number;
  }

  @reg.Entity("jc")
  class C {
    @PrimaryKey() id!: number;
    @Column(t.integer, { foreignKey: "ja.id" }) aId!: number;
    @Column(t.integer, { foreignKey: "jd.id" }) dId!: number;
  }

  @reg.Entity("jd")
  class D {
    @PrimaryKey() id!: number;
  }

  const [b, c] = ["jb", "jc"].map((name) => reg.metadata.tables.get(name)!);
  reg.metadata.view(
    "routes",
    select({ b_id: b.column("id"), a_id: c.column("aId"), d_id: b.column("dId") } as never)
      .selectFrom(b)
      .join(c as never, c.column("dId").eq(b.column("dId")) as never) as never,
  );

  test("[RJ-04] is a view that the relationship goes through: by a select of its own, joined, and when it is read", async () => {
    const { Session } = await storeFor(reg);
    await Session.begin(async (s) => {
      s.addAll([make(D, { id: 1 }), make(D, { id: 2 })]);
      await s.flush();
      s.addAll([make(B, { id: 1, dId: 1 }), make(B, { id: 2, dId: 2 })]);
      await s.flush();
      s.addAll([make(A, { id: 1, bId: 1 }), make(A, { id: 2, bId: 2 })]);
      await s.flush();
      s.addAll([make(C, { id: 1, aId: 1, dId: 1 }), make(C, { id: 2, aId: 2, dId: 1 })]);
    });
    for (const option of [null, selectinload(A, (a) => a.ds), joinedload(A, (a) => a.ds)]) {
      await using session = Session();
      const stmt = select(A).orderBy((a) => a.id);
      const all = await session
        .scalars(option === null ? stmt : stmt.options(option))
        .unique()
        .all();
      expect(await session.runSync(() => all.map((a) => a.ds.map((d) => d.id)))).toEqual([[1], []]);
    }
  });

  test("[RJ-04] is a join of several tables, or a query, that the relationship has for itself", async () => {
    const own = registry();
    @own.Entity("ka")
    class First {
      @PrimaryKey() id!: number;
      @Column(t.integer, { foreignKey: "kb.id" }) bId!: number;
      @ManyToMany(() => Last, {
        viewonly: true,
        uselist: false,
        secondary: () =>
          join(join(inspect(Second).table, inspect(Last).table), inspect(Third).table, tableOf("kc", "dId", "kd")),
        primaryJoin: (a: Attrs<First>, _: unknown, s: Record<string, Expr<number>>) =>
          and(a.bId.eq(s.kb_id), a.id.eq(s.a_id)),
        secondaryJoin: (_: unknown, d: Attrs<Last>, s: Record<string, Expr<number>>) => d.id.eq(s.kb_d_id),
      })
      last!: Relation<Last> | null;
      @ManyToMany(() => Last, {
        viewonly: true,
        secondary: () => {
          const c = attrs(Third);
          return select({ from: c.aId, to: c.dId }).where(c.dId.gt(0));
        },
        primaryJoin: (a: Attrs<First>, _: unknown, s: Record<string, Expr<number>>) => a.id.eq(s.from),
        secondaryJoin: (_: unknown, d: Attrs<Last>, s: Record<string, Expr<number>>) => d.id.eq(s.to),
        orderBy: "id",
      })
      all!: Last[];
    }
    @own.Entity("kb")
    class Second {
      @PrimaryKey() id!: number;
      @Column(t.integer, { foreignKey: "kd.id" }) dId!: number;
    }
    @own.Entity("kc")
    class Third {
      @PrimaryKey() id!: number;
      @Column(t.integer, { foreignKey: "ka.id" }) aId!: number;
      @Column(t.integer, { foreignKey: "kd.id" }) dId!: number;
    }
    @own.Entity("kd")
    class Last {
      @PrimaryKey() id!: number;
    }
    const tableOf = (name: string, key: string, other: string) =>
      own.metadata.tables
        .get(name)!
        .column(key)
        .eq(own.metadata.tables.get(other)!.column("id") as never) as never;
    const { Session, engine } = await storeFor(own);
    await Session.begin(async (s) => {
      s.addAll([make(Last, { id: 1 }), make(Last, { id: 2 })]);
      await s.flush();
      s.addAll([make(Second, { id: 1, dId: 1 }), make(Second, { id: 2, dId: 2 })]);
      await s.flush();
      s.addAll([make(First, { id: 1, bId: 1 }), make(First, { id: 2, bId: 2 })]);
      await s.flush();
      s.addAll([make(Third, { id: 1, aId: 1, dId: 1 }), make(Third, { id: 2, aId: 2, dId: 1 })]);
    });
    for (const option of [null, selectinload(First, (a) => a.last), joinedload(First, (a) => a.last)]) {
      await using session = Session();
      const stmt = select(First).orderBy((a) => a.id);
      const found = await session.scalars(option === null ? stmt : stmt.options(option)).all();
      expect(await session.runSync(() => found.map((a) => [a.last?.id, a.all.map((d) => d.id)]))).toEqual([
        [1, [1]],
        [undefined, [1]],
      ]);
    }
    await using session = Session();
    using log = recordStatements(engine);
    expect(await session.scalars(select(First).join(attrs(First).last)).all()).toHaveLength(1);
    expect(log.texts()[0].replace(/\s+/g, " ")).toMatch(
      /FROM ka JOIN \(SELECT .* FROM kb JOIN kd ON .* JOIN kc ON .*\) AS ka_last(_1)? ON .* JOIN kd ON/,
    );
    expect(await session.scalars(select(attrs(First).id).where(attrs(First).last.has())).all()).toEqual([1]);
    const bad = registry();
    @bad.Entity("lone")
    class Lone {
      @PrimaryKey() id!: number;
      @ManyToMany(() => Lone, { secondary: () => select(attrs(Third).aId, attrs(Third).dId) as never }) all!: Lone[];
    }
    expect(() => inspect(Lone)).toThrow(
      "Lone.all: secondary is a join or a query, whose rows no flush can write. Say viewonly: true.",
    );
  });
});

describe("a property that asks", () => {
  test("[RJ-08] is a getter with a statement of its own, for what is no relationship", async () => {
    const own = registry();
    @own.Entity("asking_users")
    class Asking {
      @PrimaryKey() id!: number;
      get addresses(): Asked[] {
        const session = objectSession(this) as Session;
        return session.scalars(withParentOf(this)).all();
      }
    }
    @own.Entity("asked_addresses")
    class Asked {
      @PrimaryKey() id!: number;
      @Column(t.string(20)) email!: string;
      @Column({ foreignKey: "asking_users.id" }) userId!: number;
    }
    const withParentOf = (user: Asking) =>
      select(Asked)
        .where((a) => a.userId.eq(user.id).and(a.email.startsWith("a")))
        .orderBy((a) => a.id);
    const { Session: Sessions } = await storeFor(own);
    await using session = Sessions();
    session.add(make(Asking, { id: 1 }));
    await session.flush();
    session.addAll(["a@x", "b@x", "aa@x"].map((email) => make(Asked, { email, userId: 1 })));
    await session.commit();
    const user = await session.getOne(Asking, 1);
    expect(await session.runSync(() => user.addresses.map((a) => a.email))).toEqual(["a@x", "aa@x"]);
  });
});
