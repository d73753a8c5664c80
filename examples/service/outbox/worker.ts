/**
 * Delivers what the outbox holds: at least once, by any number of workers.
 *
 * A worker takes events in a short transaction that puts them off, so that nobody else takes them in the meantime: those that another has locked in the same
 * moment are skipped. It delivers them outside of any transaction, as that may take long, and notes that it has. A worker that dies leaves events that
 * become available again, and are delivered once more: who gets them knows them by their key.
 */
import { select, update } from "athanor";
import { OutboxEvent } from "../entities/index.js";
import { EVERY_SHOP } from "../scope.js";
import { Session } from "../session.js";

/** Brings an event to where it belongs. It may be called again with the same event, and must know it by its key. */
export type Deliver = (event: OutboxEvent) => Promise<void>;

export interface WorkerOptions {
  /** How many events are taken at once. Default 50. */
  readonly batch?: number;
  /** How long they may take, in milliseconds, before others take them. Default 30 s. */
  readonly lease?: number;
  /** How long the worker rests when there is nothing to do, in milliseconds. Default 200. */
  readonly pause?: number;
  /** Ends the worker, after the batch that it has. */
  readonly signal: AbortSignal;
  /** Gets what went wrong with the outbox itself: the database is away, for example. */
  readonly report?: (error: unknown) => void;
}

const WORKER = { info: { shop: EVERY_SHOP } };
/** The first failure puts an event off for so many milliseconds, each one more for twice as long, up to an hour. */
const BACKOFF = 1000;
const HOUR = 3_600_000;

/** Works until it is told to end. */
export async function work(deliver: Deliver, options: WorkerOptions): Promise<void> {
  const { pause = 200, signal, report = console.error } = options;
  while (!signal.aborted) {
    let done = 0;
    try {
      done = await deliverBatch(deliver, options);
    } catch (error) {
      report(error);
    }
    if (done === 0) await rest(pause, signal);
  }
}

/** Delivers what is there, up to a batch. @returns how many events were taken */
export async function deliverBatch(
  deliver: Deliver,
  { batch = 50, lease = 30_000 }: Partial<WorkerOptions> = {},
): Promise<number> {
  const events = await take(batch, lease);
  const delivered: number[] = [];
  for (const event of events) {
    try {
      await deliver(event);
      delivered.push(event.id);
    } catch (error) {
      await putOff(event, error);
    }
  }
  if (delivered.length > 0) await note(delivered);
  return events.length;
}

/** Takes events that wait: until their lease is over, nobody else does. */
async function take(batch: number, lease: number): Promise<OutboxEvent[]> {
  await using session = Session({ ...WORKER, expireOnCommit: false });
  const events = await session
    .scalars(
      select(OutboxEvent)
        .where((e) => e.deliveredAt.isNull())
        .where((e) => e.availableAt.le(new Date()))
        .orderBy(
          (e) => e.availableAt,
          (e) => e.id,
        )
        .limit(batch)
        .withForUpdate({ skipLocked: true }),
    )
    .all();
  const until = new Date(Date.now() + lease);
  for (const event of events) {
    event.attempts++;
    event.availableAt = until;
  }
  await session.commit();
  return events;
}

async function note(ids: readonly number[]): Promise<void> {
  await using session = Session(WORKER);
  await session.execute(
    update(OutboxEvent)
      .where((e) => e.id.in(ids))
      .values({ deliveredAt: new Date(), error: null }),
  );
  await session.commit();
}

async function putOff({ id, attempts }: OutboxEvent, error: unknown): Promise<void> {
  const availableAt = new Date(Date.now() + Math.min(BACKOFF * 2 ** (attempts - 1), HOUR));
  const words = error instanceof Error ? error.message : String(error);
  await using session = Session(WORKER);
  await session.execute(
    update(OutboxEvent)
      .where((e) => e.id.eq(id))
      .values({ availableAt, error: words.slice(0, 500) }),
  );
  await session.commit();
}

function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
