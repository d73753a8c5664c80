/** The catalogue: what is searched and chosen is in the address, so that every list can be kept and shared. */
import type { Book, Genre } from "../../entities/index.js";
import { LANGUAGES } from "../../seed/words.js";
import * as catalogue from "../../use-cases/catalogue.js";
import type { Page } from "../../use-cases/keyset.js";
import { singleValues } from "../api/endpoint.js";
import type { RequestContext } from "../environment.js";
import { catalogueQuery } from "../input.js";
import { Cover } from "./cover.js";
import { Availability, Choice, Pager, ShopPage } from "./layout.js";
import { money, to, type Viewer, viewer } from "./viewer.js";

const ORDERS = [
  ["newest", "Newest first"],
  ["title", "By title"],
  ["cheapest", "Cheapest first"],
  ["dearest", "Dearest first"],
] as const;

type Given = Readonly<Record<string, string | undefined>>;

export async function cataloguePage(c: RequestContext): Promise<Response> {
  // A field that was left empty says nothing.
  const given: Given = Object.fromEntries(Object.entries(singleValues(c)).filter(([, value]) => value !== ""));
  const query = catalogueQuery.parse(inCents(given));
  const [seen, genres, page, by] = await Promise.all([
    viewer(),
    catalogue.genres(),
    catalogue.browse(query),
    query.author === undefined ? null : catalogue.author(query.author),
  ]);
  const genre = genres.find(({ slug }) => slug === query.genre);
  const title = query.words
    ? `“${query.words}”`
    : by !== null
      ? by.name
      : genre !== undefined
        ? genre.name
        : "Catalogue";
  return c.html(
    <ShopPage title={title} viewer={seen} words={query.words}>
      <div class="catalogue">
        <Narrow viewer={seen} genres={genres} given={given} />
        <section aria-labelledby="heading">
          <h1 id="heading">{title}</h1>
          <Shelf viewer={seen} page={page} />
          <Pager shop={seen.shop} path="/" query={given} page={page} />
        </section>
      </div>
    </ShopPage>,
  );
}

/** People write prices in whole units. */
function inCents({ min, max, ...rest }: Given): Given {
  const cents = (amount: string | undefined) =>
    amount === undefined ? undefined : String(Math.round(Number(amount) * 100));
  return { ...rest, minCents: cents(min), maxCents: cents(max) };
}

function Shelf({ viewer: { shop }, page }: { viewer: Viewer; page: Page<Book> }) {
  if (page.items.length === 0)
    return <p class="nothing">Nothing on the shelves matches that. Fewer words may find more.</p>;
  return (
    <ul class="shelf">
      {page.items.map(({ id, title, byline, priceCents, stock }) => (
        <li>
          <a href={to(shop, `/books/${id}`)}>
            <Cover id={id} title={title} byline={byline} />
            <span class="title">{title}</span>
            <span class="byline">{byline}</span>
          </a>
          <p>
            <span class="price">{money(priceCents, shop)}</span> <Availability onHand={stock.onHand} />
          </p>
        </li>
      ))}
    </ul>
  );
}

function Narrow({ viewer: { shop }, genres, given }: { viewer: Viewer; genres: readonly Genre[]; given: Given }) {
  const { words, genre, language, min, max, inStock, order, author } = given;
  const narrowed = [genre, language, min, max, inStock, author].some((each) => each !== undefined);
  return (
    <aside class="narrow">
      <details open={narrowed}>
        <summary>Narrow and sort</summary>
        {/* Browsers fill in what was chosen last, but who goes back is where that was not chosen. */}
        <form action={to(shop, "/")} autocomplete="off">
          {words === undefined ? null : <input type="hidden" name="words" value={words} />}
          {author === undefined ? null : <input type="hidden" name="author" value={author} />}
          <Choice name="order" label="Order" value={order} options={ORDERS} />
          <Choice
            name="genre"
            label="Genre"
            value={genre}
            options={[["", "All"], ...genres.map(({ slug, name }) => [slug, name] as const)]}
          />
          <Choice name="language" label="Language" value={language} options={[["", "All"], ...LANGUAGES]} />
          <fieldset>
            <legend>Price</legend>
            <label>
              from <input type="number" name="min" min="1" max="1000" step="1" value={min} />
            </label>
            <label>
              to <input type="number" name="max" min="1" max="1000" step="1" value={max} />
            </label>
          </fieldset>
          <label class="tick">
            <input type="checkbox" name="inStock" value="true" checked={inStock === "true"} /> Only what is in stock
          </label>
          <div class="actions">
            <button type="submit">Show</button>
            {narrowed ? <a href={to(shop, "/", { words })}>Show all</a> : null}
          </div>
        </form>
      </details>
    </aside>
  );
}
