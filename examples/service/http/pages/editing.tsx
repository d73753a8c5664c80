/** Editing a book: two clerks may do so at the same time, and whoever is later chooses between what both have written. */
import { z } from "zod";
import type { AuditEntry, Book, Genre } from "../../entities/index.js";
import { requireClerk } from "../../scope.js";
import { genres } from "../../use-cases/catalogue.js";
import * as office from "../../use-cases/office.js";
import type { RequestContext } from "../environment.js";
import * as input from "../input.js";
import { type FormState, formValues, submit, type Values } from "./forms.js";
import { Choice, Field, FormError } from "./layout.js";
import { OfficePage } from "./office.js";
import { moment, to, viewer } from "./viewer.js";

const idOf = (c: RequestContext): number => input.id.parse(c.req.param("id"));

/** The fields as a form has them: the price in whole units, the authors one a line. */
const bookForm = input.bookFields.extend({
  priceCents: z
    .string()
    .regex(/^\d{1,5}([.,]\d{1,2})?$/, "A price, as 12.50")
    .transform(centsOf)
    .pipe(z.int().min(1).max(10_000_000)),
  authors: z.string().max(1000).transform(linesOf).pipe(input.bookFields.shape.authors),
});
const newBookForm = bookForm.extend({ copies: z.coerce.number().int().min(0).max(100_000) });
const editForm = bookForm.extend({ version: input.id });

const LABELS = {
  title: "Title",
  authors: "Authors",
  isbn: "ISBN",
  language: "Language",
  year: "Year",
  priceCents: "Price",
  genreId: "Genre",
  blurb: "Blurb",
} as const;
type FieldName = keyof typeof LABELS;
const NAMES = Object.keys(LABELS) as FieldName[];

function valuesOf(fields: office.BookFields): Record<FieldName, string> {
  const { title, isbn, blurb, language } = fields;
  return {
    title,
    isbn,
    blurb,
    language,
    year: String(fields.year),
    priceCents: (fields.priceCents / 100).toFixed(2),
    genreId: String(fields.genreId),
    authors: fields.authors.join("\n"),
  };
}

export async function newBookPage(c: RequestContext): Promise<Response> {
  requireClerk();
  return c.html(await newBook({ values: { language: "en", copies: "5" }, errors: {} }));
}

export function addBook(c: RequestContext): Promise<Response> {
  const add = async ({ copies, ...fields }: z.output<typeof newBookForm>) => {
    const { id } = await office.addBook(fields, copies);
    return c.redirect(to(c.get("shop"), `/office/books/${id}`), 303);
  };
  return submit(c, newBookForm, add, newBook);
}

export async function editPage(c: RequestContext): Promise<Response> {
  return c.html(await edit(idOf(c), null));
}

export function saveBook(c: RequestContext): Promise<Response> {
  const id = idOf(c);
  const save = ({ version, ...fields }: z.output<typeof editForm>, { opened = "" }: Values) =>
    saved(c, id, version, fields, opened);
  return submit(c, editForm, save, (form) => edit(id, form));
}

export async function removeBook(c: RequestContext): Promise<Response> {
  await office.removeBook(idOf(c));
  return c.redirect(to(c.get("shop"), "/office/removed"), 303);
}

export async function restoreBook(c: RequestContext): Promise<Response> {
  const { id } = await office.restoreBook(idOf(c));
  return c.redirect(to(c.get("shop"), `/office/books/${id}`), 303);
}

export function restock(c: RequestContext): Promise<Response> {
  const id = idOf(c);
  const change = async ({ copies }: { copies: number }) => {
    await office.restock(id, copies);
    return c.redirect(to(c.get("shop"), `/office/books/${id}`), 303);
  };
  const copies = z.coerce.number().int().min(-100_000).max(100_000);
  return submit(c, z.object({ copies }), change, (form) =>
    edit(id, { values: { copies: form.values["copies"] ?? "" }, errors: form.errors }),
  );
}

async function newBook(form: FormState) {
  const [seen, known] = await Promise.all([viewer(), genres()]);
  return (
    <OfficePage title="A new book" tab={null} viewer={seen}>
      <FormError form={form} />
      <form class="edit" method="post" action={to(seen.shop, "/office/books/new")}>
        <BookFields form={form} genres={known} />
        <Field name="copies" label="Copies" type="number" min={0} max={100_000} form={form} />
        <button type="submit" class="main">
          Add it
        </button>
      </form>
    </OfficePage>
  );
}

/** @param form as it was sent; null shows the book as it is */
async function edit(id: number, form: FormState | null) {
  const [seen, book, known] = await Promise.all([viewer(), office.bookToEdit(id), genres()]);
  const history = await office.history("Book", id);
  const fields = office.fieldsOf(book);
  const stored = valuesOf(fields);
  const opened = JSON.stringify(stored);
  const values = { ...stored, opened, version: String(fields.version), copies: "1", ...form?.values };
  const shown = { values, errors: form?.errors ?? {} };
  const path = `/office/books/${id}`;
  return (
    <OfficePage title={book.title} tab={null} viewer={seen}>
      <FormError form={shown} />
      <div class="editing">
        <form class="edit" method="post" action={to(seen.shop, path)}>
          <input type="hidden" name="version" value={values.version} />
          <input type="hidden" name="opened" value={values.opened} />
          <BookFields form={shown} genres={known} />
          <button type="submit" class="main">
            Save
          </button>
        </form>
        <aside>
          <StockForm book={book} form={shown} action={to(seen.shop, `${path}/stock`)} />
          <form method="post" action={to(seen.shop, `${path}/${book.deletedAt === null ? "remove" : "restore"}`)}>
            <button type="submit">
              {book.deletedAt === null ? "Remove from the catalogue" : "Put back into the catalogue"}
            </button>
          </form>
          {book.deletedAt === null ? (
            <p>
              <a href={to(seen.shop, `/books/${id}`)}>As customers see it</a>
            </p>
          ) : null}
          <History entries={history} />
        </aside>
      </div>
    </OfficePage>
  );
}

function StockForm({ book: { stock }, form, action }: { book: Book; form: FormState; action: string }) {
  return (
    <form method="post" action={action}>
      <h2>Stock</h2>
      <p>
        {stock.onHand} on hand, {stock.sold} sold
      </p>
      <Field name="copies" label="Add copies" type="number" hint="Less than nothing takes some off." form={form} />
      <button type="submit">Add</button>
    </form>
  );
}

function BookFields({ form, genres }: { form: FormState; genres: readonly Genre[] }) {
  return (
    <>
      <Field name="title" label={LABELS.title} maxlength={200} form={form} />
      <Field name="authors" label={LABELS.authors} rows={2} hint="One a line." form={form} />
      <Choice name="genreId" label={LABELS.genreId} options={genreOptions(genres)} value={form.values["genreId"]} />
      <div class="row">
        <Field name="priceCents" label={LABELS.priceCents} inputmode="decimal" form={form} />
        <Field name="year" label={LABELS.year} type="number" min={1450} form={form} />
        <Field name="language" label={LABELS.language} maxlength={2} hint="Two letters." form={form} />
      </div>
      <Field name="isbn" label={LABELS.isbn} maxlength={13} inputmode="numeric" form={form} />
      <Field name="blurb" label={LABELS.blurb} rows={6} maxlength={5000} required={false} form={form} />
    </>
  );
}

const genreOptions = (genres: readonly Genre[]) => genres.map(({ id, name }) => [String(id), name] as const);

/**
 * Both versions of a book, side by side. What is chosen is saved over the version that is shown. A field that only the other has changed is left as it is
 * now, unless one chooses otherwise.
 */
async function conflict(id: number, { theirs, mine }: office.EditConflict, opened: string) {
  const were = wereOf(opened);
  const [seen, known] = await Promise.all([viewer(), genres()]);
  const [stored, sent] = [valuesOf(theirs), valuesOf(mine)];
  const said = (name: FieldName, values: Values): string =>
    name === "genreId"
      ? (known.find((genre) => String(genre.id) === values[name])?.name ?? "")
      : (values[name] as string);
  const differing = NAMES.filter((name) => stored[name] !== sent[name]);
  return (
    <OfficePage title="Somebody was faster" tab={null} viewer={seen}>
      <p class="notice bad" role="alert">
        While you were editing “{theirs.title}”, somebody else has saved it. Choose what it shall say; nothing of yours
        is saved yet.
      </p>
      <form class="conflict" method="post" action={to(seen.shop, `/office/books/${id}/resolve`)}>
        <input type="hidden" name="version" value={String(theirs.version)} />
        <input type="hidden" name="opened" value={JSON.stringify(stored)} />
        {NAMES.filter((name) => !differing.includes(name)).map((name) => (
          <input type="hidden" name={`theirs.${name}`} value={stored[name]} />
        ))}
        {differing.length === 0 ? <p>You have both written the same.</p> : null}
        {differing.map((name) => (
          <fieldset>
            <legend>{LABELS[name]}</legend>
            {(
              [
                ["theirs", "As it is now", stored],
                ["mine", "As you have it", sent],
              ] as const
            ).map(([whose, label, values]) => (
              <label class="version">
                <input
                  type="radio"
                  name={`choice.${name}`}
                  value={whose}
                  checked={(whose === "mine") === (sent[name] !== were[name])}
                />
                <span>
                  <strong>{label}</strong>
                  <span class="text">{said(name, values) || "(empty)"}</span>
                </span>
                <input type="hidden" name={`${whose}.${name}`} value={values[name]} />
              </label>
            ))}
          </fieldset>
        ))}
        <div class="actions">
          <button type="submit" class="main">
            Save what I have chosen
          </button>
          <a href={to(seen.shop, `/office/books/${id}`)}>Leave it as it is now</a>
        </div>
      </form>
    </OfficePage>
  );
}

/** Saves what was chosen on the page of a conflict: which may meet the next one. */
export async function resolveConflict(c: RequestContext): Promise<Response> {
  const id = idOf(c);
  const sent = await formValues(c);
  const chosen = NAMES.map((name) => [
    name,
    sent[`${sent[`choice.${name}`] === "mine" ? "mine" : "theirs"}.${name}`] ?? "",
  ]);
  const { version, ...fields } = editForm.parse({ version: sent["version"], ...Object.fromEntries(chosen) });
  return await saved(c, id, version, fields, sent["opened"] ?? "");
}

/** @param opened what the fields said when the form was opened, as the form has kept it */
async function saved(
  c: RequestContext,
  id: number,
  version: number,
  fields: office.BookFields,
  opened: string,
): Promise<Response> {
  try {
    await office.editBook(id, version, fields);
  } catch (error) {
    if (!(error instanceof office.EditConflict)) throw error;
    return c.html(await conflict(id, error, opened), 409);
  }
  return c.redirect(to(c.get("shop"), `/office/books/${id}`), 303);
}

/** What a form has kept of the fields as they were; nothing when it is no such thing. */
function wereOf(opened: string): Values {
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(opened));
  } catch {
    return {};
  }
}

function History({ entries }: { entries: readonly AuditEntry[] }) {
  return (
    <section class="history" aria-labelledby="history">
      <h2 id="history">History</h2>
      {entries.length === 0 ? <p class="nothing">Nobody has edited it.</p> : null}
      <ol>
        {entries.map(({ action, actor, at, changes }) => (
          <li>
            <p>
              <strong>{actor}</strong> {action} it, <time datetime={at.toISOString()}>{moment(at)}</time>
            </p>
            <ul>
              {Object.entries(changes).map(([name, [before, after]]) => (
                <li>
                  {name}: {before === null ? null : <del>{String(before)}</del>} <ins>{String(after)}</ins>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
    </section>
  );
}

function centsOf(amount: string): number {
  return Math.round(Number(amount.replace(",", ".")) * 100);
}

function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
