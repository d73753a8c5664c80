import { describe } from "vitest";
import {
  bindparam,
  column,
  extract,
  func,
  insert,
  literal,
  MetaData,
  select,
  t,
  table,
  tryCast,
  type Valued,
} from "../../../src/index.js";
import { onBothDatabases, statement } from "./statements.js";
import { emp } from "./world.js";

const more = new MetaData();
const visit = table("visit", more, {
  id: column(t.integer, { primaryKey: true }),
  day: column(t.date, { nullable: false }),
  start: column(t.time, { nullable: false }),
  at: column(t.datetime, { nullable: false }),
  until: column(t.datetime),
  length: column(t.interval, { nullable: false }),
});
const at = (text: string) => new Date(`${text}Z`);
onBothDatabases({
  metadata: more,
  fill: async (c) => {
    await c.execute(insert(visit), [
      {
        id: 1,
        day: "2024-01-31",
        start: "22:30:00",
        at: at("2024-01-31T12:00:00.250"),
        until: at("2024-03-01T13:30"),
        length: "PT90M",
      },
      { id: 2, day: "2023-12-25", start: "08:00:00", at: at("2023-12-25T00:00"), until: null, length: "P1M" },
    ]);
  },
});
const v = visit.c;
const one = (...columns: readonly Valued[]) => select(...columns).where(v.id.eq(1));
const both = (...columns: readonly Valued[]) =>
  select(...columns)
    .selectFrom(visit)
    .orderBy(v.id);

describe("[OP-04] arithmetic of dates and times", () => {
  statement("a point in time and a duration", () => one(v.at.add("P1DT2H"), v.at.sub("PT12H0.25S")), {
    rows: [[at("2024-02-01T14:00:00.250"), at("2024-01-31T00:00")]],
  });
  statement(
    "a month later, the last day of a short month stands in for those after it",
    () => one(v.at.add("P1M"), v.at.sub("P2M")),
    {
      rows: [[at("2024-02-29T12:00:00.250"), at("2023-11-30T12:00:00.250")]],
    },
  );
  statement("a duration that is a column", () => both(v.at.add(v.length)), {
    values: [at("2024-01-31T13:30:00.250"), at("2024-01-25T00:00")],
  });
  statement("a duration before the point", () => one((v.length as unknown as typeof v.at).add(v.at)), {
    values: [at("2024-01-31T13:30:00.250")],
  });
  statement("what lies between two points", () => both(v.until.sub(v.at)), { values: ["P30DT1H29M59.75S", null] });
  statement("what lies between, the other way round", () => one(v.at.sub(at("2024-02-01T12:00:01.250"))), {
    values: ["P-1DT-1S"],
  });
  statement("days later and earlier", () => one(v.day.add(30), v.day.sub(31), v.day.add(v.id)), {
    rows: [["2024-03-01", "2023-12-31", "2024-02-01"]],
  });
  statement(
    "days between two dates are a number",
    () => both(v.day.sub<number>("2024-01-01"), v.day.sub<number>(v.day)),
    {
      rows: [
        [30, 0],
        [-7, 0],
      ],
    },
  );
  statement("a date and a duration are a point in time", () => one(v.day.add("P1MT1H").typeCoerce(t.datetime)), {
    values: [at("2024-02-29T01:00")],
  });
  statement(
    "a time of day and a duration, past midnight too",
    () => one(v.start.add("PT2H"), v.start.sub("PT30M0.5S")),
    {
      rows: [["00:30:00", "21:59:59.5"]],
    },
  );
  statement("what lies between two times", () => one(v.start.sub("20:00:00")), { values: ["PT2H30M"] });
  statement("two durations", () => one(v.length.add("P1DT30M").typeCoerce(t.interval)), { values: ["P1DT2H"] });
  statement("compared with a point that is reckoned", () => select(v.id).where(v.until.gt(v.at.add("P29D"))), {
    values: [1],
  });
  statement("a named duration", () => one(v.at.add(bindparam("by", null, t.interval) as never)), {
    params: { by: "PT1H" },
    values: [at("2024-01-31T13:00:00.250")],
  });
  statement("durations have no order", () => select(v.id).where(v.length.gt("PT1H")), {
    refused: { sqlite: "operator > of intervals" },
    values: [1, 2],
  });
  statement("nor a product", () => one((v.length as never as typeof v.id).mul(2)), {
    refused: { sqlite: "operator * of intervals" },
    values: ["PT3H"],
  });
});

describe("[SL-14] parts of dates and times", () => {
  const parts = (...fields: string[]) => fields.map((field) => extract(field, v.at));
  statement("of the calendar", () => both(...parts("year", "quarter", "month", "day", "doy", "dow", "isodow")), {
    rows: [
      [2024, 1, 1, 31, 31, 3, 3],
      [2023, 4, 12, 25, 359, 1, 1],
    ],
  });
  statement("of weeks, as ISO counts them", () => both(...parts("week", "isoyear")), {
    rows: [
      [5, 2024],
      [52, 2023],
    ],
  });
  statement(
    "of the day, with fractions of a second",
    () => one(...parts("hour", "minute", "second", "milliseconds", "microseconds")),
    {
      rows: [[12, 0, 0.25, 250, 250_000]],
    },
  );
  statement("of large spans", () => one(...parts("decade", "century", "millennium")), {
    rows: [[202, 21, 3]],
  });
  statement("seconds since 1970", () => both(extract("epoch", v.at)), { values: [1_706_702_400.25, 1_703_462_400] });
  statement("of a date and of a time", () => one(extract("year", v.day), extract("hour", v.start)), {
    rows: [[2024, 22]],
  });
  statement(
    "a part that only one database has",
    () => one(extract("timezone", v.at.cast(t.datetime({ timezone: true })))),
    {
      refused: { sqlite: "part timezone of a time" },
      values: [0],
    },
  );
});

describe("[FN-05] series and truncation", () => {
  const day = (text: string) => literal(at(`${text}T00:00`));
  statement(
    "points in time, a duration apart",
    () => {
      const d = func
        .generateSeries<Date>(day("2024-01-31"), day("2024-04-30"), literal("P1M", t.interval))
        .columnValued("d");
      return select(d);
    },
    { values: [at("2024-01-31T00:00"), at("2024-02-29T00:00"), at("2024-03-29T00:00"), at("2024-04-29T00:00")] },
  );
  statement(
    "backwards, and none where it leads away",
    () => {
      const back = func
        .generateSeries<Date>(day("2024-01-02"), day("2024-01-01"), literal("-P1D", t.interval))
        .columnValued("d");
      return select(func.count(back as never));
    },
    { values: [2] },
  );
  statement(
    "days without rows, joined to rows",
    () => {
      const d = func
        .generateSeries<Date>(day("2024-01-30"), day("2024-02-01"), literal("P1D", t.interval))
        .tableValued({ at: t.datetime }, { name: "d" });
      return select(d.c.at, func.count(v.id))
        .selectFrom(d)
        .outerjoin(visit, func.dateTrunc("day", v.at).eq(d.c.at))
        .groupBy(d.c.at)
        .orderBy(d.c.at);
    },
    {
      rows: [
        [at("2024-01-30T00:00"), 0],
        [at("2024-01-31T00:00"), 1],
        [at("2024-02-01T00:00"), 0],
      ],
    },
  );
  statement(
    "cut to a unit",
    () =>
      both(
        ...["year", "quarter", "month", "week", "day", "hour", "minute", "second"].map((unit) =>
          func.dateTrunc(unit, v.at),
        ),
      ).limit(1),
    {
      rows: [
        [
          at("2024-01-01T00:00"),
          at("2024-01-01T00:00"),
          at("2024-01-01T00:00"),
          at("2024-01-29T00:00"),
          at("2024-01-31T00:00"),
          at("2024-01-31T12:00"),
          at("2024-01-31T12:00"),
          at("2024-01-31T12:00"),
        ],
      ],
    },
  );
});

describe("[SL-14] tryCast()", () => {
  const texts = (type: typeof t.integer | typeof t.double) =>
    select(
      ...(["12", " -7 ", "1.5", "x", "", "99999999999"].map((each) => tryCast(literal(each), type as never)) as [
        never,
      ]),
    );
  statement("to whole numbers: NULL for what is none, or does not fit", () => texts(t.integer), {
    rows: [[12, -7, null, null, null, null]],
  });
  statement("to numbers", () => texts(t.double), { rows: [[12, -7, 1.5, null, null, 99_999_999_999]] });
  statement("to exact numbers", () => select(tryCast("1.10", t.numeric(10, 2)), tryCast("1,10", t.numeric(10, 2))), {
    rows: [["1.10", null]],
  });
  statement("of a column", () => select(tryCast(emp.c.name, t.integer)).where(emp.c.id.eq(1)), { values: [null] });
  statement("of NULL", () => select(tryCast(null, t.integer)), { values: [null] });
  statement("to other types", () => select(tryCast("x", t.uuid)), {
    refused: { sqlite: "TRY_CAST to", postgresql: "TRY_CAST to" },
  });
  statement("its name in a row", () => select(tryCast("5", t.integer).as("n"), func.upper("a")), { rows: [[5, "A"]] });
});
