import {
  CheckConstraint,
  Column,
  Entity,
  ManyToOne,
  OneToMany,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  t,
  UniqueConstraint,
} from "athanor";
import { Book } from "./book.js";
import { Customer } from "./customer.js";
import { ShopOwned } from "./shop.js";

export const ORDER_STATES = ["placed", "sent", "cancelled"] as const;
export type OrderState = (typeof ORDER_STATES)[number];

@Entity("orders", {
  tableArgs: () => [
    // A client that asks again, because it got no answer, gets the order that it has placed.
    new UniqueConstraint(["customer_id", "request_key"], { name: "uq_orders_request_key" }),
    new UniqueConstraint(["reference"], { name: "uq_orders_reference" }),
  ],
})
export class Order extends ShopOwned {
  declare [OptionalProps]?: "id" | "shopId" | "state" | "placedAt";
  @PrimaryKey() id!: number;
  /** What people call it: short, and tells nobody how many orders there are. */
  @Column(t.string(12)) reference!: string;
  @Column(t.string(80)) requestKey!: string;
  @Column(t.enum(ORDER_STATES, { name: "order_state" }), { default: "placed" }) state!: OrderState;
  @Column(t.timestamp, { default: () => new Date() }) placedAt!: Date;
  /** The sum of its lines. */
  @Column(t.integer) totalCents!: number;
  @Column(t.integer, { foreignKey: () => Customer }) customerId!: number;
  @ManyToOne(() => Customer, { nullable: false }) customer!: Relation<Customer>;
  @OneToMany(
    () => OrderLine,
    (line) => line.order,
    { cascade: ["all", "delete-orphan"], orderBy: "position" },
  )
  lines!: OrderLine[];
}

/** What was sold, as it was then: the book may have another title and another price today. */
@Entity("order_lines", { tableArgs: () => [new CheckConstraint("quantity > 0", { name: "ck_order_lines_quantity" })] })
export class OrderLine extends ShopOwned {
  declare [OptionalProps]?: "shopId" | "orderId";
  @Column(t.integer, { primaryKey: true, autoincrement: false, foreignKey: () => Order }) orderId!: number;
  @Column(t.integer, { primaryKey: true, autoincrement: false }) position!: number;
  @Column(t.integer, { foreignKey: () => Book, index: true }) bookId!: number;
  @Column(t.string(200)) title!: string;
  @Column(t.integer) unitCents!: number;
  @Column(t.integer) quantity!: number;
  @ManyToOne(
    () => Order,
    (order) => order.lines,
  )
  order!: Relation<Order>;
  @ManyToOne(() => Book) book!: Relation<Book>;
}
