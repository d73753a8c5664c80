/** Channels of notifications, and what travels on them. */
import { ArgumentError } from "../../sql/errors.js";
import type { StandardSchema } from "../../sql/types/standard-schema.js";
import { validate } from "../../sql/types/structured.js";

/** The longest name that PostgreSQL tells apart, in bytes. */
const LONGEST_NAME = 63;

/**
 * A channel with what its payloads are: both `listen()` and `notify()` take it.
 *
 * @example
 * const orders = channel("orders").json<{ id: number }>();
 * const checked = channel("orders").json(z.object({ id: z.number() }));
 */
export class Channel<T = string, Name extends string = string> {
  /**
   * @param parse makes a payload of its text; what it throws is told to the listener with the text
   * @param format makes the text of a payload
   */
  constructor(
    readonly name: Name,
    readonly parse: (text: string) => T,
    readonly format: (payload: T) => string,
  ) {
    if (typeof name !== "string" || name === "" || Buffer.byteLength(name) > LONGEST_NAME || name.includes("\0")) {
      throw new ArgumentError(
        `${JSON.stringify(name)} is no name of a channel: it is text of 1 to ${LONGEST_NAME} bytes, without NUL.`,
      );
    }
  }

  /** The same channel with payloads in JSON, checked by a schema (zod, valibot, arktype) on the way in and out where one is given. */
  json<V>(schema?: StandardSchema<V>): Channel<V, Name> {
    const checked = (value: unknown): V => (schema === undefined ? (value as V) : validate(schema, value));
    return new Channel<V, Name>(
      this.name,
      (text) => checked(JSON.parse(text)),
      (payload) => {
        const text = JSON.stringify(checked(payload)) as string | undefined;
        if (text !== undefined) return text;
        throw new ArgumentError(
          `A payload of the channel "${this.name}" is nothing that JSON knows: ${typeof payload}.`,
        );
      },
    );
  }
}

/** A channel whose payloads are text; see {@link Channel.json} for others. */
export function channel<Name extends string>(name: Name): Channel<string, Name> {
  return new Channel<string, Name>(
    name,
    (text) => text,
    (payload) => {
      if (typeof payload === "string") return payload;
      throw new ArgumentError(
        `A payload of the channel "${name}" is text, not ${payload === null ? "null" : typeof payload}. Use channel("${name}").json() for others.`,
      );
    },
  );
}

/** A channel of any payloads. */
export interface AnyChannel {
  readonly name: string;
  parse(text: string): unknown;
  format(payload: never): string;
}

/** A channel, or the name of one whose payloads are text. */
export type ChannelLike = string | AnyChannel;

/** The channel of a name. */
export function channelOf(like: ChannelLike): Channel<unknown> {
  return (like instanceof Channel ? like : channel(like as string)) as Channel<unknown>;
}
