/** Bodies of web responses that are read from a cursor: their end waits for the commit. */

/**
 * The same body, which does not end before `finish` has.
 *
 * @param finish is awaited between the last chunk and the end; when it throws, the body breaks off
 * @param leave is called once the body has ended, was broken off, or is not wanted any more
 */
export function guardedBody(
  body: ReadableStream<Uint8Array>,
  finish: () => Promise<void>,
  leave: () => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) {
          controller.enqueue(value);
          return;
        }
        await finish();
        controller.close();
        leave();
      } catch (error) {
        leave();
        throw error;
      }
    },
    async cancel(reason) {
      try {
        await reader.cancel(reason);
      } finally {
        leave();
      }
    },
  });
}
