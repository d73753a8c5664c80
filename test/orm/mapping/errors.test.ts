import { describe, expect, test } from "vitest";
import {
  AmbiguousForeignKeysError,
  ArgumentError,
  Column,
  Entity,
  ManyToMany,
  ManyToOne,
  MapperConfigurationError,
  NoForeignKeysError,
  OneToMany,
  OneToOne,
  PrimaryKey,
  type Registry,
  type Relation,
  registry,
  select,
  t,
} from "../../../src/index.js";
import { make } from "../support.js";

/** The error that a registry's configuration gives, whatever the first use. */
function failureOf(own: Registry): Error {
  try {
    own.configure();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing failed");
}

describe("[MS-24] a fault of a mapping names class, property and mend", () => {
  test("no primary key", () => {
    const own = registry();
    expect(() => {
      @own.Entity("users")
      class User {
        @Column(t.text) name!: string;
      }
      void User;
    }).toThrow(/^User has no primary key: mark the property that identifies a row with @PrimaryKey\(\)\.$/);
  });

  test("rows that are left to the database, and deleted", () => {
    const own = registry();
    @own.Entity("shops")
    class Shop {
      @PrimaryKey() id!: number;
      @OneToMany(() => Sale, { passiveDeletes: "all", cascade: ["all"] }) sales!: Sale[];
    }
    @own.Entity("sales")
    class Sale {
      @PrimaryKey() id!: number;
      @Column({ foreignKey: "shops.id" }) shopId!: number;
    }
    void [Shop, Sale];
    expect(failureOf(own)).toEqual(
      new ArgumentError(
        'Shop.sales: passiveDeletes: "all" leaves the rows of a deleted object\'s members to the database altogether, and the cascade "delete" deletes them. ' +
          "Write passiveDeletes: true, which deletes what is loaded and leaves the rest to the database, or take the cascade away.",
      ),
    );
  });

  test("a missing type: a union", () => {
    const declare = () => {
      @(registry().Entity("users", { primaryKey: ["nick"] }))
      class User {
        @Column() nick!: string | null;
      }
      void User;
    };
    expect(declare).toThrow(MapperConfigurationError);
    expect(declare).toThrow(
      /^User\.nick: the type of the column cannot be inferred: its type is a union, an interface or a type alias, of which nothing is left at run time\. Give it in the decorator, for example @Column\(t\.string\(50\)\) or @Column\(t\.integer\)\.$/,
    );
  });

  test("a missing type: a class that no column type stands for", () => {
    expect(() => {
      @(registry().Entity("users", { primaryKey: ["where"] }))
      class User {
        @Column() where!: URL;
      }
      void User;
    }).toThrow(/^User\.where: the type of the column cannot be inferred: there is no column type for URL\./);
  });

  test("a missing type: the compiler emitted none", () => {
    const mapped = (decorate: (target: object, property: string) => void, name: string) => () => {
      class User {}
      decorate(User.prototype, name);
      registry().Entity("users")(User);
    };
    expect(mapped(Column({ primaryKey: true }), "name")).toThrow(
      /^User\.name: the type of the column cannot be inferred: the compiler emitted no type for it \("emitDecoratorMetadata" is off, or the loader, such as tsx or esbuild, does not support it\)\./,
    );
    expect(mapped(PrimaryKey(), "id")).toThrow(/for example @PrimaryKey\(t\.string\(50\)\)/);
  });

  test("an unknown target: the thunk gives nothing", () => {
    const own = registry();
    @own.Entity("posts")
    class Post {
      @PrimaryKey() id!: number;
      @ManyToOne(() => undefined as never) author!: object | null;
    }
    void Post;
    const error = failureOf(own);
    expect(error).toBeInstanceOf(MapperConfigurationError);
    expect(error.message).toBe(
      "Post.author: its target is undefined and not a class. In files that import each other a class may not be there yet: " +
        "write a thunk, () => Target, and make sure that the module that defines the target is imported before mappings are first used.",
    );
  });

  test("[RB-08] an unknown target: the thunk throws, as a class that is not there yet does", () => {
    const own = registry();
    @own.Entity("posts")
    class Post {
      @PrimaryKey() id!: number;
      @ManyToOne(() => {
        throw new ReferenceError("Cannot access 'User' before initialization");
      })
      author!: object | null;
    }
    void Post;
    expect(failureOf(own).message).toMatch(
      /^Post\.author: its target could not be found \(Cannot access 'User' before initialization\)\. .*must be imported by then\.$/,
    );
  });

  test("an unknown target: a class that is not mapped", () => {
    const own = registry();
    class Stray {}
    @own.Entity("posts")
    class Post {
      @PrimaryKey() id!: number;
      @ManyToOne(() => Stray) author!: Stray | null;
    }
    void Post;
    expect(failureOf(own).message).toBe("Post.author: its target Stray is not mapped. Decorate it with @Entity().");
  });

  test("a class instead of a thunk", () => {
    class Target {}
    expect(() => ManyToOne(Target as never)).toThrow(ArgumentError);
    expect(() => ManyToOne(Target as never)).toThrow(
      /^@ManyToOne takes a thunk of the target class: @ManyToOne\(\(\) => Target\), since classes in files that import each other may not be there yet\.$/,
    );
    expect(() => OneToMany(undefined as never)).toThrow(/^@OneToMany takes a thunk/);
  });

  test("ambiguous foreign keys", () => {
    const own = registry();
    @own.Entity("users")
    class User {
      @PrimaryKey() id!: number;
      @OneToMany(() => Post) posts!: Post[];
    }
    @own.Entity("posts")
    class Post {
      @PrimaryKey() id!: number;
      @Column({ foreignKey: "users.id" }) authorId!: number;
      @Column({ foreignKey: "users.id" }) editorId!: number;
    }
    void User;
    const error = failureOf(own);
    expect(error).toBeInstanceOf(AmbiguousForeignKeysError);
    expect(error.message).toBe(
      "User.posts: there are several foreign keys between User (users) and Post (posts): posts.author_id; posts.editor_id. " +
        "Say which one is meant in foreignKeys: [...].",
    );
  });

  test("ambiguous foreign keys are told apart by foreignKeys", () => {
    const own = registry();
    @own.Entity("users")
    class User {
      @PrimaryKey() id!: number;
      @OneToMany(() => Post, { foreignKeys: ["editorId"] }) edited!: Post[];
    }
    @own.Entity("posts")
    class Post {
      @PrimaryKey() id!: number;
      @Column({ foreignKey: "users.id" }) authorId!: number;
      @Column({ foreignKey: "users.id" }) editorId!: number;
    }
    expect(() => own.configure()).not.toThrow();
    expect(make(User, { edited: [new Post()] }).edited).toHaveLength(1);
  });

  test("no foreign key", () => {
    const own = registry();
    @own.Entity("users")
    class User {
      @PrimaryKey() id!: number;
      @OneToMany(() => Post) posts!: Post[];
    }
    @own.Entity("posts")
    class Post {
      @PrimaryKey() id!: number;
    }
    void User;
    const error = failureOf(own);
    expect(error).toBeInstanceOf(NoForeignKeysError);
    expect(error.message).toBe(
      "User.posts: there is no foreign key between User (users) and Post (posts) that makes it oneToMany. " +
        "Map a foreign-key column, or name it in foreignKeys: [...].",
    );
  });

  test("foreignKeys that names no column", () => {
    const own = registry();
    @own.Entity("users")
    class User {
      @PrimaryKey() id!: number;
      @OneToMany(() => Post, { foreignKeys: ["ownerId"] }) posts!: Post[];
    }
    @own.Entity("posts")
    class Post {
      @PrimaryKey() id!: number;
    }
    void User;
    expect(failureOf(own).message).toBe(
      'User.posts: foreignKeys names "ownerId", which is no attribute and no column of Post or User.',
    );
  });

  test("an other side that does not exist", () => {
    const own = registry();
    @own.Entity("users")
    class User {
      @PrimaryKey() id!: number;
    }
    @own.Entity("posts")
    class Post {
      @PrimaryKey() id!: number;
      @ManyToOne(() => User, { backPopulates: "posts" as never }) author!: Relation<User> | null;
    }
    void Post;
    expect(failureOf(own).message).toBe(
      'Post.author: its other side is said to be User.posts, but User has no attribute "posts".',
    );
  });

  test("an other side that is a column", () => {
    const own = registry();
    @own.Entity("users")
    class User {
      @PrimaryKey() id!: number;
    }
    @own.Entity("posts")
    class Post {
      @PrimaryKey() id!: number;
      @ManyToOne(
        () => User,
        (u) => u.id,
      )
      author!: Relation<User> | null;
    }
    void Post;
    expect(failureOf(own).message).toBe(
      "Post.author: its other side is said to be User.id, but that is no relationship.",
    );
  });

  test("mismatched backPopulates: a relationship to another class", () => {
    const own = registry();
    @own.Entity("users")
    class User {
      @PrimaryKey() id!: number;
      @OneToMany(
        () => Note,
        (n) => n.user,
      )
      notes!: Note[];
    }
    @own.Entity("notes")
    class Note {
      @PrimaryKey() id!: number;
      @ManyToOne(
        () => User,
        (u) => u.notes,
      )
      user!: Relation<User> | null;
    }
    @own.Entity("posts")
    class Post {
      @PrimaryKey() id!: number;
      @ManyToOne(
        () => User,
        (u) => u.notes,
      )
      author!: Relation<User> | null;
    }
    void Post;
    expect(failureOf(own).message).toBe(
      "Post.author: its other side is said to be User.notes, but that is a relationship to Note and not to Post.",
    );
  });

  test("mismatched backPopulates: two sides of one direction", () => {
    const own = registry();
    @own.Entity("a")
    class A {
      @PrimaryKey() id!: number;
      @ManyToOne(
        () => B,
        (b) => b.a,
      )
      b!: Relation<B> | null;
    }
    @own.Entity("b")
    class B {
      @PrimaryKey() id!: number;
      @ManyToOne(
        () => A,
        (a) => a.b,
      )
      a!: Relation<A> | null;
    }
    void A;
    expect(failureOf(own).message).toBe(
      "A.b and B.a are both manyToOne; the two sides of a relationship run opposite ways. " +
        "Check their decorators, or set remoteSide on the many-to-one of a self-reference.",
    );
  });

  test("a one-to-one of which neither side says that it holds the key", () => {
    const own = registry();
    @own.Entity("a")
    class A {
      @PrimaryKey() id!: number;
      @OneToOne(
        () => B,
        (b) => b.a,
      )
      b!: Relation<B> | null;
    }
    @own.Entity("b")
    class B {
      @PrimaryKey() id!: number;
      @OneToOne(
        () => A,
        (a) => a.b,
      )
      a!: Relation<A> | null;
    }
    void A;
    expect(failureOf(own).message).toBe(
      "A.b: it is not clear which side of the one-to-one holds the foreign key. Write owner: true on that side.",
    );
  });

  test("an association table without a key to one side", () => {
    const own = registry();
    @own.Entity("a")
    class A {
      @PrimaryKey() id!: number;
      @ManyToMany(() => B, { secondary: () => Link as never }) bs!: B[];
    }
    @own.Entity("b")
    class B {
      @PrimaryKey() id!: number;
    }
    @own.Entity("links")
    class Link {
      @PrimaryKey({ foreignKey: "a.id" }) aId!: number;
    }
    void A;
    expect(failureOf(own).message).toBe(
      'A.bs: the association table "links" has no foreign key to B (b). Add one, or name its columns in inverseJoinColumns: [...].',
    );
  });

  test("a standard decorator call", () => {
    const context = { kind: "class", name: "User" };
    class User {}
    const message =
      'was called as a standard decorator, but Athanor\'s are the legacy kind. Set "experimentalDecorators": true in the tsconfig.json, ' +
      'and make sure that this file is covered by its "include" (tsx, for one, applies tsconfig only to files that it includes).';
    expect(() => (Entity("users") as (c: unknown, x: unknown) => unknown)(User, context)).toThrow(`@Entity ${message}`);
    const field = { kind: "field", name: "id" };
    expect(() => (PrimaryKey() as (a: unknown, b: unknown) => void)(undefined, field)).toThrow(
      `@PrimaryKey ${message}`,
    );
    expect(() => (Column(t.text) as (a: unknown, b: unknown) => void)(undefined, field)).toThrow(`@Column ${message}`);
    expect(() => (OneToMany(() => User) as (a: unknown, b: unknown) => void)(undefined, field)).toThrow(
      `@OneToMany ${message}`,
    );
  });

  test("a property named by a symbol", () => {
    class User {}
    expect(() => Column(t.text)(User.prototype, Symbol("x"))).toThrow(
      /^User\.Symbol\(x\): a property named by a symbol cannot be mapped\.$/,
    );
  });

  test("a class that is mapped twice", () => {
    const own = registry();
    @own.Entity("users")
    class User {
      @PrimaryKey() id!: number;
    }
    expect(() => own.Entity("others")(User)).toThrow(/^User is mapped already\.$/);
  });

  test("two classes on one table name", () => {
    const own = registry();
    @own.Entity("users")
    class User {
      @PrimaryKey() id!: number;
    }
    void User;
    expect(() => {
      @own.Entity("users")
      class Other {
        @PrimaryKey() id!: number;
      }
      void Other;
    }).toThrow(/users/);
  });

  test("a version column that is not mapped", () => {
    const own = registry();
    @own.Entity("users", { versionIdCol: "versio" })
    class User {
      @PrimaryKey() id!: number;
      @Column() version!: number;
    }
    void User;
    expect(failureOf(own).message).toBe(
      'User: versionIdCol names "versio", which is no mapped column. The columns are: id, version.',
    );
  });

  test("an order of a collection by an attribute that the target has not", () => {
    const own = registry();
    @own.Entity("users")
    class User {
      @PrimaryKey() id!: number;
      @OneToMany(
        () => Post,
        (p) => p.author,
        { orderBy: "-date" },
      )
      posts!: Post[];
    }
    @own.Entity("posts")
    class Post {
      @PrimaryKey() id!: number;
      @ManyToOne(
        () => User,
        (u) => u.posts,
      )
      author!: Relation<User> | null;
    }
    void User;
    expect(failureOf(own).message).toBe(
      'User.posts: its orderBy reads "date" of Post, which is no column of it. It has: id, authorId.',
    );
  });

  test("a foreign key of text to a class with no single key", () => {
    const own = registry();
    @own.Entity("shelves")
    class Shelf {
      @PrimaryKey() a!: number;
      @PrimaryKey() b!: number;
    }
    @own.Entity("books")
    class Book {
      @PrimaryKey() id!: number;
      @Column({ foreignKey: () => Shelf }) shelf!: number;
    }
    void Book;
    expect(() => {
      own.configure();
      for (const table of own.metadata.tables.values()) for (const c of table.foreignKeyConstraints) void c.refColumns;
    }).toThrow(
      /^Book\.shelf: Shelf has a key of several columns; a foreign key names one column \("table\.column"\)\.$/,
    );
  });
});

describe("[MS-24] when faults are found", () => {
  const broken = () => {
    const own = registry();
    @own.Entity("posts")
    class Post {
      @PrimaryKey() id!: number;
      @ManyToOne(() => undefined as never) author!: object | null;
    }
    return { own, Post };
  };
  const message = /^Post\.author: its target is undefined/;

  test("by an explicit call, and by the first use of any kind", () => {
    expect(() => broken().own.configure()).toThrow(message);
    expect(() => new (broken().Post)()).toThrow(message);
    expect(() => select(broken().Post).where((p) => p.id.eq(1))).toThrow(message);
  });

  test("each later use gives the same error again, not another that follows from it", () => {
    const { own, Post } = broken();
    const first = failureOf(own);
    expect(() => new Post()).toThrow(first.message);
    expect(failureOf(own).message).toBe(first.message);
  });

  test("declaring a class needs no other class to be there", () => {
    const own = registry();
    @own.Entity("posts")
    class Post {
      @PrimaryKey() id!: number;
      @ManyToOne(() => Later) later!: Relation<Later> | null;
    }
    @own.Entity("laters")
    class Later {
      @PrimaryKey() id!: number;
    }
    expect(make(Post, { later: new Later() }).later).toBeInstanceOf(Later);
  });
});
