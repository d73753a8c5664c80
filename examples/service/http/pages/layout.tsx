/** What all pages have in common, and the parts that they are made of. */

import { raw } from "hono/html";
import type { PropsWithChildren } from "hono/jsx";
import type { ShopFacts } from "../../scope.js";
import type { Page } from "../../use-cases/keyset.js";
import { icon, stylesheet } from "./assets.js";
import type { FormState } from "./forms.js";
import { to, type Viewer } from "./viewer.js";

interface DocumentProps {
  readonly title: string;
  readonly shop?: string;
}

function Document({ title, shop, children }: PropsWithChildren<DocumentProps>) {
  return (
    <>
      {raw("<!doctype html>")}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>{title}</title>
          <link rel="icon" href={icon.path} type="image/svg+xml" />
          <link rel="stylesheet" href={stylesheet.path} />
        </head>
        <body data-shop={shop}>
          <a class="skip" href="#main">
            Skip to the content
          </a>
          {children}
        </body>
      </html>
    </>
  );
}

/** A page that belongs to no shop. */
export function Bare({ title, children }: PropsWithChildren<{ title: string }>) {
  return (
    <Document title={title}>
      <main id="main" class="bare">
        {children}
      </main>
    </Document>
  );
}

/** A page of a shop. */
export function ShopPage({
  title,
  viewer,
  words,
  children,
}: PropsWithChildren<{ title: string; viewer: Viewer; words?: string | undefined }>) {
  const { shop } = viewer;
  return (
    <Document title={`${title} · ${shop.name}`} shop={shop.slug}>
      <header class="top">
        <div class="wide">
          <a class="brand" href={to(shop, "/")}>
            {shop.name}
          </a>
          <search>
            <form class="search" action={to(shop, "/")}>
              <label class="unseen" for="search">
                Search the catalogue
              </label>
              <input
                id="search"
                type="search"
                name="words"
                value={words}
                placeholder="Title or author"
                maxlength={100}
              />
              <button type="submit">Search</button>
            </form>
          </search>
          <Navigation viewer={viewer} />
        </div>
      </header>
      <main id="main" class="wide">
        {children}
      </main>
      <footer class="wide">
        <p>{shop.motto}.</p>
        <p>
          <a href="/">Other shops</a> · <a href={to(shop, "/api/openapi.json")}>API</a>
        </p>
      </footer>
    </Document>
  );
}

function Navigation({ viewer: { shop, actor, basketSize } }: { viewer: Viewer }) {
  if (actor === null) {
    return (
      <nav aria-label="Account">
        <a href={to(shop, "/sign-in")}>Sign in</a>
        <a href={to(shop, "/sign-up")}>Open an account</a>
      </nav>
    );
  }
  return (
    <nav aria-label="Account">
      <a href={to(shop, "/basket")}>Basket{basketSize ? <span class="count">{basketSize}</span> : null}</a>
      <a href={to(shop, "/orders")}>Orders</a>
      {actor.role === "clerk" ? <a href={to(shop, "/office")}>Office</a> : null}
      <form method="post" action={to(shop, "/sign-out")}>
        <button class="plain" type="submit" title={`Signed in as ${actor.name}`}>
          Sign out
        </button>
      </form>
    </nav>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly form: FormState;
  readonly type?: string;
  readonly value?: string | number;
  readonly hint?: string;
  readonly rows?: number;
  readonly required?: boolean;
  readonly [attribute: string]: unknown;
}

/** A field of a form, with its label and what is wrong with it. */
export function Field({ name, label, form, value, hint, rows, type = "text", required = true, ...rest }: FieldProps) {
  const error = form.errors[name];
  const described = [
    ...(hint === undefined ? [] : [`${name}-hint`]),
    ...(error === undefined ? [] : [`${name}-error`]),
  ].join(" ");
  const attributes = {
    id: name,
    name,
    required,
    ...(described !== "" && { "aria-describedby": described }),
    ...(error !== undefined && { "aria-invalid": "true" as const }),
    ...rest,
  };
  const shown = form.values[name] ?? (value === undefined ? "" : String(value));
  return (
    <div class="field">
      <label for={name}>{label}</label>
      {rows === undefined ? (
        <input type={type} value={shown} {...attributes} />
      ) : (
        <textarea rows={rows} {...attributes}>
          {shown}
        </textarea>
      )}
      {hint === undefined ? null : (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
      {error === undefined ? null : (
        <p class="error" id={`${name}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

interface SelectProps {
  readonly name: string;
  readonly label: string;
  readonly options: readonly (readonly [value: string, label: string])[];
  readonly value?: string | undefined;
}

export function Choice({ name, label, options, value }: SelectProps) {
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <select id={name} name={name}>
        {options.map(([each, text]) => (
          <option value={each} selected={each === value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

/** What is wrong with a form as a whole. */
export function FormError({ form }: { form: FormState }) {
  const { form: message } = form.errors;
  if (message === undefined) return null;
  return (
    <p class="notice bad" role="alert">
      {message}
    </p>
  );
}

export function Notice({ children, kind = "good" }: PropsWithChildren<{ kind?: "good" | "bad" }>) {
  return (
    <p class={`notice ${kind}`} role="status">
      {children}
    </p>
  );
}

/** Links to the pages before and after this one. */
export function Pager({
  shop,
  path,
  query,
  page,
}: {
  shop: ShopFacts;
  path: string;
  query: Readonly<Record<string, string | undefined>>;
  page: Page<unknown>;
}) {
  const { after: _after, before: _before, ...rest } = query;
  if (page.next === null && page.previous === null) return null;
  return (
    <nav class="pager" aria-label="Pages">
      {page.previous === null ? null : (
        <a rel="prev" href={to(shop, path, { ...rest, before: page.previous })}>
          ← Previous
        </a>
      )}
      {page.next === null ? null : (
        <a rel="next" href={to(shop, path, { ...rest, after: page.next })}>
          Next →
        </a>
      )}
    </nav>
  );
}

export function Stars({ rating }: { rating: number }) {
  const full = Math.round(rating);
  return (
    <span class="stars" role="img" aria-label={`${rating.toFixed(1)} of 5`}>
      {"★".repeat(full)}
      <span class="off">{"★".repeat(5 - full)}</span>
    </span>
  );
}

export function Availability({ onHand }: { onHand: number }) {
  if (onHand === 0) return <span class="stock none">Sold out</span>;
  if (onHand <= 3) return <span class="stock few">Only {onHand} left</span>;
  return <span class="stock">In stock</span>;
}
