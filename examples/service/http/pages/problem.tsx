/** Pages for what did not work. */
import type { RequestContext } from "../environment.js";
import type { Problem } from "../problems.js";
import { Bare, ShopPage } from "./layout.js";
import { to } from "./viewer.js";

const TITLES: Readonly<Record<number, string>> = {
  403: "Not for everybody",
  404: "Not here",
  409: "Too late",
  503: "Closed for a moment",
};

export function problemPage(c: RequestContext, { status, message, fields }: Problem): Response | Promise<Response> {
  const shop = c.get("shop");
  if (status === 401 && shop !== undefined) {
    // Whoever asked for a page comes back to it after the sign-in.
    return c.redirect(to(shop, "/sign-in", { back: c.req.method === "GET" ? c.req.path : null }), 303);
  }
  const title = TITLES[status] ?? "That did not work";
  const text = (
    <>
      <h1>{title}</h1>
      <p>{message}</p>
      {fields === undefined ? null : (
        <ul>
          {Object.entries(fields).map(([name, what]) => (
            <li>
              {name}: {what}
            </li>
          ))}
        </ul>
      )}
      <p>
        <a href={shop === undefined ? "/" : to(shop, "/")}>
          {shop === undefined ? "To the shops" : "To the catalogue"}
        </a>
      </p>
    </>
  );
  // What is shown must not need the database, which may be what did not work.
  if (shop === undefined) return c.html(<Bare title={title}>{text}</Bare>, status);
  return c.html(
    <ShopPage title={title} viewer={{ shop, actor: c.get("actor") ?? null, basketSize: null }}>
      <div class="problem">{text}</div>
    </ShopPage>,
    status,
  );
}
