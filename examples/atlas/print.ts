import { Presets, SingleBar } from "cli-progress";
import Table from "cli-table3";

/** Values that a table shows: numbers to the right with separators between thousands, the rest to the left. */
export type Cell = string | number | bigint | boolean | null | undefined;

const colours = process.stdout.isTTY && !process.env.NO_COLOR;

/** Prints a title. */
export function printTitle(title: string): void {
  console.log(`\n${title}`);
}

/**
 * Prints rows as a table.
 *
 * @param head the columns' titles
 * @param rows one array for each row
 */
export function printTable(head: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, i) => (rows.some((row) => isNumber(row[i])) ? "right" : "left")),
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" }, // no lines between rows
    style: colours ? { head: ["cyan"], border: ["grey"] } : { head: [], border: [] },
  });
  for (const row of rows) table.push(row.map(show));
  console.log(table.toString());
}

/** A bar that shows how far a long job has come. */
export interface Progress {
  /** Goes on by some steps. */
  step(count?: number): void;
  done(): void;
}

/**
 * Begins a progress bar; where the output is no terminal it is one line at the end.
 *
 * @param title what is being done
 * @param total number of steps until it is done
 */
export function startProgress(title: string, total: number): Progress {
  const started = performance.now();
  const bar = new SingleBar(
    { format: `${title.padEnd(24)} {bar} {percentage}%  {value}/{total}`, hideCursor: true, clearOnComplete: true },
    Presets.shades_classic,
  );
  let value = 0;
  if (process.stdout.isTTY) bar.start(total, 0);
  return {
    step(count = 1) {
      value += count;
      bar.update(value);
    },
    done() {
      bar.stop();
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(`${title.padEnd(24)} ${show(value)} in ${seconds} s`);
    },
  };
}

function isNumber(cell: Cell): boolean {
  return typeof cell === "number" || typeof cell === "bigint";
}

function show(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "boolean") return cell ? "yes" : "no";
  return typeof cell === "string" ? cell : cell.toLocaleString("en-US");
}
