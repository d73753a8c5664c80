/** One history for many tenants: each its own schema, or its own database. */
import type { AsyncConnection } from "../engine/async-connection.js";
import type { AsyncEngine } from "../engine/async-engine.js";
import { historyOf, type MigrateOptions } from "./face.js";
import type { Revision } from "./revision.js";
import { MigrationRunner } from "./runner.js";

/** A tenant: a schema in the engine's database, or an engine of its own. */
export interface Tenant {
  readonly name: string;
  /** The schema that its tables and its version table are in. */
  readonly schema?: string;
  readonly engine?: AsyncEngine;
}

/** How it went for one tenant. */
export interface TenantReport {
  readonly tenant: string;
  /** The revisions that were applied by this run. */
  readonly applied: readonly string[];
  /** The revisions that it still lacks; none when it is there. */
  readonly behind: readonly string[];
  /** Why it is behind, or null. */
  readonly error: Error | null;
}

/** Options of {@link migrateTenants}. */
export interface TenantsOptions extends MigrateOptions {
  readonly to?: string;
  /** How many tenants are migrated at a time. Default 4. */
  readonly concurrency?: number;
  /** Told of each tenant when it is done. */
  readonly onTenant?: (report: TenantReport) => void;
}

/**
 * Upgrades every tenant. One that fails does not keep the others from going on, and a second call goes on with those
 * that are behind.
 *
 * @param engine the database of the tenants that are schemas
 * @param tenants names of schemas, or tenants
 * @returns a report for each tenant, in the order given
 * @example const reports = await migrateTenants(engine, ["north", "south"], { directory: "migrations" });
 */
export async function migrateTenants(
  engine: AsyncEngine,
  tenants: Iterable<string | Tenant>,
  options: TenantsOptions = {},
): Promise<readonly TenantReport[]> {
  return await forEachTenant(engine, tenants, options, (runner, connection, to) => runner.upgrade(connection, to));
}

/** The same reports without upgrading anybody: which tenants are behind, and by which revisions. */
export async function tenantsBehind(
  engine: AsyncEngine,
  tenants: Iterable<string | Tenant>,
  options: TenantsOptions = {},
): Promise<readonly TenantReport[]> {
  return await forEachTenant(engine, tenants, options, async () => []);
}

type Work = (runner: MigrationRunner, connection: AsyncConnection, to: string) => Promise<readonly Revision[]>;

async function forEachTenant(
  engine: AsyncEngine,
  tenants: Iterable<string | Tenant>,
  options: TenantsOptions,
  work: Work,
): Promise<readonly TenantReport[]> {
  const all = [...tenants].map((each): Tenant => (typeof each === "string" ? { name: each, schema: each } : each));
  const runner = new MigrationRunner(await historyOf(options), options);
  const reports = new Array<TenantReport>(all.length);
  let next = 0;
  const goOn = async (): Promise<void> => {
    for (let i = next++; i < all.length; i = next++) {
      const report = await forTenant(engine, all[i] as Tenant, runner, options.to ?? "head", work);
      reports[i] = report;
      options.onTenant?.(report);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.concurrency ?? 4, all.length) }, goOn));
  return reports;
}

async function forTenant(
  engine: AsyncEngine,
  tenant: Tenant,
  runner: MigrationRunner,
  to: string,
  work: Work,
): Promise<TenantReport> {
  try {
    return await (tenant.engine ?? engine).connect((connection) =>
      inSchema(connection, tenant.schema ?? null, async () => {
        let error: Error | null = null;
        let applied: readonly string[] = [];
        try {
          applied = (await work(runner, connection, to)).map((each) => each.id);
        } catch (reason) {
          error = reason as Error;
        }
        const { applied: has } = await runner.state(connection);
        const behind = runner.graph.upgradePath(has, runner.graph.resolve(to, has)).map((each) => each.id);
        return { tenant: tenant.name, applied, behind, error };
      }),
    );
  } catch (error) {
    return {
      tenant: tenant.name,
      applied: [],
      behind: runner.graph.order.map((each) => each.id),
      error: error as Error,
    };
  }
}

/** Runs `fn` with a schema as the one that names without a schema mean. */
async function inSchema<T>(connection: AsyncConnection, schema: string | null, fn: () => Promise<T>): Promise<T> {
  if (schema === null) return await fn();
  const set = async (path: string): Promise<void> => {
    await connection.execDriverSql("SELECT set_config('search_path', $1, false)", [path]);
    await connection.commit();
  };
  const before = String(await connection.execDriverSql("SELECT current_setting('search_path')").scalar());
  await set(connection.dialect.identifiers.quote(schema));
  try {
    return await fn();
  } finally {
    if (!connection.invalidated) await set(before);
  }
}
