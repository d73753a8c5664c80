/** Waiting for what another process has, by asking again and again: nothing is held meanwhile that anybody could wait for. */

/** Milliseconds between two attempts: at first, and at the most. */
const PAUSE = { first: 10, longest: 200 };

/**
 * Takes something as soon as it can be had.
 *
 * @param take gives it, or null where another one has it
 * @param patience milliseconds to wait for it; undefined: as long as it takes
 * @param onWait told once when another one has it
 * @returns null when the patience has ended
 */
export async function takePatiently<T>(
  take: () => Promise<T | null>,
  patience: number | undefined,
  onWait: (() => void) | undefined,
): Promise<T | null> {
  const start = performance.now();
  for (let pause = PAUSE.first; ; pause = Math.min(pause * 1.5, PAUSE.longest)) {
    const taken = await take();
    if (taken !== null) return taken;
    if (pause === PAUSE.first) onWait?.();
    if (patience !== undefined && performance.now() - start >= patience) return null;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
