import { Column, Entity, Index, type OptionalProps, PrimaryKey, t } from "athanor";
import { ShopOwned } from "./shop.js";

/** What an attribute was and became, by its name. */
export type Changes = Readonly<Record<string, readonly [before: unknown, after: unknown]>>;

/** One edit of one object: written with it, in its transaction. */
@Entity("audit_entries", { tableArgs: () => [new Index("ix_audit_entries_subject", ["subject", "subject_id", "id"])] })
export class AuditEntry extends ShopOwned {
  declare [OptionalProps]?: "id" | "shopId" | "at";
  @PrimaryKey() id!: number;
  /** The class, and the key, of what was edited. */
  @Column(t.string(40)) subject!: string;
  @Column(t.integer) subjectId!: number;
  @Column(t.string(10)) action!: "created" | "edited" | "deleted" | "restored";
  @Column(t.json<Changes>()) changes!: Changes;
  /** The name of who did it. */
  @Column(t.string(80)) actor!: string;
  @Column(t.timestamp, { default: () => new Date() }) at!: Date;
}
