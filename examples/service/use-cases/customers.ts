/** Accounts, and who is signed in. */
import { createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { attrs, bindparam, create, del, IntegrityError, select, t, undefer } from "athanor";
import { Customer, SignIn } from "../entities/index.js";
import { type Actor, requireCustomer } from "../scope.js";
import { db } from "../session.js";
import { Refusal } from "./refusals.js";

/** How long a sign-in lasts, in milliseconds. */
const SIGNED_IN = 14 * 24 * 3600 * 1000;
const derive = promisify(scrypt) as (password: string, salt: Buffer, length: number) => Promise<Buffer>;

/** A password as it is stored: salt and key. */
export async function hashPassword(password: string, salt: Buffer = randomBytes(16)): Promise<string> {
  return `${salt.toString("base64")}:${(await derive(password, salt, 32)).toString("base64")}`;
}

async function isPassword(password: string, stored: string): Promise<boolean> {
  const [salt = "", key = ""] = stored.split(":");
  const expected = Buffer.from(key, "base64");
  const given = await derive(password, Buffer.from(salt, "base64"), 32);
  return expected.length === given.length && timingSafeEqual(expected, given);
}

/** Opens an account. @throws Refusal when the address has one */
export async function register(account: { email: string; name: string; password: string }): Promise<Customer> {
  const { name, password } = account;
  const customer = create(Customer, {
    name,
    email: account.email.toLowerCase(),
    passwordHash: await hashPassword(password),
  });
  db.add(customer);
  try {
    await db.flush();
  } catch (error) {
    if (error instanceof IntegrityError) throw new Refusal("conflict", "That address has an account already.", "email");
    throw error;
  }
  return customer;
}

/** What whoever signs in keeps, and shows with each request. */
export interface Ticket {
  readonly token: string;
  readonly expiresAt: Date;
}

// So that an unknown address takes as long as a wrong password.
const NOBODY = `${Buffer.alloc(16).toString("base64")}:${Buffer.alloc(32).toString("base64")}`;

/** @throws Refusal for a wrong address or password, without saying which */
export async function signIn({ email, password }: { email: string; password: string }): Promise<Ticket> {
  const customer = await db
    .scalars(
      select(Customer)
        .where((c) => c.email.eq(email.toLowerCase()))
        .options(undefer(Customer, (c) => c.passwordHash)),
    )
    .first();
  const isTheirs = await isPassword(password, customer?.passwordHash ?? NOBODY);
  if (customer === null || !isTheirs) throw new Refusal("unrecognised", "The address or the password is wrong.");
  const ticket = { token: randomBytes(24).toString("base64url"), expiresAt: new Date(Date.now() + SIGNED_IN) };
  db.add(create(SignIn, { tokenHash: hashOf(ticket.token), expiresAt: ticket.expiresAt, customer }));
  return ticket;
}

const CUSTOMER = attrs(Customer);
const SIGN_IN = attrs(SignIn);
/** Asked for each request of somebody who has signed in: just what is known of an {@link Actor}. */
const ACTOR = select({ id: CUSTOMER.id, name: CUSTOMER.name, email: CUSTOMER.email, role: CUSTOMER.role })
  .selectFrom(SignIn)
  .join(SIGN_IN.customer)
  .where(
    SIGN_IN.tokenHash.eq(bindparam("token", t.string(64))).and(SIGN_IN.expiresAt.gt(bindparam("now", t.timestamp))),
  );

/** Who has signed in with a token, or null. */
export async function signedIn(token: string): Promise<Actor | null> {
  return await db.execute(ACTOR, { token: hashOf(token), now: new Date() }).first();
}

export async function signOut(token: string): Promise<void> {
  await db.execute(del(SignIn).where((s) => s.tokenHash.eq(hashOf(token))));
}

export async function me(): Promise<Customer> {
  return await db.getOne(Customer, requireCustomer().id);
}

const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");
