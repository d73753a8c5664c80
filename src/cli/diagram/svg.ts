/** A schema as an SVG picture. */
import { HEAD, layOut, type PlacedTable, ROW } from "./layout.js";
import type { Diagram, DiagramLink } from "./model.js";

const STYLE = `
  text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: #1f2933; }
  .box { fill: #ffffff; stroke: #52606d; }
  .head { fill: #334e68; }
  .name { fill: #ffffff; font-weight: bold; }
  .key { font-weight: bold; }
  .type { fill: #7b8794; }
  .link { fill: none; stroke: #829ab1; stroke-width: 1.4; }
  .end { fill: none; stroke: #486581; stroke-width: 1.4; }
`;

/** The picture. Each line goes from a key's first column to the head of the table that it refers to. */
export function svg(diagram: Diagram): string {
  const { tables, width, height } = layOut(diagram);
  const links = diagram.links.map((each) => link(each, tables)).join("\n");
  const boxes = [...tables.values()].map(box).join("\n");
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<style>${STYLE}</style>
<rect width="100%" height="100%" fill="#f5f7fa"/>
${links}
${boxes}
</svg>
`;
}

function box({ name, columns, x, y, width, height }: PlacedTable): string {
  const rows = columns.map((column, i) => {
    const at = y + HEAD + (i + 1) * ROW - 5;
    const mark = column.key ? "*" : column.foreign ? "→" : " ";
    return `  <text x="${x + 10}" y="${at}"${column.key ? ' class="key"' : ""}>${escaped(`${mark} ${column.name}`)}</text><text x="${x + width - 10}" y="${at}" class="type" text-anchor="end">${escaped(column.type)}</text>`;
  });
  return `<g>
  <rect class="box" x="${x}" y="${y}" width="${width}" height="${height}" rx="4"/>
  <rect class="head" x="${x}" y="${y}" width="${width}" height="${HEAD - 4}" rx="4"/>
  <text class="name" x="${x + 10}" y="${y + 17}">${escaped(name)}</text>
${rows.join("\n")}
</g>`;
}

function link({ from, to, columns, optional, many }: DiagramLink, tables: ReadonlyMap<string, PlacedTable>): string {
  const source = tables.get(from);
  const target = tables.get(to);
  if (source === undefined || target === undefined) return "";
  const row = source.columns.findIndex((each) => each.name === columns[0]);
  const y1 = source.y + HEAD + row * ROW + ROW / 2;
  const y2 = target.y + HEAD / 2;
  // The side of each box that faces the other; a box of the same column is reached around its right side.
  const apart = target.x + target.width < source.x ? -1 : target.x > source.x + source.width ? 1 : 0;
  const x1 = apart === -1 ? source.x : source.x + source.width;
  const x2 = apart === 1 ? target.x : target.x + target.width;
  const out = apart === -1 ? -1 : 1;
  const into = apart === 1 ? -1 : 1;
  const bend = apart === 0 ? 40 : Math.max(30, Math.abs(x2 - x1) / 2);
  const path = `M${x1} ${y1} C${x1 + out * bend} ${y1} ${x2 + into * bend} ${y2} ${x2} ${y2}`;
  const foot = many ? `M${x1} ${y1 - 5} L${x1 + out * 10} ${y1} L${x1} ${y1 + 5}` : `M${x1 + out * 6} ${y1 - 5} v10`;
  const end = optional
    ? `<circle class="end" cx="${x2 + into * 6}" cy="${y2}" r="4"/>`
    : `<path class="end" d="M${x2 + into * 6} ${y2 - 5} v10"/>`;
  const title = `${from}.${columns.join(", ")} → ${to}`;
  return `<g><title>${escaped(title)}</title><path class="link" d="${path}"/><path class="end" d="${foot}"/>${end}</g>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
