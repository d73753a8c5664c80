/**
 * A versioned hierarchy against a model: two sessions in turn add, change, move, merge and delete objects of several classes inside savepoints that
 * are released and rolled back; the rows, their versions included, must be those of plain data to which the same was done.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type AsyncSession,
  type AsyncSessionTransaction,
  Column,
  inspect,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  StaleDataError,
  t,
  text,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("teams")
class Team {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @OneToMany(
    () => Person,
    (p) => p.team,
    { orderBy: "id" },
  )
  people!: Person[];
}

@reg.Entity("people", { polymorphicOn: "type", polymorphicIdentity: "person", versionIdCol: "version" })
class Person {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) type!: string;
  @Column(t.integer) version!: number;
  @Column(t.string(20)) name!: string;
  @ManyToOne(
    () => Team,
    (x) => x.people,
  )
  team!: Relation<Team> | null;
}

@reg.Entity("engineers", { polymorphicIdentity: "engineer" })
class Engineer extends Person {
  @Column(t.string(20), { nullable: true }) skill!: string | null;
}

/** Its columns are in its superclass's table. */
@reg.Entity({ polymorphicIdentity: "chief" })
class Chief extends Engineer {
  @Column(t.string(20), { nullable: true }) badge!: string | null;
}

const CLASSES = [Person, Engineer, Chief] as const;
const TYPES = ["person", "engineer", "chief"] as const;
const TEAMS = [1, 2];

interface Row {
  readonly kind: 0 | 1 | 2;
  name: string;
  skill: string | null;
  badge: string | null;
  team: number | null;
  version: number;
}
type Rows = Map<number, Row>;

const copyOf = (rows: Rows): Rows => new Map([...rows].map(([id, row]) => [id, { ...row }]));
const content = ({ version: _, ...rest }: Row): string => JSON.stringify(rest);

/** What should be stored. */
class Model {
  rows: Rows = new Map();
  #flushed: Rows = new Map();
  #committed: Rows = new Map();
  readonly #savepoints: Rows[] = [];

  /** New rows have the first version; those with a net change the next. */
  flush(): void {
    for (const [id, row] of this.rows) {
      const before = this.#flushed.get(id);
      row.version = before === undefined ? 1 : before.version + (content(before) === content(row) ? 0 : 1);
    }
    this.#flushed = copyOf(this.rows);
  }
  begin(): void {
    this.flush();
    this.#savepoints.push(copyOf(this.rows));
  }
  release(): void {
    this.flush();
    this.#savepoints.pop();
  }
  back(): void {
    this.#restore(this.#savepoints.pop() as Rows);
  }
  commit(): void {
    this.flush();
    this.#savepoints.length = 0;
    this.#committed = copyOf(this.rows);
  }
  rollback(): void {
    this.#savepoints.length = 0;
    this.#restore(this.#committed);
  }
  #restore(rows: Rows): void {
    this.rows = copyOf(rows);
    this.#flushed = copyOf(rows);
  }
}

type Command = readonly [kind: string, a: number, b: number];

const command: fc.Arbitrary<Command> = fc.tuple(
  fc.constantFrom(
    ...["add", "add", "add", "rename", "rename", "detail", "move", "moveByCollection", "touch", "delete", "mergeNew"],
    ...["mergeDetached", "conflict", "flush", "begin", "begin", "release", "back", "commit", "rollback", "other"],
  ),
  fc.nat(40),
  fc.nat(40),
);

class Run {
  readonly model = new Model();
  #savepoints: AsyncSessionTransaction[] = [];
  #serial = 0;

  constructor(
    private session: AsyncSession,
    private waiting: AsyncSession,
  ) {}

  async #get(n: number): Promise<readonly [number, Row, Person] | null> {
    const { rows } = this.model;
    if (rows.size === 0) return null;
    const [id, row] = [...rows][n % rows.size];
    const person = await this.session.get(CLASSES[n % 2 === 0 ? row.kind : 0], id);
    // What was pending under that key was not found by get().
    if (person === null) {
      await this.session.flush();
      return [id, row, (await this.session.get(Person, id)) as Person];
    }
    return [id, row, person];
  }

  async apply([kind, a, b]: Command): Promise<void> {
    const { model, session } = this;
    const value = `v${++this.#serial}`;
    switch (kind) {
      case "add": {
        const which = (a % 3) as 0 | 1 | 2;
        const id = 100 + this.#serial;
        const person = Object.assign(make(CLASSES[which]) as Person, { id, name: value });
        session.add(person);
        model.rows.set(id, { kind: which, name: value, skill: null, badge: null, team: null, version: 1 });
        return;
      }
      case "flush":
        await session.flush();
        return model.flush();
      case "begin":
        if (this.#savepoints.length > 2) return;
        this.#savepoints.push(await session.beginNested());
        return model.begin();
      case "release":
      case "back": {
        const savepoint = this.#savepoints.pop();
        if (savepoint === undefined) return;
        await (kind === "back" ? savepoint.rollback() : savepoint.commit());
        return kind === "back" ? model.back() : model.release();
      }
      case "commit":
        return await this.commit();
      case "rollback":
        await session.rollback();
        this.#savepoints = [];
        return model.rollback();
      case "other":
        await this.commit();
        [this.session, this.waiting] = [this.waiting, this.session];
        return;
      case "mergeNew": {
        // An object that says the key, the name and, of an engineer, the skill: merged onto the row, or made one.
        await session.flush();
        model.flush();
        const known = model.rows.size > 0 && b % 3 > 0 ? [...model.rows][a % model.rows.size] : null;
        const which = known?.[1].kind ?? ((a % 3) as 0 | 1 | 2);
        const id = known?.[0] ?? 100 + this.#serial;
        const given = Object.assign(make(CLASSES[which]) as Person, { id, name: value });
        if (which > 0) (given as Engineer).skill = value;
        await session.merge(given);
        const row = known?.[1] ?? { kind: which, name: value, skill: null, badge: null, team: null, version: 1 };
        row.name = value;
        if (which > 0) row.skill = value;
        model.rows.set(id, row);
        return;
      }
      default:
    }
    await session.flush();
    model.flush();
    const found = await this.#get(a);
    if (found === null) return;
    const [id, row, person] = found;
    switch (kind) {
      case "rename":
        person.name = value;
        row.name = value;
        return;
      case "touch":
        await session.refresh(person, ["name"]);
        person.name = "for a moment";
        person.name = row.name;
        return;
      case "detail":
        if (row.kind === 0) return;
        (person as Engineer).skill = value;
        row.skill = value;
        if (row.kind === 1) return;
        (person as Chief).badge = value;
        row.badge = value;
        return;
      case "move":
      case "moveByCollection": {
        const team = TEAMS[b % 3] ?? null;
        row.team = team;
        const target = team === null ? null : ((await session.get(Team, team)) as Team);
        if (kind === "move" || target === null) person.team = target;
        else await session.runSync(() => void (target.people.includes(person) || target.people.push(person)));
        return;
      }
      case "delete":
        await session.delete(person);
        model.rows.delete(id);
        return;
      case "mergeDetached":
        await session.refresh(person);
        session.expunge(person);
        person.name = value;
        row.name = value;
        await session.merge(person);
        return;
      case "conflict":
        await session.refresh(person);
        await session.execute(text(`UPDATE people SET version = version + 1 WHERE id = ${id}`));
        person.name = value;
        await expect(session.flush()).rejects.toThrow(StaleDataError);
        await session.rollback();
        this.#savepoints = [];
        return model.rollback();
    }
  }

  async commit(): Promise<void> {
    await this.session.commit();
    this.#savepoints = [];
    this.model.commit();
    const rows = await this.session
      .execute(
        text(
          "SELECT p.id, p.type, p.version, p.name, p.team_id, e.skill, e.badge FROM people p LEFT JOIN engineers e ON e.id = p.id ORDER BY p.id",
        ),
      )
      .all();
    const expected = [...this.model.rows]
      .sort(([a], [b]) => a - b)
      .map(([id, r]) => [id, TYPES[r.kind], r.version, r.name, r.team, r.skill, r.badge]);
    expect(rows.map((row) => [...row])).toEqual(expected);
    for (const [id, row] of this.model.rows) {
      const person = await this.session.get(Person, id);
      expect([person?.constructor.name, person?.version, person && inspect(person).state]).toEqual([
        CLASSES[row.kind].name,
        row.version,
        "persistent",
      ]);
    }
    await this.session.commit();
  }
}

test("a versioned hierarchy in two sessions, with savepoints, merges and conflicts, is stored as the model says", async () => {
  const { Session } = await storeFor(reg);
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 40 }), async (commands) => {
      await using first = Session();
      await using second = Session();
      await first.execute(text("DELETE FROM engineers"));
      await first.execute(text("DELETE FROM people"));
      await first.execute(text("DELETE FROM teams"));
      first.addAll(TEAMS.map((id) => make(Team, { id, name: `team ${id}` })));
      await first.commit();
      const run = new Run(first, second);
      for (const each of commands) await run.apply(each);
      await run.commit();
    }),
    { numRuns: Number(process.env["HIERARCHY_RUNS"] ?? 12) },
  );
}, 600_000);
