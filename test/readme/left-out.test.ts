import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

test("[SA-04] the README answers for each name of SQLAlchemy's that is left out by choice", () => {
  const table = readme.slice(readme.indexOf("Left out by choice"), readme.indexOf("How each feature of a longer list"));
  const answers = new Map(
    table
      .split("\n")
      .filter((line) => line.startsWith("| ") && !line.startsWith("| SQLAlchemy"))
      .map((line) => line.split(" | ") as [string, string]),
  );
  const names = [
    ...["Query", "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings", "flush(objects)", "backref"],
    ...[
      'lazy="dynamic"',
      "baked",
      "lambda_stmt",
      "ext.serializer",
      "ext.instrumentation",
      "PickleType",
      "order",
      "unsafe_hash",
    ],
  ];
  for (const name of names) {
    const found = [...answers].find(([left]) => left.includes(name));
    expect(found?.[1].length, name).toBeGreaterThan(10);
  }
});
