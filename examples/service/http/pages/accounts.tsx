/** Signing in and out, and opening an account. */
import { deleteCookie, setCookie } from "hono/cookie";
import type { z } from "zod";
import type { ShopFacts } from "../../scope.js";
import { PASSWORD, PEOPLE } from "../../seed/seed.js";
import * as customers from "../../use-cases/customers.js";
import type { RequestContext } from "../environment.js";
import * as input from "../input.js";
import { EMPTY, type FormState, submit } from "./forms.js";
import { Field, FormError, ShopPage } from "./layout.js";
import { to, viewer } from "./viewer.js";

export async function signInPage(c: RequestContext): Promise<Response> {
  return c.html(await signInForm({ ...EMPTY, values: { back: c.req.query("back") ?? "" } }));
}

export function signIn(c: RequestContext): Promise<Response> {
  return submit(c, input.credentials, (credentials, values) => enter(c, credentials, values["back"]), signInForm);
}

export async function signUpPage(c: RequestContext): Promise<Response> {
  return c.html(await signUpForm(EMPTY));
}

export function signUp(c: RequestContext): Promise<Response> {
  const open = async (account: z.output<typeof input.account>) => {
    await customers.register(account);
    return await enter(c, account);
  };
  return submit(c, input.account, open, signUpForm);
}

export async function signOut(c: RequestContext): Promise<Response> {
  const token = c.get("token");
  if (token !== null) await customers.signOut(token);
  const { slug } = c.get("shop");
  deleteCookie(c, "token", { path: `/${slug}` });
  return c.redirect(`/${slug}/`, 303);
}

async function enter(
  c: RequestContext,
  credentials: z.output<typeof input.credentials>,
  back?: string,
): Promise<Response> {
  const { token, expiresAt } = await customers.signIn(credentials);
  const shop = c.get("shop");
  const secure = c.req.url.startsWith("https:");
  setCookie(c, "token", token, { path: `/${shop.slug}`, expires: expiresAt, httpOnly: true, sameSite: "Lax", secure });
  return c.redirect(isWithin(back, shop) ? back : to(shop, "/"), 303);
}

/** Nobody is sent away to elsewhere. */
const isWithin = (path: string | undefined, { slug }: ShopFacts): path is string =>
  path?.startsWith(`/${slug}/`) === true && /^[\w/?=&%.-]+$/.test(path);

async function signInForm(form: FormState) {
  const seen = await viewer();
  return (
    <ShopPage title="Sign in" viewer={seen}>
      <div class="narrow-page">
        <h1>Sign in</h1>
        <FormError form={form} />
        <form method="post" action={to(seen.shop, "/sign-in")}>
          <input type="hidden" name="back" value={form.values["back"] ?? ""} />
          <Field name="email" label="E-mail" type="email" autocomplete="username" form={form} />
          <Field
            name="password"
            label="Password"
            type="password"
            autocomplete="current-password"
            form={withoutPassword(form)}
          />
          <button type="submit" class="main">
            Sign in
          </button>
        </form>
        <p>
          Nobody yet? <a href={to(seen.shop, "/sign-up")}>Open an account.</a>
        </p>
        <section class="hint">
          <h2>To try it</h2>
          <ul>
            {PEOPLE.map(({ email, role }) => (
              <li>
                <code>{email}</code>, a {role}
              </li>
            ))}
          </ul>
          <p>
            The password is <code>{PASSWORD}</code>.
          </p>
        </section>
      </div>
    </ShopPage>
  );
}

async function signUpForm(form: FormState) {
  const seen = await viewer();
  return (
    <ShopPage title="Open an account" viewer={seen}>
      <div class="narrow-page">
        <h1>Open an account</h1>
        <FormError form={form} />
        <form method="post" action={to(seen.shop, "/sign-up")}>
          <Field name="name" label="Name" autocomplete="name" maxlength={80} form={form} />
          <Field name="email" label="E-mail" type="email" autocomplete="username" maxlength={120} form={form} />
          <Field
            name="password"
            label="Password"
            type="password"
            autocomplete="new-password"
            minlength={8}
            hint="At least 8 characters."
            form={withoutPassword(form)}
          />
          <button type="submit" class="main">
            Open it
          </button>
        </form>
      </div>
    </ShopPage>
  );
}

/** A password is never sent back. */
const withoutPassword = ({ values: { password: _, ...values }, errors }: FormState): FormState => ({ values, errors });
