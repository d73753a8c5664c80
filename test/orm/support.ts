import {
  type AsyncEngine,
  type AsyncSessionMaker,
  type AsyncSessionOptions,
  asyncSessionmaker,
  type Registry,
} from "../../src/index.js";
import { type EngineOptions, type FreshDatabaseOptions, freshDatabase } from "../support/database.js";

export interface Store {
  readonly engine: AsyncEngine;
  readonly Session: AsyncSessionMaker;
}

/** A fresh database with the tables of a registry, and a factory of sessions on it (expireOnCommit as SQLAlchemy has it: true). */
export async function storeFor(
  { metadata }: Registry,
  options: Partial<AsyncSessionOptions> = {},
  database: FreshDatabaseOptions & { readonly engine?: EngineOptions } = {},
): Promise<Store> {
  const { engine } = await freshDatabase(database);
  await metadata.createAll(engine);
  return { engine, Session: asyncSessionmaker(engine, options) };
}

/** A new object with the attributes given, whichever the class requires. */
export function make<E extends object>(cls: new () => E, values: Partial<E> = {}): E {
  return Object.assign(new cls(), values);
}
