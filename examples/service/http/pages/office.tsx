/** The back office: lists of books, orders, and what the outbox does. */
import type { PropsWithChildren } from "hono/jsx";
import * as office from "../../use-cases/office.js";
import * as orders from "../../use-cases/orders.js";
import { singleValues } from "../api/endpoint.js";
import type { RequestContext } from "../environment.js";
import * as input from "../input.js";
import { OrderList } from "./buying.js";
import { Pager, ShopPage } from "./layout.js";
import { moment, money, to, type Viewer, viewer } from "./viewer.js";

const TABS = [
  ["/office", "Books"],
  ["/office/removed", "Removed"],
  ["/office/orders", "Orders"],
  ["/office/outbox", "Outbox"],
] as const;

/** A page of the office. */
export function OfficePage({
  title,
  tab,
  viewer,
  children,
}: PropsWithChildren<{ title: string; tab: (typeof TABS)[number][0] | null; viewer: Viewer }>) {
  return (
    <ShopPage title={title} viewer={viewer}>
      <nav class="tabs" aria-label="Office">
        {TABS.map(([path, label]) => (
          <a href={to(viewer.shop, path)} aria-current={path === tab ? "page" : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <h1>{title}</h1>
      {children}
    </ShopPage>
  );
}

export async function booksPage(c: RequestContext): Promise<Response> {
  return await listOfBooks(c, false);
}

export async function removedPage(c: RequestContext): Promise<Response> {
  return await listOfBooks(c, true);
}

async function listOfBooks(c: RequestContext, removed: boolean): Promise<Response> {
  const query = singleValues(c);
  const path = removed ? "/office/removed" : "/office";
  const { words, ...part } = input.catalogueQuery.parse(query);
  const [seen, page] = await Promise.all([viewer(), office.officeBooks({ ...part, words, removed })]);
  const { shop } = seen;
  return c.html(
    <OfficePage title={removed ? "Removed books" : "Books"} tab={path} viewer={seen}>
      <form class="find" action={to(shop, path)}>
        <label for="words">Title or author</label>
        <input id="words" type="search" name="words" value={words} maxlength={100} />
        <button type="submit">Find</button>
        {removed ? null : <a href={to(shop, "/office/books/new")}>Add a book</a>}
      </form>
      {page.items.length === 0 ? (
        <p class="nothing">There are none.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Book</th>
              <th scope="col" class="number">
                Price
              </th>
              <th scope="col" class="number">
                Copies
              </th>
              <th scope="col" class="number">
                Sold
              </th>
            </tr>
          </thead>
          <tbody>
            {page.items.map(({ id, title, byline, priceCents, stock }) => (
              <tr>
                <td>
                  <a href={to(shop, `/office/books/${id}`)}>{title}</a> <span class="byline">{byline}</span>
                </td>
                <td class="number">{money(priceCents, shop)}</td>
                <td class="number">{stock.onHand}</td>
                <td class="number">{stock.sold}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Pager shop={shop} path={path} query={query} page={page} />
    </OfficePage>,
  );
}

export async function officeOrdersPage(c: RequestContext): Promise<Response> {
  const query = singleValues(c);
  const [seen, page] = await Promise.all([viewer(), orders.orders(input.pageQuery.parse(query))]);
  return c.html(
    <OfficePage title="Orders" tab="/office/orders" viewer={seen}>
      {page.items.length === 0 ? (
        <p class="nothing">Nobody has ordered yet.</p>
      ) : (
        <OrderList viewer={seen} orders={page.items} />
      )}
      <Pager shop={seen.shop} path="/office/orders" query={query} page={page} />
      <p>
        <a href={to(seen.shop, "/api/office/orders.ndjson")}>All of them as lines of JSON</a>
      </p>
    </OfficePage>,
  );
}

export async function sendOrder(c: RequestContext): Promise<Response> {
  const { reference } = await orders.send(input.reference.parse(c.req.param("reference")));
  return c.redirect(to(c.get("shop"), `/orders/${reference}`), 303);
}

export async function outboxPage(c: RequestContext): Promise<Response> {
  const [seen, { waiting, events, letters }] = await Promise.all([viewer(), office.outbox()]);
  return c.html(
    <OfficePage title="Outbox" tab="/office/outbox" viewer={seen}>
      <p>{waiting === 0 ? "Everything was delivered." : `${waiting} to be delivered.`}</p>
      <h2>Events</h2>
      {events.length === 0 ? (
        <p class="nothing">Nothing has happened yet.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">When</th>
              <th scope="col" class="number">
                Attempts
              </th>
              <th scope="col">Delivered</th>
            </tr>
          </thead>
          <tbody>
            {events.map(({ key, createdAt, attempts, deliveredAt, error }) => (
              <tr>
                <td>{key}</td>
                <td>{moment(createdAt)}</td>
                <td class="number">{attempts}</td>
                <td>{deliveredAt === null ? (error ?? "not yet") : moment(deliveredAt)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <h2>Letters that were sent</h2>
      <ul class="letters">
        {letters.map(({ to, subject, body, sentAt }) => (
          <li>
            <p>
              <strong>{subject}</strong> to {to}, {moment(sentAt)}
            </p>
            <p class="text">{body}</p>
          </li>
        ))}
      </ul>
    </OfficePage>,
  );
}
