/** The API for customers: the catalogue, accounts, baskets, orders and reviews. */
import { z } from "zod";
import * as baskets from "../../use-cases/baskets.js";
import * as catalogue from "../../use-cases/catalogue.js";
import * as customers from "../../use-cases/customers.js";
import * as orders from "../../use-cases/orders.js";
import * as reviews from "../../use-cases/reviews.js";
import * as input from "../input.js";
import { endpoint } from "./endpoint.js";
import * as views from "./views.js";

const byId = z.object({ id: input.id });
const byReference = z.object({ reference: input.reference });
const asksOnce = z.object({ "idempotency-key": input.requestKey });
const order = z.object({
  lines: z
    .array(z.object({ bookId: input.id, quantity: input.quantity.min(1) }))
    .min(1)
    .max(50),
});

export const shopEndpoints = [
  endpoint({
    method: "get",
    path: "/books",
    summary: "The catalogue, searched, narrowed and ordered",
    query: input.catalogueQuery,
    answer: views.pageOf(views.bookSummary),
    handle: async ({ query }) => views.mapPage(await catalogue.browse(query), views.summaryOf),
  }),
  endpoint({
    method: "get",
    path: "/books/{id}",
    summary: "A book",
    params: byId,
    answer: views.bookView,
    refusals: [404],
    handle: async ({ params }) => views.bookOf(await catalogue.bookDetails(params.id)),
  }),
  endpoint({
    method: "get",
    path: "/books/{id}/reviews",
    summary: "What is said of a book, with the replies",
    params: byId,
    answer: z.array(views.threadView),
    handle: async ({ params }) => (await reviews.threads(params.id)).map(views.threadOf),
  }),
  endpoint({
    method: "post",
    path: "/books/{id}/reviews",
    summary: "Review a book, or change one's review",
    access: "customers",
    params: byId,
    body: input.opinion,
    status: 201,
    answer: z.object({ id: z.int() }),
    refusals: [404],
    handle: async ({ params, body }) => ({ id: (await reviews.review(params.id, body)).id }),
  }),
  endpoint({
    method: "post",
    path: "/reviews/{id}/replies",
    summary: "Reply to a review or to a reply",
    access: "customers",
    params: byId,
    body: input.answer,
    status: 201,
    answer: z.object({ id: z.int() }),
    refusals: [404],
    handle: async ({ params, body }) => ({ id: (await reviews.reply(params.id, body.text)).id }),
  }),
  endpoint({
    method: "delete",
    path: "/reviews/{id}",
    summary: "Take a review or a reply back",
    access: "customers",
    params: byId,
    status: 204,
    refusals: [403, 404],
    handle: async ({ params }) => void (await reviews.removeReview(params.id)),
  }),
  endpoint({
    method: "post",
    path: "/customers",
    summary: "Open an account",
    body: input.account,
    status: 201,
    answer: views.customerView,
    refusals: [409],
    handle: async ({ body }) => views.customerOf(await customers.register(body)),
  }),
  endpoint({
    method: "post",
    path: "/sign-ins",
    summary: "Sign in",
    body: input.credentials,
    status: 201,
    answer: views.ticketView,
    refusals: [401],
    handle: async ({ body }) => {
      const { token, expiresAt } = await customers.signIn(body);
      return { token, expiresAt: expiresAt.toISOString() };
    },
  }),
  endpoint({
    method: "delete",
    path: "/sign-ins/current",
    summary: "Sign out",
    access: "customers",
    status: 204,
    handle: async ({ token }) => {
      if (token !== null) await customers.signOut(token);
    },
  }),
  endpoint({
    method: "get",
    path: "/customers/me",
    summary: "Who has signed in",
    access: "customers",
    answer: views.customerView,
    handle: async () => views.customerOf(await customers.me()),
  }),
  endpoint({
    method: "get",
    path: "/basket",
    summary: "What is in the basket",
    access: "customers",
    answer: views.basketView,
    handle: async () => views.basketOf(await baskets.basket()),
  }),
  endpoint({
    method: "put",
    path: "/basket/{id}",
    summary: "Put so many of a book into the basket; 0 takes it out",
    access: "customers",
    params: byId,
    body: z.object({ quantity: input.quantity }),
    answer: views.basketView,
    refusals: [404],
    handle: async ({ params, body }) => {
      await baskets.setQuantity(params.id, body.quantity);
      return views.basketOf(await baskets.basket());
    },
  }),
  endpoint({
    method: "post",
    path: "/basket/order",
    summary: "Order what is in the basket",
    access: "customers",
    headers: asksOnce,
    status: 201,
    answer: views.orderView,
    refusals: [404, 409],
    handle: async ({ headers }) => views.orderOf(await orders.checkOut(headers["idempotency-key"])),
  }),
  endpoint({
    method: "post",
    path: "/orders",
    summary: "Order books; with the same Idempotency-Key, the same order",
    access: "customers",
    headers: asksOnce,
    body: order,
    status: 201,
    answer: views.orderView,
    refusals: [404, 409],
    handle: async ({ headers, body }) => views.orderOf(await orders.placeOrder(body.lines, headers["idempotency-key"])),
  }),
  endpoint({
    method: "get",
    path: "/orders",
    summary: "One's own orders",
    access: "customers",
    query: input.pageQuery,
    answer: views.pageOf(views.orderView),
    handle: async ({ query }) => views.mapPage(await orders.myOrders(query), views.orderOf),
  }),
  endpoint({
    method: "get",
    path: "/orders/{reference}",
    summary: "An order",
    access: "customers",
    params: byReference,
    answer: views.orderView,
    refusals: [404],
    handle: async ({ params }) => views.orderOf(await orders.order(params.reference)),
  }),
  endpoint({
    method: "delete",
    path: "/orders/{reference}",
    summary: "Take an order back that was not sent yet",
    access: "customers",
    params: byReference,
    answer: views.orderView,
    refusals: [404, 409],
    handle: async ({ params }) => views.orderOf(await orders.cancel(params.reference)),
  }),
];
