/** What the engine tells about its work: `echo: true`, `"debug"`, or a function of one's own. */
import { formatParameters } from "./format-parameters.js";

/** One thing that happened. */
export type EchoEvent =
  | {
      readonly kind: "statement";
      readonly engine: string;
      readonly statement: string;
      /** Undefined when they are hidden. */
      readonly parameters: unknown;
      readonly isMany: boolean;
      /** `cached`: compiled before; `generated`: compiled for this execution; `raw`: text or DDL. */
      readonly origin: "cached" | "generated" | "raw" | "no key";
      /** Milliseconds from handing the statement to the driver to its answer. */
      readonly duration: number;
      readonly rowcount: number;
      /** Set when the statement failed. */
      readonly error?: unknown;
      /** The rows, in debug only. */
      readonly rows?: readonly unknown[];
      /** The connection's `loggingToken` execution option. */
      readonly token?: string;
    }
  | {
      readonly kind: "transaction";
      readonly engine: string;
      /** `BEGIN (implicit)`, `COMMIT`, `ROLLBACK`, `SAVEPOINT sa_savepoint_1`, ... */
      readonly action: string;
      readonly token?: string;
    }
  | { readonly kind: "pool"; readonly engine: string; readonly action: string };

/** Takes the engine's log. */
export type EchoFunction = (event: EchoEvent) => void;

/** `true` logs statements, parameters, timings and transactions; `"debug"` also rows. */
export type Echo = boolean | "debug" | EchoFunction;

/** One event as a line or two of text. */
export function formatEcho(event: EchoEvent): string {
  const token = "token" in event && event.token !== undefined ? `[${event.token}] ` : "";
  if (event.kind !== "statement") return `${token}${event.action}`;
  const lines = [`${token}${event.statement}`];
  const time = `${event.duration.toFixed(2)} ms`;
  const outcome = event.error === undefined ? countOf(event.rowcount) : "failed";
  const parameters =
    event.parameters === undefined ? "(parameters hidden)" : formatParameters(event.parameters, event.isMany);
  lines.push(`${token}[${event.origin}, ${time}, ${outcome}] ${parameters}`);
  if (event.rows !== undefined) {
    for (const row of event.rows.slice(0, 20)) lines.push(`${token}Row ${formatParameters(row)}`);
    if (event.rows.length > 20) lines.push(`${token}... ${event.rows.length - 20} more rows`);
  }
  return lines.join("\n");
}

function countOf(rowcount: number): string {
  if (rowcount < 0) return "done";
  return rowcount === 1 ? "1 row" : `${rowcount} rows`;
}

/** The log function of an `echo` option, or null when nothing is logged. */
export function makeEcho(echo: Echo | undefined): EchoFunction | null {
  if (echo === undefined || echo === false) return null;
  if (typeof echo === "function") return echo;
  return (event) => {
    const prefix = `${new Date().toISOString()} ${event.engine} `;
    process.stdout.write(`${prefix}${formatEcho(event).replaceAll("\n", `\n${prefix}`)}\n`);
  };
}
