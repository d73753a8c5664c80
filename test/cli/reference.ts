/**
 * The part of docs/commands.md that is made of the commands' own definitions. Run as a program it writes that part anew:
 *
 *   node --import @oxc-node/core/register test/cli/reference.ts
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command, Option } from "commander";
import { program } from "../../src/cli/program.js";

export const PAGE = fileURLToPath(new URL("../../docs/commands.md", import.meta.url));
export const MARK = "<!-- From here on the page is made of the commands' definitions: test/cli/reference.ts -->";

/** Every command with its arguments and options, as Markdown. */
export function reference(): string {
  const cli = program("0");
  const commands = cli.commands.map(
    (command) =>
      `## ${command.name()}\n\n\`athanor ${[command.name(), ...command.registeredArguments.map(argument)].join(" ")}\`: ${command.description()}.\n${options(command)}`,
  );
  return `## Options of every command\n${options(cli)}\n${commands.join("\n")}`;
}

function argument(each: Command["registeredArguments"][number]): string {
  const text = `${each.name()}${each.variadic ? "..." : ""}`;
  return each.required ? `<${text}>` : `[${text}]`;
}

function options(command: Command): string {
  if (command.options.length === 0) return "";
  return `\n${command.options.map((each) => `- \`${each.flags}\`: ${each.description}${choices(each)}`).join("\n")}\n`;
}

function choices({ argChoices, defaultValue }: Option): string {
  const given = argChoices === undefined ? "" : `: ${argChoices.map((each) => `\`${each}\``).join(" or ")}`;
  const usual = typeof defaultValue === "string" && defaultValue !== "" ? ` (\`${defaultValue}\` where left out)` : "";
  return given + usual;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [head] = readFileSync(PAGE, "utf8").split(MARK);
  writeFileSync(PAGE, `${head}${MARK}\n\n${reference()}`);
}
