/** The database: opened, brought to the newest schema, filled when it is empty. */
import "./policies/index.js";
import { fileURLToPath } from "node:url";
import { type AsyncEngine, attrs, createAsyncEngine, type EngineOptions, func, select } from "athanor";
import { migrate } from "athanor/migrations";
import { Shop } from "./entities/index.js";
import { EVERY_SHOP, type ShopFacts, scope } from "./scope.js";
import { seed } from "./seed/seed.js";
import { db, Session } from "./session.js";

const SHOP = attrs(Shop);
const MIGRATIONS = fileURLToPath(new URL("migrations", import.meta.url));

/**
 * The connections of a process that serves. It keeps all that it opens: one beyond `poolSize` is closed when it comes back, which under a steady load makes
 * a login of nearly every request.
 */
export const SERVING: EngineOptions = { poolSize: 15, maxOverflow: 0 };

/** Opens a database and has all sessions use it. Whoever opens it disposes of the engine. */
export function openDatabase(url: string, options: EngineOptions = {}): AsyncEngine {
  const engine = createAsyncEngine(url, options);
  Session.configure({ bind: engine });
  return engine;
}

/** Brings the schema to its newest revision. */
export async function upgradeSchema(engine: AsyncEngine): Promise<void> {
  await migrate(engine, { directory: MIGRATIONS });
}

/** Fills the database unless there are shops in it. @param books how many, in all shops together */
export async function seedWhenEmpty(books: number): Promise<boolean> {
  const isEmpty = await scope({ shop: EVERY_SHOP }, async () => (await db.scalar(select(func.count(SHOP.id)))) === 0);
  if (isEmpty) await seed(books);
  return isEmpty;
}

/** The shops that there are. */
export async function allShops(): Promise<ShopFacts[]> {
  const shops = await scope({ shop: EVERY_SHOP }, () => db.scalars(select(Shop).orderBy((s) => s.id)).all());
  return shops.map(({ id, slug, name, motto, currency }) => ({ id, slug, name, motto, currency }));
}
