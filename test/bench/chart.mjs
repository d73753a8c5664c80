/** The chart of a run, as SVG: for each workload a bar for each contestant, as long as its client CPU time is a multiple of the bare driver's. */
import { WORKLOADS } from "./workloads.mjs";

const BAR = 7;
const GAP = 12;
const LEFT = 330;
const WIDTH = 560;
/** Longer bars are cut off, with their number beside them. */
const MOST = 10;
const COLOURS = ["#888888", "#d9480f", "#1c7ed6", "#2f9e44", "#7048e8", "#c2255c", "#0c8599", "#846358", "#f08c00"];

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

export function chart(run) {
  const names = [];
  const parts = [];
  let y = 70;
  for (const [kind, { workloads, version }] of Object.entries(run.databases)) {
    parts.push(
      `<text x="10" y="${y}" font-weight="bold">${kind === "sqlite" ? "SQLite" : "PostgreSQL"} ${escaped(version)}</text>`,
    );
    y += GAP;
    for (const [workload, results] of Object.entries(workloads)) {
      const top = y;
      for (const { name, cpu, failure, driver } of results) {
        if (name === "driver" || failure !== undefined || driver.cpu === undefined) continue;
        if (!names.includes(name)) names.push(name);
        const ratio = cpu / driver.cpu;
        const length = (Math.min(ratio, MOST) / MOST) * WIDTH;
        parts.push(
          `<rect x="${LEFT}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" fill="${COLOURS[(names.indexOf(name) + 1) % COLOURS.length]}"/>`,
        );
        parts.push(
          `<text x="${(LEFT + length + 4).toFixed(1)}" y="${y + BAR - 1}" font-size="7">${ratio.toFixed(1)}</text>`,
        );
        y += BAR + 1;
      }
      parts.push(`<text x="10" y="${(top + y) / 2 + 3}">${workload} ${escaped(WORKLOADS[workload].title)}</text>`);
      y += GAP;
    }
    y += 2 * GAP;
  }
  const one = LEFT + WIDTH / MOST;
  const legend = names.map(
    (name, i) =>
      `<rect x="${10 + i * 100}" y="34" width="9" height="9" fill="${COLOURS[(i + 1) % COLOURS.length]}"/><text x="${24 + i * 100}" y="42">${escaped(name)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH + 60} ${y}" font-family="sans-serif" font-size="10">`,
    "<title>Client CPU time of each workload as a multiple of the bare driver's</title>",
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="10" y="20" font-size="13">Client CPU time as a multiple of the bare driver's (the line is 1), medians of ${run.rounds} rounds, ${run.date}</text>`,
    ...legend,
    `<line x1="${one}" x2="${one}" y1="55" y2="${y - 2 * GAP}" stroke="#888888" stroke-dasharray="3 3"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}
