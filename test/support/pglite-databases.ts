import { PGlite } from "@electric-sql/pglite";

/** An empty PGlite database of this process. */
export interface LeasedPglite {
  readonly url: string;
  /** Options with which an engine takes this database and does not close it. */
  readonly engine: { readonly creator: () => PGlite; readonly poolTimeout: number };
  /** Gives it back for the next test. */
  release(): void;
}

// A PGlite takes seconds to start and milliseconds to empty. Modules are loaded anew for each test file, so they are kept
// past that.
const shared = globalThis as { athanorPglites?: PGlite[] };

/** Hands out an empty database that nobody else uses. */
export async function leasePglite(): Promise<LeasedPglite> {
  shared.athanorPglites ??= [];
  const free = shared.athanorPglites;
  const known = free.pop();
  const database = known ?? (await PGlite.create());
  if (known !== undefined) await empty(known);
  return {
    url: "pglite://",
    // A test that takes a second connection while it holds the first waits for itself, and should not do so for long.
    engine: { creator: () => database, poolTimeout: 5 },
    release: () => void free.push(database),
  };
}

/** Drops everything in the database, and what a test has left open in its only session. */
async function empty(database: PGlite): Promise<void> {
  await database.exec("rollback; deallocate all; discard temp; reset all");
  const { rows } = await database.query<{ nspname: string }>(
    "select nspname from pg_namespace where nspname not like 'pg\\_%' and nspname <> 'information_schema'",
  );
  const drops = rows.map(({ nspname }) => `drop schema "${nspname}" cascade`);
  await database.exec([...drops, "create schema public"].join("; "));
}
