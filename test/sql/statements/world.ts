import { column, func, Index, MetaData, t, table, UniqueConstraint } from "../../../src/index.js";

/** Tables and rows that the statements of this folder run against, alike on both databases. */
export const metadata = new MetaData();

export const dept = table("dept", metadata, {
  id: column(t.integer, { primaryKey: true }),
  name: column(t.string(20), { nullable: false }),
});

export const emp = table("emp", metadata, {
  id: column(t.integer, { primaryKey: true }),
  name: column(t.text, { nullable: false }),
  deptId: column(t.integer, { name: "dept_id", foreignKey: "dept.id" }),
  bossId: column(t.integer, { name: "boss_id", foreignKey: "emp.id" }),
  salary: column(t.integer, { nullable: false }),
  bonus: column(t.integer),
  active: column(t.boolean, { nullable: false }),
  hired: column(t.date),
});

export const sale = table("sale", metadata, {
  id: column(t.integer, { primaryKey: true }),
  empId: column(t.integer, { name: "emp_id", foreignKey: "emp.id", nullable: false }),
  item: column(t.text, { nullable: false }),
  qty: column(t.integer, { nullable: false }),
  price: column(t.double, { nullable: false }),
  at: column(t.datetime, { nullable: false }),
});

/** What the documents of {@link doc} look like. */
export interface Body {
  title: string;
  tags: string[];
  size: { w: number; h: number };
  on: boolean;
  none?: string | null;
  "odd $.key"?: { 'a"b': number };
}

export const doc = table("doc", metadata, {
  id: column(t.integer, { primaryKey: true }),
  body: column(t.json<Body>(), { nullable: false }),
  data: column(t.jsonb<Body>(), { nullable: false }),
});

/** A target for INSERT, with unique keys of every kind. */
export const seat = table(
  "seat",
  metadata,
  {
    id: column(t.integer, { primaryKey: true }),
    room: column(t.text, { nullable: false }),
    no: column(t.integer, { nullable: false }),
    holder: column(t.text),
    note: column(t.text, { default: "none" }),
    state: column(t.text, { serverDefault: "free", nullable: false }),
  },
  new UniqueConstraint(["room", "no"], { name: "uq_seat_place" }),
);
seat.addIndex(new Index("ux_seat_holder", [seat.c.holder], { unique: true, where: seat.c.state.eq("taken") }));
seat.addIndex(new Index("ux_seat_room_lower", [func.lower(seat.c.room), seat.c.no], { unique: true }));

const day = (text: string) => new Date(`${text}T12:00:00.000Z`);

/** The rows of every table. */
export const rows = {
  dept: [
    { id: 1, name: "Sales" },
    { id: 2, name: "Lab" },
    { id: 3, name: "Empty" },
  ],
  emp: [
    { id: 1, name: "Ann", deptId: 1, bossId: null, salary: 100, bonus: 10, active: true, hired: "2020-01-15" },
    { id: 2, name: "Bob", deptId: 1, bossId: 1, salary: 80, bonus: null, active: true, hired: "2021-03-01" },
    { id: 3, name: "Cid", deptId: 2, bossId: 1, salary: 120, bonus: 0, active: false, hired: "2019-07-20" },
    { id: 4, name: "Dee", deptId: 2, bossId: 3, salary: 80, bonus: 5, active: true, hired: "2022-11-05" },
    { id: 5, name: "Eve", deptId: null, bossId: null, salary: 60, bonus: null, active: true, hired: null },
  ],
  sale: [
    { id: 1, empId: 1, item: "pen", qty: 3, price: 1.5, at: day("2024-01-10") },
    { id: 2, empId: 1, item: "ink", qty: 1, price: 7.25, at: day("2024-01-31") },
    { id: 3, empId: 2, item: "pen", qty: 10, price: 1.5, at: day("2024-02-29") },
    { id: 4, empId: 3, item: "cap", qty: 2, price: 12, at: day("2024-12-31") },
  ],
  doc: [
    {
      id: 1,
      body: { title: "One", tags: ["a", "b"], size: { w: 2, h: 3.5 }, on: true, none: null },
      data: { title: "One", tags: ["a", "b"], size: { w: 2, h: 3.5 }, on: true, none: null },
    },
    {
      id: 2,
      body: { title: "Two", tags: [], size: { w: 10, h: 1 }, on: false, "odd $.key": { 'a"b': 7 } },
      data: { title: "Two", tags: [], size: { w: 10, h: 1 }, on: false, "odd $.key": { 'a"b': 7 } },
    },
  ],
  seat: [
    { id: 1, room: "red", no: 1, holder: "ann", note: "aisle", state: "taken" },
    { id: 2, room: "red", no: 2, holder: null, note: "none", state: "free" },
  ],
};
