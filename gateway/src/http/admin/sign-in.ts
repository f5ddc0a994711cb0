import { z } from "@hono/zod-openapi";
import { useSignInLink } from "../../store/access/sessions.ts";
import { findPrincipal } from "./api-keys.ts";
import type { Principal } from "./api-keys.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { emailSchema } from "./people.ts";
import type { Refusal } from "./refusal.ts";
import { askStore, conflict, tellStore } from "./refusal.ts";
import { sessionSchema } from "./session-shape.ts";
import { openIdToken } from "./sign-in-flow.ts";
import { changeOwnPassword, signInByPassword } from "./sign-in-password.ts";
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

async function signIn(context: OperationContext, body: z.infer<typeof signInInput>): Promise<Handled<Session>> {
  const { deps, requestId, isSecure } = context;
  const found = await identify(context, body);
  if (!found.ok) {
    const by = "link" in body ? "link" : "email" in body ? "password" : "key";
    deps.log.warn({ requestId, by, remoteAddress: context.remoteAddress, code: found.code }, "a sign-in was refused");
    return found;
  }
  const who = found.value;
  const opened = await tellStore(() => openSession(deps, who, isSecure));
  if (!opened.ok) return opened;
  const { name, tenant, role } = who;
  deps.log.info({ requestId, name, tenant, role }, "somebody signed in");
  const { cookie, expiresAt } = opened.value;
  return { ok: true, value: { name, tenant, role, expiresAt: expiresAt.toISOString() }, cookie, by: who };
}

type Who = Omit<Principal, "sessionId">;

/** Who somebody is by what they show. */
async function identify(
  context: OperationContext,
  body: z.infer<typeof signInInput>,
): Promise<{ readonly ok: true; readonly value: Who } | Refusal> {
  if ("email" in body) return signInByPassword(context, body);
  const { deps } = context;
  const found =
    "link" in body
      ? await tellStore(() => readLink(deps, body.link))
      : await askStore(() => findPrincipal(deps, body.apiKey));
  if (!found.ok) return found;
  if (found.value !== null) return { ok: true, value: found.value };
  const detail =
    "link" in body
      ? "The link was used already, or its ten minutes are over. Make a new one with: holdfast dashboard"
      : "No valid API key. It may be mistyped, revoked or expired.";
  return { ok: false, code: "unauthorized", detail };
}

async function readLink(deps: OperationContext["deps"], token: string): Promise<Who | null> {
  const used = (await deps.db.run(useSignInLink, [hashToken(token), deps.clock.now()])).rows[0];
  if (used === undefined) return null;
  const { tenant, role, api_key_id: keyId, person_id: personId, maker_expires_at: expiresAt } = used;
  return { tenant, role, name: "one-time link", keyId, personId, expiresAt };
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
    handle: async ({ deps, principal }) => {
      // Its session would outlive this one, and the next link's that one: for ever, with nobody to take it away from.
      if (principal.keyId === null && principal.personId === null)
        return { ok: false, code: "forbidden", detail: ANEW };
      const made = await tellStore(() => createSignInLink(deps, principal));
      return made.ok ? { ok: true, value: { token: made.value } } : made;
    },
  }),
];
