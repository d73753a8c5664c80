/** The API for clerks: the catalogue is kept here, and orders are sent. */
import { z } from "zod";
import * as office from "../../use-cases/office.js";
import * as orders from "../../use-cases/orders.js";
import * as input from "../input.js";
import { endpoint } from "./endpoint.js";
import * as views from "./views.js";

const byId = z.object({ id: input.id });

export const officeEndpoints = [
  endpoint({
    method: "post",
    path: "/office/books",
    summary: "Add a book to the catalogue",
    access: "clerks",
    body: input.bookFields.extend({ copies: z.int().min(0).max(100_000) }),
    status: 201,
    answer: views.editView,
    handle: async ({ body: { copies, ...fields } }) => views.editOf(await office.addBook(fields, copies)),
  }),
  endpoint({
    method: "get",
    path: "/office/books/{id}",
    summary: "A book as it is edited, with its version",
    access: "clerks",
    params: byId,
    answer: views.editView,
    refusals: [404],
    handle: async ({ params }) => views.editOf(await office.bookToEdit(params.id)),
  }),
  endpoint({
    method: "patch",
    path: "/office/books/{id}",
    summary: "Edit a book that was read at a version; 409 has both when it has another by now",
    access: "clerks",
    params: byId,
    body: input.bookFields.partial().extend({ version: input.id }),
    answer: views.editView,
    refusals: [404, 409],
    handle: async ({ params, body: { version, ...changes } }) =>
      views.editOf(await office.editBook(params.id, version, changes)),
  }),
  endpoint({
    method: "delete",
    path: "/office/books/{id}",
    summary: "Take a book out of the catalogue",
    access: "clerks",
    params: byId,
    status: 204,
    refusals: [404, 409],
    handle: async ({ params }) => void (await office.removeBook(params.id)),
  }),
  endpoint({
    method: "post",
    path: "/office/books/{id}/restore",
    summary: "Put a removed book back",
    access: "clerks",
    params: byId,
    answer: views.editView,
    refusals: [404],
    handle: async ({ params }) => views.editOf(await office.restoreBook(params.id)),
  }),
  endpoint({
    method: "post",
    path: "/office/books/{id}/stock",
    summary: "Add copies, or take some off",
    access: "clerks",
    params: byId,
    body: z.object({ copies: z.int().min(-100_000).max(100_000) }),
    answer: z.object({ onHand: z.int() }),
    refusals: [404, 409],
    handle: async ({ params, body }) => ({ onHand: (await office.restock(params.id, body.copies)).onHand }),
  }),
  endpoint({
    method: "get",
    path: "/office/books/{id}/history",
    summary: "Who changed what of a book",
    access: "clerks",
    params: byId,
    answer: z.array(views.auditView),
    handle: async ({ params }) => (await office.history("Book", params.id)).map(views.auditOf),
  }),
  endpoint({
    method: "get",
    path: "/office/orders",
    summary: "Orders of the shop",
    access: "clerks",
    query: input.pageQuery,
    answer: views.pageOf(views.orderView),
    handle: async ({ query }) => views.mapPage(await orders.orders(query), views.orderOf),
  }),
  endpoint({
    method: "post",
    path: "/office/orders/{reference}/send",
    summary: "Say that an order is on its way",
    access: "clerks",
    params: z.object({ reference: input.reference }),
    answer: views.orderView,
    refusals: [404, 409],
    handle: async ({ params }) => views.orderOf(await orders.send(params.reference)),
  }),
];
