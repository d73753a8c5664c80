import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { run as branches } from "../../src/cli/commands/branches.js";
import { run as check } from "../../src/cli/commands/check.js";
import { run as current } from "../../src/cli/commands/current.js";
import { run as heads } from "../../src/cli/commands/heads.js";
import { run as history } from "../../src/cli/commands/history.js";
import { run as merge } from "../../src/cli/commands/merge.js";
import { run as revision } from "../../src/cli/commands/revision.js";
import { run as show } from "../../src/cli/commands/show.js";
import { run as stamp } from "../../src/cli/commands/stamp.js";
import { run as upgrade } from "../../src/cli/commands/upgrade.js";
import { column, createAsyncEngine, MetaData, t, table } from "../../src/index.js";
import type { AthanorConfig } from "../../src/migrations/index.js";
import { type TempFolder, tempFolder } from "../support/temp.js";

const held = globalThis as { athanorConfig?: AthanorConfig };
let folder: TempFolder;
let config: string;
let printed: string[];

beforeEach(() => {
  folder = tempFolder("athanor-projects-");
  printed = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0);
  vi.spyOn(process.stderr, "write").mockImplementation(() => true);
});
afterEach(() => {
  vi.restoreAllMocks();
  folder[Symbol.dispose]();
  delete held.athanorConfig;
});

const database = (name: string): string => `sqlite:///${folder.file(`${name}.db`)}`;
const said = (): unknown => JSON.parse(printed.splice(0).join(""));
const lines = (): readonly string[] => printed.splice(0).join("").split("\n");
const json = () => ({ config, json: true });
let configurations = 0;
/** Settles what the commands read; each time in a file of its own, as a file is imported once. */
const configured = (settings: AthanorConfig): void => {
  held.athanorConfig = settings;
  config = folder.file(`athanor.config.${++configurations}.js`);
  writeFileSync(config, "export default globalThis.athanorConfig;");
};

/** Writes a revision that makes a table of its name. */
function write(id: string, down: string | readonly string[] | null, more: readonly string[] = [], dir = "migrations") {
  const path = folder.file(join(dir, `${id}.mjs`));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    [
      `export const revision = ${JSON.stringify(id)};`,
      `export const downRevision = ${JSON.stringify(down)};`,
      `export const message = ${JSON.stringify(`makes ${id}`)};`,
      ...more,
      `export function upgrade(op) { op.execute("create table ${id} (id integer)"); }`,
      `export function downgrade(op) { op.dropTable("${id}"); }`,
    ].join("\n"),
  );
  return path;
}

/** The message that a command fails with. */
async function failure(command: Promise<unknown>): Promise<string> {
  return await command.then(
    () => "it did not fail",
    (error: Error) => error.message,
  );
}

describe("several databases", () => {
  test("[AG-08] are all upgraded, checked and told of where none is named, each by its own history", async () => {
    const one = new MetaData();
    table("one", one, { id: column(t.integer) });
    configured({
      databases: {
        first: { url: database("first"), migrations: "first", metadata: one },
        second: { url: database("second"), migrations: "second", metadata: new MetaData() },
      },
    });
    write("one", null, [], "first");
    write("two", null, [], "second");
    write("three", "two", [], "second");
    expect(await upgrade(json(), "head")).toBe(0);
    expect(said()).toEqual({ first: { upgrade: ["one"] }, second: { upgrade: ["two", "three"] } });
    await current({ config });
    expect(lines()).toEqual([
      "[first]",
      "<base> -> one (head), makes one",
      "[second]",
      "two -> three (head), makes three",
      "",
    ]);
    await current({ ...json(), database: "first" });
    expect(said()).toMatchObject({ current: [{ revision: "one" }] });
    expect(await check(json())).toBe(3);
    expect(said()).toEqual({
      first: { pending: [], differences: [] },
      second: { pending: [], differences: ["drop table two", "drop table three"] },
    });
    expect(await failure(history({ ...json(), range: ":" }))).toBe(
      "The configuration has several databases: first, second. Say which with --database.",
    );
    expect(await failure(current({ ...json(), database: "third" }))).toBe(
      'The configuration has no database "third"; there are first, second.',
    );
  });
});

describe("several folders of revisions", () => {
  test("[AR-02] are one history, in which a new file goes where it is told", async () => {
    configured({ url: database("app"), migrations: ["core", "billing"] });
    write("c1", null, [], "core");
    write("b1", null, ['export const branchLabels = ["billing"];', 'export const dependsOn = ["c1"];'], "billing");
    await revision({ ...json(), message: "invoices", head: "billing@head", versionPath: "billing", revId: "b2" });
    const { path } = said() as { path: string };
    expect(path).toMatch(/\/billing\/\d{8}_\d{4}_b2_invoices\.ts$/);
    await revision({ ...json(), message: "more", head: "c1", revId: "c2", splice: true });
    expect((said() as { path: string }).path).toMatch(/\/core\//);
    await heads(json());
    expect((said() as { revision: string }[]).map((each) => each.revision).sort()).toEqual(["b2", "c2"]);
    await upgrade(json(), "billing@head");
    expect(said()).toEqual({ upgrade: ["c1", "b1", "b2"] });
    expect(await failure(revision({ ...json(), message: "x", head: "c2", versionPath: "elsewhere" }))).toMatch(
      /^elsewhere is no folder of revisions here; `migrations` names .*\/core, .*\/billing\.$/,
    );
  });

  test("[AT-02] a name of your own may have folders, and files are found in them", async () => {
    configured({ url: database("app"), fileTemplate: "{year}/{month}-{day}_{slug}_{revision}.ts" });
    await revision({ ...json(), message: "Käse & Brot", head: "head", revId: "abc" });
    expect((said() as { path: string }).path).toMatch(/\/migrations\/\d{4}\/\d\d-\d\d_kase_brot_abc\.ts$/);
    await show(json(), "ab");
    expect(said()).toMatchObject([{ revision: "abc", message: "Käse & Brot" }]);
  });
});

describe("revisions", () => {
  test("[AT-04] history, current, heads, branches and show tell all of each with --verbose, or a range, or JSON", async () => {
    configured({ url: database("app") });
    write("a1", null);
    const path = write("b2", "a1", ['export const branchLabels = ["left"];']);
    write("c3", "a1");
    write("d4", ["b2", "c3"]);
    await upgrade(json(), "b2");
    printed.length = 0;
    const block = (name: string, notes: string, follows: string, more: readonly string[] = []): string[] => [
      `revision    ${name}${notes}`,
      `follows     ${follows}`,
      ...more,
    ];
    await history({ config, range: "b2:b2", verbose: true });
    expect(lines()).toEqual([
      ...block("b2", "", "a1", ["labels      left", `file        ${path}`]),
      "",
      "    makes b2",
      "",
      "",
    ]);
    await current({ config, verbose: true });
    expect(lines().slice(0, 2)).toEqual(block("b2", "", "a1"));
    await heads({ config, verbose: true });
    expect(lines().slice(0, 2)).toEqual(block("d4", " (head)", "b2, c3"));
    await branches({ config, verbose: true });
    expect(lines().filter((line) => / a1 |->/.test(line))).toEqual([
      "revision    a1 (branch point)",
      "    a1 -> b2 (left), makes b2",
      "    a1 -> c3, makes c3",
    ]);
    await show({ config }, "left");
    expect(lines()[0]).toBe("revision    b2");
    await history({ config, range: "a1:b2" });
    expect(lines()).toEqual(["a1 -> b2 (left), makes b2", "<base> -> a1 (branch point), makes a1", ""]);
    await history({ config, range: "current:", indicateCurrent: true });
    expect(lines()).toContain("a1 -> b2 (left) (current), makes b2");
    expect(await current({ ...json(), checkHeads: true })).toBe(3);
    await upgrade(json(), "head");
    expect(await current({ ...json(), checkHeads: true })).toBe(0);
  });

  test("[AG-11] each file that is written is handed to the formatter of the project", async () => {
    const formatted: string[] = [];
    configured({ url: database("app"), afterWrite: (path) => formatted.push(path) });
    await revision({ ...json(), message: "one", head: "head", revId: "a1" });
    await revision({ ...json(), message: "two", head: "base", revId: "b2" });
    await merge({ ...json(), message: "both" }, ["heads"]);
    const files = readdirSync(folder.file("migrations")).map((name) => folder.file(join("migrations", name)));
    expect([...formatted].sort()).toEqual(files.sort());
  });

  test("[AG-09] nothing is written when nothing differs, or when the hook of the project drops what does", async () => {
    const metadata = new MetaData();
    const settings = { url: database("app"), metadata };
    configured(settings);
    const write = (more = {}) => revision({ ...json(), message: "x", head: "head", autogenerate: true, ...more });
    await write();
    expect(said()).toEqual({ revision: null, path: null });
    table("found", metadata, { id: column(t.integer) });
    configured({ ...settings, process: () => [] });
    await write();
    expect(said()).toEqual({ revision: null, path: null });
    configured({ ...settings, process: (found) => found });
    await write({ revId: "a1" });
    expect(readFileSync((said() as { path: string }).path, "utf8")).toContain('"found"');
    await upgrade(json(), "head");
    printed.length = 0;
    await write({ allowEmpty: true });
    expect((said() as { path: string | null }).path).not.toBeNull();
  });

  test("[AT-05] stamp --purge forgets what the database says of revisions that no file describes", async () => {
    configured({ url: database("app") });
    const gone = write("a1", null);
    await upgrade(json(), "head");
    printed.length = 0;
    writeFileSync(gone, readFileSync(gone, "utf8").replaceAll("a1", "z9"));
    expect(await failure(current(json()))).toMatch(/^The database has revision a1, which no file describes/);
    await stamp({ ...json(), purge: true }, []);
    expect(said()).toEqual({ current: ["z9"] });
  });
});

describe("tenants", () => {
  test("[AR-04] one command upgrades all, several at a time, and tells who is behind and why", async () => {
    const engines = ["north", "south"].map((name) => createAsyncEngine(database(name)));
    const [north, south] = engines as [(typeof engines)[number], (typeof engines)[number]];
    await south.begin((conn) => conn.execDriverSql("create table b2 (id integer)"));
    configured({
      url: database("app"),
      tenants: () => [
        { name: "north", engine: north },
        { name: "south", engine: south },
      ],
    });
    write("a1", null);
    write("b2", "a1");
    expect(await upgrade({ ...json(), tenants: true }, "head")).toBe(1);
    expect(said()).toEqual([
      { tenant: "north", applied: ["a1", "b2"], behind: [], error: null },
      { tenant: "south", applied: [], behind: ["b2"], error: expect.stringContaining("table b2 already exists") },
    ]);
    expect(await current({ config, tenants: true, checkHeads: true })).toBe(3);
    expect(lines()).toEqual(["north  at head", "south  lacks b2", ""]);
    await south.begin((conn) => conn.execDriverSql("drop table b2"));
    expect(await upgrade({ ...json(), tenants: true, concurrency: "1" }, "head")).toBe(0);
    expect(said()).toMatchObject([{ applied: [] }, { applied: ["b2"], behind: [] }]);
    for (const each of engines) await each.dispose();
  });

  test("need to be configured", async () => {
    configured({ url: database("app") });
    write("a1", null);
    expect(await failure(upgrade({ ...json(), tenants: true }, "head"))).toMatch(
      /athanor\.config\.\d+\.js names no tenants: set `tenants` to the names of their schemas, or to a function that gives them\.$/,
    );
  });
});

describe("what a project may lack", () => {
  test("a configuration, entities, or files where the entities are said to be", async () => {
    expect(await failure(current({ json: true }))).toMatch(
      /^There is no athanor\.config\.ts in .* or above it\. Make one with `athanor init`, or name it with --config\.$/,
    );
    configured({ url: database("app") });
    write("a1", null);
    expect(await failure(check(json()))).toMatch(/names no entities: set `entities` to the modules that map them/);
    configured({ url: database("app"), entities: ["src/**/*.entity.ts"] });
    expect(await failure(check(json()))).toMatch(
      /^No file is matched by `entities` of .*athanor\.config\.\d+\.js: "src\/\*\*\/\*\.entity\.ts" \(from .*\)\.$/,
    );
    configured({ url: () => undefined });
    expect(await failure(current(json()))).toBe(
      "No database is configured: set `url` in athanor.config.ts (or the environment variable it reads), or pass --url.",
    );
  });
});
