import { Column, Entity, Index, type OptionalProps, PrimaryKey, t, text } from "athanor";
import { ShopOwned } from "./shop.js";

/** What others are to be told of: written with what happened, in its transaction; `outbox/worker.ts` delivers it. */
@Entity("outbox_events", {
  tableArgs: () => [
    new Index("ix_outbox_events_waiting", ["available_at", "id"], { where: text("delivered_at is null") }),
  ],
})
export class OutboxEvent extends ShopOwned {
  declare [OptionalProps]?: "id" | "shopId" | "createdAt" | "availableAt" | "attempts";
  @PrimaryKey() id!: number;
  /** Says what it is about, once and for all: who is told twice knows it by this. */
  @Column(t.string(80), { unique: true }) key!: string;
  @Column(t.string(40)) topic!: string;
  @Column(t.json<Readonly<Record<string, unknown>>>()) payload!: Readonly<Record<string, unknown>>;
  @Column(t.timestamp, { default: () => new Date() }) createdAt!: Date;
  /** Nobody takes it before this time: the worker that has it puts it off, and so does a failure. */
  @Column(t.timestamp, { default: () => new Date() }) availableAt!: Date;
  @Column(t.integer, { default: 0 }) attempts!: number;
  @Column(t.text, { nullable: true }) error!: string | null;
  @Column(t.timestamp, { nullable: true }) deliveredAt!: Date | null;
}
