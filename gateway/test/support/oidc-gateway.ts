import { expect } from "vitest";
import { createEgress } from "../../src/platform/egress/create-egress.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { OidcSettings } from "../../src/platform/open-id-provider.ts";
import { createOpenIdProvider } from "../../src/platform/open-id-provider.ts";
import type { AdminGateway, AdminGatewayOptions } from "./admin-gateway.ts";
import { startAdminGateway } from "./admin-gateway.ts";

/** The admin API, with an OpenID provider through whom people sign in. */
export async function startOidcGateway(
  settings: OidcSettings,
  allowCidrs: readonly string[] = ["127.0.0.0/8"],
  more: AdminGatewayOptions = {},
): Promise<AdminGateway> {
  let url = "";
  const silent = () => {};
  const egress = createEgress({ policy: { allowCidrs }, log: { warn: silent }, clock: systemClock });
  const openId = createOpenIdProvider({ egress, clock: systemClock, settings, dashboardUrl: () => url });
  const gateway = await startAdminGateway({ openId, ...more });
  url = gateway.url;
  return {
    ...gateway,
    close: async () => {
      await gateway.close();
      await egress.close();
    },
  };
}

export const OIDC_RULES = {
  clientId: "holdfast",
  clientSecret: "a secret that is long enough to be one",
  name: "Example Login",
  scopes: ["openid", "email", "profile", "groups"],
  roleClaim: "groups",
  roles: { hooks: "viewer", "on-call": "operator", owners: "admin" },
  defaultRole: null,
  allowedDomains: [],
} as const satisfies Omit<OidcSettings, "issuer">;

/** A browser of the dashboard's own page: it keeps cookies by site, and sends them by itself. */
export interface Visitor {
  post(path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown>; cookies: string[] }>;
  get(path: string): Promise<{ status: number; body: Record<string, unknown> }>;
  signOut(): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Goes where the provider's pages lead, until they lead back; the query that it came back with. */
  visit(url: string): Promise<string>;
}

export function createVisitor(gatewayUrl: string): Visitor {
  const jar = new Map<string, string>();
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${gatewayUrl}/api/v1${path}`, {
      method,
      headers: { ...cookieOf(jar, gatewayUrl), "holdfast-dashboard": "1", "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    keep(jar, gatewayUrl, response);
    const cookies = response.headers.getSetCookie();
    return { status: response.status, body: (await response.json()) as Record<string, unknown>, cookies };
  };
  return {
    post: (path, body) => call("POST", path, body),
    get: (path) => call("GET", path),
    signOut: () => call("DELETE", "/session"),
    visit: async (url) => {
      for (let at = new URL(url), steps = 0; steps < 10; steps++) {
        if (at.origin === gatewayUrl) return at.search.slice(1);
        const response = await fetch(at, { redirect: "manual", headers: cookieOf(jar, at.origin) });
        const page = await response.text();
        keep(jar, at.origin, response);
        const next = response.headers.get("location");
        if (next === null) throw new Error(`the provider stopped at ${at.pathname}: ${response.status} ${page}`);
        at = new URL(next, at);
      }
      throw new Error("the provider leads round in circles");
    },
  };
}

function cookieOf(jar: ReadonlyMap<string, string>, site: string): Record<string, string> {
  const own = [...jar]
    .filter(([key]) => key.startsWith(`${site} `))
    .map(([key, value]) => `${key.split(" ")[1]}=${value}`);
  return own.length === 0 ? {} : { cookie: own.join("; ") };
}

function keep(jar: Map<string, string>, site: string, response: Response): void {
  for (const line of response.headers.getSetCookie()) {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    jar.set(`${site} ${name}`, value);
  }
}

/** All the way to the provider and back, in a fresh browser unless one is given. */
export async function goThereAndBack(gatewayUrl: string, visitor = createVisitor(gatewayUrl), returnTo = "/") {
  const begun = await visitor.post("/session/oidc", { returnTo });
  expect([begun.status, begun.body["detail"]]).toEqual([200, undefined]);
  const query = await visitor.visit(String(begun.body["url"]));
  return { visitor, query, back: await visitor.post("/session/oidc/return", { query }) };
}
