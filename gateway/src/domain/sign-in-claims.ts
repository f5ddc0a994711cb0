import type { Role } from "./role.ts";
import { ROLES } from "./role.ts";

/** Who may come in through an OpenID provider, and as what. */
export interface SignInRules {
  /** The claim that names somebody's groups; `realm_access.roles` also finds `roles` inside `realm_access`. */
  readonly roleClaim: string;
  /** The role that each group gives; of several the highest counts. Empty: roles are given by hand. */
  readonly roles: Readonly<Record<string, Role>>;
  /** What somebody is whom no group gives a role; null: they may not come in. */
  readonly defaultRole: Role | null;
  /** Domains of email addresses; empty: whoever the provider vouches for. */
  readonly allowedDomains: readonly string[];
}

/** Who somebody is to their provider: the pair of issuer and subject, of which this is the second half, and what it tells. */
export interface Identity {
  readonly subject: string;
  readonly email: string;
  readonly name: string;
  /** Null: whatever somebody has been given by hand stays. */
  readonly role: Role | null;
}

export type IdentityRefusal = "claim_missing" | "email_unverified" | "domain" | "no_role";

export type JudgedClaims =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly reason: IdentityRefusal; readonly subject: string | null; readonly detail: string };

type Claims = Readonly<Record<string, unknown>>;

const SUBJECT_CHARS_MAX = 255;
const GROUPS_MAX = 1_000;

/**
 * Reads who somebody is, and what they may do, out of claims that were verified before (OpenID Connect Core 1.0, 5.1). The
 * email address is shown and compared with the allowed domains; who somebody is, it never decides.
 */
export function judgeClaims(claims: Claims, rules: SignInRules): JudgedClaims {
  const subject = textOf(claims["sub"], SUBJECT_CHARS_MAX);
  if (subject === null) return refuse("claim_missing", null, "The provider tells no subject (sub).");
  const email = (textOf(claims["email"], 254) ?? "").trim().toLowerCase();
  if (!/^[^\s@]+@[^\s@]+$/.test(email))
    return refuse("claim_missing", subject, "The provider tells no email address. Ask for the scope email.");
  // True as text is what some providers send.
  const isVerified = claims["email_verified"] === true || claims["email_verified"] === "true";
  const isDenied = claims["email_verified"] !== undefined && !isVerified;
  // Without a word on it the provider vouches for the person, and for no domain.
  if (isDenied || (rules.allowedDomains.length > 0 && !isVerified))
    return refuse("email_unverified", subject, "The provider does not say that the email address was verified.");
  const domain = email.slice(email.lastIndexOf("@") + 1);
  if (rules.allowedDomains.length > 0 && !rules.allowedDomains.includes(domain))
    return refuse("domain", subject, "The email address is of a domain that may not come in.");
  const role = roleOf(claims, rules);
  if (role === "none")
    return refuse("no_role", subject, `No group in the claim ${rules.roleClaim} has a role here. Ask an admin.`);
  const named = textOf(claims["name"], 1_000) ?? textOf(claims["preferred_username"], 1_000) ?? "";
  const name = named.trim().slice(0, 100).trim() || email.split("@")[0]!.slice(0, 100);
  return { ok: true, identity: { subject, email, name, role } };
}

/** Whether the claims hold what is asked of them, so that nothing more need be asked of the provider. */
export function hasWantedClaims(claims: Claims, rules: SignInRules): boolean {
  const wantsGroups = Object.keys(rules.roles).length > 0;
  return claims["email"] !== undefined && (!wantsGroups || findClaim(claims, rules.roleClaim) !== undefined);
}

function roleOf(claims: Claims, { roles, roleClaim, defaultRole }: SignInRules): Role | "none" | null {
  if (Object.keys(roles).length === 0) return null;
  const given = findClaim(claims, roleClaim);
  const groups = (Array.isArray(given) ? given.slice(0, GROUPS_MAX) : [given]).filter((one) => typeof one === "string");
  const held = groups.flatMap((group) => (Object.hasOwn(roles, group) ? [roles[group]!] : []));
  return ROLES.findLast((role) => held.includes(role)) ?? defaultRole ?? "none";
}

/** A claim by its whole name, which may hold dots (`https://example.com/groups`), or else by the steps that they part. */
function findClaim(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let found: unknown = claims;
  for (const step of name.split(".")) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, step)) return undefined;
    found = (found as Claims)[step];
  }
  return found;
}

function textOf(value: unknown, charsMax: number): string | null {
  return typeof value === "string" && value.trim() !== "" && value.length <= charsMax ? value : null;
}

function refuse(reason: IdentityRefusal, subject: string | null, detail: string): JudgedClaims {
  return { ok: false, reason, subject, detail };
}
