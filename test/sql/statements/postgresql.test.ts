import { describe } from "vitest";
import { Range, rangeTypes } from "../../../src/dialects/postgresql/index.js";
import {
  all,
  any,
  column,
  func,
  Index,
  insert,
  literal,
  MetaData,
  select,
  t,
  table,
  update,
} from "../../../src/index.js";
import { onBothDatabases, statementOn } from "./statements.js";

const more = new MetaData();
const thing = table("thing", more, {
  id: column(t.integer, { primaryKey: true }),
  words: column(t.array(t.text), { nullable: false }),
  nums: column(t.array(t.integer), { nullable: false }),
  grid: column(t.array(t.integer, { dimensions: 2 })),
  span: column(rangeTypes.int4range, { nullable: false }),
  days: column(rangeTypes.daterange),
  multi: column(rangeTypes.int4multirange),
});
const article = table("article", more, {
  id: column(t.integer, { primaryKey: true }),
  title: column(t.text, { nullable: false }),
  body: column(t.text, { nullable: false }),
  vector: column(t.named<string>("tsvector")),
});
article.addIndex(new Index("ix_article_search", [func.toTsvector("english", article.c.body)], { using: "gin" }));

onBothDatabases({
  metadata: more,
  only: "postgresql",
  async fill(c) {
    await c.execute(
      insert(thing).values([
        {
          id: 1,
          words: ["a", "b"],
          nums: [1, 2, 3],
          grid: [
            [1, 2],
            [3, 4],
          ] as never,
          span: new Range(1, 10),
          days: new Range("2024-01-01", "2024-02-01"),
          multi: [new Range(1, 3), new Range(5, 7)],
        },
        { id: 2, words: [], nums: [3], grid: null, span: new Range(10, 20), days: null, multi: null },
      ]),
    );
    await c.execute(
      insert(article).values([
        {
          id: 1,
          title: "Cats",
          body: "The cats are sleeping on the mats",
          vector: func.toTsvector("english", "cats sleep"),
        },
        { id: 2, title: "Dogs", body: "A dog sleeps; dogs and dogs", vector: func.toTsvector("english", "dogs") },
      ]),
    );
  },
});

const on = (title: string, make: Parameters<typeof statementOn>[2], outcome: Parameters<typeof statementOn>[3]) =>
  statementOn("postgresql", title, make, outcome);
const ids = (condition: unknown) =>
  select(thing.c.id)
    .where(condition as never)
    .orderBy(thing.c.id);
const one = (expression: unknown) =>
  select(expression as never)
    .where(thing.c.id.eq(1))
    .selectFrom(thing);

describe("[CT-06] arrays", () => {
  on("a whole array", () => one(thing.c.words), { values: [["a", "b"]] });
  on("an element; the first is 1", () => one(thing.c.nums.at(1)), { values: [1] });
  on("an element at an expression", () => one(thing.c.nums.at(thing.c.id.add(1))), { values: [2] });
  on("an element that is not there", () => one(thing.c.nums.at(9)), { values: [null] });
  on("a slice", () => one(thing.c.nums.slice(2, 3)), { values: [[2, 3]] });
  on("an element of an element", () => one((thing.c.grid.at(2) as unknown as typeof thing.c.nums).at(1)), {
    values: [3],
  });
  on("contains", () => ids(thing.c.nums.contains([1, 3])), { values: [1] });
  on("contained by", () => ids(thing.c.nums.containedBy([3, 4])), { values: [2] });
  on("overlap", () => ids(thing.c.nums.overlap([2, 9])), { values: [1] });
  on("concatenation", () => one(thing.c.nums.concat([9])), { values: [[1, 2, 3, 9]] });
  on("equal", () => ids(thing.c.words.eq(["a", "b"])), { values: [1] });
  on("an empty array", () => ids(thing.c.words.eq([])), { values: [2] });
  on("any of a column", () => ids(literal(2).eq(thing.c.nums.any())), { values: [1] });
  on("all of a column", () => ids(literal(3).ge(thing.c.nums.all())), { values: [1, 2] });
  on(
    "any() and all() as functions",
    () =>
      ids(
        literal(3)
          .eq(any(thing.c.nums))
          .and(literal(3).eq(all(thing.c.nums))),
      ),
    { values: [2] },
  );
  on("its length", () => one(func.arrayLength!(thing.c.words, 1)), { values: [2] });
  on("append and remove", () => one(func.arrayRemove!(func.arrayAppend!(thing.c.nums, 4), 1)), { values: [[2, 3, 4]] });
  on("array_agg", () => select(func.arrayAgg(thing.c.id)), { values: [[1, 2]] });
  on(
    "array_agg of text, in an order",
    () => select(func.arrayAgg(article.c.title).aggregateOrderBy(article.c.title.desc())),
    { values: [["Dogs", "Cats"]] },
  );
  on(
    "unnest beside its table",
    () => {
      const w = func.unnest(thing.c.words).columnValued("w");
      return select(thing.c.id, w).orderBy(w);
    },
    {
      rows: [
        [1, "a"],
        [1, "b"],
      ],
    },
  );
  on(
    "unnest with its place",
    () => {
      const w = func.unnest(thing.c.words).tableValued({ word: t.text }, { name: "w", withOrdinality: "at" });
      return select(w.c.word, w.c.at).selectFrom(thing, w).orderBy(w.c.at.desc());
    },
    {
      rows: [
        ["b", 2n],
        ["a", 1n],
      ],
    },
  );
  on(
    "unnest of a plain list",
    () => {
      const n = func.unnest([5, 6]).columnValued("n");
      return select(n).orderBy(n);
    },
    { values: [5, 6] },
  );
  on("as text", () => one(func.arrayToString!(thing.c.words, "-")), { values: ["a-b"] });
  on(
    "set by an UPDATE",
    () =>
      update(thing)
        .values({ words: ["x,y", 'q"', "\\"] })
        .where(thing.c.id.eq(1))
        .returning(thing.c.words),
    { rows: [[["x,y", 'q"', "\\"]]] },
  );
});

describe("[PG-04] ranges", () => {
  on("a whole range", () => one(thing.c.span), { values: [new Range(1, 10)] });
  on("contains a value", () => ids(thing.c.span.contains(10)), { values: [2] });
  on("contains a range", () => ids(thing.c.span.contains(new Range(2, 4))), { values: [1] });
  on("contains a column", () => ids(thing.c.span.contains(thing.c.id)), { values: [1] });
  on("contained by", () => ids(thing.c.span.containedBy(new Range(0, 10))), { values: [1] });
  on("overlap", () => ids(thing.c.span.overlap(new Range(9, 11))), { values: [1, 2] });
  on("strictly left of", () => ids(thing.c.span.strictlyLeftOf(new Range(15, 30))), { values: [1] });
  on("strictly right of", () => ids(thing.c.span.strictlyRightOf(new Range(0, 5))), { values: [2] });
  on("does not extend right of", () => ids(thing.c.span.notExtendRightOf(new Range(0, 12))), { values: [1] });
  on("does not extend left of", () => ids(thing.c.span.notExtendLeftOf(new Range(5, 99))), { values: [2] });
  on("adjacent to", () => ids(thing.c.span.adjacentTo(new Range(20, 25))), { values: [2] });
  on("the union", () => one(thing.c.span.unionWith(new Range(10, 12))), { values: [new Range(1, 12)] });
  on("the intersection", () => one(thing.c.span.intersection(new Range(5, 50))), { values: [new Range(5, 10)] });
  on("the difference", () => one(thing.c.span.difference(new Range(5, 50))), { values: [new Range(1, 5)] });
  on("days", () => ids(thing.c.days.contains("2024-01-31")), { values: [1] });
  on("equal", () => ids(thing.c.span.eq(new Range(10, 19, "[]"))), { values: [2] });
  on("bounds by functions", () => one(func.lower(thing.c.span as never).returns(t.integer)), { values: [1] });
  on("empty", () => one(func.isempty!(thing.c.span.intersection(new Range(90, 91))).returns(t.boolean)), {
    values: [true],
  });
  on("a multirange", () => one(thing.c.multi), { values: [[new Range(1, 3), new Range(5, 7)]] });
});

describe("[PG-07] full text search", () => {
  const search = (condition: unknown) =>
    select(article.c.id)
      .where(condition as never)
      .orderBy(article.c.id);
  on("match()", () => search(article.c.body.match("dog")), { values: [2], sql: /@@ plainto_tsquery\(\$1\)/ });
  on(
    "match() in a language, by the index on the same expression",
    () => search(article.c.body.match("sleeping", { config: "english" })),
    { values: [1, 2], sql: /to_tsvector\('english', article\.body\) @@ plainto_tsquery\('english', \$1\)/ },
  );
  on("not match()", () => search(article.c.body.match("dog", { config: "english" }).not()), { values: [1] });
  on(
    "a vector column",
    () => search((article.c.vector as unknown as typeof article.c.body).match("sleep", { config: "english" })),
    { values: [1] },
  );
  on(
    "websearch_to_tsquery",
    () => search(func.toTsvector("english", article.c.body).match(func.websearchToTsquery("english", "sleep -dog"))),
    { values: [1], sql: /to_tsvector\('english', article\.body\) @@ websearch_to_tsquery\('english', \$1\)/ },
  );
  on(
    "to_tsquery with operators",
    () => search(func.toTsvector("english", article.c.body).match(func.toTsquery("english", "dog | mat"))),
    { values: [1, 2] },
  );
  on(
    "phraseto_tsquery",
    () => search(func.toTsvector("english", article.c.body).match(func.phrasetoTsquery("english", "dog sleeps"))),
    { values: [2] },
  );
  on(
    "ranked",
    () => {
      const query = func.plaintoTsquery("english", "dogs");
      const rank = func.tsRank(func.toTsvector("english", article.c.body), query).as("rank");
      return select(article.c.title, rank.gt(0).as("found"))
        .where(func.toTsvector("english", article.c.body).match(query))
        .orderBy(rank.desc());
    },
    { rows: [["Dogs", true]] },
  );
  on(
    "a headline",
    () =>
      select(func.tsHeadline!("english", article.c.body, func.toTsquery("english", "cat")).returns(t.text)).where(
        article.c.id.eq(1),
      ),
    { values: ["The <b>cats</b> are sleeping on the mats"] },
  );
});
