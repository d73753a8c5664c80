import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type AsyncEngine, inspect, text } from "../../src/index.js";
import { isAtHead, migrate } from "../../src/migrations/index.js";
import { databaseKind, openDatabase } from "../support/database.js";
import { allRows, disagreements, killableHistory, REVISIONS, rowsOf } from "../support/killable-history.js";
import { howOften, LONG_RUN } from "../support/long-runs.js";

const program = fileURLToPath(new URL("../support/killable-history.ts", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));
const revisions = killableHistory;

type Kill = "process" | "backend";

const ITS = "from pg_stat_activity where datname = current_database() and application_name = 'upgrade'";

/** Upgrades in a process of its own, and ends that a moment after it has begun its `after`th revision. */
async function killedUpgrade(url: string, engine: AsyncEngine, after: number, wait: number, kill: Kill): Promise<void> {
  const { VITEST: _vitest, ...env } = process.env;
  const named =
    databaseKind() === "postgresql" ? `${url}${url.includes("?") ? "&" : "?"}application_name=upgrade` : url;
  const child = spawn(process.execPath, ["--import", "@oxc-node/core/register", program, named], {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const gone = once(child, "exit");
  let begun = 0;
  for await (const _line of createInterface({ input: child.stdout })) {
    if (++begun !== after) continue;
    await new Promise((resolve) => setTimeout(resolve, wait));
    if (kill === "process") child.kill("SIGKILL");
    else await engine.execute(text(`select pg_terminate_backend(pid) ${ITS}`)).all();
  }
  await gone;
  // The server takes a moment to notice that its client has gone, and ends what it is doing first.
  while (databaseKind() === "postgresql" && Number(await engine.execute(text(`select count(*) ${ITS}`)).scalar()) > 0) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Upgrades again. Where it asks what became of a step, looks and answers, as a person would. */
async function finish(engine: AsyncEngine): Promise<void> {
  try {
    await migrate(engine, { revisions });
  } catch (error) {
    const asked =
      /^The upgrade of revision (r\d+) failed.*insert into log \(what\) values \('r\d+ outside'\).*--resume skip if it did, or --resume retry if it did not/.exec(
        (error as Error).message,
      );
    expect(asked, String(error)).not.toBeNull();
    const took = (await rowsOf(engine)).includes(`${asked?.[1]} outside`);
    await migrate(engine, { revisions, resume: took ? "skip" : "retry" });
  }
}

const runs = howOften(databaseKind() === "postgresql" ? 2 : 3, 200);

test(
  "[AP-04] killed at any moment, versions and schema agree, and the next upgrade completes or asks what a person must say",
  async () => {
    for (let run = 0; run < runs; run++) {
      await using database = await openDatabase({ file: true, engine: { poolSize: 1 } });
      const { engine, url } = database;
      const kill: Kill = databaseKind() === "postgresql" && run % 2 === 1 ? "backend" : "process";
      const after = 1 + Math.floor(Math.random() * REVISIONS);
      const wait = Math.random() * 12;
      const where = `${kill} killed ${wait.toFixed(2)} ms after the beginning of revision ${after}`;
      await killedUpgrade(url, engine, after, wait, kill);
      expect(await disagreements(engine), where).toEqual([]);
      await finish(engine);
      expect(await isAtHead(engine, { revisions })).toBe(true);
      expect(await disagreements(engine), where).toEqual([]);
      expect(await rowsOf(engine), where).toEqual(allRows());
      const indexes = await inspect(engine).getIndexes("log");
      expect(
        indexes.filter((each) => (each as { valid?: boolean }).valid === false),
        where,
      ).toEqual([]);
      expect(indexes.length, where).toBe(REVISIONS / 5);
    }
  },
  LONG_RUN.timeout,
);
