/** The way in: which shop? */
import type { ShopFacts } from "../../scope.js";
import { Bare } from "./layout.js";
import { to } from "./viewer.js";

export const shopsPage = (shops: readonly ShopFacts[]) => (
  <Bare title="Bookshops">
    <h1>Which shop?</h1>
    <ul class="shops">
      {shops.map((shop) => (
        <li data-shop={shop.slug}>
          <a href={to(shop, "/")}>
            <strong>{shop.name}</strong>
            <span>{shop.motto}</span>
          </a>
        </li>
      ))}
    </ul>
  </Bare>
);
