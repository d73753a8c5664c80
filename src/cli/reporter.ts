/** What is told of a run on its way, and of tenants. */
import type { MigrationProgress } from "../migrations/context.js";
import type { LintFinding } from "../migrations/lint/finding.js";
import type { MigrationEvent } from "../migrations/runner.js";
import type { TenantReport } from "../migrations/tenants.js";
import type { Output } from "./output.js";

/** A listener that writes what runs, a line for each revision, and how long it took. */
export function reporter(out: Output): (event: MigrationEvent) => void {
  return ({ phase, direction, revision, elapsed, index, total }) => {
    const title = `${out.paint("yellow", revision.id)} ${revision.message}`;
    if (phase === "begin") out.progress(`${out.paint("dim", `[${index}/${total}]`)} ${direction} ${title}`);
    else if (elapsed >= 1000) out.progress(out.paint("dim", `        ${(elapsed / 1000).toFixed(1)} s`));
  };
}

/** A listener that writes how far a long operation has come, every few seconds. */
export function progressReporter(out: Output, pause = 2_000): (progress: MigrationProgress) => void {
  let last = performance.now();
  return ({ operation, rows }) => {
    const now = performance.now();
    if (now - last < pause) return;
    last = now;
    out.progress(out.paint("dim", `        ${operation}: ${rows.toLocaleString("en")} rows`));
  };
}

/** A listener that warns, in a line, of what lint has found in a revision that is about to run. */
export function warner(out: Output): (finding: LintFinding) => void {
  return ({ revision, rule, operation, table, rows, lock, why }) => {
    const words = lock === null ? why : `${why} (${lock}${inRows(table, rows)})`;
    out.progress(`${out.paint("yellow", `warning [${rule}]`)} ${revision}: ${operation}: ${words}`);
  };
}

/** ` on users, about 1,200,000 rows`, where the rows are known. */
export function inRows(table: string | null, rows: number | null): string {
  return rows === null ? "" : ` on ${table}, about ${rows.toLocaleString("en")} ${rows === 1 ? "row" : "rows"}`;
}

/** Tells how it went for each tenant, or who is behind. */
export function tellTenants(out: Output, reports: readonly TenantReport[]): void {
  const data = reports.map(({ error, ...each }) => ({ ...each, error: error?.message ?? null }));
  out.data(data, () => {
    const width = Math.max(0, ...reports.map((each) => each.tenant.length));
    for (const { tenant, applied, behind, error } of reports) {
      const done = applied.length === 0 ? "" : `applied ${applied.join(", ")}; `;
      const state =
        behind.length === 0 ? out.paint("green", "at head") : out.paint("red", `lacks ${behind.join(", ")}`);
      out.line(`${tenant.padEnd(width)}  ${done}${state}`);
      if (error !== null) out.line(`${" ".repeat(width)}  ${error.message}`);
    }
  });
}
