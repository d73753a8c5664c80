import { beforeEach, describe, expect, test } from "vitest";
import {
  type AsyncSession,
  awaitable,
  Column,
  column,
  ForeignKey,
  IntegrityError,
  ManyToMany,
  PrimaryKey,
  registry,
  StaleDataError,
  select,
  t,
  table,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, type Store, storeFor } from "../support.js";

const reg = registry();

const enrolments = table("enrolments", reg.metadata, {
  studentId: column(t.integer, { name: "student_id", primaryKey: true, foreignKey: new ForeignKey("students.id") }),
  courseId: column(t.integer, { name: "course_id", primaryKey: true, foreignKey: new ForeignKey("courses.id") }),
});

@reg.Entity("students")
class Student {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
  @ManyToMany(
    () => Course,
    (c) => c.students,
    { secondary: () => enrolments as never, orderBy: "id" },
  )
  courses!: Course[];
  @ManyToMany(() => Club, { secondary: "memberships" }) clubs!: Club[];
}

@reg.Entity("courses")
class Course {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) title!: string;
  @ManyToMany(
    () => Student,
    (s) => s.courses,
    { orderBy: "id" },
  )
  students!: Student[];
}

@reg.Entity("clubs")
class Club {
  @PrimaryKey() id!: number;
}

let store: Store;
let session: AsyncSession;
let ann: Student;
let maths: Course;
const pairs = async () =>
  (await session.execute(text("select student_id, course_id from enrolments order by 1, 2")).all()).map((row) => [
    ...(row as unknown as number[]),
  ]);

beforeEach(async () => {
  store = await storeFor(reg, { expireOnCommit: false });
  session = store.Session();
  maths = make(Course, { title: "maths" });
  ann = make(Student, { name: "Ann", courses: [maths, make(Course, { title: "art" })] });
  session.add(ann);
  await session.commit();
  return () => session.close();
});

describe("many to many", () => {
  test("[RB-04] rows of the association table are inserted from either side", async () => {
    expect(await pairs()).toEqual([
      [1, 1],
      [1, 2],
    ]);
    await session.refresh(maths, ["students"]);
    maths.students.push(make(Student, { name: "Bob" }));
    await session.flush();
    expect(await pairs()).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
    ]);
  });

  test("[RB-04] and deleted from either side, once", async () => {
    await session.refresh(maths, ["students"]);
    using log = recordStatements(store.engine);
    maths.students.pop();
    expect(ann.courses.map((c) => c.title)).toEqual(["art"]);
    await session.flush();
    expect(log.rows("DELETE")).toBe(1);
    expect(await pairs()).toEqual([[1, 2]]);
  });

  test("[RB-04] the same pair changed on both sides gives one row change", async () => {
    const bob = make(Student, { name: "Bob", courses: [] });
    session.add(bob);
    await session.flush();
    await session.refresh(maths, ["students"]);
    using log = recordStatements(store.engine);
    bob.courses.push(maths);
    expect(maths.students).toEqual([ann, bob]);
    await session.flush();
    expect(log.rows("INSERT")).toBe(1);
    bob.courses.pop();
    maths.students = maths.students.filter((s) => s !== bob);
    await session.flush();
    expect(log.rows("DELETE")).toBe(1);
  });

  test("replacing the collection deletes and inserts only the difference", async () => {
    using log = recordStatements(store.engine);
    ann.courses = [maths, make(Course, { title: "music" })];
    await session.flush();
    expect([log.rows("INSERT"), log.rows("DELETE"), log.rows("UPDATE")]).toEqual([2, 1, 0]);
    expect(await pairs()).toEqual([
      [1, 1],
      [1, 3],
    ]);
  });

  test("[RB-10] deleting an object on either side deletes its association rows, with no cascade", async () => {
    await session.delete(maths);
    await session.flush();
    expect(await pairs()).toEqual([[1, 2]]);
    await session.delete(ann);
    await session.flush();
    expect(await pairs()).toEqual([]);
    expect(await session.scalars(select(Course)).all()).toHaveLength(1);
  });

  test("[RB-09] a link table that is only named is made, with both keys as its primary key", async () => {
    const links = reg.metadata.tables.get("memberships");
    expect(links?.columns.map((c) => c.name)).toEqual(["student_id", "club_id"]);
    expect(links?.columns.every((c) => c.primaryKey)).toBe(true);
    ann = await session.getOne(Student, ann.id);
    await session.refresh(ann, ["clubs"]);
    ann.clubs.push(new Club());
    await session.flush();
    expect(await session.scalar(text("select count(*) from memberships"))).toBe(1);
  });

  test("an append through an unloaded other side is queued and written once", async () => {
    const other = store.Session();
    await using _ = other;
    await session.close();
    const [course] = await other.scalars(select(Course).orderBy((c) => c.id)).all();
    const bob = make(Student, { name: "Bob", courses: [course] });
    other.add(bob);
    await other.commit();
    expect((await awaitable(course).students).map((s) => s.name)).toEqual(["Ann", "Bob"]);
  });

  test("the same object appended twice is an IntegrityError of the association table", async () => {
    const bob = make(Student, { name: "Bob" });
    bob.courses.push(maths, maths);
    session.add(bob);
    await expect(session.flush()).rejects.toThrow(IntegrityError);
    await session.rollback();
  });

  test("an association row that is gone already is StaleDataError", async () => {
    await session.execute(text("delete from enrolments"));
    ann.courses.pop();
    const failed = session.flush();
    await expect(failed).rejects.toThrow(StaleDataError);
    await expect(failed).rejects.toThrow(/enrolments/);
    await session.rollback();
  });

  test("both sides agree in memory before the flush", () => {
    const [s, c] = [make(Student, { name: "x" }), make(Course, { title: "y" })];
    s.courses.push(c);
    expect(c.students).toEqual([s]);
    c.students = [];
    expect(s.courses).toEqual([]);
  });
});
