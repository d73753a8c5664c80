import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Column, PrimaryKey, registry, StaleDataError, t, text } from "../../src/index.js";
import { databaseKind } from "../support/database.js";
import { recordStatements } from "../support/statements.js";
import { make, storeFor } from "./support.js";

const reg = registry();

@reg.Entity("by_uuid", { versionIdCol: "version", versionIdGenerator: () => randomUUID() })
class ByUuid {
  @PrimaryKey() id!: number;
  @Column(t.string(36)) version!: string;
  @Column(t.string(20)) title!: string;
}

let ticks = 0;

@reg.Entity("by_time", {
  versionIdCol: "version",
  versionIdGenerator: () => new Date(Date.UTC(2020, 0, 1, 0, 0, ticks++)),
})
class ByTime {
  @PrimaryKey() id!: number;
  @Column(t.timestamp) version!: Date;
  @Column(t.string(20)) title!: string;
}

@reg.Entity("by_hand", { versionIdCol: "version", versionIdGenerator: false })
class ByHand {
  @PrimaryKey() id!: number;
  @Column(t.integer, { default: 1 }) version!: number;
  @Column(t.string(20)) title!: string;
}

const server = registry();

@server.Entity("by_server", { versionIdCol: "xmin", versionIdGenerator: false })
class ByServer {
  @PrimaryKey() id!: number;
  @Column(t.string(20), { system: true }) xmin!: string;
  @Column(t.string(20)) title!: string;
}

describe("kinds of versions", () => {
  test("[NT-04] a loser is told by class and key, whether it updates or deletes", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const one = make(ByUuid, { title: "a" });
    session.add(one);
    await session.commit();
    const change = async () => {
      one.title = "b";
    };
    for (const act of [change, () => session.delete(one)]) {
      await session.execute(text("update by_uuid set version = 'other'"));
      await act();
      const failed = session.flush();
      await expect(failed).rejects.toThrow(StaleDataError);
      await expect(failed).rejects.toThrow(/ByUuid\(1\)/);
      await session.rollback();
      await session.refresh(one);
    }
  });

  test("[NT-05] a UUID and a timestamp, made anew for each UPDATE", async () => {
    const { engine, Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const [one, two] = [make(ByUuid, { title: "a" }), make(ByTime, { title: "a" })];
    session.addAll([one, two]);
    await session.commit();
    const [first, second] = [one.version, two.version];
    expect(first).toHaveLength(36);
    using log = recordStatements(engine);
    one.title = "b";
    two.title = "b";
    await session.commit();
    expect(one.version).not.toBe(first);
    expect(two.version.getTime()).toBeGreaterThan(second.getTime());
    expect(log.texts().filter((each) => /WHERE .*version/s.test(each)).length).toBe(2);
    await session.refresh(two);
    expect(two.version).toBeInstanceOf(Date);
  });

  test("[NT-05] one that the program sets itself is checked, and changes only when it is set", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const one = make(ByHand, { title: "a" });
    session.add(one);
    await session.commit();
    one.title = "b";
    await session.commit();
    expect(one.version).toBe(1);
    one.title = "c";
    one.version = 2;
    await session.commit();
    expect(one.version).toBe(2);
    await session.execute(text("update by_hand set version = 9"));
    one.title = "d";
    await expect(session.flush()).rejects.toThrow(StaleDataError);
    await session.rollback();
  });

  test.skipIf(databaseKind() !== "postgresql")(
    "[NT-05] xmin, which the server makes: left out of CREATE TABLE, read back with each INSERT and UPDATE",
    async () => {
      const { engine, Session } = await storeFor(server, { expireOnCommit: false });
      await using session = Session();
      const one = make(ByServer, { title: "a" });
      session.add(one);
      await session.commit();
      const first = one.xmin;
      expect(String(first)).toMatch(/^\d+$/);
      using log = recordStatements(engine);
      one.title = "b";
      await session.flush();
      expect(log.count()).toBe(1);
      expect(log.texts()[0]).toMatch(/xmin = .* RETURNING .*xmin/s);
      await session.commit();
      expect(one.xmin).not.toBe(first);
      await session.execute(text("update by_server set title = 'x'"));
      await session.commit();
      one.title = "c";
      await expect(session.flush()).rejects.toThrow(StaleDataError);
      await session.rollback();
    },
  );
});
