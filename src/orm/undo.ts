/**
 * Operations on relationships are done wholly or not at all. What one does to objects, collections and the session is noted step by step, and taken back where
 * the rest of it is refused: by a validator, a listener, an attribute that would have to be loaded, another session.
 */

type Step = () => void;

let steps: Step[] | null = null;

/** Whether what happens now may have to be taken back. */
export function isNoted(): boolean {
  return steps !== null;
}

/** Notes how what happens next is taken back. */
export function note(step: Step): void {
  steps?.push(step);
}

/** Runs an operation; where it throws, what it has noted is taken back, the last first. */
export function wholly<T>(operation: () => T): T {
  const outer = steps;
  const own: Step[] = [];
  steps = own;
  try {
    const result = operation();
    if (outer !== null) for (const step of own) outer.push(step);
    return result;
  } catch (error) {
    steps = null;
    while (own.length > 0) (own.pop() as Step)();
    throw error;
  } finally {
    steps = outer;
  }
}

/** Runs what users have handed in: what it does by itself stays, whatever becomes of the operation that it hears of. */
export function apart<T>(run: () => T): T {
  if (steps === null) return run();
  const outer = steps;
  steps = null;
  try {
    return run();
  } finally {
    steps = outer;
  }
}
