/** An expired or refreshed object comes back with its joined relationships, in one statement. */
import { describe, expect, test } from "vitest";
import {
  attrs,
  awaitable,
  Column,
  containsEager,
  joinedload,
  loadOnly,
  ManyToOne,
  ObjectDeletedError,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("teams")
class Team {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @Column(t.text, { nullable: true, deferred: true }) story!: string | null;
  @ManyToOne(() => Club, { lazy: "joined" }) club!: Relation<Club> | null;
  @OneToMany(
    () => Player,
    (p) => p.team,
    { lazy: "joined", orderBy: "id" },
  )
  players!: Player[];
  @OneToMany(
    () => Fan,
    (f) => f.team,
    { lazy: "selectin", orderBy: "id" },
  )
  fans!: Fan[];
}

@reg.Entity("clubs")
class Club {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @Column(t.text, { nullable: true, deferred: true, group: "texts" }) motto!: string | null;
  @Column(t.text, { nullable: true, deferred: true, group: "texts" }) song!: string | null;
}

@reg.Entity("players")
class Player {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @ManyToOne(
    () => Team,
    (x) => x.players,
  )
  team!: Relation<Team> | null;
  @OneToMany(
    () => Goal,
    (g) => g.player,
  )
  goals!: Goal[];
}

@reg.Entity("goals")
class Goal {
  @PrimaryKey() id!: number;
  @Column(t.integer) minute!: number;
  @ManyToOne(
    () => Player,
    (p) => p.goals,
  )
  player!: Relation<Player> | null;
}

@reg.Entity("fans")
class Fan {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @ManyToOne(
    () => Team,
    (x) => x.fans,
  )
  team!: Relation<Team> | null;
}

async function filled() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    s.add(
      make(Team, {
        name: "Reds",
        story: "long",
        club: make(Club, { name: "FC", motto: "m", song: "s" }),
        players: [make(Player, { name: "a", goals: [make(Goal, { minute: 3 })] }), make(Player, { name: "b" })],
        fans: [make(Fan, { name: "f" })],
      }),
    );
  });
  return { ...store, log: recordStatements(store.engine) };
}

const DOWN = (team: Team) => [
  team.name,
  team.club?.name,
  team.players.map((p) => p.name),
  team.fans.map((f) => f.name),
];
const ALL = ["Reds", "FC", ["a", "b"], ["f"]];

describe("an expired object", () => {
  test("[QR-12] comes back with all that the mapping joins in ONE statement, and one more for each select-in", async () => {
    const { Session, log } = await filled();
    await using session = Session();
    const team = await session.getOne(Team, 1);
    await session.commit();
    log.reset();
    await session.runSync(() => {
      expect(team.name).toBe("Reds");
      expect(log.count()).toBe(2);
      expect(DOWN(team)).toEqual(ALL);
    });
    expect(log.count()).toBe(2);
    expect(log.texts()[0]).toMatch(/LEFT OUTER JOIN clubs.* LEFT OUTER JOIN players/s);
  });

  test("is refreshed in the same way, by refresh and by get", async () => {
    const { Session, log } = await filled();
    await using session = Session();
    const team = await session.getOne(Team, 1);
    team.name = "changed";
    log.reset();
    await session.noAutoflush((s) => s.refresh(team));
    expect(log.count("SELECT")).toBe(2);
    expect(DOWN(team)).toEqual(ALL);
    session.expire(team);
    log.reset();
    expect(await session.get(Team, 1)).toBe(team);
    expect(log.count()).toBe(2);
    expect(DOWN(team)).toEqual(ALL);
  });

  test("keeps what was set since it expired", async () => {
    const { Session } = await filled();
    await using session = Session();
    const team = await session.getOne(Team, 1);
    await session.commit();
    const other = make(Club, { name: "other" });
    team.name = "mine";
    team.club = other;
    await session.noAutoflush((s) => s.runSync(() => expect(team.players).toHaveLength(2)));
    expect([team.name, team.club.name]).toEqual(["mine", "other"]);
    await session.commit();
    expect(await session.scalar(text("select name from teams"))).toBe("mine");
  });

  test("[QR-14] has the eager relationships of the statement that loaded it again; what that statement joined by hand is left to the mapping", async () => {
    const { Session, log } = await filled();
    await using session = Session();
    const player = await session
      .scalars(
        select(Player)
          .where((p) => p.id.eq(1))
          .options(
            joinedload(Player, (p) => p.goals),
            joinedload(Player, (p) => p.team),
          ),
      )
      .unique()
      .one();
    session.expire(player);
    log.reset();
    await session.refresh(player);
    // The team was there already, so nothing of it is asked for again.
    expect(log.count()).toBe(1);
    expect(player.goals.map((g) => g.minute)).toEqual([3]);
    expect(player.team?.name).toBe("Reds");

    await session.close(); // PGlite has one connection
    await using second = Session();
    const p = attrs(Player);
    const scorer = await second
      .scalars(
        select(Player)
          .join(p.goals)
          .options(
            containsEager(p.goals),
            selectinload(Player, (x) => x.team),
          ),
      )
      .unique()
      .one();
    await second.refresh(scorer);
    expect(scorer.team?.name).toBe("Reds");
    await second.runSync(() => expect(scorer.goals).toHaveLength(1));
  });

  test("is whole again although the statement had asked for few columns; deferred ones stay deferred until they are read", async () => {
    const { Session, log } = await filled();
    await using session = Session();
    const team = await session
      .scalars(select(Team).options(loadOnly(Team, (x) => x.id)))
      .unique()
      .one();
    session.expire(team);
    log.reset();
    await session.runSync(() => {
      expect((team as Team).story).toBe("long");
      expect(DOWN(team as Team)).toEqual(ALL);
    });
    expect(log.count()).toBe(3);
  });

  test("whose row is gone says so", async () => {
    const { Session } = await filled();
    await using session = Session();
    const club = await session.getOne(Club, 1);
    const team = await session.getOne(Team, 1);
    await session.commit();
    await session.execute(text("update players set team_id = null"));
    await session.execute(text("update fans set team_id = null"));
    await session.execute(text("delete from teams"));
    await expect(session.runSync(() => team.name)).rejects.toThrow(ObjectDeletedError);
    expect(await session.get(Team, 1)).toBeNull();
    await expect(session.refresh(club)).resolves.toBeUndefined();
  });
});

describe("a part of an object that is read again", () => {
  test("relationships that are joined come with the columns named beside them, in ONE statement", async () => {
    const { Session, log } = await filled();
    await using session = Session();
    const team = await session.getOne(Team, 1);
    await session.execute(text("update teams set name = 'Blues'"));
    await session.execute(text("update clubs set name = 'AC'"));
    await session.execute(text("insert into players (name, team_id) values ('c', 1)"));
    log.reset();
    await session.refresh(team, ["players"]);
    expect(log.count("SELECT")).toBe(1);
    expect(log.texts()[0]).not.toMatch(/clubs|story|teams\.name/);
    expect(DOWN(team)).toEqual(["Reds", "FC", ["a", "b", "c"], ["f"]]);
    log.reset();
    await session.refresh(team, ["name", "story", "players", "club", "fans"]);
    // What is selected in comes with a statement of its own; the club was there already, and stays as it is.
    expect(log.count("SELECT")).toBe(2);
    expect([...DOWN(team), team.story]).toEqual(["Blues", "FC", ["a", "b", "c"], ["f"], "long"]);
    expect([...session.dirty]).toEqual([]);
  });

  test("so it is where the statement that loaded the object said that they are joined, and with what hangs on them", async () => {
    const { Session, log } = await filled();
    await using session = Session();
    const goals = joinedload(Player, (p) => p.team).joinedload((x) => x.fans);
    const player = await session
      .scalars(
        select(Player)
          .where((p) => p.id.eq(1))
          .options(goals, joinedload(attrs(Player).goals.and((g) => g.minute.gt(5)))),
      )
      .unique()
      .one();
    expect(player.goals).toEqual([]);
    log.reset();
    await session.refresh(player, ["team", "goals"]);
    expect(log.count("SELECT")).toBe(1);
    // Asked for by name, the collection is whole.
    expect([player.team?.fans.length, player.goals.map((g) => g.minute)]).toEqual([1, [3]]);
  });

  test("leaves what has expired beside it for when it is read, with what is eager then", async () => {
    const { Session, log } = await filled();
    await using session = Session();
    const team = await session.getOne(Team, 1);
    session.expire(team);
    log.reset();
    await session.refresh(team, ["players"]);
    expect([log.count(), team.players.length]).toEqual([1, 2]);
    expect(() => team.name).toThrow(/was expired/);
    log.reset();
    expect(await awaitable(team).name).toBe("Reds");
    expect(DOWN(team)).toEqual(ALL);
    expect(log.count()).toBe(2);
  });

  test("a deferred column of an expired object takes ONE statement, and its group comes with it", async () => {
    const { Session, log } = await filled();
    await using session = Session();
    const [team, club] = [await session.getOne(Team, 1), await session.getOne(Club, 1)];
    await session.commit();
    log.reset();
    expect(await awaitable(team).story).toBe("long");
    expect(log.texts()).toEqual([expect.stringMatching(/^SELECT teams\.story FROM teams WHERE/)]);
    expect(() => team.name).toThrow(/was expired/);
    // Where nothing is eager, the rest comes along.
    log.reset();
    expect(await awaitable(club).motto).toBe("m");
    expect([club.name, club.song, log.count()]).toEqual(["FC", "s", 1]);
  });

  test("is refused where the row is gone", async () => {
    const { Session } = await filled();
    await using session = Session();
    const team = await session.getOne(Team, 1);
    for (const table of ["players", "fans"]) await session.execute(text(`update ${table} set team_id = null`));
    await session.execute(text("delete from teams"));
    await expect(session.refresh(team, ["players"])).rejects.toThrow("Could not refresh Team(1): its row is gone.");
    session.expire(team);
    await expect(awaitable(team).story).rejects.toThrow(ObjectDeletedError);
  });

  test("a lock is on the row alone, with what is joined read behind it", async () => {
    const { Session, log } = await filled();
    await using session = Session();
    const team = await session.getOne(Team, 1);
    log.reset();
    await session.refresh(team, ["name", "players"], { withForUpdate: true });
    expect([DOWN(team), log.count("SELECT")]).toEqual([ALL, 2]);
  });
});
