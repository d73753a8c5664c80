/** What a session's routing is shown where a load has no statement of its own at hand. */
import { Select } from "../../sql/selectable/select.js";
import type { Mapper } from "../mapping/mapper.js";
import { entityOf } from "./entity.js";

const reads = new WeakMap<Mapper, Select>();

/** `SELECT` of a class, one for each: it says that the class is read, and nothing is run by it. */
export function readOf(mapper: Mapper): Select {
  let read = reads.get(mapper);
  if (read === undefined) {
    read = new Select([entityOf(mapper)], []);
    reads.set(mapper, read);
  }
  return read;
}
