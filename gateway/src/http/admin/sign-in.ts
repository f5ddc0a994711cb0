import { z } from "@hono/zod-openapi";
import { findOpenSession, holdLinkMaker, useSignInLink } from "../../store/access/sessions.ts";
import { lockPerson } from "../../store/access/people.ts";
import { findPrincipal } from "./api-keys.ts";
import type { Principal } from "./api-keys.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { emailSchema } from "./people.ts";
import type { Refusal } from "./refusal.ts";
import { askStore, conflict, notStored, tellStore } from "./refusal.ts";
import { sessionSchema } from "./session-shape.ts";
import { openIdToken } from "./sign-in-flow.ts";
import { changeOwnPassword, signInByPassword, WRONG_PASSWORD } from "./sign-in-password.ts";
import type { Opened } from "./sessions.ts";
import { closeSession, createSignInLink, hashToken, openSession } from "./sessions.ts";

const signInInput = z.union([
  z.strictObject({ apiKey: z.string().min(1).max(200) }),
  z.strictObject({ link: z.string().min(1).max(200) }),
  z.strictObject({
    email: emailSchema,
    password: z.string().min(1).max(1_000),
    tenant: z.string().max(63).default("default"),
  }),
]);

type Session = z.infer<typeof sessionSchema>;

const ANEW =
  "This session belongs to no key and no person: sign in anew, by a password, a key or `holdfast dashboard`.";

const DEADLINE_MS = 5_000;

async function signIn(context: OperationContext, body: z.infer<typeof signInInput>): Promise<Handled<Session>> {
  const { deps, requestId } = context;
  const entered = await ("link" in body ? enterByLink(context, body.link) : enter(context, body));
  if (!entered.ok) {
    const by = "link" in body ? "link" : "email" in body ? "password" : "key";
    const { code } = entered;
    deps.log.warn({ requestId, by, remoteAddress: context.remoteAddress, code }, "a sign-in was refused");
    return entered;
  }
  const { who, opened } = entered;
  const { name, tenant, role } = who;
  deps.log.info({ requestId, name, tenant, role }, "somebody signed in");
  const { cookie, expiresAt } = opened;
  return { ok: true, value: { name, tenant, role, expiresAt: expiresAt.toISOString() }, cookie, by: who };
}

type Who = Omit<Principal, "sessionId">;
type Entered = { readonly ok: true; readonly who: Who; readonly opened: Opened } | Refusal;
type Shown = Exclude<z.infer<typeof signInInput>, { link: string }>;

const unauthorized = (detail: string): Refusal => ({ ok: false, code: "unauthorized", detail });

/** Lets somebody in by a key or a password. */
async function enter(context: OperationContext, body: Shown): Promise<Entered> {
  const { deps, isSecure } = context;
  const shown = await ("email" in body ? signInByPassword(context, body) : signInByKey(context, body.apiKey));
  if (!shown.ok) return shown;
  const { who, checkedHash } = shown;
  const opened = await tellStore(() => openSession(deps, who, isSecure, { checkedHash }));
  if (!opened.ok) return opened;
  return opened.value === null ? unauthorized(WRONG_PASSWORD) : { ok: true, who, opened: opened.value };
}

async function signInByKey({ deps }: OperationContext, apiKey: string) {
  const found = await askStore(() => findPrincipal(deps, apiKey));
  if (!found.ok) return found;
  if (found.value === null) return unauthorized("No valid API key. It may be mistyped, revoked or expired.");
  return { ok: true, who: found.value, checkedHash: null } as const;
}

/** Lets somebody in by a link, which is used up together with the session that it opens. */
async function enterByLink({ deps, isSecure }: OperationContext, token: string): Promise<Entered> {
  const sha256 = hashToken(token);
  const entered = await deps.db.transaction(async (tx) => {
    await tx.run(holdLinkMaker, [sha256]);
    const used = (await tx.run(useSignInLink, [sha256, deps.clock.now()])).rows[0];
    if (used === undefined) return null;
    const { tenant, role, api_key_id: keyId, person_id: personId, maker_expires_at: expiresAt } = used;
    const who = { tenant, role, name: "one-time link", keyId, personId, expiresAt };
    const opened = await openSession({ ...deps, db: tx }, who, isSecure);
    return opened && { who, opened };
  }, DEADLINE_MS);
  if (!entered.ok) return notStored(entered);
  if (entered.value !== null) return { ok: true, ...entered.value };
  return unauthorized(
    "The link was used already, or its ten minutes are over. Make a new one with: holdfast dashboard",
  );
}

/** Makes a link while whoever asks is held: after a change of the account their session has ended, and makes none. */
async function makeLink({ deps, principal }: OperationContext): Promise<Handled<{ token: string }>> {
  const { tenant, keyId, personId, sessionId } = principal;
  // Its session would outlive this one, and the next link's that one: for ever, with nobody to take it away from.
  if (keyId === null && personId === null) return { ok: false, code: "forbidden", detail: ANEW };
  const made = await deps.db.transaction(async (tx) => {
    if (personId !== null) await tx.run(lockPerson, [tenant, personId]);
    if (sessionId !== null && (await tx.run(findOpenSession, [sessionId])).rowCount !== 1) return null;
    return createSignInLink({ ...deps, db: tx }, principal);
  }, DEADLINE_MS);
  if (!made.ok) return notStored(made);
  return made.value === null ? unauthorized("The session has ended.") : { ok: true, value: { token: made.value } };
}

/** Ends the session, and says where the browser goes to end the OpenID provider's own. */
async function signOut({ deps, principal, isSecure }: OperationContext): Promise<Handled<{ url: string | null }>> {
  const { sessionId } = principal;
  if (sessionId === null) return conflict("This request carries an API key and has no session to end.");
  const closed = await tellStore(() => closeSession(deps, sessionId, isSecure));
  if (!closed.ok) return closed;
  const { cookie, sealedIdToken } = closed.value;
  const idToken = openIdToken(deps.box, sealedIdToken, sessionId);
  const url = idToken === null ? null : ((await deps.openId?.signOutUrl(idToken)) ?? null);
  return { ok: true, value: { url }, cookie };
}

const tag = "Access";

export const sessionOperations = [
  operation({
    method: "post",
    path: "/session",
    tag,
    summary: "Sign in: a password, an API key or a one-time link becomes a session cookie",
    access: "open",
    body: { schema: signInInput, example: { apiKey: "hfk_…" } },
    answer: sessionSchema,
    handle: (context, { body }) => signIn(context, body),
  }),
  operation({
    method: "get",
    path: "/session",
    tag,
    summary: "Who this request comes from",
    answer: sessionSchema,
    handle: ({ principal: { name, tenant, role } }) =>
      Promise.resolve({ ok: true, value: { name, tenant, role, expiresAt: null } }),
  }),
  operation({
    method: "delete",
    path: "/session",
    tag,
    summary: "Sign out: the session ends at once",
    access: "viewer",
    answer: z.object({
      url: z
        .string()
        .nullable()
        .openapi({ description: "Where the browser goes to end the OpenID provider's own session; null: nowhere" }),
    }),
    handle: (context) => signOut(context),
  }),
  operation({
    method: "post",
    path: "/session/password",
    tag,
    summary: "Give yourself a new password; all your sessions end, and this browser gets a new one",
    access: "viewer",
    body: {
      schema: z.strictObject({ current: z.string().min(1).max(1_000), next: z.string().min(1).max(1_000) }),
      example: { current: "the sentence until now", next: "a sentence of your own" },
    },
    answer: z.object({}),
    handle: (context, { body }) => changeOwnPassword(context, body),
  }),
  operation({
    method: "post",
    path: "/session/links",
    tag,
    summary: "Make a one-time link that signs in, good for ten minutes",
    description:
      "The session that it opens belongs to the key or person that made it, ends with them, and no later than the session or key that made it.",
    access: "admin",
    status: 201,
    answer: z.object({ token: z.string().openapi({ description: "Open the dashboard with #link=<token>" }) }),
    handle: (context) => makeLink(context),
  }),
];
