/** Every query of a session with a condition of the application's. SQLAlchemy: `examples/extending_query`. */
import { describe, expect, test } from "vitest";
import {
  attrs,
  Column,
  event,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  UserDefinedOption,
  withLoaderCriteria,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

abstract class Published {
  @Column(t.boolean, { default: false }) isPublic!: boolean;
  @Column(t.integer, { default: 0 }) year!: number;
}

@reg.Entity("album_owners")
class AlbumOwner extends Published {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @OneToMany(
    () => Album,
    (a) => a.owner,
    { orderBy: "id" },
  )
  albums!: Album[];
}

@reg.Entity("albums")
class Album extends Published {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) title!: string;
  @ManyToOne(
    () => AlbumOwner,
    (o) => o.albums,
  )
  owner!: Relation<AlbumOwner> | null;
}

/** Says of one statement that it sees everything. */
class IncludePrivate extends UserDefinedOption {}

async function albums() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    const album = (title: string, isPublic: boolean, year: number) => make(Album, { title, isPublic, year });
    s.addAll([
      make(AlbumOwner, {
        name: "a",
        isPublic: true,
        year: 2000,
        albums: [album("x", true, 2001), album("y", false, 2009)],
      }),
      make(AlbumOwner, { name: "b", isPublic: false, year: 2010, albums: [album("z", true, 2011)] }),
    ]);
  });
  return store;
}

describe("extending queries", () => {
  test("[EX-03] only what is public is seen, also along relationships, unless a statement says so", async () => {
    const { Session } = await albums();
    event.listen(Session, "doOrmExecute", (state) => {
      if (!state.isSelect || state.isColumnLoad || state.userDefinedOptions.some((o) => o instanceof IncludePrivate))
        return;
      state.addOptions(withLoaderCriteria(Published, (x) => x.isPublic.eq(true), { includeAliases: true }));
    });
    await using session = Session();
    const statement = select(AlbumOwner)
      .options(selectinload(AlbumOwner, (o) => o.albums))
      .orderBy(attrs(AlbumOwner).id);
    const seen = async (all = false) => {
      session.expungeAll();
      const owners = await session.scalars(all ? statement.options(new IncludePrivate("all")) : statement).all();
      return owners.map((owner) => [owner.name, owner.albums.map((album) => album.title)]);
    };
    expect(await seen()).toEqual([["a", ["x"]]]);
    const everything = await session
      .scalars(select(attrs(Album).title).options(new IncludePrivate("all")).orderBy(attrs(Album).id))
      .all();
    expect(everything).toEqual(["x", "y", "z"]);
  });

  test("[EX-03] a range of time for one statement and all that it loads, by a mixin and a closure", async () => {
    const { Session } = await albums();
    const within = (from: number, to: number) =>
      withLoaderCriteria(Published, (x) => x.year.between(from, to), { includeAliases: true });
    await using session = Session();
    const early = await session
      .scalars(
        select(AlbumOwner).options(
          within(2000, 2005),
          selectinload(AlbumOwner, (o) => o.albums),
        ),
      )
      .all();
    expect(early.map((owner) => [owner.name, owner.albums.map((album) => album.title)])).toEqual([["a", ["x"]]]);
    await session.close();
    await using second = Session();
    const late = await second
      .scalars(
        select(AlbumOwner).options(
          within(2006, 2020),
          selectinload(AlbumOwner, (o) => o.albums),
        ),
      )
      .all();
    expect(late.map((owner) => [owner.name, owner.albums.map((album) => album.title)])).toEqual([["b", ["z"]]]);
  });
});
