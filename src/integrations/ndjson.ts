/** Rows as lines of JSON, for responses that are read from a server-side cursor. */

/** Lines are sent together until they have this many characters: a write for each costs more than the line. */
const CHUNK = 16_384;

/**
 * Newline-delimited JSON of rows as they come. Entities are written with what is loaded of them.
 *
 * @param rows a streamed result; it is closed when the reader goes away
 * @param convert makes the value that is written of each row
 * @returns chunks of UTF-8
 * @example ndjson(await db.streamScalars(select(Order)), (order) => ({ id: order.id }))
 */
export async function* ndjson<T>(
  rows: AsyncIterable<T>,
  convert: (row: T) => unknown = (row) => row,
): AsyncGenerator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder();
  let text = "";
  for await (const row of rows) {
    text += `${JSON.stringify(convert(row))}\n`;
    if (text.length < CHUNK) continue;
    yield encoder.encode(text);
    text = "";
  }
  if (text !== "") yield encoder.encode(text);
}
