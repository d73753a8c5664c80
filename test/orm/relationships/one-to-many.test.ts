import { describe, expect, test } from "vitest";
import {
  Column,
  DependencyRuleError,
  IntegrityError,
  inspect,
  ManyToOne,
  ObjectDeletedError,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("teams")
class Team {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
  @OneToMany(
    () => Player,
    (p) => p.team,
    { orderBy: "-shirt" },
  )
  players!: Player[];
  @OneToMany(
    () => Fan,
    (f) => f.team,
    { passiveDeletes: true },
  )
  fans!: Fan[];
}

@reg.Entity("players")
class Player {
  @PrimaryKey() id!: number;
  @Column(t.integer) shirt!: number;
  @ManyToOne(
    () => Team,
    (x) => x.players,
  )
  team!: Relation<Team> | null;
}

@reg.Entity("fans")
class Fan {
  @PrimaryKey() id!: number;
  @ManyToOne(
    () => Team,
    (x) => x.fans,
    { nullable: false, onDelete: "CASCADE" },
  )
  team!: Relation<Team>;
}

@reg.Entity("orders")
class Order {
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Line,
    (l) => l.order,
    { orderBy: (l) => l.number },
  )
  lines!: Line[];
}

@reg.Entity("lines")
class Line {
  @PrimaryKey(t.integer, { foreignKey: "orders.id", autoincrement: false }) orderId!: number;
  @PrimaryKey(t.integer, { autoincrement: false }) number!: number;
  @ManyToOne(
    () => Order,
    (o) => o.lines,
    { foreignKeys: ["orderId"] },
  )
  order!: Relation<Order> | null;
}

async function withTeam() {
  const store = await storeFor(reg, { expireOnCommit: false });
  await store.Session.begin((s) =>
    s.add(make(Team, { name: "Reds", players: [3, 7, 5].map((shirt) => make(Player, { shirt })) })),
  );
  const session = store.Session();
  const team = await session.getOne(Team, 1);
  return { ...store, session, team };
}

describe("one to many", () => {
  test("[RB-01] a collection loads its members in the declared order", async () => {
    const { session, team } = await withTeam();
    await using _ = session;
    await session.refresh(team, ["players"]);
    expect(team.players.map((p) => p.shirt)).toEqual([7, 5, 3]);
  });

  test("[RB-01] saving the parent saves the members, keys flow from parent to child", async () => {
    const { session: opened } = await withTeam();
    await using session = opened;
    const players = [make(Player, { shirt: 1 }), make(Player, { shirt: 2 })];
    const team = make(Team, { name: "Blues", players });
    session.add(team);
    await session.flush();
    expect(players.every((p) => p.id > 0)).toBe(true);
    expect(await session.scalars(text("select team_id from players where shirt < 3")).all()).toEqual([
      team.id,
      team.id,
    ]);
    expect((players[0] as unknown as { teamId: number }).teamId).toBe(team.id);
  });

  test("a member that is removed keeps its row with a NULL key", async () => {
    const { session, team } = await withTeam();
    await using _ = session;
    await session.refresh(team, ["players"]);
    const [seven] = team.players;
    team.players.shift();
    expect(seven.team).toBeNull();
    await session.commit();
    expect(await session.scalar(text("select count(*) from players where team_id is null"))).toBe(1);
    expect(inspect(seven).state).toBe("persistent");
  });

  test("a member that moves to another parent has one UPDATE", async () => {
    const { engine, session, team } = await withTeam();
    await using _ = session;
    await session.refresh(team, ["players"]);
    const blues = make(Team, { name: "Blues", players: [] });
    session.add(blues);
    await session.flush();
    using log = recordStatements(engine);
    blues.players.push(team.players[0]);
    expect(team.players).toHaveLength(2);
    await session.flush();
    expect(log.count()).toBe(1);
    expect(log.rows("UPDATE")).toBe(1);
  });

  test("[SB-04] deleting the parent without a delete cascade sets the members' keys to NULL, loaded or not", async () => {
    for (const loaded of [true, false]) {
      const { session, team } = await withTeam();
      await using _ = session;
      if (loaded) await session.refresh(team, ["players"]);
      await session.delete(team);
      await session.commit();
      expect(await session.scalar(text("select count(*) from players where team_id is null"))).toBe(3);
    }
  });

  test("[SB-04] with passiveDeletes unloaded members are left to the database", async () => {
    const { engine, session, team } = await withTeam();
    await using _ = session;
    await session.execute(text("insert into fans (id, team_id) values (1, 1), (2, 1)"));
    using log = recordStatements(engine);
    await session.delete(team);
    await session.flush();
    expect(log.texts().some((sql) => /fans/.test(sql))).toBe(false);
    expect(await session.scalar(text("select count(*) from fans"))).toBe(0);
  });

  test("a member whose key is part of its identity cannot lose its parent: the error names both", async () => {
    const { session: opened } = await withTeam();
    await using session = opened;
    const order = make(Order, { lines: [make(Line, { number: 1 }), make(Line, { number: 2 })] });
    session.add(order);
    await session.flush();
    expect(order.lines.map((l) => l.orderId)).toEqual([order.id, order.id]);
    order.lines.pop();
    const failed = session.flush();
    await expect(failed).rejects.toThrow(DependencyRuleError);
    await expect(failed).rejects.toThrow(/Line/);
    await expect(failed).rejects.toThrow(/Line\.order/);
    await session.rollback();
  });

  test("[RB-02] a null in a required key is an IntegrityError that names the class", async () => {
    const { session: opened } = await withTeam();
    await using session = opened;
    session.add(new Fan());
    const failed = session.flush();
    await expect(failed).rejects.toThrow(IntegrityError);
    await expect(failed).rejects.toThrow(/Fan/);
    await session.rollback();
  });

  test("an append to an unloaded collection through the other side is queued, and appears once when it loads", async () => {
    const { session, team } = await withTeam();
    await using _ = session;
    const nine = make(Player, { shirt: 9, team });
    session.add(nine);
    expect(inspect(team).attrs["players"].loaded).toBe(false);
    await session.refresh(team, ["players"]);
    expect(team.players.map((p) => p.shirt)).toEqual([9, 7, 5, 3]);
    const one = make(Player, { shirt: 1, team });
    session.expire(team, ["players"]);
    await session.noAutoflush(() => session.refresh(team, ["players"]));
    expect(team.players.filter((p) => p === one).length).toBeLessThanOrEqual(1);
  });

  test("[RB-02] setting the many-to-one to null sets the key to NULL", async () => {
    const { session, team } = await withTeam();
    await using _ = session;
    const [player] = await session.scalars(select(Player).where((p) => p.shirt.eq(3))).all();
    expect(player.team).toBe(team);
    player.team = null;
    await session.commit();
    expect(await session.scalar(text("select team_id from players where shirt = 3"))).toBeNull();
  });

  test("setting the foreign-key attribute by hand is written, and the relationship follows after expiry", async () => {
    const { session } = await withTeam();
    await using _ = session;
    const blues = make(Team, { name: "Blues" });
    session.add(blues);
    await session.flush();
    const [player] = await session.scalars(select(Player).where((p) => p.shirt.eq(3))).all();
    (player as unknown as { teamId: number }).teamId = blues.id;
    await session.flush();
    await session.refresh(player);
    await session.refresh(player, ["team"]);
    expect(player.team).toBe(blues);
  });

  test("the relationship wins over the foreign-key attribute when both are set", async () => {
    const { session, team } = await withTeam();
    await using _ = session;
    const blues = make(Team, { name: "Blues" });
    session.add(blues);
    await session.flush();
    const player = make(Player, { shirt: 99, team: blues });
    (player as unknown as { teamId: number }).teamId = team.id;
    session.add(player);
    await session.flush();
    expect(await session.scalar(text("select team_id from players where shirt = 99"))).toBe(blues.id);
  });

  test("[RP-03] a primary key that changes takes its loaded and unloaded members along where the database does not", async () => {
    const own = registry();
    @own.Entity("nodes_p")
    class P {
      @PrimaryKey(t.string(10)) code!: string;
      @OneToMany(
        () => C,
        (c) => c.p,
        { passiveUpdates: true },
      )
      cs!: C[];
    }
    @own.Entity("nodes_c")
    class C {
      @PrimaryKey() id!: number;
      @ManyToOne(
        () => P,
        (p) => p.cs,
        { onUpdate: "CASCADE" },
      )
      p!: Relation<P> | null;
    }
    const { Session } = await storeFor(own, { expireOnCommit: false });
    await using session = Session();
    const p = make(P, { code: "a", cs: [new C(), new C()] });
    session.add(p);
    await session.commit();
    p.code = "b";
    await session.commit();
    expect(await session.scalars(text("select p_code from nodes_c")).all()).toEqual(["b", "b"]);
    expect(inspect(p).identity).toEqual(["b"]);
  });

  test("a member that moved to a loaded collection and was refreshed before the flush stays there", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const [red, blue] = [make(Team, { name: "red" }), make(Team, { name: "blue", players: [] })];
    const player = make(Player, { shirt: 1, team: red });
    session.addAll([player, blue]);
    await session.flush();
    player.team = blue;
    await session.refresh(player);
    expect((await session.runSync(() => player.team))?.name).toBe("blue");
  });

  test("an expired parent lends its key only if its row is there, and all of them are read with one statement", async () => {
    const { Session, engine } = await storeFor(reg);
    await using session = Session();
    const teams = ["red", "blue", "green"].map((name) => make(Team, { name }));
    session.addAll(teams);
    await session.commit();
    session.addAll(teams.map((team, i) => make(Player, { shirt: i, team })));
    using log = recordStatements(engine);
    await session.flush();
    expect(log.count("SELECT")).toBe(1);
    await session.commit();
    await session.execute(text("DELETE FROM players"));
    await session.execute(text("DELETE FROM teams WHERE name = 'red'"));
    session.add(make(Player, { shirt: 9, team: teams[0] }));
    log.reset();
    await expect(session.flush()).rejects.toThrow(ObjectDeletedError);
    expect(log.count("INSERT")).toBe(0);
  });
});
