/** The `athanor` command: what it takes. What a command does is imported when it runs, so that `--help` comes at once. */
import { Command, Option } from "commander";
import { EXIT_DIFFERENT, EXIT_USAGE } from "./exit.js";
import type { GlobalOptions } from "./project.js";

type Run = (options: never, ...args: never[]) => Promise<number | undefined>;

const list = (value: string, sofar: readonly string[] = []): readonly string[] => [...sofar, value];

const verbose = ["-v, --verbose", "all that is known of each revision"] as const;

/** The command with all its commands. @param version of the package, for `--version` */
export function program(version: string): Command {
  const cli = new Command("athanor")
    .description("Migrations, and what else a project that uses Athanor needs at the command line.")
    .version(version)
    .option("-c, --config <file>", "the configuration file (default: athanor.config.ts here or above)")
    .option("--url <url>", "the database, in place of the configured one")
    .option("--database <name>", "which of the configured databases (upgrade, downgrade, current and check take all)")
    .option("-x <name=value>", "a switch that migrations read as op.x (again for more)", list)
    .option("--json", "print JSON for programs")
    .showHelpAfterError("(--help says more)")
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE));

  const add = (name: string, description: string, load: () => Promise<{ readonly run: Run }>): Command =>
    cli
      .command(name)
      .description(description)
      .action(async (...given: unknown[]) => {
        const command = given.pop() as Command;
        given.pop();
        const options = command.optsWithGlobals() as GlobalOptions;
        const { run } = await load();
        process.exitCode = (await run(options as never, ...(given as never[]))) ?? 0;
      });
  const resume = (): Option =>
    new Option("--resume <how>", "what to do with a step whose outcome is unknown").choices(["retry", "skip"]);

  add("init", "write athanor.config.ts and a migrations folder", () => import("./commands/init.js"))
    .option("--migrations <folder>", "the folder of revision files", "migrations")
    .option("--force", "write over an existing configuration");
  add("revision", "write a new revision file", () => import("./commands/revision.js"))
    .option("-m, --message <text>", "what it does, in a line", "")
    .option("--autogenerate", "write what the database lacks of the classes")
    .option("--safe", "the same, in the sequence that keeps the readers and writers of PostgreSQL going")
    .option("--allow-empty", "write the file even when nothing differs")
    .option("--head <revision>", "what it follows", "head")
    .option("--splice", "let it follow a revision that others follow already")
    .option("--branch-label <label>", "a name for the branch that begins with it", list)
    .option("--depends-on <revision>", "a revision of another branch that must come first", list)
    .option("--rev-id <id>", "its identifier")
    .option("--version-path <folder>", "the folder that it goes into, of several");
  add(
    "check",
    `end with ${EXIT_DIFFERENT} when the database differs from the classes`,
    () => import("./commands/check.js"),
  );
  add(
    "upgrade",
    "bring the database up to a revision (head, +1, <id>, <label>@head)",
    () => import("./commands/upgrade.js"),
  )
    .argument("[revision]", "where to", "head")
    .option("--sql", "print the script instead of running it; the revision may be a range from:to")
    .addOption(resume())
    .option("--tenants", "upgrade every configured tenant; end with 1 when one of them fails")
    .option("--concurrency <n>", "how many tenants at a time (default: 4)");
  add("downgrade", "take the database back to a revision (-1, <id>, base)", () => import("./commands/downgrade.js"))
    .argument("<revision>", "where to")
    .option("--sql", "print the script instead of running it; the revision is a range from:to")
    .addOption(resume());
  add(
    "lint",
    `end with ${EXIT_DIFFERENT} when a revision locks or rewrites a table in use`,
    () => import("./commands/lint.js"),
  )
    .argument("[range]", "which revisions, from:to; all where left out")
    .option("--dialect <name>", "the database to lint for, whatever is configured (postgresql)");
  add("current", "say where the database is", () => import("./commands/current.js"))
    .option("--check-heads", `end with ${EXIT_DIFFERENT} unless it is at every head`)
    .option("--tenants", "say of every configured tenant what it lacks")
    .option(...verbose);
  add("history", "list the revisions, newest first", () => import("./commands/history.js"))
    .option("-r, --range <from:to>", "a part of the history", ":")
    .option("-i, --indicate-current", "mark where the database is")
    .option(...verbose);
  add("heads", "list the revisions that nothing follows", () => import("./commands/heads.js")).option(...verbose);
  add("branches", "list the revisions that several follow", () => import("./commands/branches.js")).option(...verbose);
  add("show", "tell about a revision", () => import("./commands/show.js")).argument("<revision>", "which");
  add("edit", "open the file of a revision in $VISUAL or $EDITOR", () => import("./commands/edit.js")).argument(
    "<revision>",
    "which",
  );
  add("merge", "write a revision that joins branches (`merge heads`)", () => import("./commands/merge.js"))
    .argument("<revisions...>", "the branches")
    .option("-m, --message <text>", "what it does, in a line", "merge")
    .option("--branch-label <label>", "a name for the branch that begins with it", list)
    .option("--rev-id <id>", "its identifier")
    .option("--version-path <folder>", "the folder that it goes into, of several");
  add("stamp", "say that the database is at a revision, without running anything", () => import("./commands/stamp.js"))
    .argument("[revisions...]", "where it is; head where left out")
    .option("--purge", "forget first what the database says of itself")
    .option("--accept <revision>", "take the file of an applied revision as it is now");
  add("squash", "write one revision that replaces a range", () => import("./commands/squash.js"))
    .argument("<range>", "from:to")
    .option("-m, --message <text>", "what it does, in a line", "squash")
    .option("--rev-id <id>", "its identifier")
    .option("--keep", "keep the files that it replaces, with _ before their names");
  add("pull", "write entity classes for the tables that a database has", () => import("./commands/pull.js"))
    .option("-o, --out <path>", "a file (.ts), or a folder that gets one file for each class; printed where left out")
    .option("--force", "write over files that are there")
    .option(
      "--schema <schema>",
      "a schema to pull (again for more); default: the default one and those configured",
      list,
    )
    .option("--table <table>", "only this table or view, and what it refers to (again for more)", list)
    .option("--view-key <view=columns>", "the columns that identify a row of a view", list);
  add("diagram", "draw the mapped schema", () => import("./commands/diagram.js"))
    .addOption(new Option("-f, --format <format>", "how").choices(["mermaid", "svg"]).default("mermaid"))
    .option("-o, --out <file>", "a file; printed where left out");
  add(
    "doctor",
    `check configuration, decorators, driver, connection, history and drift; end with ${EXIT_DIFFERENT} when something is to be mended`,
    () => import("./commands/doctor.js"),
  );
  add("console", "open a prompt with a session and the entities", () => import("./commands/console.js")).option(
    "-e, --eval <code>",
    "run this, with await, and end",
  );
  return cli;
}
