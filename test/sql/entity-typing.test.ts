import { describe, expectTypeOf, it } from "vitest";
import {
  type Attrs,
  type BoolExpr,
  type Cls,
  type Create,
  type EntityRef,
  type Expr,
  func,
  type Json,
  type Kind,
  OptionalProps,
  type RelAttr,
  type Relation,
  type ROW,
  type RowsOf,
  select,
  update,
} from "../../src/sql/index.js";

// Only types are looked at here: nothing below is run, so that no mapping is needed.
declare function attrs<E>(entity: Cls<E>): Attrs<E>;
declare function aliased<E, const N extends string>(entity: Cls<E>, name: N): Attrs<E, N>;
declare function create<E>(entity: Cls<E>, values: Create<E>): E;

type AccountId = number & { readonly __brand: "AccountId" };
enum Level {
  High = "high",
  Low = "low",
}
class Amount {
  constructor(
    public value: string,
    public currency: string,
  ) {}
}
class Label {
  id!: number;
  word!: string;
  items!: Item[];
}
class Item {
  id!: number;
  title!: string;
  score!: number | null;
  owner!: Relation<Account> | null;
  labels!: Label[];
  open!: boolean;
}
class Account {
  declare [OptionalProps]?: "id" | "since";
  id!: number;
  name!: string;
  bio!: string | null;
  since!: Date;
  nick?: string;
  level!: Level;
  kind!: "x" | "y";
  active!: boolean;
  aid!: AccountId;
  avatar!: Uint8Array;
  settings!: { theme: string; size: number };
  words!: string[];
  grid!: number[][];
  price!: Amount;
  items!: Item[];
  byTitle!: Map<string, Item>;
  tagged!: Set<Label>;
  notes!: Json<{ at: number; text: string }[]>;
  #hidden = 1;
  private secret = 2;
  greet(): number {
    return this.#hidden + this.secret;
  }
}

type RowOfStatement<S> = S extends RowsOf<infer R> ? R : never;
const types = (run: () => void): void => void run;

describe("types of mapped classes", () => {
  it("tell columns from relations by the property's type alone", () => {
    expectTypeOf<Kind<Account["id"]>>().toEqualTypeOf<"column">();
    expectTypeOf<Kind<Account["settings"]>>().toEqualTypeOf<"column">();
    expectTypeOf<Kind<Account["words"]>>().toEqualTypeOf<"column">();
    expectTypeOf<Kind<Account["grid"]>>().toEqualTypeOf<"column">();
    expectTypeOf<Kind<Account["price"]>>().toEqualTypeOf<"column">();
    expectTypeOf<Kind<Account["avatar"]>>().toEqualTypeOf<"column">();
    expectTypeOf<Kind<Account["nick"]>>().toEqualTypeOf<"column">();
    expectTypeOf<Kind<Account["notes"]>>().toEqualTypeOf<"column">();
    expectTypeOf<Kind<Account["items"]>>().toEqualTypeOf<"many">();
    expectTypeOf<Kind<Account["byTitle"]>>().toEqualTypeOf<"many">();
    expectTypeOf<Kind<Account["tagged"]>>().toEqualTypeOf<"many">();
    expectTypeOf<Kind<Item["owner"]>>().toEqualTypeOf<"one">();
  });

  it("let plain objects be assigned to relations and read back", () => {
    const account = new Account();
    const item = new Item();
    account.items = [];
    account.items.push(item);
    item.owner = account;
    expectTypeOf(item.owner).toMatchTypeOf<Account | null>();
  });

  it("give operators by the value's type", () => {
    types(() => {
      const a = attrs(Account);
      a.name.like("%x%");
      a.bio.ilike("%x%");
      a.id.add(1).gt(3);
      a.active.eq(false);
      a.active.and(a.name.eq("x"));
      a.kind.eq("x");
      a.level.eq(Level.High);
      a.aid.eq(1 as AccountId);
      a.words.eq(["a"]);
      a.words.overlap(["a"]);
      a.settings.eq({ theme: "a", size: 1 });
      a.settings.get("theme").asString().eq("dark");
      a.since.gt(new Date());
      a.items.any((i) => i.open.eq(true));
      attrs(Item).owner.has((o) => o.name.eq("x"));
      expectTypeOf(a.name.eq("x")).toEqualTypeOf<BoolExpr<boolean, Account>>();
      // @ts-expect-error not one of the union
      a.kind.eq("z");
      // @ts-expect-error methods are no attributes
      a.greet;
      // @ts-expect-error private fields are no attributes
      a.secret;
      // @ts-expect-error a number is no text
      a.name.eq(5);
      // @ts-expect-error numbers have no LIKE
      a.id.like("x");
      // @ts-expect-error a relation to many has no has() of another class
      a.items.any((i) => i.word.eq("x"));
      // @ts-expect-error there is no such key in the JSON value
      a.settings.get("colour");
    });
  });
});

describe("rows of select", () => {
  it("are 1-tuples for a class, tuples for expressions, objects for an object", () => {
    types(() => {
      const a = attrs(Account);
      const i = attrs(Item);
      const one = select(Account)
        .where((x) => x.name.like("%Ali%"))
        .orderBy((x) => x.id);
      expectTypeOf<RowOfStatement<typeof one>>().toEqualTypeOf<[Account]>();
      const tuple = select(a.id, a.bio, a.active);
      expectTypeOf<RowOfStatement<typeof tuple>>().toEqualTypeOf<[number, string | null, boolean]>();
      const two = select(Account, i.title);
      expectTypeOf<RowOfStatement<typeof two>>().toEqualTypeOf<[Account, string]>();
      const object = select({ name: a.name, items: func.count(i.id) })
        .join(a.items)
        .groupBy(a.id);
      expectTypeOf<RowOfStatement<typeof object>>().toEqualTypeOf<{ name: string; items: number }>();
      const entity = select({ account: Account, title: i.title });
      expectTypeOf<RowOfStatement<typeof entity>>().toEqualTypeOf<{ account: Account; title: string }>();
      select(Account, Item).where((x, y) => x.id.eq(y.id));
    });
  });

  it("have null for what an outer join may leave empty", () => {
    types(() => {
      const a = attrs(Account);
      const i = attrs(Item);
      const left = select({ n: a.name, t: i.title, c: func.count(i.id) }).outerjoin(a.items);
      expectTypeOf<RowOfStatement<typeof left>>().toEqualTypeOf<{ n: string; t: string | null; c: number }>();
      const pair = select(Account, Item).outerjoin(a.items);
      expectTypeOf<RowOfStatement<typeof pair>>().toEqualTypeOf<[Account, Item | null]>();
    });
  });

  it("tell aliases of one class apart by their names", () => {
    types(() => {
      const a = attrs(Account);
      const m = aliased(Account, "m");
      const both = select({ x: a.name, y: m.name });
      expectTypeOf<RowOfStatement<typeof both>>().toEqualTypeOf<{ x: string; y: string }>();
      const left = select({ x: a.name, y: m.name }).outerjoin(m, m.id.eq(a.id));
      expectTypeOf<RowOfStatement<typeof left>>().toEqualTypeOf<{ x: string; y: string | null }>();
      const whole = select(m);
      expectTypeOf<RowOfStatement<typeof whole>>().toEqualTypeOf<[Account]>();
    });
  });

  it("refuse at compile time what cannot be", () => {
    types(() => {
      const a = attrs(Account);
      // @ts-expect-error a JSON column is no relation
      select(Account).join(a.settings);
      // @ts-expect-error a value object is no relation
      select(Account).join(a.price);
      select(Account).join(a.byTitle);
      select(Item).join(attrs(Item).owner);
      select(Account).filterBy({ name: "x" });
      // @ts-expect-error a misspelt attribute
      select(Account).filterBy({ nme: "x" });
      // @ts-expect-error a condition is an expression
      select(Account).where((x) => x.id === (1 as never));
      // @ts-expect-error a lambda must return its condition
      select(Account).where((x) => {
        x.name.eq("a");
      });
      select(Account).subquery().c.name.like("x");
      // @ts-expect-error the subquery has no such column
      select(Account).subquery().c.nothing;
      update(Account)
        .values({ name: "x" })
        .where((x) => x.id.eq(1));
      // @ts-expect-error no such attribute
      update(Account).all().values({ nme: "x" });
    });
  });

  it("come back from RETURNING", () => {
    types(() => {
      const a = attrs(Account);
      const changed = update(Account).all().values({ name: "x" }).returning(a.id, a.bio);
      expectTypeOf<RowOfStatement<typeof changed>>().toEqualTypeOf<[number, string | null]>();
      const whole = update(Account).all().values({ name: "x" }).returning(Account);
      expectTypeOf<RowOfStatement<typeof whole>>().toEqualTypeOf<[Account]>();
    });
  });
});

describe("create", () => {
  it("asks for what is neither nullable, optional, a relation nor named in OptionalProps", () => {
    types(() => {
      class Plainest {
        id!: number;
        title!: string;
      }
      class Entry {
        declare [OptionalProps]?: "id" | "at";
        id!: number;
        title!: string;
        at!: Date;
        bio!: string | null;
        owner!: Relation<Account> | null;
      }
      create(Entry, { title: "x" });
      create(Entry, { title: "x", id: 3, owner: null });
      // @ts-expect-error title is missing
      create(Entry, { bio: "x" });
      // @ts-expect-error nothing says that id is generated
      create(Plainest, { title: "x" });
    });
  });
});

describe("a property that may be absent", () => {
  it("is a column of null or not in values, as it is in conditions", () => {
    types(() => {
      expectTypeOf(attrs(Account).nick).toExtend<Expr<string | null, unknown>>();
      update(Account).values({ nick: null });
      update(Account).values({ nick: "x" });
      // @ts-expect-error it is text
      update(Account).values({ nick: 3 });
      // @ts-expect-error one that is always there is never null
      update(Account).values({ name: null });
    });
  });
});

describe("a property of any", () => {
  it("is a column, whatever is asked of it", () => {
    types(() => {
      class Loose {
        id!: number;
        data!: any;
      }
      const a = attrs(Loose);
      expectTypeOf(a.data.isNull()).toExtend<BoolExpr<boolean, unknown>>();
      a.data.get("k").get(0).asString().eq("v");
      create(Loose, { id: 1, data: [1, { b: null }] });
    });
  });
});

describe("expression types", () => {
  it("are covariant, so that every expression is an Expr of unknown", () => {
    types(() => {
      const a = attrs(Account);
      const any: Expr<unknown, unknown> = a.name;
      const relation: RelAttr<Item, unknown> = a.items;
      const entity: EntityRef<Account, unknown> = a;
      const nullable: Expr<string | null, unknown> = a.name;
      void [any, relation, entity, nullable];
      const row: { readonly [ROW]: [Account] } = select(Account);
      void row;
    });
  });
});
