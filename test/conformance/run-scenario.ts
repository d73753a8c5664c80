import { type AsyncEngine, createAsyncEngine, createEngine, type Engine } from "../../src/index.js";
import { type RecordedStatement, recordStatements } from "../support/statements.js";
import type { Scenario, Step, StepResult } from "./format.js";
import { Mapping } from "./mapping.js";
import { isPromise } from "./maybe-promise.js";
import { asyncHost, type SessionHost, syncHost } from "./sessions.js";
import { executeStep } from "./steps.js";
import type { Target } from "./targets.js";
import { World } from "./world.js";

/** How the steps of a scenario are run. */
export type Course = (world: World, steps: readonly Step[], tracer: Tracer) => Promise<StepResult[]>;

export interface RunOptions {
  readonly target: Target;
  /** Options of the engine. */
  readonly engine?: object;
  /** `Session` on a synchronous engine instead of `AsyncSession`. */
  readonly sync?: boolean;
  /** Default: one step after the other, those that are I/O awaited. */
  readonly course?: Course;
  /** Hold only the objects that the scenario has named, so that the identity map may lose the others. */
  readonly weak?: boolean;
  /** Statements are kept by step, for `onTrace`. */
  readonly onTrace?: (step: Step, statements: readonly RecordedStatement[]) => void;
}

/** Called around each step. */
export interface Tracer {
  begin(): void;
  end(step: Step): void;
}

/** Runs a scenario in an empty database, and returns the result of each step. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<StepResult[]> {
  const database = await options.target.open();
  try {
    const { engine, host } = openEngine(database.url, { ...database.engine, ...options.engine }, options.sync ?? false);
    try {
      return await runOn(scenario, engine, host, options);
    } finally {
      await engine.dispose();
    }
  } finally {
    await database.release();
  }
}

function openEngine(url: string, options: object, sync: boolean): { engine: AsyncEngine | Engine; host: SessionHost } {
  if (sync) {
    const engine = createEngine(url, options);
    return { engine, host: syncHost(engine) };
  }
  const engine = createAsyncEngine(url, options);
  return { engine, host: asyncHost(engine) };
}

async function runOn(scenario: Scenario, engine: AsyncEngine | Engine, host: SessionHost, options: RunOptions) {
  const mapping = new Mapping(scenario.schema);
  try {
    await mapping.createAll(engine);
    using log = recordStatements(engine);
    using trace = recordStatements(engine);
    const tracer: Tracer = {
      begin: () => trace.reset(),
      end: (step) => options.onTrace?.(step, [...trace.statements]),
    };
    const world = new World(mapping, host, scenario.options ?? {}, log, options.weak ?? false);
    try {
      if (scenario.options?.foreignKeys === false) await switchForeignKeysOff(world);
      return await (options.course ?? inTurn)(world, scenario.steps, tracer);
    } finally {
      await world.close();
    }
  } finally {
    mapping.dispose();
  }
}

/** Only SQLite can, and only where all sessions share one connection: in memory. */
async function switchForeignKeysOff(world: World): Promise<void> {
  await world.withConnection((connection) => connection.execDriverSql("PRAGMA foreign_keys=OFF"), "commit");
}

const inTurn: Course = async (world, steps, tracer) => {
  const results: StepResult[] = [];
  for (const step of steps) {
    tracer.begin();
    const result = executeStep(world, step);
    // Not even a finished step is awaited unless it is I/O: a turn of the event loop could hide implicit I/O.
    results.push(isPromise(result) ? ((await result) as StepResult) : result);
    tracer.end(step);
  }
  return results;
};
