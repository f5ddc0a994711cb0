import { z } from "@hono/zod-openapi";
import { isReturnPath } from "../../domain/return-path.ts";
import type { OpenIdProvider } from "../../platform/open-id-provider.ts";
import type { ProviderFault } from "../../platform/open-id-fault.ts";
import { lockOwner } from "../../store/access/people.ts";
import { deleteOldFlows, insertSignInFlow } from "../../store/access/sign-in-flows.ts";
import type { Handled, Operation, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import type { Refusal } from "./refusal.ts";
import { askStore, conflict, invalid, notStored } from "./refusal.ts";
import { finishFlow } from "./finish-sign-in.ts";
import { sessionSchema } from "./session-shape.ts";
import { FLOW_COOKIE, sealFlow } from "./sign-in-flow.ts";
import type { OwnAccount } from "./sign-in-password.ts";
import { askOwnPassword, disconnectProvider, notYourPassword } from "./sign-in-password.ts";
import { hashToken, newToken, writeCookie } from "./sessions.ts";

const FLOW_LIFE_MS = 10 * 60_000;
const DEADLINE_MS = 5_000;
/** Ways that are under way at once, over all processes. */
const FLOWS_MAX = 10_000;

const beginInput = z.strictObject({
  returnTo: z.string().max(2_000).default("/").openapi({ description: "The screen to come back to: a path" }),
});

const begunSchema = z.object({
  url: z.string().openapi({ description: "Where the browser goes next: the OpenID provider's own page" }),
});

/** Begins a way through the provider, bound to this browser. */
async function begin(
  context: OperationContext,
  { returnTo }: z.infer<typeof beginInput>,
  own: OwnAccount | null,
): Promise<Handled<z.infer<typeof begunSchema>>> {
  const { deps, isSecure } = context;
  const { openId } = deps;
  if (openId === undefined) return conflict("No OpenID provider is set up; see oidc.issuer in docs/configuration.md.");
  if (!isReturnPath(returnTo)) return invalid({ path: "returnTo", problem: "must be a path of the dashboard" });
  const address = context.remoteAddress ?? "";
  const waiting = refuseWaiting(context, address);
  if (waiting !== null) return waiting;
  // Counted before it is known how it ends; coming back well takes it back.
  deps.flowAttempts.failed(address, address);
  const flow = { state: newToken(deps), nonce: newToken(deps), verifier: newToken(deps) };
  const begun = await openId.begin(flow);
  if (!begun.ok) return refuseFault(context, openId, begun);
  const browser = newToken(deps);
  const now = deps.clock.now();
  const { issuer } = openId.settings;
  const personId = own?.personId ?? null;
  const tenant = own === null ? "default" : context.principal.tenant;
  const ends = new Date(now.getTime() + FLOW_LIFE_MS);
  const sealed = sealFlow(deps.box, flow);
  const values = [hashToken(flow.state), hashToken(browser), tenant, issuer, sealed, returnTo, personId, now, ends];
  const refusal = await keepFlow(context, values, own);
  if (refusal !== null) return refusal;
  const cookie = writeCookie(FLOW_COOKIE, browser, isSecure, FLOW_LIFE_MS / 1_000);
  return { ok: true, value: { url: begun.url }, cookie };
}

/** Keeps a flow where there is room, after what is over was cleared away. */
async function keepFlow(
  context: OperationContext,
  values: readonly unknown[],
  own: OwnAccount | null,
): Promise<Refusal | null> {
  const { deps } = context;
  const first = await insertFlow(context, values, own);
  if (first !== FULL) return first;
  const cleared = await askStore(() => deps.db.run(deleteOldFlows, [deps.clock.now()]));
  return cleared.ok ? insertFlow(context, values, own) : cleared;
}

const FULL: Refusal = {
  ok: false,
  code: "too_many_attempts",
  detail: "Too many people are signing in just now. Try again in a few minutes.",
  retryAfterSec: 60,
};

/** Keeps a flow, one that connects an account only while the password is the one that was shown: what changes it ends the flows. */
async function insertFlow(
  { deps, principal }: OperationContext,
  values: readonly unknown[],
  own: OwnAccount | null,
): Promise<Refusal | null> {
  const kept = await deps.db.transaction(async (tx) => {
    const held = own === null ? null : await tx.run(lockOwner, [principal.tenant, own.personId, own.checkedHash]);
    if (held !== null && held.rowCount !== 1) return notYourPassword();
    return (await tx.run(insertSignInFlow, [...values, FLOWS_MAX])).rowCount === 1 ? null : FULL;
  }, DEADLINE_MS);
  return kept.ok ? kept.value : notStored(kept);
}

function refuseWaiting({ deps }: OperationContext, address: string): Refusal | null {
  const waitSec = deps.flowAttempts.waitSec(address, address);
  if (waitSec === 0) return null;
  const detail = `Try again in ${Math.ceil(waitSec / 60)} minutes.`;
  return { ok: false, code: "too_many_attempts", detail, retryAfterSec: waitSec };
}

function refuseFault(context: OperationContext, { settings }: OpenIdProvider, fault: ProviderFault): Refusal {
  const { deps, requestId, remoteAddress } = context;
  const { cause, inner } = fault;
  const line = { requestId, remoteAddress, by: "oidc", issuer: settings.issuer, cause, inner };
  deps.log.warn(line, "the sign-in provider let nobody in");
  const code = cause === "unreachable" ? "provider_unavailable" : "sign_in_untrusted";
  return { ok: false, code, detail: fault.detail, cause: inner };
}

/** Comes back from the provider: the way is used up, whatever comes of it. */
async function comeBack(
  context: OperationContext,
  { query }: { readonly query: string },
): Promise<Handled<z.infer<typeof returnedSchema>>> {
  const { openId } = context.deps;
  if (openId === undefined) return conflict("No OpenID provider is set up; see oidc.issuer in docs/configuration.md.");
  const address = context.remoteAddress ?? "";
  const waiting = refuseWaiting(context, address);
  if (waiting !== null) return waiting;
  const finished = await finishFlow(context, openId, query);
  if ("inner" in finished) return refuseFault(context, openId, finished);
  if (finished.ok) context.deps.flowAttempts.succeeded(address, address);
  else context.deps.flowAttempts.failed(address, address);
  return finished;
}

const returnedSchema = sessionSchema.extend({ returnTo: z.string() }).openapi("ReturnedSession", {
  example: {
    name: "Ada",
    tenant: "default",
    role: "operator",
    expiresAt: "2026-11-22T06:00:00.000Z",
    returnTo: "/events",
  },
});

const tag = "Access";
const passwordInput = z.strictObject({ current: z.string().min(1).max(1_000) });

/** Signing in through an OpenID provider. */
export const providerSignInOperations: readonly Operation[] = [
  operation({
    method: "get",
    path: "/session/ways",
    tag,
    access: "open",
    summary: "The ways to sign in",
    answer: z.object({
      oidc: z
        .object({ name: z.string() })
        .nullable()
        .openapi({ description: "The OpenID provider, where one is set up" }),
    }),
    handle: ({ deps: { openId } }) => {
      const oidc = openId === undefined ? null : { name: openId.settings.name };
      return Promise.resolve({ ok: true, value: { oidc } });
    },
  }),
  operation({
    method: "post",
    path: "/session/oidc",
    tag,
    access: "open",
    summary: "Begin to sign in through the OpenID provider",
    body: { schema: beginInput, example: { returnTo: "/events" } },
    answer: begunSchema,
    handle: (context, { body }) => begin(context, body, null),
  }),
  operation({
    method: "post",
    path: "/session/oidc/connect",
    tag,
    access: "viewer",
    summary: "Begin to connect your own account with the OpenID provider, to sign in either way; the password is asked",
    answer: begunSchema,
    body: { schema: passwordInput, example: { current: "your password" } },
    // The way back changes something, and leaves the entry.
    hasChanged: () => false,
    handle: async (context, { body }) => {
      const own = await askOwnPassword(context, body.current);
      return own.ok ? begin(context, { returnTo: "/account" }, own) : own;
    },
  }),
  operation({
    method: "post",
    path: "/session/oidc/disconnect",
    tag,
    access: "viewer",
    summary: "Take the OpenID provider away from your own account; the password is asked, and your other sessions end",
    answer: z.object({}),
    body: { schema: passwordInput, example: { current: "your password" } },
    handle: (context, { body }) => disconnectProvider(context, body.current),
  }),
  operation({
    method: "post",
    path: "/session/oidc/return",
    tag,
    access: "open",
    summary: "Come back from the OpenID provider: the address's query becomes a session cookie",
    body: {
      schema: z.strictObject({ query: z.string().min(1).max(8_000) }),
      example: { query: "code=…&state=…&iss=https%3A%2F%2Flogin.example.com" },
    },
    answer: returnedSchema,
    // It leaves its entry itself, in its own transaction.
    hasChanged: () => false,
    handle: (context, { body }) => comeBack(context, body),
  }),
];
