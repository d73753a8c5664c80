import { CheckConstraint, Column, Entity, OneToOne, type OptionalProps, type Relation, t } from "athanor";
import { Book } from "./book.js";
import { ShopOwned } from "./shop.js";

/** How many copies of a book there are. Whoever changes it has locked its row; the constraint is for those who forget. */
@Entity("stocks", { tableArgs: () => [new CheckConstraint("on_hand >= 0", { name: "ck_stocks_on_hand" })] })
export class Stock extends ShopOwned {
  declare [OptionalProps]?: "shopId" | "bookId" | "sold";
  @Column(t.integer, { primaryKey: true, autoincrement: false, foreignKey: () => Book }) bookId!: number;
  @Column(t.integer) onHand!: number;
  @Column(t.integer, { default: 0 }) sold!: number;
  @OneToOne(
    () => Book,
    (book) => book.stock,
    { owner: true },
  )
  book!: Relation<Book>;
}
