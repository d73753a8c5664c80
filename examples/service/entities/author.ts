import { Column, Entity, ManyToMany, type OptionalProps, PrimaryKey, t } from "athanor";
import { Book } from "./book.js";
import { ShopOwned } from "./shop.js";

@Entity("authors")
export class Author extends ShopOwned {
  declare [OptionalProps]?: "id" | "shopId";
  @PrimaryKey() id!: number;
  @Column(t.string(80), { index: true }) name!: string;
  @ManyToMany(
    () => Book,
    (book) => book.authors,
  )
  books!: Book[];
}
