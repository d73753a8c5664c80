/** `athanor diagram`: a drawing of the mapped schema. */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { mermaid } from "../diagram/mermaid.js";
import { diagramOf } from "../diagram/model.js";
import { svg } from "../diagram/svg.js";
import { type GlobalOptions, Project, STARTED_IN } from "../project.js";

/** Options of `diagram`. */
export interface DiagramOptions extends GlobalOptions {
  readonly format: "mermaid" | "svg";
  /** A file; standard output where left out. */
  readonly out?: string;
}

/** Draws the mapped schema. */
export async function run(options: DiagramOptions): Promise<undefined> {
  const project = await Project.open(options);
  const { out } = project;
  try {
    const { typeCompiler } = project.engine.dialect;
    const diagram = diagramOf(await project.metadata(), (type) => typeCompiler.render(type));
    const text = options.format === "svg" ? svg(diagram) : mermaid(diagram);
    if (options.out === undefined) {
      out.data({ format: options.format, text }, () => out.raw(text));
      return;
    }
    const path = resolve(STARTED_IN, options.out);
    writeFileSync(path, text);
    out.data({ format: options.format, path }, () => out.line(`wrote ${path}`));
  } finally {
    await project.close();
  }
}
