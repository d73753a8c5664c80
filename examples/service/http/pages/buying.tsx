/** The basket and the orders. */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Order } from "../../entities/index.js";
import * as baskets from "../../use-cases/baskets.js";
import * as orders from "../../use-cases/orders.js";
import { singleValues } from "../api/endpoint.js";
import type { RequestContext } from "../environment.js";
import * as input from "../input.js";
import { EMPTY, type FormState, submit } from "./forms.js";
import { Availability, FormError, Notice, Pager, ShopPage } from "./layout.js";
import { day, money, to, type Viewer, viewer } from "./viewer.js";

const referenceOf = (c: RequestContext): string => input.reference.parse(c.req.param("reference"));

export async function basketPage(c: RequestContext): Promise<Response> {
  return c.html(await basket(EMPTY));
}

export function changeBasket(c: RequestContext): Promise<Response> {
  const bookId = input.id.parse(c.req.param("id"));
  const change = async ({ quantity }: { quantity: number }) => {
    await baskets.setQuantity(bookId, quantity);
    return c.redirect(to(c.get("shop"), "/basket"), 303);
  };
  return submit(c, z.object({ quantity: input.quantity }), change, basket);
}

export function orderBasket(c: RequestContext): Promise<Response> {
  const order = async ({ key }: { key: string }) => {
    const { reference } = await orders.checkOut(key);
    return c.redirect(to(c.get("shop"), `/orders/${reference}`, { placed: "yes" }), 303);
  };
  return submit(c, z.object({ key: input.requestKey }), order, basket);
}

export async function ordersPage(c: RequestContext): Promise<Response> {
  const query = singleValues(c);
  const [seen, page] = await Promise.all([viewer(), orders.myOrders(input.pageQuery.parse(query))]);
  return c.html(
    <ShopPage title="Your orders" viewer={seen}>
      <h1>Your orders</h1>
      {page.items.length === 0 ? (
        <p class="nothing">You have ordered nothing yet.</p>
      ) : (
        <OrderList viewer={seen} orders={page.items} />
      )}
      <Pager shop={seen.shop} path="/orders" query={query} page={page} />
    </ShopPage>,
  );
}

export async function orderPage(c: RequestContext): Promise<Response> {
  const [seen, order] = await Promise.all([viewer(), orders.order(referenceOf(c))]);
  return c.html(
    <ShopPage title={`Order ${order.reference}`} viewer={seen}>
      {c.req.query("placed") === "yes" ? (
        <Notice>Thank you. A letter with all of this is on its way to you.</Notice>
      ) : null}
      <h1>Order {order.reference}</h1>
      <p>
        Placed on {day(order.placedAt)}. <State order={order} />
      </p>
      <OrderLines viewer={seen} order={order} />
      {order.state === "placed" ? (
        <form method="post" action={to(seen.shop, `/orders/${order.reference}/cancel`)}>
          <button type="submit" class="plain">
            Cancel this order
          </button>
        </form>
      ) : null}
      {order.state === "placed" && seen.actor?.role === "clerk" ? (
        <form method="post" action={to(seen.shop, `/office/orders/${order.reference}/send`)}>
          <button type="submit">It is on its way</button>
        </form>
      ) : null}
    </ShopPage>,
  );
}

export async function cancelOrder(c: RequestContext): Promise<Response> {
  const { reference } = await orders.cancel(referenceOf(c));
  return c.redirect(to(c.get("shop"), `/orders/${reference}`), 303);
}

async function basket(form: FormState) {
  const [seen, lines] = await Promise.all([viewer(), baskets.basket()]);
  const { shop } = seen;
  return (
    <ShopPage title="Basket" viewer={seen}>
      <h1>Your basket</h1>
      <FormError form={form} />
      {lines.length === 0 ? (
        <p class="nothing">
          There is nothing in it. <a href={to(shop, "/")}>The shelves are full, though.</a>
        </p>
      ) : (
        <>
          <ul class="lines">
            {lines.map(({ book, bookId, quantity }) => (
              <li>
                <div>
                  <a href={to(shop, `/books/${bookId}`)}>{book.title}</a>
                  <p class="byline">{book.byline}</p>
                  {book.stock.onHand < quantity ? <Availability onHand={book.stock.onHand} /> : null}
                </div>
                <form method="post" action={to(shop, `/basket/${bookId}`)}>
                  <label class="unseen" for={`quantity-${bookId}`}>
                    Copies of {book.title}
                  </label>
                  <input
                    id={`quantity-${bookId}`}
                    type="number"
                    name="quantity"
                    value={String(quantity)}
                    min="0"
                    max="99"
                    required
                  />
                  <button type="submit">Change</button>
                </form>
                <span class="price">{money(quantity * book.priceCents, shop)}</span>
              </li>
            ))}
          </ul>
          <form class="total" method="post" action={to(shop, "/basket/order")}>
            {/* Sent twice, it is the same order. */}
            <input type="hidden" name="key" value={form.values["key"] ?? randomUUID()} />
            <p>
              Together <strong class="price">{money(baskets.totalCents(lines), shop)}</strong>
            </p>
            <button type="submit" class="main">
              Order now
            </button>
          </form>
        </>
      )}
    </ShopPage>
  );
}

export function OrderList({ viewer: { shop }, orders }: { viewer: Viewer; orders: readonly Order[] }) {
  return (
    <ul class="orders">
      {orders.map((order) => (
        <li>
          <a href={to(shop, `/orders/${order.reference}`)}>{order.reference}</a>
          <span>
            {order.lines.map(({ title, quantity }) => (quantity === 1 ? title : `${quantity} × ${title}`)).join(", ")}
          </span>
          <time datetime={order.placedAt.toISOString()}>{day(order.placedAt)}</time>
          <State order={order} />
          <span class="price">{money(order.totalCents, shop)}</span>
        </li>
      ))}
    </ul>
  );
}

function OrderLines({ viewer: { shop }, order }: { viewer: Viewer; order: Order }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Book</th>
          <th scope="col" class="number">
            Copies
          </th>
          <th scope="col" class="number">
            Price
          </th>
        </tr>
      </thead>
      <tbody>
        {order.lines.map(({ bookId, title, quantity, unitCents }) => (
          <tr>
            <td>
              <a href={to(shop, `/books/${bookId}`)}>{title}</a>
            </td>
            <td class="number">{quantity}</td>
            <td class="number">{money(quantity * unitCents, shop)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row" colspan={2}>
            Together
          </th>
          <td class="number price">{money(order.totalCents, shop)}</td>
        </tr>
      </tfoot>
    </table>
  );
}

const STATES = { placed: "To be sent", sent: "On its way", cancelled: "Cancelled" } as const;

function State({ order: { state } }: { order: Order }) {
  return <span class={`state ${state}`}>{STATES[state]}</span>;
}
