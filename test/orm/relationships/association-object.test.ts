import { describe, expect, test } from "vitest";
import {
  awaitable,
  Column,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("employees")
class Employee {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @OneToMany(
    () => Assignment,
    (a) => a.employee,
    { cascade: ["all", "delete-orphan"] },
  )
  assignments!: Assignment[];
}

@reg.Entity("projects")
class Project {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) title!: string;
  @OneToMany(
    () => Assignment,
    (a) => a.project,
    { cascade: ["all", "delete-orphan"] },
  )
  assignments!: Assignment[];
}

@reg.Entity("assignments")
class Assignment {
  @ManyToOne(
    () => Employee,
    (e) => e.assignments,
    { primaryKey: true },
  )
  employee!: Relation<Employee>;
  @ManyToOne(
    () => Project,
    (p) => p.assignments,
    { primaryKey: true },
  )
  project!: Relation<Project>;
  @Column(t.string(20)) role!: string;
}

async function filled() {
  const store = await storeFor(reg, { expireOnCommit: false });
  await store.Session.begin((s) => {
    const [x, y] = ["x", "y"].map((title) => make(Project, { title }));
    s.add(
      make(Employee, {
        name: "Ann",
        assignments: [make(Assignment, { project: x, role: "lead" }), make(Assignment, { project: y, role: "help" })],
      }),
    );
  });
  return store;
}

describe("an association object", () => {
  test("[RB-05] has the keys of both sides as its own key, and a column of its own", async () => {
    const { Session } = await filled();
    await using session = Session();
    const lead = await session.getOne(Assignment, [1, 1]);
    expect(lead.role).toBe("lead");
    expect((await awaitable(lead).employee).name).toBe("Ann");
    expect((await awaitable(lead).project).title).toBe("x");
  });

  test("[RB-05] is reached along both relationships, in one chain", async () => {
    const { Session } = await filled();
    await using session = Session();
    const ann = await session
      .scalars(select(Employee).options(selectinload(Employee, (e) => e.assignments).selectinload((a) => a.project)))
      .one();
    expect(ann.assignments.map((a) => [a.project.title, a.role])).toEqual([
      ["x", "lead"],
      ["y", "help"],
    ]);
    expect(ann.assignments[0].employee).toBe(ann);
  });

  test("[RB-05] goes when it leaves one of its parents, the other parent stays", async () => {
    const { Session } = await filled();
    await using session = Session();
    const ann = await session.getOne(Employee, 1, { options: [selectinload(Employee, (e) => e.assignments)] });
    ann.assignments = ann.assignments.filter((a) => a.role === "lead");
    await session.commit();
    expect(await session.scalars(text("select role from assignments")).all()).toEqual(["lead"]);
    expect(await session.scalars(select(Project)).all()).toHaveLength(2);
  });

  test("is replaced by another with the same key in one flush: one UPDATE, the row switch", async () => {
    const { Session } = await filled();
    await using session = Session();
    const ann = await session.getOne(Employee, 1, {
      options: [selectinload(Employee, (e) => e.assignments).selectinload((a) => a.project)],
    });
    const [lead, help] = ann.assignments;
    ann.assignments = [make(Assignment, { project: lead.project, role: "boss" }), help];
    await session.commit();
    expect(await session.scalars(text("select role from assignments order by project_id")).all()).toEqual([
      "boss",
      "help",
    ]);
  });

  test("is deleted with either parent", async () => {
    const { Session } = await filled();
    await using session = Session();
    await session.delete(await session.getOne(Project, 1));
    await session.commit();
    expect(await session.scalars(text("select role from assignments")).all()).toEqual(["help"]);
    await session.delete(await session.getOne(Employee, 1));
    await session.commit();
    expect(await session.scalar(text("select count(*) from assignments"))).toBe(0);
  });
});
