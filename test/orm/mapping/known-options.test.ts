/** What only the compiler would tell: options that there are not, values of another kind, names that a table has not. Each is refused at run time too, by class. */
import { describe, expect, test } from "vitest";
import {
  CheckConstraint,
  Column,
  column,
  Index,
  inspect,
  ManyToOne,
  MetaData,
  OneToMany,
  PrimaryKey,
  type Registry,
  type Relation,
  registry,
  relationship,
  t,
  table,
  UniqueConstraint,
} from "../../../src/index.js";

/** Maps a class with options that its compiler would refuse. */
function mapped(options: object, own: Registry = registry()): void {
  @own.Entity("users", options)
  class User {
    @PrimaryKey() id!: number;
    @Column() name!: string;
  }
  own.configure();
  void User;
}

describe("options of a class", () => {
  test("that there are not name those that there are, or the one that is meant", () => {
    expect(() => mapped({ table_name: "u" })).toThrow(
      'User: @Entity knows no option "table_name". It is written tableName.',
    );
    expect(() => mapped({ orderBy: { id: "ASC" } })).toThrow(
      /^User: @Entity knows no option "orderBy"\. It knows info, construct, polymorphicOn, .*tableCls\.$/,
    );
    class Plain {}
    const own = registry();
    const plain = table("plain", own.metadata, { id: column(t.integer, { primaryKey: true }) });
    expect(() => own.mapImperatively(Plain, plain, { relationships: {} } as never)).toThrow(
      /^Plain: mapImperatively\(\) knows no option "relationships"\. It knows .*properties, inherits\.$/,
    );
  });

  test.each([
    [{ polymorphicLoad: "joined" }, 'User: polymorphicLoad is "inline" or "selectin", not "joined".'],
    [{ construct: "yes" }, 'User: construct is true or false, not "yes".'],
    [{ eagerDefaults: "always" }, 'User: eagerDefaults is true or false or "auto", not "always".'],
    [{ versionIdGenerator: true }, "User: versionIdGenerator is a function or false, not true."],
    [{ withPolymorphic: [class Other {}] }, /^User: withPolymorphic is "\*" or a list of thunks of classes/],
    [{ excludeProperties: "name" }, 'User: excludeProperties is a list of names or a function, not "name".'],
    [{ schema: 5 }, "User: schema is text, not 5."],
  ])("whose value is of another kind: %o", (options, message) => {
    expect(() => mapped(options)).toThrow(message);
  });

  test("that are said of a table are refused where a class has none of its own", () => {
    const own = registry();
    @own.Entity("staff", { polymorphicOn: "kind", polymorphicIdentity: "staff" })
    class Staff {
      @PrimaryKey() id!: number;
      @Column() kind!: string;
    }
    for (const options of [{ schema: "hr" }, { comment: "Managers" }])
      expect(() => {
        @own.Entity({ polymorphicIdentity: "manager", ...options })
        class Manager extends Staff {}
        void Manager;
      }).toThrow(
        new RegExp(
          `^Manager shares the table of Staff, and ${Object.keys(options)[0]} is said of a table by the class that has it\\. Say it on Staff, or`,
        ),
      );
  });
});

describe("options of a property", () => {
  test("that there are not, or whose value is of another kind, name class and property", () => {
    const declared = (options: object): void => {
      const own = registry();
      @own.Entity("users")
      class User {
        @PrimaryKey() id!: number;
        @Column(t.text, options) name!: string;
      }
      void User;
    };
    expect(() => declared({ default_: 1 })).toThrow(
      /^User\.name: a column knows no option "default_"\. It is written default\.$/,
    );
    expect(() => declared({ length: 5 })).toThrow(
      /^User\.name: a column knows no option "length"\. It knows name, primaryKey/,
    );
    expect(() => declared({ type: "varchar" })).toThrow(
      "User.name: the type of a column is its decorator's first argument: @Column(t.string(50), { ... }).",
    );
    expect(() => declared({ nullable: "no" })).toThrow('User.name: nullable is true or false, not "no".');
    expect(() => {
      class User {
        @Column("varchar" as never) name!: string;
      }
      void User;
    }).toThrow('User.name: @Column takes one of t.* and an object of options, not "varchar".');
  });

  test("a relationship's too, however it is declared", () => {
    const own = registry();
    expect(() => {
      @own.Entity("posts")
      class Post {
        @PrimaryKey() id!: number;
        @ManyToOne(() => Post, { eager: true } as never) parent!: Relation<Post> | null;
      }
      void Post;
    }).toThrow(/^Post\.parent: a relationship knows no option "eager"\. It knows backPopulates, cascade, /);
    class Foo {}
    const foos = table("foos", own.metadata, { id: column(t.integer, { primaryKey: true }) });
    const foo = relationship(() => Foo, { passiveDeletes: "always" } as never);
    expect(() => own.mapImperatively(Foo, foos, { properties: { foo } })).toThrow(
      'Foo.foo: passiveDeletes is true or false or "all", not "always".',
    );
  });
});

describe("tableArgs", () => {
  test("name columns that there are, those that relationships make among them", () => {
    const args = (tableArgs: readonly unknown[] | (() => readonly unknown[])) => {
      const own = registry();
      @own.Entity("authors")
      class Author {
        @PrimaryKey() id!: number;
      }
      @own.Entity("books", { tableArgs })
      class Book {
        @PrimaryKey() id!: number;
        @Column() title!: string;
        @ManyToOne(() => Author) author!: Relation<Author> | null;
      }
      own.configure();
      return inspect(Book).table.indexes.length;
    };
    expect(args([new Index("ix_books", ["author_id", "title"]), new UniqueConstraint(["author_id"])])).toBe(1);
    expect(args([new CheckConstraint("length(title) > 1")])).toBe(0);
    const has = 'table books has no column "titel"; it has: id, title, author_id.';
    expect(() => args([new Index("ix_books", ["titel"])])).toThrow(`Book: its tableArgs: index ix_books: ${has}`);
    expect(() => args(() => [new UniqueConstraint(["titel"], { name: "uq_books" })])).toThrow(
      `Book: its tableArgs: unique constraint uq_books: ${has}`,
    );
    expect(() => args([new Index("ix_books", [undefined as never])])).toThrow(
      "index ix_books: undefined is no column and no name of one.",
    );
  });

  test("so do the constraints of table()", () => {
    const own = new MetaData();
    const make = (name: string, item: Index | UniqueConstraint) => () =>
      table(name, own, { id: column(t.integer, { primaryKey: true }) }, item);
    expect(make("a", new UniqueConstraint(["no"]))).toThrow(
      'unique constraint: table a has no column "no"; it has: id.',
    );
    expect(make("b", new Index("ix_b", ["no"]))).toThrow('index ix_b: table b has no column "no"; it has: id.');
  });
});

test("a many-to-one makes a key of its own where the only one to its target is, by its name, that of another", () => {
  const own = registry();
  @own.Entity("people")
  class Person {
    @PrimaryKey() id!: number;
    @OneToMany(
      () => Letter,
      (letter) => letter.writer,
    )
    letters!: Letter[];
  }
  @own.Entity("letters")
  class Letter {
    @PrimaryKey() id!: number;
    @Column({ foreignKey: "people.id" }) senderId!: number;
    @ManyToOne(() => Person) editor!: Relation<Person> | null;
    @ManyToOne(() => Person) sender!: Relation<Person> | null;
    @ManyToOne(
      () => Person,
      (person) => person.letters,
      { overlaps: "sender" },
    )
    writer!: Relation<Person> | null;
  }
  const keys = inspect(Letter).relationships.map(({ key, join }) => [key, join.pairs[0].local.name]);
  expect(Object.fromEntries(keys)).toEqual({ editor: "editor_id", sender: "sender_id", writer: "sender_id" });
});
