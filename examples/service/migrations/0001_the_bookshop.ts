/** the bookshop (2026-11-29 21:26 UTC) */

import { checkConstraint, column, conv, foreignKeyConstraint, t, text, UniqueConstraint } from "athanor";
import type { Operations } from "athanor/migrations";

export const revision = "0001";
export const downRevision = null;
export const message = "the bookshop";

export async function upgrade(op: Operations): Promise<void> {
  op.createTable(
    "shops",
    {
      id: column(t.integer, { primaryKey: true }),
      slug: column(t.string(20), { nullable: false }),
      name: column(t.string(60), { nullable: false }),
      motto: column(t.string(120), { nullable: false }),
      currency: column(t.string(3), { nullable: false }),
    },
    new UniqueConstraint(["slug"]),
  );
  op.createTable(
    "audit_entries",
    {
      shop_id: column(t.integer, { nullable: false }),
      id: column(t.integer, { primaryKey: true }),
      subject: column(t.string(40), { nullable: false }),
      subject_id: column(t.integer, { nullable: false }),
      action: column(t.string(10), { nullable: false }),
      changes: column(t.json, { nullable: false }),
      actor: column(t.string(80), { nullable: false }),
      at: column(t.datetime, { nullable: false }),
    },
    foreignKeyConstraint(["shop_id"], ["shops.id"]),
  );
  op.createIndex("ix_audit_entries_subject", "audit_entries", ["subject", "subject_id", "id"]);
  op.createTable(
    "authors",
    {
      shop_id: column(t.integer, { nullable: false }),
      id: column(t.integer, { primaryKey: true }),
      name: column(t.string(80), { nullable: false }),
    },
    foreignKeyConstraint(["shop_id"], ["shops.id"]),
  );
  op.createIndex("ix_authors_name", "authors", ["name"]);
  op.createTable(
    "customers",
    {
      shop_id: column(t.integer, { nullable: false }),
      id: column(t.integer, { primaryKey: true }),
      email: column(t.string(120), { nullable: false }),
      name: column(t.string(80), { nullable: false }),
      password_hash: column(t.string(200), { nullable: false }),
      role: column(t.enum(["customer", "clerk"], { name: "role" }), { nullable: false }),
      joined_at: column(t.datetime, { nullable: false }),
    },
    foreignKeyConstraint(["shop_id"], ["shops.id"]),
    new UniqueConstraint(["shop_id", "email"], { name: conv("uq_customers_email") }),
  );
  op.createTable(
    "genres",
    {
      shop_id: column(t.integer, { nullable: false }),
      id: column(t.integer, { primaryKey: true }),
      slug: column(t.string(30), { nullable: false }),
      name: column(t.string(60), { nullable: false }),
    },
    foreignKeyConstraint(["shop_id"], ["shops.id"]),
    new UniqueConstraint(["shop_id", "slug"]),
  );
  op.createTable(
    "letters",
    {
      shop_id: column(t.integer, { nullable: false }),
      event_key: column(t.string(80), { primaryKey: true }),
      to: column(t.string(120), { nullable: false }),
      subject: column(t.string(200), { nullable: false }),
      body: column(t.text, { nullable: false }),
      amount_cents: column(t.integer, { nullable: false }),
      sent_at: column(t.datetime, { nullable: false }),
    },
    foreignKeyConstraint(["shop_id"], ["shops.id"]),
  );
  op.createTable(
    "orders",
    {
      shop_id: column(t.integer, { nullable: false }),
      id: column(t.integer, { primaryKey: true }),
      reference: column(t.string(12), { nullable: false }),
      request_key: column(t.string(80), { nullable: false }),
      state: column(t.enum(["placed", "sent", "cancelled"], { name: "order_state" }), { nullable: false }),
      placed_at: column(t.datetime, { nullable: false }),
      total_cents: column(t.integer, { nullable: false }),
      customer_id: column(t.integer, { nullable: false }),
    },
    foreignKeyConstraint(["shop_id"], ["shops.id"]),
    foreignKeyConstraint(["customer_id"], ["customers.id"]),
    new UniqueConstraint(["customer_id", "request_key"], { name: conv("uq_orders_request_key") }),
    new UniqueConstraint(["reference"], { name: conv("uq_orders_reference") }),
  );
  op.createTable(
    "outbox_events",
    {
      shop_id: column(t.integer, { nullable: false }),
      id: column(t.integer, { primaryKey: true }),
      key: column(t.string(80), { nullable: false }),
      topic: column(t.string(40), { nullable: false }),
      payload: column(t.json, { nullable: false }),
      created_at: column(t.datetime, { nullable: false }),
      available_at: column(t.datetime, { nullable: false }),
      attempts: column(t.integer, { nullable: false }),
      error: column(t.text),
      delivered_at: column(t.datetime),
    },
    foreignKeyConstraint(["shop_id"], ["shops.id"]),
    new UniqueConstraint(["key"]),
  );
  op.createIndex("ix_outbox_events_waiting", "outbox_events", ["available_at", "id"], {
    where: "delivered_at is null",
  });
  op.createTable(
    "sign_ins",
    {
      shop_id: column(t.integer, { nullable: false }),
      token_hash: column(t.string(64), { primaryKey: true }),
      expires_at: column(t.datetime, { nullable: false }),
      customer_id: column(t.integer, { nullable: false }),
    },
    foreignKeyConstraint(["shop_id"], ["shops.id"]),
    foreignKeyConstraint(["customer_id"], ["customers.id"], { onDelete: "CASCADE" }),
  );
  op.createIndex("ix_sign_ins_customer_id", "sign_ins", ["customer_id"]);
  op.createTable(
    "books",
    {
      shop_id: column(t.integer, { nullable: false }),
      deleted_at: column(t.datetime),
      id: column(t.integer, { primaryKey: true }),
      title: column(t.string(200), { nullable: false }),
      byline: column(t.string(300), { nullable: false }),
      isbn: column(t.string(13), { nullable: false }),
      blurb: column(t.text, { nullable: false }),
      language: column(t.string(2), { nullable: false }),
      year: column(t.integer, { nullable: false }),
      price_cents: column(t.integer, { nullable: false }),
      added_at: column(t.datetime, { nullable: false }),
      version: column(t.integer, { nullable: false }),
      genre_id: column(t.integer, { nullable: false }),
    },
    foreignKeyConstraint(["shop_id"], ["shops.id"]),
    foreignKeyConstraint(["genre_id"], ["genres.id"]),
    checkConstraint("price_cents > 0", { name: conv("ck_books_price") }),
  );
  op.createIndex("ix_books_newest", "books", ["shop_id", "added_at", "id"]);
  op.createIndex("ix_books_title", "books", ["shop_id", "title", "id"]);
  op.createIndex("ix_books_price", "books", ["shop_id", "price_cents", "id"]);
  op.createIndex("ix_books_genre", "books", ["genre_id", "added_at", "id"]);
  op.createIndex("ix_books_words", "books", [text("to_tsvector('simple', title || ' ' || byline)")], {
    using: "gin",
    dialects: ["postgresql"],
  });
  op.createTable(
    "order_lines",
    {
      shop_id: column(t.integer, { nullable: false }),
      order_id: column(t.integer, { primaryKey: true, autoincrement: false }),
      position: column(t.integer, { primaryKey: true, autoincrement: false }),
      book_id: column(t.integer, { nullable: false }),
      title: column(t.string(200), { nullable: false }),
      unit_cents: column(t.integer, { nullable: false }),
      quantity: column(t.integer, { nullable: false }),
    },
    foreignKeyConstraint(["shop_id"], ["shops.id"]),
    foreignKeyConstraint(["order_id"], ["orders.id"]),
    foreignKeyConstraint(["book_id"], ["books.id"]),
    checkConstraint("quantity > 0", { name: conv("ck_order_lines_quantity") }),
  );
  op.createIndex("ix_order_lines_book_id", "order_lines", ["book_id"]);
  op.createTable(
    "reviews",
    {
      shop_id: column(t.integer, { nullable: false }),
      deleted_at: column(t.datetime),
      id: column(t.integer, { primaryKey: true }),
      rating: column(t.integer),
      text: column(t.text, { nullable: false }),
      written_at: column(t.datetime, { nullable: false }),
      book_id: column(t.integer, { nullable: false }),
      writer_id: column(t.integer, { nullable: false }),
      parent_id: column(t.integer),
    },
    foreignKeyConstraint(["shop_id"], ["shops.id"]),
    foreignKeyConstraint(["book_id"], ["books.id"]),
    foreignKeyConstraint(["writer_id"], ["customers.id"]),
    foreignKeyConstraint(["parent_id"], ["reviews.id"]),
    checkConstraint("rating between 1 and 5", { name: conv("ck_reviews_rating") }),
    checkConstraint("(parent_id is null) = (rating is not null)", { name: conv("ck_reviews_reply") }),
  );
  op.createIndex("ix_reviews_writer_id", "reviews", ["writer_id"]);
  op.createIndex("ix_reviews_book", "reviews", ["book_id", "parent_id"]);
  op.createIndex("ix_reviews_parent", "reviews", ["parent_id"]);
  op.createTable(
    "stocks",
    {
      shop_id: column(t.integer, { nullable: false }),
      book_id: column(t.integer, { primaryKey: true, autoincrement: false }),
      on_hand: column(t.integer, { nullable: false }),
      sold: column(t.integer, { nullable: false }),
    },
    foreignKeyConstraint(["shop_id"], ["shops.id"]),
    foreignKeyConstraint(["book_id"], ["books.id"]),
    checkConstraint("on_hand >= 0", { name: conv("ck_stocks_on_hand") }),
  );
  op.createTable(
    "basket_lines",
    {
      shop_id: column(t.integer, { nullable: false }),
      customer_id: column(t.integer, { primaryKey: true, autoincrement: false }),
      book_id: column(t.integer, { primaryKey: true, autoincrement: false }),
      quantity: column(t.integer, { nullable: false }),
    },
    foreignKeyConstraint(["shop_id"], ["shops.id"]),
    foreignKeyConstraint(["customer_id"], ["customers.id"]),
    foreignKeyConstraint(["book_id"], ["books.id"]),
    checkConstraint("quantity > 0", { name: conv("ck_basket_lines_quantity") }),
  );
  op.createTable(
    "book_authors",
    {
      book_id: column(t.integer, { primaryKey: true, autoincrement: false }),
      author_id: column(t.integer, { primaryKey: true, autoincrement: false }),
    },
    foreignKeyConstraint(["book_id"], ["books.id"]),
    foreignKeyConstraint(["author_id"], ["authors.id"]),
  );
}

export async function downgrade(op: Operations): Promise<void> {
  op.dropTable("book_authors");
  op.dropTable("basket_lines");
  op.dropTable("stocks");
  op.dropTable("reviews");
  op.dropTable("order_lines");
  op.dropTable("books");
  op.dropTable("sign_ins");
  op.dropTable("outbox_events");
  op.dropTable("orders");
  op.dropTable("letters");
  op.dropTable("genres");
  op.dropTable("customers");
  op.dropTable("authors");
  op.dropTable("audit_entries");
  op.dropTable("shops");
}
