/** The processors of a mapper's relationships, made once. */
import type { Mapper, Relationship } from "../mapping/mapper.js";
import { DeleteAll, SaveAll } from "./actions.js";
import type { FlushContext, Processor } from "./flush-context.js";
import { KeySwitchProcessor } from "./key-switch.js";
import { ManyToManyProcessor } from "./many-to-many.js";
import { ManyToOneProcessor } from "./many-to-one.js";
import { OneToManyProcessor } from "./one-to-many.js";

const made = new WeakMap<Relationship, Processor>();
const keySwitches = new WeakMap<Relationship, Processor>();
const byMapper = new WeakMap<Mapper, { readonly stamp: number; readonly list: readonly Processor[] }>();

function processorOf(relationship: Relationship): Processor {
  let processor = made.get(relationship);
  if (processor === undefined) {
    const { direction } = relationship;
    processor =
      direction === "oneToMany"
        ? new OneToManyProcessor(relationship)
        : direction === "manyToOne"
          ? new ManyToOneProcessor(relationship)
          : new ManyToManyProcessor(relationship);
    made.set(relationship, processor);
  }
  return processor;
}

/** What takes part in a flush of objects of this mapper: its own relationships, and many-to-ones that point at it. */
export function processorsOf(mapper: Mapper): readonly Processor[] {
  const { pointedAt } = mapper;
  const stamp = mapper.relationships.length + pointedAt.length;
  const known = byMapper.get(mapper);
  if (known?.stamp === stamp) return known.list;
  const list: Processor[] = [];
  for (const relationship of pointedAt) {
    let processor = keySwitches.get(relationship);
    if (processor === undefined) {
      processor = new KeySwitchProcessor(relationship);
      keySwitches.set(relationship, processor);
    }
    list.push(processor);
  }
  for (const relationship of mapper.relationships) if (!relationship.viewonly) list.push(processorOf(relationship));
  byMapper.set(mapper, { stamp, list });
  return list;
}

/** The actions that every hierarchy in a flush has. */
export function makeMapperActions(flush: FlushContext, base: Mapper): void {
  flush.order([SaveAll.of(flush, base), DeleteAll.of(flush, base)]);
}
