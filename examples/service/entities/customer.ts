import { Column, Entity, OneToMany, type OptionalProps, PrimaryKey, t, UniqueConstraint } from "athanor";
import { BasketLine } from "./basket-line.js";
import { ShopOwned } from "./shop.js";

export const ROLES = ["customer", "clerk"] as const;
export type Role = (typeof ROLES)[number];

/** Someone with an account: they buy, or, as clerks, they keep the catalogue. */
@Entity("customers", { tableArgs: () => [new UniqueConstraint(["shop_id", "email"], { name: "uq_customers_email" })] })
export class Customer extends ShopOwned {
  declare [OptionalProps]?: "id" | "shopId" | "role" | "joinedAt";
  @PrimaryKey() id!: number;
  /** In lower case. */
  @Column(t.string(120)) email!: string;
  @Column(t.string(80)) name!: string;
  @Column(t.string(200), { repr: false, deferred: true }) passwordHash!: string;
  @Column(t.enum(ROLES, { name: "role" }), { default: "customer" }) role!: Role;
  @Column(t.timestamp, { default: () => new Date() }) joinedAt!: Date;
  @OneToMany(
    () => BasketLine,
    (line) => line.customer,
    { cascade: ["all", "delete-orphan"], orderBy: "bookId" },
  )
  basket!: BasketLine[];

  get isClerk(): boolean {
    return this.role === "clerk";
  }
}
