/** The pages of a shop, by their addresses. */
import { Hono } from "hono";
import { csrf } from "hono/csrf";
import type { Environment } from "../environment.js";
import * as accounts from "./accounts.js";
import * as book from "./book.js";
import * as buying from "./buying.js";
import { cataloguePage } from "./catalogue.js";
import * as editing from "./editing.js";
import * as office from "./office.js";

export function createPages(): Hono<Environment> {
  return new Hono<Environment>({ strict: false })
    .use(csrf())
    .get("/", cataloguePage)
    .get("/books/:id", book.bookPage)
    .post("/books/:id/basket", book.addToBasket)
    .post("/books/:id/reviews", book.reviewBook)
    .post("/reviews/:id/replies", book.replyToReview)
    .post("/reviews/:id/take-back", book.takeBack)
    .get("/basket", buying.basketPage)
    .post("/basket/order", buying.orderBasket)
    .post("/basket/:id", buying.changeBasket)
    .get("/orders", buying.ordersPage)
    .get("/orders/:reference", buying.orderPage)
    .post("/orders/:reference/cancel", buying.cancelOrder)
    .get("/sign-in", accounts.signInPage)
    .post("/sign-in", accounts.signIn)
    .get("/sign-up", accounts.signUpPage)
    .post("/sign-up", accounts.signUp)
    .post("/sign-out", accounts.signOut)
    .get("/office", office.booksPage)
    .get("/office/removed", office.removedPage)
    .get("/office/orders", office.officeOrdersPage)
    .post("/office/orders/:reference/send", office.sendOrder)
    .get("/office/outbox", office.outboxPage)
    .get("/office/books/new", editing.newBookPage)
    .post("/office/books/new", editing.addBook)
    .get("/office/books/:id", editing.editPage)
    .post("/office/books/:id", editing.saveBook)
    .post("/office/books/:id/resolve", editing.resolveConflict)
    .post("/office/books/:id/remove", editing.removeBook)
    .post("/office/books/:id/restore", editing.restoreBook)
    .post("/office/books/:id/stock", editing.restock);
}
