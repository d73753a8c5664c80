import {
  CheckConstraint,
  Column,
  Entity,
  Index,
  ManyToOne,
  OneToMany,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  t,
} from "athanor";
import { Book } from "./book.js";
import { Customer } from "./customer.js";
import { SoftDeletable } from "./shop.js";

/** What a reader says of a book, or a reply to it: replies have a parent and no rating. */
@Entity("reviews", {
  tableArgs: () => [
    new CheckConstraint("rating between 1 and 5", { name: "ck_reviews_rating" }),
    new CheckConstraint("(parent_id is null) = (rating is not null)", { name: "ck_reviews_reply" }),
    new Index("ix_reviews_book", ["book_id", "parent_id"]),
    new Index("ix_reviews_parent", ["parent_id"]),
  ],
})
export class Review extends SoftDeletable {
  declare [OptionalProps]?: "id" | "shopId" | "writtenAt";
  @PrimaryKey() id!: number;
  @Column(t.integer, { nullable: true }) rating!: number | null;
  @Column(t.text) text!: string;
  @Column(t.timestamp, { default: () => new Date() }) writtenAt!: Date;
  @Column(t.integer, { foreignKey: () => Book }) bookId!: number;
  @ManyToOne(() => Book, { nullable: false }) book!: Relation<Book>;
  @Column(t.integer, { foreignKey: () => Customer, index: true }) writerId!: number;
  @ManyToOne(() => Customer, { nullable: false }) writer!: Relation<Customer>;
  @ManyToOne(
    () => Review,
    (review) => review.replies,
    { remoteSide: ["id"] },
  )
  parent!: Relation<Review> | null;
  @OneToMany(
    () => Review,
    (review) => review.parent,
    { orderBy: "id" },
  )
  replies!: Review[];
}
