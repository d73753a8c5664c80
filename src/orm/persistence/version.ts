/** Version counters: the value of a new row and of the next one. */
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import { FlushError } from "../errors.js";
import type { Mapper } from "../mapping/mapper.js";
import type { InstanceState } from "../state.js";

/** The version after `present`; undefined where the database makes it. */
export function nextVersion(mapper: Mapper, present: unknown): unknown {
  const generator = mapper.options.versionIdGenerator;
  if (generator === false) return undefined;
  if (generator !== undefined) return generator(present);
  return typeof present === "bigint" ? present + 1n : Number(present ?? 0) + 1;
}

/** The version of a new row, which becomes the object's. */
export function firstVersion(mapper: Mapper, state: InstanceState): unknown {
  const version = nextVersion(mapper, null);
  if (version !== undefined) mapper.version?.assign(state, version);
  return version;
}

/** A row without a version would never be found again. */
export function withoutVersion(state: InstanceState, version: ColumnAttribute): FlushError {
  if (state.key !== null && version.committedValue(state) === null) {
    return new FlushError(
      `${state.describe()} has no version: its row has NULL in "${version.column.name}", so that no statement could tell whether somebody has changed it. ` +
        `Give such rows a version by an UPDATE of your own, and declare the column NOT NULL.`,
    );
  }
  return new FlushError(
    `${state.describe()} has no version: versionIdGenerator: false leaves "${version.key}" to the program, so set it before the flush.`,
  );
}
