import { type AsyncEngine, text } from "../../src/index.js";

/** Creates an extension of PostgreSQL, where the server has it: not every build brings them all. @returns whether it is there */
export async function createExtension(engine: AsyncEngine, name: string): Promise<boolean> {
  return await engine.begin(async (conn) => {
    const found = await conn.scalar(text("select count(*) from pg_available_extensions where name = :name"), { name });
    if (Number(found) === 0) return false;
    await conn.execDriverSql(`create extension if not exists ${name}`);
    return true;
  });
}
