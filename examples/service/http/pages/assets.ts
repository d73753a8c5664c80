/** What pages load beside themselves, under addresses that change with it. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

function asset(name: string, ending: string, type: string) {
  const text = readFileSync(new URL(`${name}.${ending}`, import.meta.url), "utf8");
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 10);
  return { text, type, path: `/assets/${name}-${hash}.${ending}` } as const;
}

export const stylesheet = asset("shop", "css", "text/css; charset=utf-8");
export const icon = asset("icon", "svg", "image/svg+xml");
