import type { AuditEntry } from "../../domain/audit-entry.ts";
import { newUuid, toPublicId } from "../../domain/id.ts";
import type { Identity } from "../../domain/sign-in-claims.ts";
import { judgeClaims } from "../../domain/sign-in-claims.ts";
import type { ProviderFault } from "../../platform/open-id-fault.ts";
import type { OidcSettings, OpenIdProvider } from "../../platform/open-id-provider.ts";
import { appendAudit } from "../../store/access/audit.ts";
import type { IdentityRow } from "../../store/access/people.ts";
import {
  connectIdentity,
  endSessionsOf,
  insertIdentity,
  lockIdentity,
  lockPerson,
  updateIdentity,
} from "../../store/access/people.ts";
import type { SignInFlowRow } from "../../store/access/sign-in-flows.ts";
import { findSignInFlow, useSignInFlow } from "../../store/access/sign-in-flows.ts";
import type { Queryable } from "../../store/statement.ts";
import type { AdminDeps } from "./admin-deps.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { actorOf } from "./record-change.ts";
import type { Refusal } from "./refusal.ts";
import { notStored, tellStore } from "./refusal.ts";
import { hashToken, openSession, readCookie, VOUCHED_LIFE_MS } from "./sessions.ts";
import { FLOW_COOKIE, openFlow, sealIdToken } from "./sign-in-flow.ts";

interface Returned {
  name: string;
  tenant: string;
  role: IdentityRow["role"];
  expiresAt: string;
  returnTo: string;
}

/** Who may not come in, though the provider knows them, and why. */
type Turned = { readonly reason: string; readonly detail: string; readonly subject: string | null };

const DEADLINE_MS = 5_000;

/** Ends one way through the provider: state and browser, then the provider's word, then whom it means here. */
export async function finishFlow(
  context: OperationContext,
  openId: OpenIdProvider,
  query: string,
): Promise<Handled<Returned> | ProviderFault> {
  const { deps } = context;
  const held = await takeFlow(context, openId, query);
  if (!held.ok) return held;
  const { row, flow, stateHash } = held;
  const vouched = await openId.finish(query, flow);
  if (!vouched.ok) return vouched;
  const judged = judgeClaims(vouched.claims, openId.settings);
  if (!judged.ok) return turnAway(context, row, judged, openId.settings);
  const wish = { row, stateHash, identity: judged.identity, idToken: vouched.idToken };
  const entered = await deps.db.transaction((tx) => enter(context, tx, wish, openId.settings), DEADLINE_MS);
  if (!entered.ok) return notEntered(entered);
  if ("reason" in entered.value) return turnAway(context, row, entered.value, openId.settings);
  deps.log.info({ audit: entered.value.audit, requestId: context.requestId }, "an audit entry was written");
  if (entered.value.opened === null) return refuseStale(context, openId, "ended while it came back");
  const { who, opened } = entered.value;
  const { name, tenant, role } = who;
  deps.log.info({ requestId: context.requestId, name, tenant, role, by: "oidc" }, "somebody signed in");
  const value = { name, tenant, role, expiresAt: opened.expiresAt.toISOString(), returnTo: row.return_to };
  return { ok: true, value, cookie: opened.cookie };
}

/**
 * Lets in whom the provider means. They are held until the session is there, so that what changes their account ends it. The audit's
 * entry commits with it: an account that was connected by an answer that got lost is connected all the same.
 */
async function enter(context: OperationContext, tx: Queryable, wish: Wish, settings: OidcSettings) {
  const { deps, isSecure } = context;
  const { row, identity } = wish;
  const { issuer } = settings;
  const { subject } = identity;
  const found = await findPerson(deps, tx, wish, settings);
  if (found === "ended") {
    const account = row.person_id && toPublicId("per", row.person_id);
    const detail = { refused: "ended", issuer, subject, account };
    return { opened: null, audit: await writeDown(context, tx, { ...STRANGER, tenant: row.tenant, detail }) };
  }
  if ("reason" in found) return found;
  const { id, name, role, account } = found;
  const who = { tenant: wish.row.tenant, name, role, keyId: null, personId: id, expiresAt: null };
  const opened = await openSession({ ...deps, db: tx }, who, isSecure, {
    lifeMs: VOUCHED_LIFE_MS,
    sealIdToken: (sessionId) => sealIdToken(deps.box, wish.idToken, sessionId),
  });
  if (opened === null) throw new Error("somebody who is held cannot have changed");
  const entry = { tenant: row.tenant, actor: name, actorId: actorOf(who), target: name };
  return { who, opened, audit: await writeDown(context, tx, { ...entry, detail: { account, role, issuer, subject } }) };
}

const STRANGER = { actor: "somebody of the sign-in provider", actorId: null, target: "refused" };

/** Adds the entry of a way back, in the transaction of what came of it. */
function writeDown(
  { deps, requestId, remoteAddress }: OperationContext,
  tx: Queryable,
  { detail, ...entry }: Pick<AuditEntry, "tenant" | "actor" | "actorId" | "target"> & { readonly detail: object },
) {
  const told = JSON.stringify({ requestId, from: remoteAddress, ...detail });
  return appendAudit(tx, { ...entry, at: deps.clock.now(), action: "POST /session/oidc/return", detail: told });
}

function refuseStale({ deps, requestId }: OperationContext, openId: OpenIdProvider, why: string): Refusal {
  deps.log.warn({ requestId, by: "oidc", why }, "a return from the sign-in provider was refused");
  const detail = `It was used already, is older than ten minutes, was ended by a change of the account, or began in another browser. Begin again at ${new URL(openId.returnUrl()).origin}.`;
  return { ok: false, code: "sign_in_stale", detail };
}

async function takeFlow(context: OperationContext, openId: OpenIdProvider, query: string) {
  const { deps } = context;
  const states = new URLSearchParams(query).getAll("state");
  const browser = readCookie(FLOW_COOKIE, context.cookies, context.isSecure);
  const [state] = states;
  const turned = (why: string): Refusal => refuseStale(context, openId, why);
  if (state === undefined || states.length > 1 || browser === null)
    return turned(browser === null ? "no cookie of this browser" : "not one state");
  const stateHash = hashToken(state);
  const values = [stateHash, hashToken(browser), deps.clock.now()];
  const used = await tellStore(() => deps.db.run(useSignInFlow, values));
  if (!used.ok) return used;
  const row = used.value.rows[0];
  if (row === undefined) return turned("no such flow");
  const flow = openFlow(deps.box, row.sealed, state);
  if (flow === null || row.issuer !== openId.settings.issuer) return turned("made under other settings");
  return { ok: true, row, flow, stateHash } as const;
}

/** Whom the provider means, and since when they have an account here: it was there, or this way back has made or connected it. */
type Found = IdentityRow & { readonly account: "known" | "connected" | "added" };

interface Wish {
  readonly row: SignInFlowRow;
  readonly stateHash: Buffer;
  readonly identity: Identity;
  readonly idToken: string;
}

/**
 * Whom the provider means: by issuer and subject alone. Somebody new is added; an address never connects by itself, and nothing connects
 * that was ended with the person's sessions while the provider was asked.
 */
async function findPerson(
  deps: AdminDeps,
  tx: Queryable,
  { row, stateHash, identity }: Wish,
  { issuer, defaultRole }: OidcSettings,
): Promise<Found | Turned | "ended"> {
  const { subject, email, name, role } = identity;
  const now = deps.clock.now();
  if (row.person_id !== null) {
    await tx.run(lockPerson, [row.tenant, row.person_id]);
    if ((await tx.run(findSignInFlow, [stateHash])).rowCount !== 1) return "ended";
    const connected = (await tx.run(connectIdentity, [row.tenant, row.person_id, issuer, subject, now])).rows[0];
    const detail = "This account is connected already, or whom the provider means has another account here.";
    if (connected !== undefined) return { ...connected, account: "connected" };
    return { reason: "connected_elsewhere", detail, subject };
  }
  const findKnown = async (): Promise<Found | Turned | null> => {
    const known = (await tx.run(lockIdentity, [row.tenant, issuer, subject])).rows[0];
    if (known === undefined) return null;
    if (known.state === "disabled")
      return { reason: "disabled", detail: "This account is disabled. Ask an admin.", subject };
    const updated = await tx.run(updateIdentity, [row.tenant, known.id, name, email, role, now]);
    return { ...(updated.rows[0] ?? known), account: "known" };
  };
  const known = await findKnown();
  if (known !== null) return known;
  const first = role ?? defaultRole;
  if (first === null) {
    const detail = "Nobody has given you a role. An admin adds you, and you connect your account.";
    return { reason: "no_role", detail, subject };
  }
  const id = newUuid(now.getTime(), 0, deps.random(8));
  const made = (await tx.run(insertIdentity, [id, row.tenant, email, name, first, issuer, subject, now])).rows[0];
  if (made !== undefined) return { ...made, account: "added" };
  const detail =
    "An account with this email address is here already. Sign in to it as before, and connect it on the screen Your account.";
  // Unless somebody new came back twice at once: then the other way has added them meanwhile.
  return (await findKnown()) ?? { reason: "email_taken", detail, subject };
}

/** The way back is used up, whatever has become of it. */
function notEntered(failed: Parameters<typeof notStored>[0]): Refusal {
  const refusal = notStored(failed);
  if (failed.unknown) return refusal;
  return { ...refusal, detail: "Nobody was signed in, and this way back is used up: begin the sign-in again." };
}

/** Refuses somebody whom the provider knows, and writes down why. Sessions that they still have end: their right is gone. */
async function turnAway(
  context: OperationContext,
  { tenant }: SignInFlowRow,
  { reason, detail, subject }: Turned,
  { issuer }: OidcSettings,
): Promise<Refusal> {
  const { deps, requestId, remoteAddress } = context;
  const done = await deps.db.transaction(async (tx) => {
    const known = subject === null ? undefined : (await tx.run(lockIdentity, [tenant, issuer, subject])).rows[0];
    if (known !== undefined && reason !== "connected_elsewhere")
      await tx.run(endSessionsOf, [known.id, deps.clock.now()]);
    const actor = known?.name ?? STRANGER.actor;
    return writeDown(context, tx, { ...STRANGER, tenant, actor, detail: { refused: reason, issuer, subject } });
  }, DEADLINE_MS);
  deps.log.warn({ requestId, remoteAddress, by: "oidc", reason, issuer, subject }, "a sign-in was refused");
  if (!done.ok) return notEntered(done);
  deps.log.info({ audit: done.value, requestId }, "an audit entry was written");
  return { ok: false, code: "sign_in_refused", detail };
}
