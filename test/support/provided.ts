/** What vitest.config.ts and the global set-ups hand to the workers: read with `inject` from vitest. */
declare module "vitest" {
  export interface ProvidedContext {
    /** The database of this project. Absent in `unit`. */
    database?: "sqlite" | "sqlite-worker" | "postgresql" | "pglite";
    /** URL of a PostgreSQL server's maintenance database, and the prefix of every database this run makes on it. */
    postgresServer?: { readonly url: string; readonly prefix: string };
  }
}

export {};
