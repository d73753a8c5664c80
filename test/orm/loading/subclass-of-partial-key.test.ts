/** Columns of subclasses that are loaded by themselves, of rows whose key is NULL in part. */
import { expect, test } from "vitest";
import { Column, PrimaryKey, registry, select, selectinPolymorphic, t } from "../../../src/index.js";
import { databaseKind } from "../../support/database.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("parts", { polymorphicOn: "kind", polymorphicIdentity: "part" })
class Part {
  @PrimaryKey() maker!: number;
  @PrimaryKey(t.integer, { nullable: true }) number!: number | null;
  @Column(t.string(10)) kind!: string;
}

@reg.Entity({ polymorphicIdentity: "wheel" })
class Wheel extends Part {
  @Column(t.integer, { nullable: true }) spokes!: number | null;
}

// PostgreSQL has no key that is NULL in part.
test.runIf(databaseKind() === "sqlite")(
  "selectinPolymorphic fills a row of which one part of the key is NULL",
  async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.addAll([
      make(Wheel, { maker: 1, number: null, spokes: 32 }),
      make(Wheel, { maker: 1, number: 2, spokes: 36 }),
    ]);
    await session.commit();
    await using fresh = Session();
    const all = await fresh
      .scalars(
        select(Part)
          .orderBy((p) => p.number)
          .options(selectinPolymorphic(Part, [Wheel])),
      )
      .all();
    expect(all.map((part) => (part as Wheel).spokes)).toEqual([32, 36]);
  },
);
