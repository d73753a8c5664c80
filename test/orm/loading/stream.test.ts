import { describe, expect, test } from "vitest";
import { joinedload, select, selectinload } from "../../../src/index.js";
import { shelf } from "./fixture.js";
import { Author, Post } from "./models.js";

describe("streams", () => {
  test("[QA-03] load relationships for each part", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const result = await session.stream(
      select(Author)
        .orderBy((a) => a.id)
        .options(selectinload(Author, (a) => a.posts)),
    );
    const seen: [string, number][] = [];
    for await (const [author] of result.yieldPer(2)) seen.push([author.name, author.posts.length]);
    expect(seen).toEqual([
      ["Ann", 3],
      ["Bob", 2],
      ["Cid", 0],
    ]);
    expect(log.count("SELECT")).toBe(3);
  });

  test("[QA-03] refuse joined collections and take joined objects", async () => {
    const { Session } = await shelf();
    await using session = Session();
    await expect(session.stream(select(Author).options(joinedload(Author, (a) => a.posts)))).rejects.toThrow(
      /in parts.*selectinload/,
    );
    const result = await session.streamScalars(
      select(Post)
        .orderBy((p) => p.id)
        .options(joinedload(Post, (p) => p.author)),
    );
    const names: (string | null)[] = [];
    for await (const post of result) names.push(post.author?.name ?? null);
    expect(names).toEqual(["Ann", "Ann", "Ann", "Bob", "Bob", null]);
  });

  test("go on after expungeAll(): what comes later belongs to the session", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const names: [string, boolean][] = [];
    const result = await session.streamScalars(
      select(Author).orderBy((a) => a.id),
      undefined,
      { yieldPer: 1 },
    );
    for await (const author of result) {
      names.push([author.name, session.has(author)]);
      session.expungeAll();
    }
    expect(names).toEqual([
      ["Ann", true],
      ["Bob", true],
      ["Cid", true],
    ]);
  });
});
