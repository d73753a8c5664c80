/** `relinkOnFlush`: what is in memory follows what was written. */
import { describe, expect, test } from "vitest";
import {
  Column,
  inspect,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("teams")
class Team {
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Player,
    (x) => x.team,
    { passiveDeletes: true },
  )
  players!: Player[];
  @OneToOne(
    () => Home,
    (x) => x.team,
  )
  home!: Relation<Home> | null;
}

@reg.Entity("players")
class Player {
  @PrimaryKey() id!: number;
  @Column(t.integer, { nullable: true, foreignKey: "teams.id" }) teamId!: number | null;
  @ManyToOne(
    () => Team,
    (x) => x.players,
  )
  team!: Relation<Team> | null;
  @ManyToMany(
    () => Skill,
    (x) => x.players,
    { secondary: "player_skills", collectionClass: Set },
  )
  skills!: Set<Skill>;
}

@reg.Entity("homes")
class Home {
  @PrimaryKey() id!: number;
  @Column(t.integer, { nullable: true, unique: true, foreignKey: "teams.id" }) teamId!: number | null;
  @OneToOne(
    () => Team,
    (x) => x.home,
    { foreignKeys: ["teamId"] },
  )
  team!: Relation<Team> | null;
}

@reg.Entity("skills")
class Skill {
  @PrimaryKey() id!: number;
  @ManyToMany(
    () => Player,
    (x) => x.skills,
  )
  players!: Player[];
}

async function league(relinkOnFlush: boolean) {
  const store = await storeFor(reg, { expireOnCommit: false, relinkOnFlush });
  await store.Session.begin((s) => {
    const skills = new Set([make(Skill, {}), make(Skill, {})]);
    s.add(make(Team, { players: [make(Player, { skills }), make(Player, {})], home: make(Home, {}) }));
    s.add(make(Team, { players: [make(Player, {})], home: null }));
  });
  const session = store.Session();
  const [a, b] = await session
    .scalars(
      select(Team)
        .orderBy((x) => x.id)
        .options(
          selectinload(Team, (x) => x.players)
            .selectinload((x) => x.skills)
            .selectinload((x) => x.players),
          selectinload(Team, (x) => x.home).selectinload((x) => x.team),
        ),
    )
    .all();
  return { ...store, session, a, b };
}

const ids = (objects: Iterable<{ id: number }>): number[] => [...objects].map((x) => x.id);

describe("with relinkOnFlush", () => {
  test("a foreign key that was set by hand moves its object from one parent to the other, without a statement", async () => {
    const { engine, session, a, b } = await league(true);
    await using _ = session;
    const [player] = a.players;
    expect(player.team).toBe(a);
    player.teamId = b.id;
    using log = recordStatements(engine);
    await session.flush();
    expect(log.texts()).toHaveLength(1);
    expect([ids(a.players), ids(b.players), player.team === b]).toEqual([[2], [3, 1], true]);
    expect(session.dirty.size).toBe(0);
    player.teamId = null;
    await session.flush();
    expect([ids(b.players), player.team]).toEqual([[3], null]);
  });

  test("a new object with a foreign key joins its parent's collection, and a relation to one moves with it", async () => {
    const { session, a, b } = await league(true);
    await using _ = session;
    session.add(make(Player, { teamId: b.id }));
    const home = a.home as Home;
    home.teamId = b.id;
    await session.flush();
    expect(ids(b.players)).toEqual([3, 4]);
    expect([a.home, b.home === home, home.team === b]).toEqual([null, true, true]);
  });

  test("a deleted object leaves every collection that holds it, and what referred to it is empty", async () => {
    const { session, a, b } = await league(true);
    await using _ = session;
    const [player] = a.players;
    const [skill, other] = player.skills;
    await session.delete(player);
    await session.delete(other);
    await session.flush();
    expect([ids(a.players), ids(skill.players)]).toEqual([[2], []]);
    b.players[0].teamId = null;
    const [last] = b.players;
    await session.flush();
    await session.delete(b);
    await session.commit();
    expect(last.team).toBeNull();
    expect(session.dirty.size).toBe(0);
  });

  test("a parent that memory does not have is loaded when it is read", async () => {
    const { session, a } = await league(true);
    await using _ = session;
    const [player] = a.players;
    expect(player.team).toBe(a);
    session.expunge(session.has(a) ? ((await session.getOne(Team, 2)) as Team) : a);
    player.teamId = 2;
    await session.flush();
    expect(ids(a.players)).toEqual([2]);
    expect(inspect(player).attrs.team.loaded).toBe(false);
    await session.runSync(() => expect(player.team?.id).toBe(2));
  });

  test("a savepoint that is rolled back takes it back", async () => {
    const { session, a, b } = await league(true);
    await using _ = session;
    const [player] = a.players;
    await session
      .beginNested(async () => {
        player.teamId = b.id;
        await session.flush();
        expect(ids(b.players)).toEqual([3, 1]);
        throw new Error("back");
      })
      .catch(() => {});
    await session.runSync(() =>
      expect([ids(a.players), ids(b.players), player.team === a]).toEqual([[1, 2], [3], true]),
    );
  });

  test("changes along relationships stay what they are", async () => {
    const { session, a, b } = await league(true);
    await using _ = session;
    b.players.push(a.players[0]);
    await session.flush();
    expect([ids(a.players), ids(b.players)]).toEqual([[2], [3, 1]]);
  });
});

test("without it, memory keeps what it has until it expires", async () => {
  const { session, a, b } = await league(false);
  await using _ = session;
  const [player] = a.players;
  expect(player.team).toBe(a);
  player.teamId = b.id;
  await session.flush();
  expect([ids(a.players), ids(b.players), player.team === a]).toEqual([[1, 2], [3], true]);
});
