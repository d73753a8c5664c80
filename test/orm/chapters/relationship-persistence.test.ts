/** The chapters "Special relationship persistence patterns" and "Cascades" of SQLAlchemy's ORM documentation, on both databases. What other files show is not repeated. */
import { describe, expect, test } from "vitest";
import {
  awaitable,
  CircularDependencyError,
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
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const widgets = registry();

@widgets.Entity("widgets")
class Widget {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @Column({ foreignKey: () => Entry, nullable: true, foreignKeyOptions: { useAlter: true, name: "fk_favorite_entry" } })
  favoriteEntryId!: number | null;
  @OneToMany(
    () => Entry,
    (e) => e.widget,
    { foreignKeys: ["widgetId"], orderBy: "id" },
  )
  entries!: Entry[];
  @ManyToOne(() => Entry, { foreignKeys: ["favoriteEntryId"], postUpdate: true })
  favoriteEntry!: Relation<Entry> | null;
}

@widgets.Entity("entries")
class Entry {
  @PrimaryKey() id!: number;
  @Column({ foreignKey: () => Widget }) widgetId!: number;
  @ManyToOne(
    () => Widget,
    (w) => w.entries,
    { foreignKeys: ["widgetId"] },
  )
  widget!: Relation<Widget> | null;
}

describe("rows that point at each other", () => {
  test("[RP-01] are both inserted, then one is updated; and deleted the other way round", async () => {
    const { Session, engine } = await storeFor(widgets, { expireOnCommit: false });
    await using session = Session();
    const first = new Entry();
    const widget = make(Widget, { name: "w", entries: [first, new Entry()], favoriteEntry: first });
    using log = recordStatements(engine);
    session.add(widget);
    await session.commit();
    expect(log.statements.map((s) => s.verb)).toEqual(["INSERT", "INSERT", "UPDATE"]);
    expect(await session.scalar(text("select favorite_entry_id from widgets"))).toBe(first.id);
    log.reset();
    for (const entry of widget.entries) await session.delete(entry);
    await session.delete(widget);
    await session.commit();
    expect(log.statements.map((s) => s.verb).filter((verb) => verb !== "SELECT")).toEqual([
      "UPDATE",
      "DELETE",
      "DELETE",
    ]);
  });

  test("[RP-02] without postUpdate the error names the rows and the option", async () => {
    const own = registry();
    @own.Entity("ping")
    class Ping {
      @PrimaryKey() id!: number;
      @Column({ foreignKey: () => Pong, nullable: true, foreignKeyOptions: { useAlter: true, name: "fk_ping_pong" } })
      pongId!: number | null;
      @ManyToOne(() => Pong, { foreignKeys: ["pongId"] }) pong!: Relation<Pong> | null;
    }
    @own.Entity("pong")
    class Pong {
      @PrimaryKey() id!: number;
      @Column({ foreignKey: () => Ping, nullable: true }) pingId!: number | null;
      @ManyToOne(() => Ping, { foreignKeys: ["pingId"] }) ping!: Relation<Ping> | null;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    const ping = new Ping();
    ping.pong = make(Pong, { ping });
    session.add(ping);
    const failure = session.flush();
    await expect(failure).rejects.toThrow(CircularDependencyError);
    await expect(failure).rejects.toThrow(/Ping.*Pong.*postUpdate: true/s);
  });
});

describe("a row that points at itself", () => {
  test("[RP-01] is inserted and then updated with its own key, by postUpdate; and taken back before it is deleted", async () => {
    const own = registry();
    @own.Entity("self_nodes")
    class Node {
      @PrimaryKey() id!: number;
      @ManyToOne(() => Node, { columnName: "related_node_id", postUpdate: true }) related!: Relation<Node> | null;
    }
    const { Session, engine } = await storeFor(own);
    await using session = Session();
    const node = new Node();
    node.related = node;
    session.add(node);
    using log = recordStatements(engine);
    await session.commit();
    expect(log.statements.map((s) => s.verb)).toEqual(["INSERT", "UPDATE"]);
    expect(await session.execute(text("select id, related_node_id from self_nodes")).one()).toEqual([1, 1]);
    expect(await awaitable(node).related).toBe(node);
    await session.delete(node);
    await session.commit();
    expect(await session.scalar(text("select count(*) from self_nodes"))).toBe(0);
  });
});

describe("a primary key that changes", () => {
  const map = (passiveUpdates: boolean) => {
    const own = registry();
    @own.Entity("pk_users")
    class User {
      @PrimaryKey(t.string(20)) username!: string;
      @Column(t.string(20)) fullname!: string;
      @OneToMany(
        () => Address,
        (a) => a.user,
        { passiveUpdates },
      )
      addresses!: Address[];
    }
    @own.Entity("pk_addresses")
    class Address {
      @PrimaryKey(t.string(20)) email!: string;
      @ManyToOne(
        () => User,
        (u) => u.addresses,
        {
          passiveUpdates,
          ...(passiveUpdates ? { onUpdate: "CASCADE" as const } : { deferrable: true, initially: "DEFERRED" as const }),
        },
      )
      user!: Relation<User> | null;
    }
    return { own, User, Address };
  };

  test.each([true, false])(
    "[RP-03] reaches the members by the database or, where it cannot, by the unit of work: passiveUpdates %s",
    async (passive) => {
      const { own, User, Address } = map(passive);
      const { Session, engine } = await storeFor(own);
      await Session.begin((s) => {
        s.add(
          make(User, {
            username: "jack",
            fullname: "j",
            addresses: [make(Address, { email: "a" }), make(Address, { email: "b" })],
          }),
        );
      });
      await using session = Session();
      const jack = await session.getOne(User, "jack");
      using log = recordStatements(engine);
      jack.username = "ed";
      await session.flush();
      expect(inspect(jack).identity).toEqual(["ed"]);
      expect(log.rows("UPDATE")).toBe(passive ? 1 : 3);
      await session.commit();
      expect(await session.scalars(text("select user_username from pk_addresses")).all()).toEqual(["ed", "ed"]);
      expect((await awaitable(jack).addresses).map((a) => a.email).sort()).toEqual(["a", "b"]);
      const [address] = jack.addresses;
      const other = make(User, { username: "wendy", fullname: "w" });
      session.add(other);
      address.user = other;
      await session.commit();
      await session.refresh(other);
      other.username = "wanda";
      await session.commit();
      expect(
        await session.scalar(
          text(`select user_username from pk_addresses where email = '${(await awaitable(address).email) as string}'`),
        ),
      ).toBe("wanda");
    },
  );
});

const links = registry();

@links.Entity("sc_parents")
class Parent {
  @PrimaryKey() id!: number;
  @ManyToMany(
    () => Child,
    (c) => c.parents,
    { secondary: "sc_links", cascade: ["all"] },
  )
  children!: Child[];
  @OneToOne(
    () => Badge,
    (b) => b.parent,
    { cascade: ["all", "delete-orphan"], info: { shown: true } },
  )
  badge!: Relation<Badge> | null;
}

@links.Entity("sc_children")
class Child {
  @PrimaryKey() id!: number;
  @ManyToMany(
    () => Parent,
    (p) => p.children,
    { secondary: "sc_links" },
  )
  parents!: Parent[];
}

@links.Entity("sc_badges")
class Badge {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) label!: string;
  @OneToOne(
    () => Parent,
    (p) => p.badge,
    { owner: true, activeHistory: true },
  )
  parent!: Relation<Parent> | null;
}

describe("cascades", () => {
  test("[SC-04] delete along a many-to-many: link rows go first, targets after, where it is asked for", async () => {
    const { Session, engine } = await storeFor(links);
    await Session.begin((s) =>
      s.add(make(Parent, { id: 1, children: [make(Child, { id: 1 }), make(Child, { id: 2 })] })),
    );
    await using session = Session();
    using log = recordStatements(engine);
    await session.delete(await session.getOne(Parent, 1));
    await session.flush();
    const deletes = log.texts("DELETE").map((sql) => /FROM (\w+)/.exec(sql)?.[1]);
    expect(deletes[0]).toBe("sc_links");
    expect([...deletes.slice(1)].sort()).toEqual(["sc_children", "sc_parents"]);
    await session.commit();
    await Session.begin((s) => s.add(make(Child, { id: 5, parents: [make(Parent, { id: 5 })] })));
    await session.delete(await session.getOne(Child, 5));
    await session.commit();
    // The other side does not ask for it: the parent stays.
    expect(await session.scalars(text("select id from sc_parents")).all()).toEqual([5]);
    expect(await session.scalar(text("select count(*) from sc_links"))).toBe(0);
  });

  test("[RA-06] activeHistory and info are there; the old value is known before it is replaced", async () => {
    const { Session } = await storeFor(links);
    await Session.begin((s) => s.add(make(Parent, { id: 1, badge: make(Badge, { id: 1, label: "b" }) })));
    await using session = Session();
    const badge = await session.scalars(select(Badge).options(selectinload(Badge, (b) => b.parent))).one();
    const old = badge.parent;
    badge.parent = null;
    expect(inspect(badge).attrs.parent.history.deleted).toEqual([old]);
    expect(inspect(Parent).relationships.find((r) => r.key === "badge")?.options.info).toEqual({ shown: true });
  });
});
