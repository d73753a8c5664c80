import { Column, Entity, ManyToOne, type OptionalProps, PrimaryKey, type Relation, t } from "athanor";
import { Customer } from "./customer.js";
import { ShopOwned } from "./shop.js";

/** A sign-in that has not ended. The token itself is with the customer only. */
@Entity("sign_ins")
export class SignIn extends ShopOwned {
  declare [OptionalProps]?: "shopId";
  @PrimaryKey(t.string(64)) tokenHash!: string;
  @Column(t.timestamp) expiresAt!: Date;
  @ManyToOne(() => Customer, { nullable: false, index: true, onDelete: "CASCADE" }) customer!: Relation<Customer>;
}
