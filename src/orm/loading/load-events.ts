/** Tells the listeners of a class that a row was loaded into an object of it. */
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import { announceInstance, type InstanceEventName } from "../instance-events.js";
import type { InstanceState } from "../state.js";

/** All of an object was loaded. What a handler sets is as good as loaded, and no change that a flush would write: it decrypts, or works out, values. */
export function announceWhole(event: InstanceEventName & ("load" | "refresh"), state: InstanceState): void {
  announceInstance(event, state);
  if (state.modified) state.commitAll();
}

/**
 * The same for these attributes; what else a handler sets is a change.
 * @param all whether the handlers are told that nothing was left out
 */
export function announceRefresh(state: InstanceState, attributes: readonly ColumnAttribute[], all: boolean): void {
  announceInstance("refresh", state, all ? null : attributes.map(({ key }) => key));
  for (const attribute of attributes) state.commitAttribute(attribute);
}
