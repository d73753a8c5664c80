/** How the service was started. */
import { parseArgs } from "node:util";

export interface Settings {
  /** Where the database is. */
  readonly url: string;
  readonly port: number;
  /** How many books a new database gets. */
  readonly books: number;
  /** How many processes deliver the outbox; 0 leaves it to this one. */
  readonly workers: number;
  /** Whether to prove that it works and to end, in place of serving. */
  readonly check: boolean;
  /** Whether the developer's panel is there. */
  readonly panel: boolean;
}

export const USAGE = `
  npm run service [-- OPTIONS] [DATABASE-URL]

  Without a URL the database is the file bookshop.db in the folder for temporary files.

  --port N      where to listen (3000)
  --books N     how many books a new database gets (20000)
  --workers N   how many processes deliver the outbox (2); 0 leaves it to the server
  --check       try everything on a database in memory, and end
  --help        this
`;

/** @throws TypeError for an option that there is not */
export function readSettings(args: readonly string[], defaultUrl: string): Settings | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      port: { type: "string", default: process.env["PORT"] ?? "3000" },
      books: { type: "string", default: "20000" },
      workers: { type: "string", default: "2" },
      check: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  return {
    url: positionals[0] ?? process.env["DATABASE_URL"] ?? defaultUrl,
    port: count("port", values.port),
    books: count("books", values.books),
    workers: count("workers", values.workers),
    check: values.check,
    panel: process.env["NODE_ENV"] !== "production",
  };
}

function count(name: string, value: string): number {
  if (!/^\d+$/.test(value)) throw new TypeError(`--${name} takes a number, not ${value}`);
  return Number(value);
}
