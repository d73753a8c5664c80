import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { run as consoleRun } from "../../src/cli/commands/console.js";
import { run as diagram } from "../../src/cli/commands/diagram.js";
import { run as doctor } from "../../src/cli/commands/doctor.js";
import { run as squash } from "../../src/cli/commands/squash.js";
import {
  Column,
  column,
  createAsyncEngine,
  ManyToOne,
  MetaData,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  t,
  table,
} from "../../src/index.js";
import { migrate, readRevisions } from "../../src/migrations/index.js";
import { type TempFolder, tempFolder } from "../support/temp.js";

/** Of their own: the registry that all share holds whatever other files of the process have mapped. */
const reg = registry();
const { metadata } = reg;

@reg.Entity("tool_makers")
class Maker {
  @PrimaryKey() id!: number;
  @Column(t.string(40), { unique: true }) name!: string;
  @OneToMany(
    () => Tool,
    (it) => it.maker,
  )
  tools!: Tool[];
}

@reg.Entity("tool_tools")
class Tool {
  @PrimaryKey() id!: number;
  @Column(t.text, { nullable: true }) use!: string | null;
  @ManyToOne(
    () => Maker,
    (m) => m.tools,
  )
  maker!: Relation<Maker> | null;
}

const held = globalThis as { athanorTest?: unknown };
let folder: TempFolder;
let config: string;
let url: string;
let printed: string[];

beforeEach(() => {
  folder = tempFolder("athanor-tools-");
  config = folder.file("athanor.config.js");
  url = `sqlite:///${folder.file("app.db")}`;
  held.athanorTest = metadata;
  writeFileSync(config, `export default { url: ${JSON.stringify(url)}, metadata: globalThis.athanorTest };`);
  printed = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0);
});
afterEach(() => {
  vi.restoreAllMocks();
  folder[Symbol.dispose]();
  delete held.athanorTest;
});

const said = (): unknown => JSON.parse(printed.splice(0).join(""));

describe("athanor diagram", () => {
  test("draws tables, keys and how many rows each side has, for Mermaid", async () => {
    await diagram({ config, format: "mermaid" });
    expect(printed.join("")).toBe(`erDiagram
  tool_makers {
    INTEGER id PK
    VARCHAR(40) name UK
  }
  tool_tools {
    INTEGER id PK
    TEXT use
    INTEGER maker_id FK
  }
  tool_makers |o--o{ tool_tools : "maker_id"
`);
  });

  test("draws an SVG whose boxes do not overlap, rings and self-references included", async () => {
    const wide = new MetaData();
    for (let i = 0; i < 12; i++) {
      table(`t${i}`, wide, {
        id: column(t.integer, { primaryKey: true }),
        next_id: column(t.integer, { foreignKey: `t${(i + 1) % 4}.id` }),
        self_id: column(t.integer, { foreignKey: `t${i}.id` }),
        "a<b": column(t.text),
      });
    }
    held.athanorTest = wide;
    writeFileSync(folder.file("wide.config.js"), readFileSync(config, "utf8"));
    await diagram({ config: folder.file("wide.config.js"), format: "svg", out: folder.file("s.svg") });
    const text = readFileSync(folder.file("s.svg"), "utf8");
    expect(text).toContain("<title>t0.next_id → t1</title>");
    expect(text).toContain("a&lt;b");
    const boxes = [...text.matchAll(/class="box" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g)].map(
      ([, ...numbers]) => numbers.map(Number) as [number, number, number, number],
    );
    expect(boxes.length).toBe(12);
    for (const [i, [x, y, w, h]] of boxes.entries()) {
      for (const [x2, y2, w2, h2] of boxes.slice(i + 1)) {
        expect(x + w < x2 || x2 + w2 < x || y + h < y2 || y2 + h2 < y).toBe(true);
      }
    }
  });
});

describe("athanor doctor", () => {
  test("says what is well, and what has to be mended and how; 3 is its exit code then", async () => {
    writeFileSync(
      config,
      `export default { url: ${JSON.stringify(url)}, metadata: globalThis.athanorTest, entities: [] };`,
    );
    expect(await doctor({ config, json: true })).toBe(3);
    const first = said() as { ok: boolean; findings: { check: string; ok: boolean; message: string }[] };
    expect(first.findings.find((each) => each.check === "history")?.message).toMatch(
      /^There is no migrations folder .*Make one with `athanor init`\.$/,
    );
    write("a1", null, 'op.createTable("one", {});');
    await doctor({ config, json: true });
    const second = said() as typeof first;
    expect(second.findings.map((each) => [each.check, each.ok])).toEqual([
      ["configuration", true],
      ["decorators", true],
      ["entities", true],
      ["driver", true],
      ["connection", true],
      ["history", true],
      ["revisions", false],
    ]);
    expect(second.findings.at(-1)?.message).toBe("not applied: a1. Run `athanor upgrade head`.");
  });

  test("finds drift, and nothing when there is none", async () => {
    write("a1", null, "");
    const engine = createAsyncEngine(url);
    await migrate(engine, { directory: folder.file("migrations") });
    expect(await doctor({ config, json: true })).toBe(3);
    expect((said() as { findings: { message: string }[] }).findings.at(-1)?.message).toBe(
      "create table tool_makers; create table tool_tools. Write a revision with `athanor revision --autogenerate`.",
    );
    await metadata.createAll(engine);
    await engine.dispose();
    expect(await doctor({ config, json: true })).toBeUndefined();
    expect(said()).toMatchObject({ ok: true });
  });

  test("an error of the configuration, a driver that is missing and a database that does not answer are findings", async () => {
    expect(await doctor({ config: folder.file("none.ts"), json: true })).toBe(3);
    expect(said()).toMatchObject({ findings: [{ check: "configuration", ok: false }] });
    expect(await doctor({ config, json: true, url: "nosuch://x" })).toBe(3);
    const found = said() as { findings: { check: string; ok: boolean; message: string }[] };
    expect(found.findings.find((each) => each.check === "driver")).toMatchObject({ ok: false });
    expect(found.findings.some((each) => each.check === "connection")).toBe(false);
  });
});

describe("athanor console", () => {
  test("--eval runs an expression or statements with session, entities and what athanor exports, and await", async () => {
    const engine = createAsyncEngine(url);
    await metadata.createAll(engine);
    await engine.dispose();
    await consoleRun({
      config,
      json: true,
      eval: 'session.add(create(Maker, { name: "Stanley" })); await session.commit(); return 1;',
    });
    expect(said()).toBe(1);
    await consoleRun({ config, eval: "(await session.scalars(select(Maker)).all()).map((m) => m.name)" });
    expect(printed.join("")).toBe("[ 'Stanley' ]\n");
  });
});

describe("athanor squash", () => {
  test("writes one revision that does what a range did, in order, and back; a database that has them all goes on", async () => {
    const make = (id: string): string => `await op.execute("CREATE TABLE ${id} (id INTEGER)");`;
    write("a1", null, make("a1"));
    write("b2", "a1", make("b2"));
    const directory = folder.file("migrations");
    const old = createAsyncEngine(url);
    await migrate(old, { directory });
    await squash({ config, json: true, message: "all so far", revId: "s1" }, "a1:b2");
    expect(said()).toMatchObject({ revision: "s1", replaces: ["a1", "b2"] });
    const files = readdirSync(directory);
    expect(files.length).toBe(1);
    const text = readFileSync(join(directory, files[0] as string), "utf8");
    expect(text).toContain('export const downRevision = null;\nexport const replaces = ["a1", "b2"];');
    expect(text).toMatch(/\/\/ a1: make a1\n {2}\{\n[^}]*CREATE TABLE a1[^}]*\}\n {2}\/\/ b2: make b2/);
    expect(text).toMatch(/async function downgrade[\s\S]*dropTable\("b2"\)[\s\S]*dropTable\("a1"\)/);
    const graph = await readRevisions(directory);
    expect([graph.heads, graph.replacing("b2")?.id]).toEqual([["s1"], "s1"]);
    expect(await migrate(old, { directory })).toEqual([]);
    await old.dispose();
  });

  test("is refused, with the reason, where something else stands on the range or a file holds more than its functions", async () => {
    write("a1", null, "");
    write("b2", "a1", "", "const helper = 1;");
    write("c3", "b2", "");
    await expect(squash({ config, message: "" }, "a1:b2")).rejects.toThrow(
      /^Revision c3 stands on b2, which would be gone: .* Squash up to a head\.$/,
    );
    await expect(squash({ config, message: "" }, "b2:c3")).rejects.toThrow(
      /^Revision b2 \(.*b2\.js\) cannot be squashed: beside its functions, its file holds "const helper = 1;"\. /,
    );
    await expect(squash({ config, message: "" }, "c3:c3")).rejects.toThrow("A squash joins two revisions or more");
    expect(readdirSync(folder.file("migrations")).length).toBe(3);
  });
});

/** Writes a revision file. */
function write(id: string, down: string | null, body: string, more = ""): void {
  const directory = folder.file("migrations");
  const text = `/** ${id} */
${more}
export const revision = "${id}";
export const downRevision = ${JSON.stringify(down)};
export const message = "make ${id}";

export async function upgrade(op) {
${body === "" ? "  void op;" : `  ${body}`}
}

export async function downgrade(op) {
  op.dropTable("${id}");
}
`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${id}.js`), text);
}
