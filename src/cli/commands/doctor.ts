/** `athanor doctor`: what a project lacks, and how to mend it. */
import { rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { told, unasked } from "../differences.js";
import { EXIT_DIFFERENT } from "../exit.js";
import { Output } from "../output.js";
import { type GlobalOptions, Project } from "../project.js";
import { findLoader, importModule } from "../typescript.js";

/** What one check found. */
interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly message: string;
}

/** What a check answers: what is well, or what has to be mended (thrown, or returned with `ok: false`). */
type Answer = string | { readonly ok: boolean; readonly message: string };

/** Checks what a project needs, each thing as far as those before it allow. */
export async function run(options: GlobalOptions): Promise<number | undefined> {
  const out = new Output(options.json === true);
  const findings: Finding[] = [];
  const check = async (name: string, answer: () => Promise<Answer> | Answer): Promise<boolean> => {
    let found: Answer;
    try {
      found = await answer();
    } catch (error) {
      found = { ok: false, message: error instanceof Error ? error.message : String(error) };
    }
    const { ok, message } = typeof found === "string" ? { ok: true, message: found } : found;
    findings.push({ check: name, ok, message });
    return ok;
  };
  let project: Project | null = null;
  await check("configuration", async () => {
    project = await Project.open(options, out);
    return project.file;
  });
  if (project !== null) await checkProject(project, check);
  const well = findings.every((each) => each.ok);
  out.data({ ok: well, findings }, () => {
    const width = Math.max(...findings.map((each) => each.check.length));
    for (const each of findings) {
      const mark = each.ok ? out.paint("green", "ok  ") : out.paint("red", "mend");
      out.line(`${mark}  ${each.check.padEnd(width)}  ${each.message}`);
    }
  });
  return well ? undefined : EXIT_DIFFERENT;
}

async function checkProject(
  project: Project,
  check: (name: string, answer: () => Promise<Answer> | Answer) => Promise<boolean>,
): Promise<void> {
  try {
    await check("decorators", () => decorators(project));
    const mapped = await check("entities", async () => {
      const tables = (await project.metadata()).reduce((sum, each) => sum + each.sortedTables.length, 0);
      return `${tables} tables are mapped`;
    });
    const driver = await check(
      "driver",
      () => `${project.engine.dialect.name}, by ${project.engine.dialect.driverName}`,
    );
    const reached =
      driver &&
      (await check("connection", async () => {
        await project.engine.connect((connection) => connection.execDriverSql("SELECT 1"));
        return project.engine.url.toString();
      }));
    const history = await check("history", async () => {
      const { heads, size } = await project.graph();
      if (heads.length < 2) return `${size} revisions`;
      return {
        ok: false,
        message: `${heads.length} heads: ${heads.join(", ")}. Join them with \`athanor merge heads\`.`,
      };
    });
    if (!reached) return;
    const current =
      history &&
      (await check("revisions", async () => {
        const runner = await project.runner();
        const { applied, partial } = await runner.state(project.engine);
        if (partial !== null) {
          return { ok: false, message: `${partial.revision} was interrupted. Run \`athanor upgrade head\` again.` };
        }
        const pending = runner.graph.order.filter((each) => !applied.has(each.id)).map((each) => each.id);
        if (pending.length === 0) return "the database has all of them";
        return { ok: false, message: `not applied: ${pending.join(", ")}. Run \`athanor upgrade head\`.` };
      }));
    if (current && mapped) await check("drift", () => drift(project));
  } finally {
    await project.close();
  }
}

const PROBE = `let emitted: unknown;
function probe(target: object, key: string): void {
  emitted = (Reflect as unknown as { getMetadata(name: string, on: object, key: string): unknown }).getMetadata("design:type", target, key);
}
export class Probe {
  @probe
  value!: number;
}
export const works = emitted === Number;
`;

/** Whether decorated TypeScript is loaded with the types of its properties. */
async function decorators(project: Project): Promise<Answer> {
  const loader = findLoader(project.root);
  const entity = project.entityFiles().find((file) => /\.[cm]?ts$/.test(file));
  if (loader === null && entity === undefined) return "the entities are compiled; no loader is needed";
  // Beside an entity and ending as it does, as the settings may hold for what tsconfig includes and for nothing else.
  const place = entity === undefined ? project.root : dirname(entity);
  const path = join(place, `athanor-doctor-${process.pid}${entity === undefined ? ".mts" : extname(entity)}`);
  writeFileSync(path, PROBE);
  try {
    const { works } = await importModule(project.root, path);
    const name = loader?.name ?? "the loader";
    if (works === true) return `${name} emits their types`;
    return {
      ok: false,
      message: `${name} emits no types of properties: ${setting(project)}`,
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (!message.includes("experimentalDecorators")) throw new Error(message.replaceAll(path, basename(path)));
    return { ok: false, message: `${loader?.name ?? "the loader"} takes no decorators: ${setting(project)}` };
  } finally {
    rmSync(path, { force: true });
  }
}

function setting(project: Project): string {
  return `set "experimentalDecorators" and "emitDecoratorMetadata" in ${join(project.root, "tsconfig.json")}.`;
}

async function drift(project: Project): Promise<Answer> {
  const found = await unasked(project);
  if (found.length === 0) return "the database has what the classes say";
  const what = told(found).join("; ");
  return { ok: false, message: `${what}. Write a revision with \`athanor revision --autogenerate\`.` };
}
