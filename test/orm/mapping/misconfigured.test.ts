/** Mappings that cannot be meant, after SQLAlchemy's tests of mapper and relationship configuration: each is refused before the first statement, by name. */
import { describe, expect, test } from "vitest";
import {
  type Attrs,
  Column,
  ColumnProperty,
  column,
  columnProperty,
  Entity,
  filterWarnings,
  foreign,
  inspect,
  ManyToMany,
  ManyToOne,
  MetaData,
  OneToMany,
  PrimaryKey,
  type Registry,
  type Relation,
  registry,
  relationship,
  remote,
  Synonym,
  synonym,
  t,
  table,
  UniqueConstraint,
} from "../../../src/index.js";

type Options = NonNullable<Parameters<typeof relationship>[1]>;

function tables(own: Registry, isTied = true) {
  const key = { nullable: true, ...(isTied ? { foreignKey: "foos.id" } : {}) };
  const foos = table("foos", own.metadata, {
    id: column(t.integer, { primaryKey: true }),
    fid: column(t.integer, key),
  });
  const bars = table("bars", own.metadata, {
    id: column(t.integer, { primaryKey: true }),
    fid: column(t.integer, key),
  });
  return { foos, bars };
}

/** Foo.bars with these options, over tables whose foreign key there is or is not. */
function related(options: Options | ((w: ReturnType<typeof tables>) => Options), isTied = true) {
  const own = registry();
  const made = tables(own, isTied);
  class Foo {}
  class Bar {}
  const given = typeof options === "function" ? options(made) : options;
  own.mapImperatively(Foo, made.foos, { properties: { bars: relationship(() => Bar, given) } });
  own.mapImperatively(Bar, made.bars);
  own.configure();
  const found = inspect(Foo).relationship("bars");
  return [found?.direction, ...(found?.join.pairs ?? []).map(({ local, remote: far }) => `${local.key}=${far.key}`)];
}

type Foo = { id: number; fid: number | null };

describe("[MS-24] the condition of a relationship", () => {
  test("has columns of both sides", () => {
    expect(() => related({ primaryJoin: (f: Attrs<Foo>) => f.id.gt(5), viewonly: true })).toThrow(
      /^Foo\.bars: its primaryJoin has no column of the far side, Bar, so that it ties no row to another\./,
    );
    expect(() => related({ primaryJoin: (_: Attrs<Foo>, b: Attrs<Foo>) => b.id.gt(5), viewonly: true })).toThrow(
      /has no column of the near side, Foo/,
    );
  });

  test("takes remote() and remoteSide for columns of the target alone", () => {
    const refused = /^Foo\.bars: foos\.id is said to be a column of the far side, and it is one of Foo\./;
    expect(() => related({ primaryJoin: (f: Attrs<Foo>, b: Attrs<Foo>) => remote(f.id).eq(b.fid) })).toThrow(refused);
    const both = ({ foos, bars }: ReturnType<typeof tables>): Options => ({
      primaryJoin: (f: Attrs<Foo>, b: Attrs<Foo>) => f.id.eq(b.fid),
      remoteSide: [foos.c.id, bars.c.fid] as never,
      viewonly: true,
    });
    expect(() => related(both)).toThrow(refused);
    expect(() => related({ remoteSide: ["id"] })).toThrow(
      "Foo.bars: its remoteSide (bars.id) leaves none of the foreign keys between Foo (foos) and Bar (bars): " +
        "bars.fid, which makes it oneToMany with bars.fid on the far side.",
    );
    expect(() => related({ foreignKeys: ({ bars }: Record<string, unknown>) => bars })).toThrow(
      'Foo.bars: its foreignKeys reads "bars" of Foo, which is no column of it. It has: id, fid.',
    );
  });

  test("tells the direction by the columns that hold the key, or the kind is said", () => {
    const equal = (f: Attrs<Foo>, b: Attrs<Foo>) => f.id.eq(b.fid);
    expect(related({ primaryJoin: equal })).toEqual(["oneToMany", "id=fid"]);
    expect(related({ primaryJoin: (f: Attrs<Foo>, b: Attrs<Foo>) => b.id.eq(foreign(f.fid)) }, false)).toEqual([
      "manyToOne",
      "fid=id",
    ]);
    expect(() => related({ primaryJoin: equal }, false)).toThrow(
      'Foo.bars: its primaryJoin has no column that holds a foreign key, so that it could run either way. Say kind: "oneToMany" or kind: "manyToOne", or mark the columns of the key with foreign().',
    );
    const both = ({ foos, bars }: ReturnType<typeof tables>): Options => ({
      primaryJoin: equal,
      foreignKeys: [foos.c.id, bars.c.fid] as never,
    });
    expect(() => related(both, false)).toThrow(/has columns that hold a foreign key on both sides/);
    expect(related({ primaryJoin: equal, kind: "oneToMany", viewonly: true }, false)).toEqual(["oneToMany"]);
  });

  test("marks all columns of an expression", () => {
    const product = (f: Attrs<Foo>, b: Attrs<Foo>) => f.id.eq(remote(foreign(b.id.mul(b.fid))));
    expect(related({ primaryJoin: product, viewonly: true }, false)).toEqual(["oneToMany"]);
    expect(() => foreign(undefined)).toThrow("foreign() marks a column, or an expression of columns, not undefined.");
  });

  test("copies only between columns of the two classes", () => {
    const through = ({ foos }: ReturnType<typeof tables>): Options => {
      const other = table("others", new MetaData(), {
        id: column(t.integer, { primaryKey: true }),
        fid: column(t.integer, { foreignKey: () => foos.c.id }),
      });
      return {
        kind: "oneToMany",
        primaryJoin: (_: Attrs<Foo>, b: Attrs<Foo>) => other.c.fid.eq(foos.c.id).and(b.id.eq(other.c.id)),
      };
    };
    expect(() => related(through)).toThrow(/compares no foreign-key column with the column it refers to/);
  });

  test("is a function, over names that there are", () => {
    const reads = (f: Record<string, { eq(x: unknown): unknown }>) => f.nope.eq(1);
    expect(() => related({ primaryJoin: reads as never })).toThrow(
      'Foo.bars: its primaryJoin reads "nope" of Foo, which is no column of it. It has: id, fid.',
    );
    expect(() => related(({ foos, bars }) => ({ primaryJoin: foos.c.id.eq(bars.c.fid) as never }))).toThrow(
      /^Foo\.bars: its primaryJoin is a function that gives the condition/,
    );
    expect(() => related({ orderBy: [undefined as never] })).toThrow(
      "Foo.bars: its orderBy takes attributes and expressions, not undefined.",
    );
  });
});

describe("[MS-24] options of a relationship", () => {
  test("that contradict each other, or that there are not", () => {
    for (const [options, message] of [
      [
        { lazy: "dynamic" as never },
        /^Foo\.bars: there is no lazy: .*; the strategies are select, selectin, .*, write_only\.$/,
      ],
      [{ secondaryJoin: () => null }, /^Foo\.bars: a secondaryJoin is for an association table/],
      [{ viewonly: true, syncBackref: true }, /^Foo\.bars is viewonly, and events never change it/],
      [{ viewonly: true, postUpdate: true }, /^Foo\.bars is viewonly, and is never written: postUpdate says nothing\./],
      [{ viewonly: true, passiveDeletes: true }, /passiveDeletes says nothing/],
      [{ viewonly: true, passiveUpdates: false }, /passiveUpdates says nothing/],
      [{ viewonly: true, activeHistory: true }, /activeHistory says nothing/],
      [{ backPopulates: {} as never }, /its backPopulates names no property of Bar/],
      [{ foreignKeys: "fid" as never }, /^Foo\.bars: its foreignKeys is a list of columns or their names/],
      [{ remoteSide: [5] as never }, /^Foo\.bars: its remoteSide takes columns or their names, not 5\.$/],
    ] as const)
      expect(() => related(options as Options)).toThrow(message);
    class Bar {}
    expect(() => relationship(Bar as never)).toThrow(/^relationship takes a thunk of the target class/);
  });

  test("syncBackref of one side, where the other is viewonly", () => {
    const own = registry();
    @own.Entity("a")
    class A {
      @PrimaryKey() id!: number;
      @OneToMany(
        () => B,
        (b) => b.a,
        { viewonly: true },
      )
      bs!: B[];
    }
    @own.Entity("b")
    class B {
      @PrimaryKey() id!: number;
      @ManyToOne(
        () => A,
        (a) => a.bs,
        { syncBackref: true },
      )
      a!: Relation<A> | null;
    }
    expect(() => own.configure()).toThrow(
      "B.a: syncBackref: true would change A.bs, which is viewonly. Leave one of them out.",
    );
  });

  test("a many-to-many whose other side is none", () => {
    const own = registry();
    @own.Entity("a")
    class A {
      @PrimaryKey() id!: number;
      @ManyToMany(
        () => B,
        (b) => b.a,
        { secondary: "ab" },
      )
      bs!: B[];
    }
    @own.Entity("b")
    class B {
      @PrimaryKey() id!: number;
      @ManyToOne(() => A) a!: Relation<A> | null;
    }
    expect(() => own.configure()).toThrow(
      "A.bs is manyToMany and B.a is manyToOne: they cannot be the two sides of one relationship. Check their decorators.",
    );
  });

  test("foreignKeys, or the columns of each side, choose among the keys of an association table", () => {
    const linked = (options: Options) => {
      const own = registry();
      const { foos, bars } = tables(own, false);
      const key = (name: string) => column(t.integer, { foreignKey: `${name}.id`, primaryKey: true });
      const links = table("links", own.metadata, {
        foo: key("foos"),
        bar: key("bars"),
        formerFoo: key("foos"),
        formerBar: key("bars"),
      });
      class Foo {}
      class Bar {}
      own.mapImperatively(Foo, foos, {
        properties: { bars: relationship(() => Bar, { secondary: links, ...options }) },
      });
      own.mapImperatively(Bar, bars);
      const { join } = inspect(Foo).relationships[0];
      return [join.pairs[0].remote.key, join.secondaryPairs[0].local.key];
    };
    expect(() => linked({})).toThrow(/several foreign keys to Foo: foo; formerFoo/);
    expect(linked({ foreignKeys: ["formerFoo", "bar"] })).toEqual(["formerFoo", "bar"]);
    expect(linked({ joinColumns: ["foo"], inverseJoinColumns: ["formerBar"] })).toEqual(["foo", "formerBar"]);
    expect(() => linked({ joinColumns: ["bar"], inverseJoinColumns: ["foo"] })).toThrow(
      "Foo.bars: its joinColumns names links.bar for Foo, and that refers to bars.id.",
    );
  });
});

describe("[MS-24] a name is one attribute, and a column is one", () => {
  const own = () => registry();

  test("two properties of one column, and two decorators of one property", () => {
    expect(() => {
      @(own().Entity("foo"))
      class Foo {
        @PrimaryKey() id!: number;
        @Column() userName!: string;
        @Column() user_name!: string;
      }
      void Foo;
    }).toThrow(/^Foo\.user_name: the column foo\.user_name is Foo\.userName already\./);
    expect(() => {
      class Foo {
        @Column(t.text)
        @ManyToOne(() => Foo)
        x!: unknown;
      }
      void Foo;
    }).toThrow(/^Foo\.x is decorated twice/);
    const mine = own();
    const { foos } = tables(mine, false);
    class Foo {}
    expect(() => mine.mapImperatively(Foo, foos, { properties: { a: foos.c.fid, b: foos.c.fid } })).toThrow(
      /^Foo\.b: the column foos\.fid is Foo\.a already\..*@Synonym\("a"\)/,
    );
  });

  test("what has the name of a column that is mapped; excludeProperties leaves it out", () => {
    const mapped = (fid: object, excludeProperties: string[] = []) => {
      const mine = own();
      const { foos, bars } = tables(mine);
      class Foo {}
      class Bar {}
      mine.mapImperatively(Bar, bars);
      mine.mapImperatively(Foo, foos, { properties: { fid }, excludeProperties });
      return [...inspect(Foo).attributes.keys()];
    };
    class Bar {}
    const refused = (what: string) =>
      `Foo.fid is ${what}, and the column foos.fid has its name. Map the column under another name, or leave it out with excludeProperties: ["fid"].`;
    expect(() => mapped(relationship(() => Bar))).toThrow(refused("a relationship"));
    const sum = columnProperty((f: Attrs<Foo>) => f.id.add(1));
    expect(() => mapped(sum)).toThrow(refused("an SQL expression"));
    expect(() => mapped(synonym("id"))).toThrow(refused("another property"));
    expect(mapped(sum, ["fid"])).toEqual(["id", "fid"]);
  });

  test("a subclass does not make another attribute of a name above it", () => {
    const mine = own();
    @mine.Entity("p", { polymorphicOn: "kind", polymorphicIdentity: "p" })
    class P {
      @PrimaryKey() id!: number;
      @Column() kind!: string;
      @Column() name!: string;
      @ManyToOne(() => P) up!: Relation<P> | null;
    }
    expect(() => {
      @mine.Entity({ polymorphicIdentity: "q" })
      class Q extends P {
        @Column({ name: "name" }) title!: string;
      }
      void Q;
    }).toThrow(/^Q\.title: the table "p" has a column "name" already, which P declares\. To share it, say useExisting/);
    expect(() => {
      @mine.Entity({ polymorphicIdentity: "r" })
      class R extends P {
        @PrimaryKey() other!: number;
      }
      void R;
    }).toThrow(/^R\.other: a subclass without a table of its own has the key of P\./);
    // What was refused is not mapped: the base goes on as it was.
    expect([...inspect(P).attributes.keys()]).toEqual(["id", "kind", "name", "upId", "up"]);

    const joined = (name: string, decorate: (base: object) => (target: object, name: string) => void) => {
      const other = own();
      @other.Entity("p", { polymorphicOn: "kind", polymorphicIdentity: "p" })
      class Base {
        @PrimaryKey() id!: number;
        @Column() kind!: string;
        @ManyToOne(() => Base) up!: Relation<Base> | null;
      }
      class Sub extends Base {}
      decorate(Base)(Sub.prototype, name);
      other.Entity("sub", { polymorphicIdentity: "s" })(Sub);
      return () => other.configure();
    };
    expect(joined("kind", () => Column(t.integer))).toThrow(
      "Sub.kind is a column of another type than Base.kind, and both would be one attribute. Give it another name.",
    );
    expect(joined("up", () => Column(t.text))).toThrow(
      /^Sub\.up is a column, and Base\.up above it is a relationship already\./,
    );
    expect(joined("kind", (base) => ManyToOne(() => base as never))).toThrow(
      /^Sub\.kind is a relationship, and Base\.kind above it is a column already\./,
    );
    expect(joined("up", (base) => ManyToOne(() => base as never))).toThrow(
      /It is inherited: leave it out \(declare narrows its type\)/,
    );
  });

  test("two classes over one table name its columns each in its own way", () => {
    const mine = own();
    const { foos } = tables(mine, false);
    class One {}
    class Two {}
    mine.mapImperatively(One, foos, { properties: { one: foos.c.fid } });
    mine.mapImperatively(Two, foos, { properties: { two: foos.c.fid } });
    expect([...inspect(One).attributes.keys(), ...inspect(Two).attributes.keys()]).toEqual(["id", "one", "id", "two"]);
  });

  test("a synonym stands for what is mapped", () => {
    const mine = own();
    @mine.Entity("foo")
    class Foo {
      @PrimaryKey() id!: number;
      @Synonym("nope") other!: string;
    }
    void Foo;
    expect(() => mine.configure()).toThrow(/^Foo\.other is a synonym of "nope", which is not mapped\./);
  });
});

describe("[MS-24] a table that is there stays as it is", () => {
  test("a class does not add columns to it, nor does a relationship", () => {
    const own = registry();
    const { foos, bars } = tables(own, false);
    expect(() => {
      @own.Entity({ table: foos })
      class Foo {
        @PrimaryKey() id!: number;
        @Column() name!: string;
      }
      void Foo;
    }).toThrow("Foo.name: there is no column name in what Foo is mapped to. It has: id, fid.");
    class Bar {}
    class Foo {}
    own.mapImperatively(Bar, bars);
    own.mapImperatively(Foo, foos, { properties: { bar: relationship(() => Bar, { kind: "manyToOne" }) } });
    expect(() => own.configure()).toThrow(/^Foo\.bar: there is no foreign key between Foo \(foos\) and Bar \(bars\)/);
    expect(foos.columns.map((each) => each.name)).toEqual(["id", "fid"]);
  });

  test("a foreign key to a table that is not there is not in the way of others", () => {
    const own = registry();
    @own.Entity("a")
    class A {
      @PrimaryKey() id!: number;
      @Column({ foreignKey: "not_reflected.id" }) other!: number;
      @OneToMany(() => B) bs!: B[];
    }
    @own.Entity("b")
    class B {
      @PrimaryKey() id!: number;
      @Column({ foreignKey: "a.id" }) aId!: number;
    }
    expect(inspect(A).relationships[0].target).toBe(inspect(B));
  });

  test("there is one, with a key that is mapped", () => {
    const own = registry();
    const { foos } = tables(own, false);
    class Foo {}
    expect(() => own.mapImperatively(Foo, null)).toThrow(
      "Foo is mapped to no table, and has no superclass whose table it could share: mapImperatively(Foo, table).",
    );
    const keyed = (options: object) => () => {
      const mine = registry();
      class Foo {}
      mine.mapImperatively(Foo, foos, options);
      return inspect(Foo).primaryKey.map((each) => each.key);
    };
    expect(keyed({ excludeProperties: ["id"] })).toThrow(
      /^Foo leaves out foos\.id, which is part of the primary key\./,
    );
    expect(keyed({ primaryKey: ["nope"] })).toThrow(/^Foo: primaryKey names "nope", which is no mapped column\./);
    expect(keyed({ primaryKey: "id" })).toThrow(/^Foo: primaryKey is a list of attributes/);
    expect(keyed({ primaryKey: ["id"], properties: { ident: foos.c.id } })()).toEqual(["ident"]);
    const mine = registry();
    @mine.Entity("a", { primaryKey: ["twice"] })
    class A {
      @Column() id!: number;
      @ColumnProperty((a: Attrs<A>) => a.id.mul(2)) twice!: number;
    }
    void A;
    expect(() => mine.configure()).toThrow(/^A: primaryKey names "twice", which is no mapped column\./);
  });
});

describe("[MS-24] what a class says of itself", () => {
  test("a joined subclass whose table nothing ties to the one above", () => {
    const own = registry();
    @own.Entity("p", { polymorphicOn: "kind", polymorphicIdentity: "p" })
    class P {
      @PrimaryKey() id!: number;
      @Column() kind!: string;
    }
    @own.Entity("q", { polymorphicIdentity: "q" })
    class Q extends P {
      @PrimaryKey() qid!: number;
    }
    void Q;
    expect(() => own.configure()).toThrow(
      'Q continues P, and its table "q" has no foreign key to "p". Leave the key out of Q, which makes one, or say which column it is: @PrimaryKey({ foreignKey: "p.id" }).',
    );
  });

  test("a class of a hierarchy that no row is told to be, is warned about", () => {
    using _ = filterWarnings("error", { code: "ATHANOR_NO_IDENTITY" });
    const configured = (options: object) => () => {
      const own = registry();
      @own.Entity("p", { polymorphicOn: "kind", polymorphicIdentity: "p" })
      class P {
        @PrimaryKey() id!: number;
        @Column() kind!: string;
      }
      @own.Entity(options)
      class Q extends P {}
      void Q;
      own.configure();
    };
    expect(configured({})).toThrow(
      /^Q has no polymorphicIdentity, and P\.kind tells the classes of its hierarchy apart/,
    );
    expect(configured({ polymorphicAbstract: true })).not.toThrow();
  });

  test("lists that are none, and functions that declare nothing", () => {
    const own = registry();
    expect(() => {
      @own.Entity("foo", { tableArgs: new UniqueConstraint(["id"]) as never })
      class Foo {
        @PrimaryKey() id!: number;
      }
      void Foo;
    }).toThrow(/^tableArgs of foo is a list, tableArgs: \[\.\.\.\]/);
    expect(() => (Entity as (cls: unknown) => unknown)(class Foo {})).toThrow(
      '@Entity is called: @Entity() or @Entity("table"), before the class Foo.',
    );
    @own.Entity("bar")
    class Bar {
      @PrimaryKey() id!: number;
      @Column() name!: string;
    }
    expect(() => own.addProperty(Bar, "x", () => {})).toThrow(/was given a function that declares nothing/);
    expect(() => own.addProperty(Bar, "name", Column(t.text))).toThrow(
      "Bar.name is declared already: a name is one attribute.",
    );
  });

  test("a member of a class takes the place of a mixin's column", () => {
    const HasName = <B extends new (...args: any[]) => object>(Base: B) => {
      class Named extends Base {
        declare name: unknown;
      }
      Column(t.text)(Named.prototype, "name");
      return Named;
    };
    const own = registry();
    @own.Entity("foo")
    class Foo extends HasName(class {}) {
      @PrimaryKey() id!: number;
      // @ts-expect-error a method where the mixin has a property
      name(): string {
        return "hi";
      }
    }
    expect([[...inspect(Foo).attributes.keys()], (new Foo().name as () => string)()]).toEqual([["id"], "hi"]);
    expect(inspect(Foo).table.columns.map((each) => each.name)).toEqual(["id"]);
  });
});

describe("a mapping decorator on a static member", () => {
  test("is refused with where options of the class belong: nothing would ever have read it", () => {
    expect(() => {
      class Tagged {
        @PrimaryKey() id!: number;
        @Column() static label: string;
      }
      return Tagged;
    }).toThrow(
      'Tagged.label is static, and belongs to no object: what is mapped are properties of objects. Options of the class and its table are written in @Entity("...", { ... }).',
    );
  });

  test("inspect() of a class that is not mapped names it", () => {
    class Unmapped {}
    expect(() => inspect(Unmapped)).toThrow(
      "No inspection system is available for the class Unmapped, which is not mapped: inspect() takes",
    );
  });
});
