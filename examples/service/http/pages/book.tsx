/** A book, what readers say of it, and the way into the basket. */
import { z } from "zod";
import type { Book } from "../../entities/index.js";
import { LANGUAGES } from "../../seed/words.js";
import { setQuantity } from "../../use-cases/baskets.js";
import { bookDetails } from "../../use-cases/catalogue.js";
import * as reviews from "../../use-cases/reviews.js";
import type { RequestContext } from "../environment.js";
import * as input from "../input.js";
import { Cover } from "./cover.js";
import { EMPTY, type FormState, submit } from "./forms.js";
import { Availability, Choice, Field, FormError, ShopPage, Stars } from "./layout.js";
import { day, money, to, type Viewer, viewer } from "./viewer.js";

const languageNames = new Map(LANGUAGES);
const idOf = (c: RequestContext): number => input.id.parse(c.req.param("id"));

export async function bookPage(c: RequestContext): Promise<Response> {
  return c.html(await page(idOf(c)));
}

export function addToBasket(c: RequestContext): Promise<Response> {
  const bookId = idOf(c);
  const wanted = z.object({ quantity: input.quantity.min(1) });
  const add = async ({ quantity }: { quantity: number }) => {
    await setQuantity(bookId, quantity);
    return c.redirect(to(c.get("shop"), "/basket"), 303);
  };
  return submit(c, wanted, add, (form) => page(bookId, form));
}

export function reviewBook(c: RequestContext): Promise<Response> {
  const bookId = idOf(c);
  const write = async (opinion: z.output<typeof input.opinion>) => {
    const { id } = await reviews.review(bookId, opinion);
    return c.redirect(`${to(c.get("shop"), `/books/${bookId}`)}#review-${id}`, 303);
  };
  return submit(c, input.opinion, write, (form) => page(bookId, form));
}

export function replyToReview(c: RequestContext): Promise<Response> {
  const reviewId = idOf(c);
  const reply = async ({ text }: { text: string }) => {
    const { id, bookId } = await reviews.reply(reviewId, text);
    return c.redirect(`${to(c.get("shop"), `/books/${bookId}`)}#review-${id}`, 303);
  };
  return submit(c, input.answer, reply, async (form) => page(await reviews.bookOfReview(reviewId), form));
}

export async function takeBack(c: RequestContext): Promise<Response> {
  const { bookId } = await reviews.removeReview(idOf(c));
  return c.redirect(to(c.get("shop"), `/books/${bookId}`), 303);
}

async function page(id: number, form: FormState = EMPTY) {
  const [seen, book, threads] = await Promise.all([viewer(), bookDetails(id), reviews.threads(id)]);
  return (
    <ShopPage title={book.title} viewer={seen}>
      <FormError form={form} />
      <article class="book">
        <Cover id={book.id} title={book.title} byline={book.byline} />
        <div>
          <h1>{book.title}</h1>
          <p class="byline">
            by{" "}
            {book.authors.map(({ id, name }, i) => (
              <>
                {i > 0 ? ", " : null}
                <a href={to(seen.shop, "/", { author: id })}>{name}</a>
              </>
            ))}
          </p>
          {book.rating === null ? null : (
            <p>
              <Stars rating={Number(book.rating)} /> <a href="#reviews">{countOf(Number(book.ratingCount))}</a>
            </p>
          )}
          <p class="blurb">{book.blurb}</p>
          <Buy viewer={seen} book={book} form={form} />
          <Facts viewer={seen} book={book} />
        </div>
      </article>
      <section class="reviews" id="reviews" aria-labelledby="reviews-heading">
        <h2 id="reviews-heading">What readers say</h2>
        {threads.length === 0 ? (
          <p class="nothing">Nobody has said anything yet.</p>
        ) : (
          <Threads viewer={seen} threads={threads} />
        )}
        <WriteReview viewer={seen} bookId={book.id} form={form} />
      </section>
    </ShopPage>
  );
}

const countOf = (reviews: number): string => (reviews === 1 ? "1 review" : `${reviews} reviews`);

function Buy({ viewer: { shop }, book, form }: { viewer: Viewer; book: Book; form: FormState }) {
  const { onHand } = book.stock;
  return (
    <div class="buy">
      <p>
        <span class="price">{money(book.priceCents, shop)}</span> <Availability onHand={onHand} />
      </p>
      {onHand === 0 ? null : (
        <form method="post" action={to(shop, `/books/${book.id}/basket`)}>
          <Field
            name="quantity"
            label="Copies"
            type="number"
            value={1}
            min={1}
            max={Math.min(onHand, 99)}
            form={form}
          />
          <button type="submit" class="main">
            Add to the basket
          </button>
        </form>
      )}
    </div>
  );
}

function Facts({ viewer: { shop }, book }: { viewer: Viewer; book: Book }) {
  return (
    <dl class="facts">
      <dt>Genre</dt>
      <dd>
        <a href={to(shop, "/", { genre: book.genre.slug })}>{book.genre.name}</a>
      </dd>
      <dt>Language</dt>
      <dd>{languageNames.get(book.language) ?? book.language}</dd>
      <dt>Year</dt>
      <dd>{book.year}</dd>
      <dt>ISBN</dt>
      <dd>{book.isbn}</dd>
    </dl>
  );
}

function Threads({ viewer, threads }: { viewer: Viewer; threads: readonly reviews.Thread[] }) {
  return (
    <ol class="threads">
      {threads.map(({ review, replies }) => (
        <li id={`review-${review.id}`}>
          {review.deletedAt === null ? (
            <Opinion viewer={viewer} review={review} />
          ) : (
            <p class="gone">This was taken back.</p>
          )}
          {replies.length === 0 ? null : <Threads viewer={viewer} threads={replies} />}
        </li>
      ))}
    </ol>
  );
}

function Opinion({ viewer: { shop, actor }, review }: { viewer: Viewer; review: reviews.Thread["review"] }) {
  const { id, rating, text, writer, writtenAt } = review;
  return (
    <>
      <p class="who">
        <strong>{writer.name}</strong> {rating === null ? null : <Stars rating={rating} />}{" "}
        <time datetime={writtenAt.toISOString()}>{day(writtenAt)}</time>
      </p>
      <p class="text">{text}</p>
      {actor === null ? null : (
        <div class="answers">
          <details>
            <summary>Reply</summary>
            <form method="post" action={to(shop, `/reviews/${id}/replies`)}>
              <div class="field">
                <label for={`reply-${id}`}>Your reply to {writer.name}</label>
                <textarea id={`reply-${id}`} name="text" rows={3} required maxlength={5000} />
              </div>
              <button type="submit">Send</button>
            </form>
          </details>
          {actor.id === writer.id || actor.role === "clerk" ? (
            <form method="post" action={to(shop, `/reviews/${id}/take-back`)}>
              <button type="submit" class="plain">
                Take back
              </button>
            </form>
          ) : null}
        </div>
      )}
    </>
  );
}

const RATINGS = [
  ["5", "5: a marvel"],
  ["4", "4: very good"],
  ["3", "3: good"],
  ["2", "2: so so"],
  ["1", "1: no"],
] as const;

function WriteReview({ viewer: { shop, actor }, bookId, form }: { viewer: Viewer; bookId: number; form: FormState }) {
  if (actor === null) {
    return (
      <p>
        <a href={to(shop, "/sign-in", { back: to(shop, `/books/${bookId}`) })}>Sign in</a> to say what you think.
      </p>
    );
  }
  return (
    <form class="write" method="post" action={to(shop, `/books/${bookId}/reviews`)}>
      <h3>What do you say?</h3>
      <Choice name="rating" label="Rating" options={RATINGS} value={form.values["rating"] ?? "5"} />
      <Field name="text" label="Review" rows={4} maxlength={5000} form={form} />
      <button type="submit">Publish</button>
    </form>
  );
}
