/**
 * The JavaScript of the published package: its entry points, and the few chunks that they share. As 600 modules of their own it took
 * four times as long to import. Declarations are tsc's, each where the source is that it tells of.
 */
import { readFileSync } from "node:fs";
import { posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "rolldown";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const read = (path: string): string => readFileSync(at(path), "utf8");
const source = at("src/");
const { exports, bin } = JSON.parse(read("package.json")) as {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  readonly bin: Readonly<Record<string, string>>;
};

/** `index` for `./dist/index.js`: what the package exports, and its command. */
const entries = [
  ...Object.values(exports).map((each) => (typeof each === "string" ? each : each.default)),
  ...Object.values(bin),
]
  .filter((file) => file.endsWith(".js"))
  .map((file) => file.replace(/^\.\/dist\/(.*)\.js$/, "$1"));

/** CommonJS that every program would load: for Node to find out what it exports takes longer than the rest of an import. */
const INLINED = ["dataloader", "reflect-metadata"];

/**
 * `new URL("./file", import.meta.url)` finds what it would find if each module were a file of its own, wherever the bundler puts it. A file that
 * is JavaScript of the package is the program of a thread, and becomes an entry point.
 */
const addresses: Plugin = {
  name: "addresses",
  transform: {
    filter: { id: /\.ts$/, code: /import\.meta\.url/ },
    handler(code, id) {
      const folder = posix.dirname(relative(source, id).split(sep).join("/"));
      const marked = code.replace(/new URL\("([^"]+)", import\.meta\.url\)/g, (_, path: string) => {
        const file = posix.join(folder, path);
        if (file.endsWith(".js")) {
          this.emitFile({ type: "chunk", id: source + file.replace(/\.js$/, ".ts"), fileName: file });
        }
        return `new URL("address of ${file}", import.meta.url)`;
      });
      return { code: marked, map: null };
    },
  },
  renderChunk(code, { fileName }) {
    const placed = code.replace(
      /"address of ([^"]+)"/g,
      (_, file: string) => `"${posix.relative(posix.dirname(fileName), file) || "./"}"`,
    );
    return placed === code ? null : { code: placed, map: null };
  },
};

/** What is inlined brings its licence. */
const licences: Plugin = {
  name: "licences",
  generateBundle() {
    const source = INLINED.map((name) => `${name}\n\n${read(`node_modules/${name}/LICENSE`).trim()}\n`).join("\n\n");
    this.emitFile({ type: "asset", fileName: "THIRD-PARTY-LICENCES", source });
  },
};

export default defineConfig({
  input: Object.fromEntries(entries.map((name) => [name, `src/${name}.ts`])),
  platform: "node",
  external: (id) => /^(node:|@?[a-z])/.test(id) && !INLINED.includes(id),
  tsconfig: "tsconfig.build.json",
  transform: { target: "es2022" },
  plugins: [addresses, licences],
  output: {
    dir: "dist",
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name].js",
    comments: { jsdoc: false, legal: false },
    keepNames: true,
    sourcemap: true,
  },
});
