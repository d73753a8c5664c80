import {
  type Attrs,
  attrs,
  CheckConstraint,
  Column,
  ColumnProperty,
  Entity,
  func,
  Index,
  ManyToMany,
  ManyToOne,
  OneToOne,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  select,
  t,
  text,
} from "athanor";
import { Author } from "./author.js";
import { Genre } from "./genre.js";
import { Review } from "./review.js";
import { SoftDeletable } from "./shop.js";
import { Stock } from "./stock.js";

/** A title in the catalogue. How many of it there are is its {@link Stock}'s, so that selling one is no edit of the other. */
@Entity("books", {
  versionIdCol: "version",
  tableArgs: () => [
    new CheckConstraint("price_cents > 0", { name: "ck_books_price" }),
    // One for each order of the catalogue: a page is read from where the one before ended.
    new Index("ix_books_newest", ["shop_id", "added_at", "id"]),
    new Index("ix_books_title", ["shop_id", "title", "id"]),
    new Index("ix_books_price", ["shop_id", "price_cents", "id"]),
    new Index("ix_books_genre", ["genre_id", "added_at", "id"]),
    // SQLite has a full-text table beside this one, which the migration makes: see `use-cases/search.ts`.
    new Index("ix_books_words", [text("to_tsvector('simple', title || ' ' || byline)")], {
      using: "gin",
      dialects: ["postgresql"],
    }),
  ],
})
export class Book extends SoftDeletable {
  declare [OptionalProps]?: "id" | "shopId" | "version" | "byline" | "addedAt" | "blurb";
  @PrimaryKey() id!: number;
  @Column(t.string(200)) title!: string;
  /** The names of its authors, for lists and for the search; {@link writtenBy} keeps it. */
  @Column(t.string(300)) byline!: string;
  @Column(t.string(13)) isbn!: string;
  @Column(t.text, { default: "" }) blurb!: string;
  /** ISO 639-1. */
  @Column(t.string(2)) language!: string;
  @Column(t.integer) year!: number;
  @Column(t.integer) priceCents!: number;
  @Column(t.timestamp, { default: () => new Date() }) addedAt!: Date;
  /** Counts edits: who edits an old one is told so. */
  @Column(t.integer) version!: number;

  @ManyToOne(() => Genre, { nullable: false }) genre!: Relation<Genre>;
  @ManyToMany(
    () => Author,
    (author) => author.books,
    { secondary: "book_authors", orderBy: "id" },
  )
  authors!: Author[];
  @OneToOne(
    () => Stock,
    (stock) => stock.book,
    { cascade: ["all", "delete-orphan"] },
  )
  stock!: Relation<Stock>;

  /** The mean of its reviews, from 1 to 5; null without any. Loaded with `undefer`. */
  @ColumnProperty((book: Attrs<Book>) => ratings(book, "mean"), { deferred: true }) readonly rating!: number | null;
  /** How many have rated it. Loaded with `undefer`. */
  @ColumnProperty((book: Attrs<Book>) => ratings(book, "count"), { deferred: true }) readonly ratingCount!: number;

  writtenBy(authors: Author[]): this {
    this.authors = authors;
    this.byline = authors.map((author) => author.name).join(", ");
    return this;
  }
}

/** A subquery over the reviews of a book. It is no part of any statement's criteria, and leaves out removed reviews itself. */
function ratings(book: Attrs<Book>, what: "mean" | "count") {
  const review = attrs(Review);
  return select(what === "mean" ? func.avg(review.rating) : func.count(review.rating))
    .where(review.bookId.eq(book.id), review.deletedAt.isNull())
    .scalarSubquery();
}
