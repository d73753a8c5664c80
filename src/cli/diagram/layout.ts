/** Where boxes stand: in layers, those that are referred to on the left of those that refer. */
import type { Diagram, DiagramTable } from "./model.js";

/** Measures in SVG units. */
export const ROW = 20;
export const HEAD = 28;
const CHARACTER = 7.3;
const PADDING = 12;
const GAP_X = 90;
const GAP_Y = 32;
const MARGIN = 24;

/** A box with its place. */
export interface PlacedTable extends DiagramTable {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The boxes and the size of the whole. */
export interface Layout {
  readonly tables: ReadonlyMap<string, PlacedTable>;
  readonly width: number;
  readonly height: number;
}

/** Lays a diagram out: layers by the longest way of keys, then a few sweeps that put neighbours near each other. */
export function layOut(diagram: Diagram): Layout {
  const layers = inLayers(diagram);
  const near = neighbours(diagram);
  for (let sweep = 0; sweep < 6; sweep++) {
    const place = new Map(layers.flatMap((layer) => layer.map((each, i) => [each.name, i / layer.length] as const)));
    const weight = ({ name }: DiagramTable): number => {
      const others = (near.get(name) ?? []).map((other) => place.get(other) as number);
      return others.length === 0 ? (place.get(name) as number) : others.reduce((a, b) => a + b, 0) / others.length;
    };
    for (const layer of layers) {
      const weights = new Map(layer.map((each) => [each, weight(each)]));
      layer.sort((a, b) => (weights.get(a) as number) - (weights.get(b) as number) || (a.name < b.name ? -1 : 1));
      for (const [i, each] of layer.entries()) place.set(each.name, i / layer.length);
    }
  }
  const heights = layers.map((layer) => layer.reduce((sum, each) => sum + heightOf(each) + GAP_Y, -GAP_Y));
  const tallest = Math.max(0, ...heights);
  const tables = new Map<string, PlacedTable>();
  let x = MARGIN;
  for (const [i, layer] of layers.entries()) {
    const width = Math.max(...layer.map(widthOf));
    let y = MARGIN + (tallest - (heights[i] as number)) / 2;
    for (const each of layer) {
      tables.set(each.name, { ...each, x, y, width, height: heightOf(each) });
      y += heightOf(each) + GAP_Y;
    }
    x += width + GAP_X;
  }
  return { tables, width: Math.max(x - GAP_X, 0) + MARGIN, height: tallest + 2 * MARGIN };
}

/** A layer grows too tall to be read beyond this many rows; what is over goes into the next column. */
const TALLEST = 48;

function inLayers({ tables, links }: Diagram): DiagramTable[][] {
  const depth = new Map<string, number>();
  const above = new Map<string, string[]>();
  for (const { from, to } of links) if (from !== to) above.set(from, [...(above.get(from) ?? []), to]);
  // An explicit stack; a ring is cut where it closes.
  for (const { name } of tables) {
    const stack = [name];
    const open = new Set<string>();
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as string;
      if (depth.has(top)) {
        stack.pop();
        continue;
      }
      open.add(top);
      const waiting = (above.get(top) ?? []).filter((each) => !depth.has(each) && !open.has(each));
      if (waiting.length > 0) {
        stack.push(waiting[0] as string);
        continue;
      }
      depth.set(top, Math.max(-1, ...(above.get(top) ?? []).map((each) => depth.get(each) ?? -1)) + 1);
      stack.pop();
    }
  }
  const layers: DiagramTable[][] = [];
  for (let level = 0; ; level++) {
    const members = tables.filter((each) => depth.get(each.name) === level);
    if (members.length === 0) return layers;
    let column: DiagramTable[] = [];
    let rows = 0;
    for (const each of members) {
      if (rows > 0 && rows + each.columns.length > TALLEST) {
        layers.push(column);
        column = [];
        rows = 0;
      }
      column.push(each);
      rows += each.columns.length + 3;
    }
    layers.push(column);
  }
}

function neighbours({ links }: Diagram): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { from, to } of links) {
    if (from === to) continue;
    found.set(from, [...(found.get(from) ?? []), to]);
    found.set(to, [...(found.get(to) ?? []), from]);
  }
  return found;
}

function heightOf({ columns }: DiagramTable): number {
  return HEAD + columns.length * ROW + 6;
}

function widthOf({ name, columns }: DiagramTable): number {
  const longest = Math.max(name.length + 2, ...columns.map((each) => each.name.length + each.type.length + 6));
  return Math.ceil(longest * CHARACTER) + 2 * PADDING;
}
