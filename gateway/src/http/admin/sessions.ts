import { createHash } from "node:crypto";
import { newUuid } from "../../domain/id.ts";
import { endSession, findSession, insertSession, insertSignInLink, touchSession } from "../../store/access/sessions.ts";
import type { ApiKeyDeps, Principal } from "./api-keys.ts";

/** A session ends after 12 hours without a request, and after 7 days in any case. */
const IDLE_MS = 12 * 3_600_000;
const LIFE_MS = 7 * 86_400_000;
/** How exactly the last request of a session is known. */
const TOUCH_MS = 60_000;
const LINK_MS = 10 * 60_000;

/** Somebody whom a provider vouches for is asked of it again after so long, whatever they do. */
export const VOUCHED_LIFE_MS = 12 * 3_600_000;

const COOKIE = "holdfast_session";
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** A request that is not sent by a script of our own page cannot carry this header (it would need a preflight). */
export const DASHBOARD_HEADER = "holdfast-dashboard";

export interface Opened {
  readonly cookie: string;
  readonly expiresAt: Date;
}

export interface SessionWish {
  readonly lifeMs?: number;
  /** What is kept with the session, sealed for it alone. */
  readonly sealIdToken?: (sessionId: string) => Uint8Array | null;
  /** The hash that a password was checked against; the session is opened only while it is still the one. */
  readonly checkedHash?: string | null;
}

/**
 * Opens a session for somebody who has shown who they are. It ends no later than what they have shown.
 *
 * @returns its cookie; the token in it is nowhere kept. Null where a person's password or account has changed since they showed it
 */
export async function openSession(
  deps: ApiKeyDeps,
  who: Omit<Principal, "sessionId">,
  isSecure: boolean,
  wish: SessionWish = {},
): Promise<Opened | null> {
  const token = newToken(deps);
  const now = deps.clock.now();
  const expiresAt = endAfter(now, wish.lifeMs ?? LIFE_MS, who.expiresAt);
  const id = newUuid(now.getTime(), 0, deps.random(8));
  const { tenant, name, role, keyId, personId } = who;
  const sealed = wish.sealIdToken?.(id) ?? null;
  const lifeSec = Math.floor((expiresAt.getTime() - now.getTime()) / 1_000);
  const { checkedHash = null } = wish;
  const values = [hashToken(token), id, tenant, name, role, keyId, personId, now, expiresAt, sealed, checkedHash];
  if ((await deps.db.run(insertSession, values)).rowCount !== 1) return null;
  return { cookie: writeCookie(COOKIE, token, isSecure, lifeSec), expiresAt };
}

/** After a while, or earlier where what it rests on ends earlier. */
function endAfter(now: Date, lifeMs: number, end: Date | null): Date {
  return new Date(Math.min(now.getTime() + lifeMs, end?.getTime() ?? Infinity));
}

/** 256 random bits as base64url. */
export function newToken({ random }: Pick<ApiKeyDeps, "random">): string {
  return Buffer.from(random(32)).toString("base64url");
}

/** Whose session this is, or null. Each request asks anew, so that an ended session or a revoked key counts at once. */
export async function findSessionOwner(
  deps: ApiKeyDeps,
  cookies: string | undefined,
  isSecure: boolean,
): Promise<Principal | null> {
  const token = readCookie(COOKIE, cookies, isSecure);
  if (token === null) return null;
  const now = deps.clock.now();
  const idleSince = new Date(now.getTime() - IDLE_MS);
  const row = (await deps.db.run(findSession, [hashToken(token), now, idleSince])).rows[0];
  if (row === undefined) return null;
  if (now.getTime() - row.seen_at.getTime() > TOUCH_MS) await deps.db.run(touchSession, [row.id, now]);
  const { tenant, role, name, id, api_key_id: keyId, person_id: personId, expires_at: expiresAt } = row;
  return { tenant, role, name, keyId, personId, expiresAt, sessionId: id };
}

/** Ends a session. @returns the cookie that takes the browser's away, and what was kept with it */
export async function closeSession(
  deps: ApiKeyDeps,
  sessionId: string,
  isSecure: boolean,
): Promise<{ readonly cookie: string; readonly sealedIdToken: Uint8Array | null }> {
  const ended = (await deps.db.run(endSession, [sessionId, deps.clock.now()])).rows[0];
  return { cookie: writeCookie(COOKIE, "", isSecure, 0), sealedIdToken: ended?.sealed_id_token ?? null };
}

/**
 * Makes a link's token that opens one session within ten minutes. The session is of whoever made the link, ends with them, and no
 * later than what the link was made with: else one link after the other would carry a session on for ever.
 */
export async function createSignInLink(
  deps: ApiKeyDeps,
  { tenant, role, keyId, personId, expiresAt: end }: Omit<Principal, "name" | "sessionId">,
): Promise<string> {
  const token = Buffer.from(deps.random(24)).toString("base64url");
  const now = deps.clock.now();
  const expiresAt = endAfter(now, LINK_MS, end);
  await deps.db.run(insertSignInLink, [hashToken(token), tenant, role, keyId, personId, now, expiresAt, end]);
  return token;
}

/** The address that a browser signs in at. The token stands behind #, which browsers send to no server. */
export function toDashboardLink(adminUrl: string, token: string): string {
  return `${adminUrl}/#link=${token}`;
}

/** What is stored of a token. No salt: 192 random bits and more cannot be guessed. */
export function hashToken(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/** A cookie for this origin's scripts' requests alone. The prefix __Host- and Secure ask for TLS, which loopback has not. */
export function writeCookie(cookie: string, token: string, isSecure: boolean, maxAgeSec: number): string {
  return `${nameCookie(cookie, isSecure)}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSec}${isSecure ? "; Secure" : ""}`;
}

/**
 * The token that a cookie carries, or null when there is none of the right form. Over TLS the name with __Host- alone counts: any
 * neighbour below the same domain can plant the other one in a browser (RFC 6265bis).
 */
export function readCookie(cookie: string, header: string | undefined, isSecure: boolean): string | null {
  const found = new Map<string, string>();
  for (const pair of (header ?? "").slice(0, 8_192).split(";")) {
    const at = pair.indexOf("=");
    if (at > 0) found.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
  }
  const token = found.get(nameCookie(cookie, isSecure)) ?? "";
  return TOKEN.test(token) ? token : null;
}

function nameCookie(cookie: string, isSecure: boolean): string {
  return isSecure ? `__Host-${cookie}` : cookie;
}
