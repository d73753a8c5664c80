import { Column, Entity, type OptionalProps, PrimaryKey, t } from "athanor";
import { ShopOwned } from "./shop.js";

/** A letter to a customer, in place of a mail service: what the outbox delivers. The event's key keeps it from being sent twice. */
@Entity("letters")
export class Letter extends ShopOwned {
  declare [OptionalProps]?: "sentAt";
  @PrimaryKey(t.string(80)) eventKey!: string;
  @Column(t.string(120)) to!: string;
  @Column(t.string(200)) subject!: string;
  @Column(t.text) body!: string;
  @Column(t.integer) amountCents!: number;
  @Column(t.timestamp, { default: () => new Date() }) sentAt!: Date;
}
