/** What a relationship says about its join, before it is worked out. */
import type { EntityElement } from "../../sql/entity.js";
import type { Column } from "../../sql/schema/column.js";
import type { Mapper } from "./mapper.js";
import type { Direction } from "./relationship-join.js";

export interface JoinRequest {
  readonly label: string;
  readonly parent: Mapper;
  readonly target: Mapper;
  readonly direction: Direction | null;
  /** Columns that hold the foreign key. */
  readonly foreignKeys: readonly Column[] | null;
  /** Columns of the far side, for self-references. */
  readonly remoteSide: readonly Column[] | null;
  /** The alias of the target that the relationship leads to, if it leads to one. */
  readonly alias: EntityElement | null;
  readonly viewonly: boolean;
}
