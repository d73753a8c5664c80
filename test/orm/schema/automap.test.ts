import { describe, expect, test, vi } from "vitest";
import {
  type AsyncEngine,
  asyncSessionmaker,
  automapBase,
  Column,
  column,
  foreignKeyConstraint,
  func,
  InvalidRequestError,
  inspect,
  joinedload,
  ManyToOne,
  MetaData,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  table,
  text,
} from "../../../src/index.js";
import { databaseKind, freshDatabase } from "../../support/database.js";
import { chinook } from "./published/chinook.js";
import { load } from "./published/load.js";
import { northwind } from "./published/northwind.js";
import { pagila } from "./published/pagila.js";

async function engineWith(script: typeof chinook): Promise<AsyncEngine> {
  const { engine } = await freshDatabase();
  await load(engine, script(databaseKind()));
  return engine;
}

/** The attributes of a class, in order. */
function attributesOf(cls: abstract new () => object): string[] {
  const mapper = inspect(cls as new () => object) as { attributes: ReadonlyMap<string, unknown> };
  return [...mapper.attributes.keys()];
}

describe("automap", () => {
  test("[XM-01] keys that share a column say that they overlap, and nothing warns of them", () => {
    const metadata = new MetaData();
    const tenant = () => column(t.integer, { primaryKey: true, autoincrement: false });
    const id = () => column(t.integer, { primaryKey: true, autoincrement: false });
    table("shops", metadata, { tenant: tenant(), id: id() });
    table("buyers", metadata, { tenant: tenant(), id: id() });
    table(
      "sales",
      metadata,
      { id: id(), tenant: column(t.integer), shop_id: column(t.integer), buyer_id: column(t.integer) },
      foreignKeyConstraint(["tenant", "shop_id"], ["shops.tenant", "shops.id"]),
      foreignKeyConstraint(["tenant", "buyer_id"], ["buyers.tenant", "buyers.id"]),
    );
    const warned = vi.spyOn(process, "emitWarning").mockReturnValue();
    try {
      const base = automapBase({ metadata });
      base.prepare();
      base.registry.configure();
      expect(warned).not.toHaveBeenCalled();
      const { relations } = base.registry.declared(base.class("sales"));
      expect(relations.map((each) => [each.property, each.options.overlaps])).toEqual([
        ["shops", undefined],
        ["buyers", ["shops", "salesCollection"]],
      ]);
    } finally {
      warned.mockRestore();
    }
  });

  test("[XM-01] makes Chinook's classes with relationships both ways and many-to-many, and loads along them", async () => {
    const engine = await engineWith(chinook);
    const base = automapBase();
    await base.prepare(engine);
    expect(Object.keys(base.classes).sort()).toEqual(
      "Album,Artist,Customer,Employee,Genre,Invoice,InvoiceLine,MediaType,Playlist,Track".split(","),
    );
    interface Artist {
      ArtistId: number;
      Name: string | null;
      albumCollection: Album[];
    }
    interface Album {
      AlbumId: number;
      Title: string;
      artist: Relation<Artist> | null;
      trackCollection: Track[];
    }
    interface Track {
      Name: string;
      UnitPrice: string;
      playlistCollection: Playlist[];
      album: Relation<Album> | null;
    }
    interface Playlist {
      PlaylistId: number;
      Name: string | null;
      trackCollection: Track[];
    }
    interface Employee {
      LastName: string;
      HireDate: Date;
      reportsTo: Relation<Employee> | null;
      employeeCollection: Employee[];
      customerCollection: { FirstName: string }[];
    }
    const Artist = base.class<Artist>("Artist");
    const Playlist = base.class<Playlist>("Playlist");
    const Employee = base.class<Employee>("Employee");
    const Session = asyncSessionmaker(engine);
    await using session = Session();
    const artists = await session
      .scalars(
        select(Artist)
          .orderBy((a) => a.ArtistId)
          .options(selectinload(Artist, (a) => a.albumCollection).selectinload((a) => a.trackCollection)),
      )
      .all();
    expect(
      artists.map((a) => [a.Name, a.albumCollection.map((each) => [each.Title, each.trackCollection.length])]),
    ).toEqual([
      [
        "AC/DC",
        [
          ["For Those About To Rock", 1],
          ["Let There Be Rock", 1],
        ],
      ],
      ["Accept", [["Balls to the Wall", 1]]],
      ["Aerosmith", []],
    ]);
    expect(artists[0]?.albumCollection[0]?.artist).toBe(artists[0]);
    expect(artists[0]?.albumCollection[0]?.trackCollection[0]?.UnitPrice).toBe("0.99");
    const loud = await session
      .scalars(
        select(Playlist)
          .where((p) => p.Name.eq("Loud"))
          .options(selectinload(Playlist, (p) => p.trackCollection).joinedload((track) => track.album)),
      )
      .one();
    expect(loud.trackCollection.map((each) => each.album?.Title).sort()).toEqual([
      "Balls to the Wall",
      "Let There Be Rock",
    ]);
    const peacock = await session
      .scalars(
        select(Employee)
          .where((e) => e.LastName.eq("Peacock"))
          .options(
            joinedload(Employee, (e) => e.reportsTo),
            selectinload(Employee, (e) => e.customerCollection),
          ),
      )
      .one();
    expect([peacock.reportsTo?.LastName, peacock.customerCollection.map((each) => each.FirstName)]).toEqual([
      "Edwards",
      ["Luis"],
    ]);
    expect(peacock.HireDate).toEqual(new Date("2002-04-01T00:00:00Z"));

    const made = Object.assign(new Artist(), { ArtistId: 9, Name: "New" });
    made.albumCollection.push(Object.assign(new (base.class<Album>("Album"))(), { AlbumId: 90, Title: "First" }));
    session.add(made);
    loud.trackCollection.pop();
    await session.commit();
    expect(await engine.scalar(text('select count(*) from "Album" where "ArtistId" = 9'))).toBe(1);
    expect(await engine.scalar(text('select count(*) from "PlaylistTrack" where "PlaylistId" = 3'))).toBe(1);
    await session.delete(made);
    await session.commit();
    expect(await engine.scalar(text('select count(*) from "Album" where "AlbumId" = 90'))).toBe(0);
  });

  test("[XM-01] makes Northwind's classes: text keys, composite keys, links and self-references", async () => {
    const engine = await engineWith(northwind);
    const base = automapBase();
    await base.prepare(engine);
    expect(base.classes["employee_territories"]).toBeUndefined();
    expect(base.classes["customer_customer_demo"]).toBeUndefined();
    expect(
      attributesOf(base.classes["employees"] as never)
        .slice(-4)
        .sort(),
    ).toEqual(["employeesCollection", "ordersCollection", "reportsTo", "territoriesCollection"].sort());
    interface Order {
      order_id: number;
      customers: Relation<{ company_name: string }> | null;
      orderDetailsCollection: { quantity: number; products: Relation<{ product_name: string }> | null }[];
    }
    const Order = base.class<Order>("orders");
    await using session = asyncSessionmaker(engine)();
    const orders = await session
      .scalars(
        select(Order)
          .orderBy((o) => o.order_id)
          .options(
            joinedload(Order, (o) => o.customers),
            selectinload(Order, (o) => o.orderDetailsCollection).joinedload((d) => d.products),
          ),
      )
      .all();
    expect(
      orders.map((o) => [
        o.customers?.company_name,
        o.orderDetailsCollection.map((d) => `${d.quantity} ${d.products?.product_name}`).sort(),
      ]),
    ).toEqual([
      ["Alfreds Futterkiste", ["10 Chang", "12 Chai"]],
      ["Alfreds Futterkiste", ["5 Aniseed Syrup"]],
    ]);
    const [first] = orders;
    await session.delete(first as Order);
    await session.commit();
    expect(await engine.scalar(text("select count(*) from order_details"))).toBe(1);
  });

  test("[XM-01] [XM-02] tells two keys to one table apart and gets through a ring of keys", async () => {
    const engine = await engineWith(pagila);
    const base = automapBase();
    await base.prepare(engine);
    expect(attributesOf(base.classes["film"] as never)).toEqual(
      expect.arrayContaining([
        "language",
        "originalLanguage",
        "filmActorCollection",
        "categoryCollection",
        "inventoryCollection",
      ]),
    );
    expect(attributesOf(base.classes["language"] as never)).toEqual(
      expect.arrayContaining(["filmCollection", "filmCollectionByOriginalLanguage"]),
    );
    expect(attributesOf(base.classes["store"] as never)).toEqual(expect.arrayContaining(["staff", "staffCollection"]));
    interface Film {
      title: string;
      release_year: number;
      rating: string | null;
      language: Relation<{ name: string }> | null;
      originalLanguage: Relation<{ name: string }> | null;
      filmActorCollection: { actor: Relation<{ first_name: string }> | null }[];
      categoryCollection: { name: string }[];
    }
    const Film = base.class<Film>("film");
    await using session = asyncSessionmaker(engine)();
    const film = await session
      .scalars(
        select(Film)
          .where((f) => f.title.like("ACADEMY%"))
          .options(
            joinedload(Film, (f) => f.language),
            joinedload(Film, (f) => f.originalLanguage),
            selectinload(Film, (f) => f.filmActorCollection).joinedload((a) => a.actor),
            selectinload(Film, (f) => f.categoryCollection),
          ),
      )
      .one();
    expect([film.language?.name.trim(), film.originalLanguage?.name.trim(), film.release_year, film.rating]).toEqual([
      "English",
      "Italian",
      2006,
      "PG",
    ]);
    expect(film.filmActorCollection.map((each) => each.actor?.first_name).sort()).toEqual(["NICK", "PENELOPE"]);
    expect(film.categoryCollection.map((each) => each.name).sort()).toEqual(["Action", "Comedy"]);
    film.rating = "R";
    await session.commit();
    expect(await engine.scalar(text("select rating from film where film_id = 1"))).toBe("R");
  });

  test("[XM-02] hooks decide classes, attributes and relationships", async () => {
    const engine = await engineWith(northwind);
    const base = automapBase();
    const singular = (name: string): string => name.replace(/ies$/, "y").replace(/s$/, "");
    const pascal = (name: string): string =>
      name.replace(/(?:^|_)([a-z])/g, (_all, letter: string) => letter.toUpperCase());
    const asked: string[] = [];
    await base.prepare(engine, {
      only: (name) => name !== "us_states",
      classnameForTable: (table) => (table === "shippers" ? null : singular(pascal(table))),
      nameForColumn: (column) => column.name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase()),
      nameForScalarRelationship: (local, referred) =>
        local === referred ? "boss" : referred.name.charAt(0).toLowerCase() + referred.name.slice(1),
      nameForCollectionRelationship: (local, referred) =>
        local === referred ? "staff" : `${referred.name.charAt(0).toLowerCase()}${referred.name.slice(1)}s`,
      generateRelationship: (kind, options, attribute, local, referred) => {
        asked.push(`${local.name}.${attribute} ${kind} ${referred.name}`);
        return local.name === "Supplier" ? null : { ...options, lazy: "selectin" };
      },
    });
    expect(Object.keys(base.classes)).toContain("OrderDetail");
    expect(base.classes["Shipper"]).toBeUndefined();
    expect(asked).toContain("Employee.territorys manyToMany Territory");
    expect(asked).toContain("Employee.boss manyToOne Employee");
    const Product = base.class<{ productId: number; productName: string; category: { categoryName: string } }>(
      "Product",
    );
    expect(attributesOf(base.classes["Supplier"] as never)).not.toContain("products");
    await using session = asyncSessionmaker(engine)();
    const chai = await session.get(Product, 1);
    expect([chai?.productName, chai?.category.categoryName]).toEqual(["Chai", "Beverages"]);
    expect(() => base.class("Produkt")).toThrow(/There is no class "Produkt"; there are: .*Product/);
    expect(() => base.class("Produkt")).toThrow(InvalidRequestError);
  });

  test("[XM-02] a hook that gives a name twice is told so", async () => {
    const engine = await engineWith(northwind);
    await expect(automapBase().prepare(engine, { nameForScalarRelationship: () => "unit_price" })).rejects.toThrow(
      "order_details.unit_price: the relationship to orders would have the name of another attribute. Return another one from the naming hook.",
    );
  });

  test("[XM-02] two schemas with tables of one name do not clash", async () => {
    const { engine } = await freshDatabase();
    const key = "id integer primary key";
    if (databaseKind() === "postgresql") await engine.execute(text("create schema crm"));
    const run = async (c: Parameters<Parameters<AsyncEngine["begin"]>[0]>[0]): Promise<void> => {
      if (databaseKind() === "sqlite") await c.execDriverSql("attach ':memory:' as crm");
    };
    await using c = await engine.connect();
    await run(c as never);
    for (const statement of [
      `create table users (${key}, name text)`,
      `create table crm.users (${key}, phone text)`,
      `create table crm.notes (${key}, user_id integer references ${databaseKind() === "sqlite" ? "" : "crm."}users (id))`,
    ]) {
      await c.execDriverSql(statement);
    }
    const base = automapBase();
    await base.prepare(c);
    await base.prepare(c, { schema: "crm" });
    expect(Object.keys(base.classes).sort()).toEqual(["crm_users", "notes", "users"]);
    expect(Object.keys(base.bySchema)).toEqual(["", "crm"]);
    expect(attributesOf(base.classes["users"] as never)).toEqual(["id", "name"]);
    expect(attributesOf(base.classes["crm_users"] as never)).toEqual(["id", "phone", "notesCollection"]);
    expect(attributesOf(base.classes["notes"] as never)).toEqual(["id", "user_id", "crmUsers"]);
    await c.rollback();
  });

  test("[XM-03] completes a class written by hand, and uses the relationships that it has", async () => {
    const engine = await engineWith(chinook);
    const base = automapBase();
    const { Entity } = base;
    @Entity("Artist")
    class Artist {
      @PrimaryKey({ name: "ArtistId" }) id!: number;
      Name!: string | null;
      @OneToMany(
        () => Album,
        (album) => album.artist,
        { cascade: ["all"] },
      )
      albums!: Album[];
      get shout(): string {
        return `${this.Name}!`;
      }
    }
    @Entity("Album")
    class Album {
      @Column(t.string(160), { name: "Title" }) title!: string;
      @ManyToOne(
        () => Artist,
        (artist) => artist.albums,
        { columnName: "ArtistId" },
      )
      artist!: Relation<Artist> | null;
      trackCollection!: { Name: string; album: Album }[];
    }
    expect(() => new Artist()).toThrow(
      "Artist, Album: the columns come from the database, which was not asked yet. Call await registry.prepare(engine) first.",
    );
    await base.prepare(engine);
    expect(base.classes["Artist"]).toBe(Artist);
    expect(attributesOf(Artist)).toEqual(["id", "Name", "albums"]);
    expect(attributesOf(Album)).toEqual(["title", "AlbumId", "ArtistId", "artist", "trackCollection"]);
    await using session = asyncSessionmaker(engine)();
    const acdc = await session
      .scalars(
        select(Artist)
          .where((a) => a.id.eq(1))
          .options(selectinload(Artist, (a) => a.albums).selectinload((a) => a.trackCollection)),
      )
      .one();
    expect(acdc.albums.map((each) => [each.title, each.trackCollection[0]?.album === each])).toEqual([
      ["For Those About To Rock", true],
      ["Let There Be Rock", true],
    ]);
  });

  test("automap takes tables that the metadata has already, without a database", async () => {
    const engine = await engineWith(northwind);
    const metadata = new MetaData();
    await metadata.reflect(engine, { only: ["products"] });
    const base = automapBase({ metadata });
    base.prepare();
    expect(Object.keys(base.classes).sort()).toEqual(["categories", "products", "suppliers"]);
    await using session = asyncSessionmaker(engine)();
    const Product = base.class<{ product_id: number }>("products");
    expect(await session.scalar(select(func.count()).selectFrom(Product))).toBe(3);
  });
});

describe("deferred reflection", () => {
  test("[MS-17] classes declare what differs, and the rest of the columns comes in one prepare call", async () => {
    const engine = await engineWith(northwind);
    const deferred = registry({ deferReflection: true });
    const { Entity } = deferred;
    @Entity("products")
    class Product {
      productId!: number;
      @Column(t.string(40), { name: "product_name" }) name!: string;
      discontinued!: number;
      @ManyToOne(
        () => Category,
        (c) => c.products,
        { columnName: "category_id" },
      )
      category!: Relation<Category> | null;
    }
    @Entity("categories")
    class Category {
      categoryId!: number;
      categoryName!: string;
      @OneToMany(
        () => Product,
        (p) => p.category,
      )
      products!: Product[];
    }
    expect(() => select(Product).where((p) => p.name.eq("x"))).toThrow(InvalidRequestError);
    await deferred.prepare(engine);
    await using session = asyncSessionmaker(engine)();
    const drinks = await session
      .scalars(
        select(Category)
          .where((c) => c.categoryName.eq("Beverages"))
          .options(selectinload(Category, (c) => c.products)),
      )
      .one();
    expect(drinks.products.map((p) => [p.productId, p.name, p.discontinued]).sort()).toEqual([
      [1, "Chai", 1],
      [2, "Chang", 0],
    ]);
    expect(deferred.metadata.tables.get("products")?.column("unit_price").type.family).toBe("float");
    await session.close(); // PGlite has one connection

    const missing = registry({ deferReflection: true });
    @missing.Entity("produkts")
    class Produkt {
      id!: number;
    }
    void Produkt;
    await expect(missing.prepare(engine)).rejects.toThrow('Could not reflect: the database has no "produkts".');
  });
});
