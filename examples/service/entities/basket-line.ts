import { CheckConstraint, Column, Entity, ManyToOne, type OptionalProps, type Relation, t } from "athanor";
import { Book } from "./book.js";
import { Customer } from "./customer.js";
import { ShopOwned } from "./shop.js";

@Entity("basket_lines", {
  tableArgs: () => [new CheckConstraint("quantity > 0", { name: "ck_basket_lines_quantity" })],
})
export class BasketLine extends ShopOwned {
  declare [OptionalProps]?: "shopId";
  @Column(t.integer, { primaryKey: true, autoincrement: false, foreignKey: () => Customer }) customerId!: number;
  @Column(t.integer, { primaryKey: true, autoincrement: false, foreignKey: () => Book }) bookId!: number;
  @Column(t.integer) quantity!: number;
  @ManyToOne(
    () => Customer,
    (customer) => customer.basket,
  )
  customer!: Relation<Customer>;
  @ManyToOne(() => Book) book!: Relation<Book>;
}
