import type { Role } from "../domain/role.ts";
import { ROLES } from "../domain/role.ts";
import { listOf, oneOf, type Reading, type Setting, text } from "./setting.ts";

/** The settings of signing in through an OpenID provider, and of where browsers find the dashboard. */
export interface OidcSettingValues {
  adminPublicUrl: string | null;
  "oidc.issuer": string | null;
  "oidc.clientId": string | null;
  "oidc.clientSecret": string | null;
  "oidc.name": string | null;
  "oidc.scopes": readonly string[];
  "oidc.roleClaim": string;
  "oidc.roles": Readonly<Record<string, Role>> | null;
  "oidc.defaultRole": Role | "none";
  "oidc.allowedDomains": readonly string[];
}

const anything = (): null => null;

export const OIDC_SETTINGS: { readonly [P in keyof OidcSettingValues]: Setting<OidcSettingValues[P]> } = {
  adminPublicUrl: text("an https URL without a path", checkOrigin, {
    fallback: null,
    variable: "HOLDFAST_ADMIN_PUBLIC_URL",
    meaning: "How browsers address the dashboard, where a proxy stands in front of the admin port.",
  }),
  "oidc.issuer": text("an https URL", checkIssuer, {
    fallback: null,
    variable: "HOLDFAST_OIDC_ISSUER",
    meaning: "The OpenID provider that people sign in through; its settings are discovered there.",
  }),
  "oidc.clientId": text("the id that the provider gave", anything, {
    fallback: null,
    variable: "HOLDFAST_OIDC_CLIENT_ID",
    meaning: "What Holdfast is called at the provider.",
  }),
  "oidc.clientSecret": text("the secret that the provider gave", anything, {
    fallback: null,
    variable: "HOLDFAST_OIDC_CLIENT_SECRET",
    secret: true,
    meaning: "The secret that goes with it; without one Holdfast is a public client, by PKCE alone.",
  }),
  "oidc.name": text("a few words", checkName, {
    fallback: null,
    variable: "HOLDFAST_OIDC_NAME",
    meaning: "What the button calls the provider; the issuer's host by default.",
  }),
  "oidc.scopes": listOf("scopes, separated by commas", readScope, {
    fallback: ["openid", "email", "profile"],
    variable: "HOLDFAST_OIDC_SCOPES",
    meaning: "What is asked of the provider; openid is always asked.",
  }),
  "oidc.roleClaim": text("the name of a claim", anything, {
    fallback: "groups",
    variable: "HOLDFAST_OIDC_ROLE_CLAIM",
    meaning: "The claim that names somebody's groups; a dot leads into an object.",
  }),
  "oidc.roles": {
    variable: "HOLDFAST_OIDC_ROLES",
    flag: null,
    secret: false,
    fallback: null,
    range: "group=role, separated by commas; an object in the file",
    meaning:
      "The role that each group gives, read again at each sign-in; of several the highest. Empty: roles are given by hand.",
    read: readRoles,
  },
  "oidc.defaultRole": oneOf(["none", ...ROLES], {
    fallback: "none",
    variable: "HOLDFAST_OIDC_DEFAULT_ROLE",
    meaning: "The role of whoever no group gives one; none: they may not come in.",
  }),
  "oidc.allowedDomains": listOf("domains such as example.com, separated by commas", readDomain, {
    fallback: [],
    variable: "HOLDFAST_OIDC_ALLOWED_DOMAINS",
    meaning: "Only people with a verified email address of these domains may come in; all by default.",
  }),
};

function checkOrigin(value: string): string | null {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return "must be a URL such as https://hooks.example.com";
  if (url.protocol === "http:" && !isLoopback(url)) return "must begin with https://";
  return value.replace(/\/$/, "") === url.origin ? null : "must be scheme, host and port alone, in lower case";
}

function checkIssuer(value: string): string | null {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return "must be a URL such as https://login.example.com";
  if (url.protocol === "http:" && !isLoopback(url)) return "must begin with https://";
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password";
  return url.search === "" && url.hash === "" ? null : "must not hold a query or a fragment";
}

/** An issuer by plain http is one on this machine, to try things out. */
function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
}

function checkName(value: string): string | null {
  return value.length <= 40 ? null : "must have at most 40 characters";
}

function readScope(scope: string): Reading<string> {
  // RFC 6749, 3.3.
  if (/^[\u0021\u0023-\u005b\u005d-\u007e]{1,100}$/.test(scope)) return { ok: true, value: scope };
  return { ok: false, problem: "must hold scopes without spaces and quotes" };
}

function readDomain(domain: string): Reading<string> {
  const value = domain.toLowerCase();
  if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(value)) return { ok: true, value };
  return { ok: false, problem: "must hold domains such as example.com, without @" };
}

const ROLES_MAX = 200;

function readRoles(raw: unknown): Reading<Readonly<Record<string, Role>>> {
  const pairs = typeof raw === "string" ? raw.split(",").map(splitPair) : toEntries(raw);
  if (pairs === null || pairs.length > ROLES_MAX)
    return { ok: false, problem: `must be at most ${ROLES_MAX} pairs of a group and a role` };
  const roles: Record<string, Role> = Object.create(null);
  for (const [group, given] of pairs) {
    const role = ROLES.find((known) => known === given);
    if (group === "" || role === undefined)
      return { ok: false, problem: `must give each group one of ${ROLES.join(", ")}, as in ops=operator` };
    roles[group] = role;
  }
  return { ok: true, value: roles };
}

function toEntries(raw: unknown): [string, unknown][] | null {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw) ? Object.entries(raw) : null;
}

// The last sign parts them: a group may be a distinguished name such as cn=ops.
function splitPair(pair: string): [string, string] {
  const at = pair.lastIndexOf("=");
  return [pair.slice(0, Math.max(at, 0)).trim(), pair.slice(at + 1).trim()];
}
