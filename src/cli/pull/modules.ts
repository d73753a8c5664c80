/** A pulled model as the text of one module, or of one for each class. */
import type { EngineDialect } from "../../engine/dialect.js";
import { CodeWriter } from "../../migrations/autogenerate/code-writer.js";
import { domainCode, enumCode, renderType } from "../../migrations/autogenerate/render-type.js";
import { tellingOptions } from "../../migrations/autogenerate/sequences.js";
import { serverName } from "../../migrations/operations/names.js";
import type { Constraint } from "../../sql/schema/constraints.js";
import { DomainType } from "../../sql/types/domain.js";
import { ItemWriter } from "./class-code.js";
import type { PulledModel } from "./model.js";
import { fileName } from "./names.js";

/** How the text is written. */
export interface ModuleOptions {
  readonly dialect: EngineDialect;
  /** Whether constraints are named by a convention: then every name that the database has is said. */
  readonly namesAll: boolean;
}

/** The model as one module. */
export function oneModule(model: PulledModel, options: ModuleOptions): string {
  const code = new CodeWriter(options.dialect);
  const writer = new ItemWriter(
    code,
    (each) => isOwnName(each, options),
    () => {},
  );
  const items = model.items.map((each) => writer.write(each));
  return moduleText(code, [], [...sequenceItems(model, code), ...typeItems(model, code), ...items]);
}

/** The model as modules by file name: one for each item, and an index that exports them all. */
export function manyModules(model: PulledModel, options: ModuleOptions): ReadonlyMap<string, string> {
  const modules = new Map<string, string>();
  for (const item of model.items) {
    const code = new CodeWriter(options.dialect);
    const others = new Set<string>();
    const writer = new ItemWriter(
      code,
      (each) => isOwnName(each, options),
      (name) => others.add(name),
    );
    const text = writer.write(item);
    others.delete(item.name);
    const imports = [...others].sort().map((name) => `import { ${name} } from "./${fileName(name)}.js";`);
    // Views are made in the order of the modules.
    for (const each of item.view?.after ?? []) imports.push(`import "./${fileName(each)}.js";`);
    modules.set(`${fileName(item.name)}.ts`, moduleText(code, imports, [text]));
  }
  const names = model.items.map((each) => fileName(each.name));
  for (const [name, itemsOf] of [
    ["sequences", sequenceItems],
    ["types", typeItems],
  ] as const) {
    const code = new CodeWriter(options.dialect);
    const items = itemsOf(model, code);
    if (items.length === 0) continue;
    const file = freeFile(name, names);
    modules.set(`${file}.ts`, moduleText(code, [], items));
    names.push(file);
  }
  names.sort();
  modules.set("index.ts", names.map((name) => `export * from "./${name}.js";\n`).join(""));
  return modules;
}

function sequenceItems({ sequences }: PulledModel, code: CodeWriter): readonly string[] {
  return sequences.map(({ name, sequence }) => {
    const { type: _type, metadata: _metadata, schema, ...options } = sequence.options;
    const typeName = sequence.type === null ? "bigint" : code.dialect.typeCompiler.render(sequence.type).toLowerCase();
    const coded: Record<string, string> = {};
    if (sequence.type !== null && typeName !== "bigint") coded["type"] = renderType(sequence.type, code);
    coded["metadata"] = code.use("metadata");
    const said = code.object({ schema: schema ?? undefined, ...tellingOptions(options, typeName) }, coded);
    return `export const ${name} = new ${code.use("Sequence")}(${JSON.stringify(sequence.name)}, ${said});`;
  });
}

function typeItems({ types }: PulledModel, code: CodeWriter): readonly string[] {
  return types.map(({ name, type }) => {
    const metadata = { metadata: code.use("metadata") };
    const made = type instanceof DomainType ? domainCode(type, code, metadata) : enumCode(type, code, metadata);
    return `export const ${name} = ${made};`;
  });
}

/** A name for a file that no class has taken. */
function freeFile(name: string, taken: readonly string[]): string {
  return taken.includes(name) ? freeFile(`all-${name}`, taken) : name;
}

function moduleText(code: CodeWriter, imports: readonly string[], items: readonly string[]): string {
  const lines: string[] = [];
  const bare = (name: string): string => name.replace("type ", "");
  for (const [module, used] of code.imports) {
    const names = [...used].sort((a, b) => (bare(a).toLowerCase() < bare(b).toLowerCase() ? -1 : 1));
    const flat = `import { ${names.join(", ")} } from ${JSON.stringify(module)};`;
    lines.push(
      flat.length <= 120
        ? flat
        : `import {\n${names.map((each) => `  ${each},\n`).join("")}} from ${JSON.stringify(module)};`,
    );
  }
  return `${[...lines, ...imports].join("\n")}\n\n${items.join("\n\n")}\n`;
}

function isOwnName(constraint: Constraint, { namesAll }: ModuleOptions): boolean {
  return !namesAll && constraint.name !== null && String(constraint.name) === serverName(constraint);
}
