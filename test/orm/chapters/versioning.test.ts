/** The chapter "Configuring a version counter" of SQLAlchemy's ORM documentation, on both databases. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  Column,
  create,
  del,
  type OptionalProps,
  PrimaryKey,
  registry,
  StaleDataError,
  t,
  text,
  update,
} from "../../../src/index.js";
import { databaseKind } from "../../support/database.js";
import { recordStatements } from "../../support/statements.js";
import { storeFor } from "../support.js";

const reg = registry();

@reg.Entity("user", { versionIdCol: "versionId" })
class User {
  declare [OptionalProps]?: "id" | "versionId";
  @PrimaryKey() id!: number;
  @Column() versionId!: number;
  @Column(t.string(50)) name!: string;
}

@reg.Entity("by_guid", { versionIdCol: "versionUuid", versionIdGenerator: () => randomUUID() })
class ByGuid {
  declare [OptionalProps]?: "id" | "versionUuid";
  @PrimaryKey() id!: number;
  @Column(t.string(36)) versionUuid!: string;
  @Column(t.string(50)) name!: string;
}

@reg.Entity("lettered", {
  versionIdCol: "letter",
  versionIdGenerator: (at) => (at === null ? "a" : `${at as string}+`),
})
class Lettered {
  declare [OptionalProps]?: "id" | "letter";
  @PrimaryKey() id!: number;
  @Column(t.string(9)) letter!: string;
  @Column(t.string(50)) name!: string;
}

@reg.Entity("by_program", { versionIdCol: "versionUuid", versionIdGenerator: false })
class ByProgram {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.string(36)) versionUuid!: string;
  @Column(t.string(50)) name!: string;
}

const system = registry();

@system.Entity("by_server", { versionIdCol: "xmin", versionIdGenerator: false })
class ByServer {
  declare [OptionalProps]?: "id" | "xmin";
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @Column(t.string(20), { system: true }) xmin!: string;
}

describe("a version counter", () => {
  test("begins at 1, is raised and checked by each UPDATE, and checked by a DELETE", async () => {
    const { engine, Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const user = create(User, { name: "a" });
    session.add(user);
    await session.commit();
    expect(user.versionId).toBe(1);
    using log = recordStatements(engine);
    user.name = "new name";
    await session.commit();
    expect(user.versionId).toBe(2);
    expect(log.texts("UPDATE")[0].replace(/\s+/g, " ")).toMatch(
      /^UPDATE "user" SET (name ?= ?\S+, version_id ?= ?\S+|version_id ?= ?\S+, name ?= ?\S+) WHERE "user"\.id = \S+ AND "user"\.version_id = \S+$/,
    );
    await session.delete(user);
    await session.commit();
    expect(log.texts("DELETE")[0].replace(/\s+/g, " ")).toMatch(/WHERE "user"\.id = \S+ AND "user"\.version_id = \S+$/);
  });

  test("tells of a row that another transaction has changed", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const user = create(User, { name: "a" });
    session.add(user);
    await session.commit();
    await session.execute(text('update "user" set version_id = 7'));
    await session.commit();
    user.name = "b";
    const failure = session.flush();
    await expect(failure).rejects.toThrow(StaleDataError);
    await expect(failure).rejects.toThrow(/User\(1\)/);
    await session.rollback();
    await session.refresh(user);
    expect(user.versionId).toBe(7);
    await session.execute(text('update "user" set version_id = 8'));
    await session.delete(user);
    await expect(session.flush()).rejects.toThrow(StaleDataError);
    await session.rollback();
  });

  test("does not count where many rows are written by one statement", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const user = create(User, { name: "a" });
    session.add(user);
    await session.commit();
    await session.execute(
      update(User)
        .where((u) => u.id.eq(user.id))
        .values({ name: "b" }),
    );
    expect(await session.scalar(text('select version_id from "user"'))).toBe(1);
    await session.execute(del(User).where((u) => u.name.eq("b")));
    await session.commit();
  });
});

describe("versions of other kinds", () => {
  test("are made by a function, which is given the present one", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const [guid, letter] = [create(ByGuid, { name: "a" }), create(Lettered, { name: "a" })];
    session.addAll([guid, letter]);
    await session.commit();
    const first = guid.versionUuid;
    expect([first.length, letter.letter]).toEqual([36, "a"]);
    guid.name = letter.name = "b";
    await session.commit();
    expect(guid.versionUuid).not.toBe(first);
    expect(letter.letter).toBe("a+");
  });

  test.skipIf(databaseKind() !== "postgresql")("are made by the server: xmin", async () => {
    const { engine, Session } = await storeFor(system, { expireOnCommit: false });
    await using session = Session();
    const one = create(ByServer, { name: "ed" });
    using log = recordStatements(engine);
    session.add(one);
    await session.commit();
    expect(log.texts()[0]).toMatch(/^INSERT INTO by_server \(name\) .*RETURNING .*xmin/s);
    const first = one.xmin;
    one.name = "jack";
    await session.commit();
    expect(one.xmin).not.toBe(first);
    await session.execute(text("update by_server set name = 'x'"));
    await session.commit();
    one.name = "y";
    await expect(session.flush()).rejects.toThrow(StaleDataError);
    await session.rollback();
  });

  test("are set by the program, or left alone; the old one is checked either way", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const one = create(ByProgram, { name: "u1", versionUuid: randomUUID() });
    session.add(one);
    await session.commit();
    const first = one.versionUuid;
    one.name = "u2";
    one.versionUuid = randomUUID();
    await session.commit();
    expect(one.versionUuid).not.toBe(first);
    const second = one.versionUuid;
    one.name = "u3";
    await session.commit();
    expect(one.versionUuid).toBe(second);
    await session.execute(text("update by_program set version_uuid = 'other'"));
    await session.commit();
    one.name = "u4";
    await expect(session.flush()).rejects.toThrow(StaleDataError);
    await session.rollback();
  });
});
