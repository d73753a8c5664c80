import { readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type CliProject, cliProject, type Ran } from "./support.js";

// Each call of the command is a process of its own.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let project: CliProject;
beforeAll(() => {
  project = cliProject();
});
afterAll(() => project.dispose());

const CREATE = `
export async function upgrade(op: Operations): Promise<void> {
  op.createTable("users", { id: column(t.integer, { primaryKey: true }), name: column(t.string(50)) });
}

export async function downgrade(op: Operations): Promise<void> {
  op.dropTable("users");
}
`;

/** Puts a body into the file that the command wrote. */
function fill(path: string, body: string): void {
  const text = readFileSync(path, "utf8");
  const head = text.slice(0, text.indexOf("export async function upgrade"));
  project.write(
    path.slice(project.root.length + 1),
    head.replace("\n\n", '\nimport { column, t } from "athanor";\n\n') + body,
  );
}

describe("athanor", () => {
  test("[AT-01] init writes a typed configuration and a folder, and writes over nothing", async () => {
    const ran = await project.athanor(["init"]);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(join(project.root, "athanor.config.ts"), "utf8")).toContain("defineConfig({");
    const again = await project.athanor(["init"]);
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/athanor\.config\.ts is there already\. --force writes over it\.\n$/);
  });

  test("[AT-02] revision writes a file named by date, identifier and message, and a revision after it follows it", async () => {
    const first = (await project.json(["revision", "-m", "Add users & roles", "--rev-id", "aaa1"])) as { path: string };
    expect(first.path).toMatch(/\/migrations\/\d{8}_\d{4}_aaa1_add_users_roles\.ts$/);
    fill(first.path, CREATE);
    await project.json(["revision", "-m", "second", "--rev-id", "aab2"]);
    const history = (await project.json(["history"])) as { revision: string; downRevision: string[] }[];
    expect(history.map((each) => [each.revision, each.downRevision])).toEqual([
      ["aab2", ["aaa1"]],
      ["aaa1", []],
    ]);
    expect(readdirSync(join(project.root, "migrations")).filter((name) => name.endsWith(".ts")).length).toBe(2);
  });

  test("[AT-03] upgrade and downgrade move the database, TypeScript files included, and current says where it is", async () => {
    expect(await project.json(["upgrade", "head"])).toEqual({ upgrade: ["aaa1", "aab2"] });
    expect(await project.json(["current"])).toMatchObject({ current: [{ revision: "aab2", head: true }] });
    expect(await project.json(["downgrade", "-1"])).toEqual({ downgrade: ["aab2"] });
    const current = await project.athanor(["current", "--check-heads"]);
    expect(current).toMatchObject({ code: 3 });
    expect(current.stdout).toBe("<base> -> aaa1, Add users & roles\n");
    const ambiguous = await project.athanor(["upgrade", "aa"]);
    expect(ambiguous.code).toBe(1);
    expect(ambiguous.stderr).toBe('error: "aa" is the beginning of several revisions: aaa1, aab2. Write more of it.\n');
  });

  test("[AO-01] --sql prints a script that runs by itself, the version table included", async () => {
    const script = await project.athanor(["upgrade", "head", "--sql"]);
    expect(script.code).toBe(0);
    expect(script.stdout).toContain("CREATE TABLE IF NOT EXISTS athanor_version (");
    expect(script.stdout).toMatch(
      /-- upgrade aaa1: Add users & roles\n\nBEGIN;\n\nCREATE TABLE users \([\s\S]*INSERT INTO athanor_version [\s\S]*'aaa1'[\s\S]*COMMIT;/,
    );
    const ranged = await project.athanor(["downgrade", "aab2:base", "--sql"]);
    expect(ranged.stdout).toContain("DROP TABLE users;");
    const none = await project.athanor(["downgrade", "base", "--sql"]);
    expect(none.stderr).toContain('no database is asked where it is: "<from>:base"');
  });

  test("[AR-01] two heads are refused by upgrade head, with advice, and joined by merge", async () => {
    const accident = await project.athanor(["revision", "-m", "left", "--head", "aaa1"]);
    expect(accident.stderr).toBe(
      "error: Revision aaa1 is no head: aab2 follows it already. Follow a head, or say --splice to begin a branch there.\n",
    );
    await project.json([
      "revision",
      "-m",
      "left",
      "--head",
      "aaa1",
      "--splice",
      "--rev-id",
      "abb",
      "--branch-label",
      "left",
    ]);
    const refused = await project.athanor(["upgrade", "head"]);
    expect(refused.stderr).toMatch(/^error: The history has 2 heads: .*join them with `athanor merge heads`\.\n$/);
    expect(((await project.json(["heads"])) as unknown[]).length).toBe(2);
    expect(await project.json(["branches"])).toMatchObject([{ revision: "aaa1", children: ["aab2", "abb"] }]);
    expect(await project.json(["show", "left@head"])).toMatchObject([{ revision: "abb", branchLabels: ["left"] }]);
    await project.json(["merge", "heads", "--rev-id", "mmm"]);
    expect(((await project.json(["upgrade", "head"])) as { upgrade: string[] }).upgrade.at(-1)).toBe("mmm");
  });

  test("[AT-05] stamp says where the database is, without running anything", async () => {
    expect(await project.json(["stamp", "base"])).toEqual({ current: [] });
    expect(await project.json(["stamp", "head"])).toEqual({ current: ["mmm"] });
  });

  test("a history that was edited is refused, until the file is accepted or put back", async () => {
    const file = readdirSync(join(project.root, "migrations")).find((name) => name.includes("aab2")) as string;
    const path = join("migrations", file);
    const text = readFileSync(join(project.root, path), "utf8");
    project.write(path, `${text}// later\n`);
    const refused = await project.athanor(["upgrade", "head"]);
    expect(refused.stderr).toMatch(
      /^error: Revision aab2 was edited after the database was migrated with it \(.*`athanor stamp --accept aab2`\.\n$/,
    );
    expect((await project.athanor(["stamp", "--accept", "aab2"])).code).toBe(0);
    expect((await project.athanor(["upgrade", "head"])).stdout).toBe("Nothing to upgrade.\n");
  });

  test("bad input ends with 1 and a message, a wrong call with 2, and --json tells errors as JSON", async () => {
    project.write("elsewhere/athanor.config.ts", "export default { urk: 1 };");
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [["current", "-c", "nowhere.ts"], /There is no configuration file .*nowhere\.ts\./],
      [["current", "-c", "elsewhere/athanor.config.ts"], /has a setting "urk" that is not known; there are url, /],
      [["upgrade", "zzz"], /There is no revision "zzz"\. The history ends at mmm; branch labels: left\./],
      [["current", "--database", "other"], /The configuration has one database, and none called "other"\./],
      [["upgrade", "head", "-x", "novalue"], /-x takes name=value, not "novalue"\./],
      [["current", "--url", "nosuch://x"], /nosuch/],
    ];
    const all = [...cases.map(([args]) => args), ["downgrade"], ["frobnicate"], ["upgrade", "zzz", "--json"]];
    const ran = await Promise.all(all.map((args) => project.athanor(args)));
    for (const [i, [args, message]] of cases.entries()) {
      expect(ran[i]?.code, args.join(" ")).toBe(1);
      expect(ran[i]?.stderr).toMatch(message);
    }
    const [without, unknown, json] = ran.slice(cases.length) as [Ran, Ran, Ran];
    expect([without.code, unknown.code]).toEqual([2, 2]);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toEqual({
      error: { name: "RevisionError", message: expect.stringContaining("zzz") },
    });
  });

  test("a file with a syntax error and a configuration that throws are named", async () => {
    project.write("broken/athanor.config.ts", "throw new Error('not today');");
    const config = await project.athanor(["current", "-c", "broken/athanor.config.ts"]);
    expect(config.stderr).toMatch(/broken\/athanor\.config\.ts cannot be imported: not today/);
    project.write("bad/athanor.config.ts", 'export default { url: "sqlite:///x.db" };');
    project.write(
      "bad/migrations/a.ts",
      'export const revision = "a";\nexport const downRevision = null;\nexport function upgrade( {',
    );
    const bad = await project.athanor(["upgrade", "head", "-c", "bad/athanor.config.ts"]);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toMatch(/The migration .*bad\/migrations\/a\.ts cannot be imported: /);
  });

  test("entities without decorator metadata are told by class, and doctor says which setting is missing", async () => {
    project.write("bare/athanor.config.ts", 'export default { url: "sqlite:///bare.db", entities: "*.entity.ts" };');
    project.write("bare/migrations/.gitkeep", "");
    project.write("bare/package.json", '{ "type": "module" }');
    const compilerOptions = { module: "nodenext", target: "es2022", experimentalDecorators: true };
    project.write("bare/tsconfig.json", JSON.stringify({ compilerOptions }));
    project.write(
      "bare/a.entity.ts",
      `import { Column, Entity, PrimaryKey } from "athanor";
@Entity("a")
export class A { @PrimaryKey() id!: number; @Column() title!: string; }`,
    );
    const bare = ["-c", "bare/athanor.config.ts"];
    const check = await project.athanor(["check", ...bare]);
    expect(check.code).toBe(1);
    expect(check.stderr).toMatch(
      /bare\/a\.entity\.ts cannot be imported: A\.id: the type of the column cannot be inferred: the compiler emitted no type/,
    );
    const doctor = await project.athanor(["doctor", ...bare]);
    expect(doctor.code).toBe(3);
    expect(doctor.stdout).toMatch(
      /mend {2}decorators +@oxc-node\/core emits no types of properties: set "experimentalDecorators" and "emitDecoratorMetadata" in .*bare\/tsconfig\.json\./,
    );
  });

  test("doctor takes the settings for the folder of the entities, where tsconfig includes no other", async () => {
    project.write("folded/athanor.config.ts", 'export default { url: "sqlite://", entities: "src/*.ts" };');
    project.write("folded/migrations/.gitkeep", "");
    project.write("folded/package.json", '{ "type": "module" }');
    const both = { experimentalDecorators: true, emitDecoratorMetadata: true };
    const compilerOptions = { module: "nodenext", target: "es2022", ...both };
    project.write("folded/tsconfig.json", JSON.stringify({ compilerOptions, include: ["src/**/*.ts"] }));
    project.write(
      "folded/src/b.ts",
      `import { Column, Entity, PrimaryKey } from "athanor";
@Entity("b")
export class B { @PrimaryKey() id!: number; @Column() title!: string; }`,
    );
    const doctor = await project.athanor(["doctor", "-c", "folded/athanor.config.ts"]);
    expect(doctor.stdout).toMatch(/ok {4}decorators +@oxc-node\/core emits their types/);
    expect(readdirSync(join(project.root, "folded/src"))).toEqual(["b.ts"]);
  });

  test("a driver that is not installed is named, with how to install it", async () => {
    const driver = join(project.root, "node_modules/pg");
    const place = readlinkSync(driver);
    rmSync(driver);
    try {
      const ran = await project.athanor(["current", "--url", "postgresql://nobody@localhost/x"]);
      expect(ran.code).toBe(1);
      expect(ran.stderr).toMatch(/pg.* is not installed.*npm install pg/s);
    } finally {
      symlinkSync(place, driver);
    }
  });

  test("edit opens the file of a revision in the editor that the environment names", async () => {
    expect((await project.athanor(["edit", "mmm"], { VISUAL: "", EDITOR: "" })).stderr).toMatch(
      /^error: No editor is known: set VISUAL or EDITOR, or open .*mmm.*\.ts yourself\.\n$/,
    );
    const shown = await project.athanor(["edit", "head"], { VISUAL: "cat" });
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining('export const revision = "mmm";') });
    expect((await project.athanor(["edit", "base"], { VISUAL: "cat" })).stderr).toBe(
      'error: "base" has no file to edit.\n',
    );
  });

  test("[AT-01] [AG-12] autogenerate writes what the classes have and the database lacks; check finds nothing then, and drift later", async () => {
    const entity = (extra: string): string => `import "reflect-metadata";
import { Column, Entity, ManyToOne, OneToMany, PrimaryKey, type Relation, t } from "athanor";

@Entity("authors")
export class Author {
  @PrimaryKey() id!: number;
  @Column(t.string(40)) name!: string;
  @OneToMany(() => Book, (b) => b.author) books!: Book[];
}

@Entity("books")
export class Book {
  @PrimaryKey() id!: number;
  @Column() title!: string;
  ${extra}
  @ManyToOne(() => Author, (a) => a.books) author!: Relation<Author> | null;
}
`;
    project.write("shop/athanor.config.ts", 'export default { url: "sqlite:///shop.db", entities: "entities/*.ts" };');
    project.write("shop/entities/library.ts", entity(""));
    const shop = ["-c", "shop/athanor.config.ts"];
    const written = (await project.json(["revision", "--autogenerate", "-m", "first tables", ...shop])) as {
      path: string;
    };
    expect(readFileSync(written.path, "utf8")).toMatch(/op\.createTable\(\n {4}"authors",/);
    expect((await project.athanor(["check", ...shop])).code).toBe(3);
    await project.json(["upgrade", "head", ...shop]);
    expect(await project.json(["check", ...shop])).toEqual({ pending: [], differences: [] });
    const again = await project.athanor(["revision", "--autogenerate", "-m", "nothing", ...shop]);
    expect(again.stdout).toBe("Nothing differs: no file was written. --allow-empty writes one.\n");
    project.write("shop/entities/library.ts", entity('@Column({ serverDefault: "0" }) pages!: number;'));
    const drift = await project.athanor(["check", ...shop]);
    expect(drift).toMatchObject({ code: 3, stdout: "add column books.pages\n" });
    await project.json(["revision", "--autogenerate", "-m", "pages", ...shop]);
    const early = await project.athanor(["revision", "--autogenerate", "-m", "too early", ...shop]);
    expect(early.stderr).toContain("The database does not have all revisions");
    await project.json(["upgrade", "head", ...shop]);
    expect(await project.json(["check", ...shop])).toEqual({ pending: [], differences: [] });
  });

  test("[AP-06] twenty upgrades at once: each migration runs once, and all end well", async () => {
    const ids = ["m1", "m2", "m3"];
    project.write("many/athanor.config.mjs", 'export default { url: "sqlite:///many.db" };');
    for (const [i, id] of ids.entries()) {
      project.write(
        `many/migrations/${id}.mjs`,
        `export const revision = "${id}";
export const downRevision = ${i === 0 ? "null" : JSON.stringify(ids[i - 1])};
export function upgrade(op) { op.execute("create table ${id} (id integer primary key)"); }`,
      );
    }
    const upgrade = () => project.json(["upgrade", "head", "-c", "many/athanor.config.mjs"]);
    const ran = (await Promise.all(Array.from({ length: 20 }, upgrade))) as { upgrade: string[] }[];
    expect(ran.flatMap((each) => each.upgrade).sort()).toEqual(ids);
    expect(readdirSync(project.root).filter((name) => name.endsWith("-migrating"))).toEqual([]);
  }, 180_000);

  test("lint tells what locks a table in use, why, and what to do instead", async () => {
    const lines = [
      'export const revision = "l1";',
      "export const downRevision = null;",
      'export function upgrade(op) { op.createIndex("ix_users", "users", ["name"]); }',
    ];
    project.write("linted/athanor.config.mjs", 'export default { url: "sqlite:///linted.db", lockTimeout: 2000 };');
    project.write("linted/migrations/l1.mjs", lines.join("\n"));
    const lint = ["lint", "-c", "linted/athanor.config.mjs"];
    expect(await project.athanor(lint)).toMatchObject({ code: 0, stdout: "0 findings in 1 revision on sqlite.\n" });
    const found = await project.athanor([...lint, "l1", "--dialect", "postgresql"]);
    expect(found.code).toBe(3);
    expect(found.stdout).toBe(`l1 create index ix_users on users  [index-blocks]
    SHARE: Writers wait until the index is built.
    1. await op.autocommitBlock(() => op.createIndex("ix_users", "users", [...], { concurrently: true }));

1 finding in 1 revision on postgresql.
`);
  });

  test("a squash of what autogenerate wrote is TypeScript that runs, and doctor finds nothing to mend afterwards", async () => {
    const shop = ["-c", "shop/athanor.config.ts"];
    await project.json(["squash", ":", "--rev-id", "sss", ...shop]);
    expect(await project.json(["upgrade", "head", "--url", "sqlite:///squashed.db", ...shop])).toEqual({
      upgrade: ["sss"],
    });
    const ran = await project.athanor(["doctor", "--url", "sqlite:///squashed.db", ...shop], { NO_COLOR: "1" });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(/^ok {4}configuration .*\nok {4}decorators {5}@oxc-node\/core emits their types\n/);
    expect(ran.stdout).toMatch(/\nok {4}drift {10}the database has what the classes say\n$/);
  });

  test("--help tells of each command, without colours where none are wanted", async () => {
    const help = await project.athanor(["--help"], { NO_COLOR: "1" });
    expect(help.code).toBe(0);
    for (const name of [
      "init",
      "revision",
      "upgrade",
      "downgrade",
      "current",
      "history",
      "heads",
      "merge",
      "stamp",
      "lint",
    ]) {
      expect(help.stdout).toContain(`\n  ${name}`);
    }
    expect(help.stdout).not.toContain("\u001b[");
    expect((await project.athanor(["upgrade", "--help"])).stdout).toContain("--sql");
  });
});
