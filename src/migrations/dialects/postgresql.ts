import type { AsyncConnection } from "../../engine/async-connection.js";
import { DatabaseError } from "../../engine/errors.js";
import { MigrationError } from "../errors.js";
import type { MigrationDialect, MigrationLimits } from "./migration-dialect.js";
import { lintForPostgresql } from "./postgresql-lint.js";

const LOCK_NOT_AVAILABLE = "55P03";

async function limit(connection: AsyncConnection, limits: MigrationLimits, local: boolean): Promise<void> {
  const given = [
    ["lock_timeout", limits.lockTimeout],
    ["statement_timeout", limits.statementTimeout],
  ] as const;
  for (const [name, value] of given) {
    if (value !== undefined)
      await connection.execDriverSql("select set_config($1, $2, $3)", [name, `${value}ms`, local]);
  }
}

/**
 * `name IN ('a')` over a varchar becomes `ARRAY['a'::character varying]::text[]`, and that, written again, becomes
 * `ARRAY['a'::character varying::text]`: the casts from text to text are left out, and the brackets around one word.
 */
function withoutTextCasts(sql: string): string {
  const casts = /'(?:[^']|'')*'|"(?:[^"]|"")*"|::(?:text|character varying)(?:\(\d+\))?(?:\[\])?/g;
  const brackets = /(?<!\w)\(('(?:[^']|'')*'|"(?:[^"]|"")*"|\w+|ARRAY\[[^[\]()]*\])\)/g;
  let text = sql.replaceAll(casts, (found) => (found.startsWith("::") ? "" : found));
  for (let before = ""; before !== text; ) {
    before = text;
    text = text.replaceAll(brackets, "$1");
  }
  return text;
}

/** An advisory lock of the session, taken in a transaction of its own. */
export const postgresqlMigrations: MigrationDialect = {
  locksByWriting: false,
  scratch: "schema",
  canonicalCheck: withoutTextCasts,
  lint: lintForPostgresql,
  async lock(connection, name, limits) {
    try {
      await limit(connection, { lockTimeout: limits.lockTimeout }, true);
      await connection.execDriverSql("select pg_advisory_lock(hashtextextended($1, 0))", [name]);
      await connection.commit();
    } catch (error) {
      await connection.rollback();
      if (!(error instanceof DatabaseError && error.code === LOCK_NOT_AVAILABLE)) throw error;
      throw new MigrationError(
        `Another migration has held the lock of this database for ${limits.lockTimeout} ms. Wait until it has ended, or give a longer lockTimeout.`,
        { cause: error },
      );
    }
  },
  async unlock(connection, name) {
    await connection.execDriverSql("select pg_advisory_unlock(hashtextextended($1, 0))", [name]);
    await connection.commit();
  },
  async prepare() {},
  async begun(connection, limits) {
    await limit(connection, limits, true);
  },
  async verify() {},
  async restore() {},
};
