import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Role } from "../../src/domain/role.ts";
import { ROLES } from "../../src/domain/role.ts";
import { createApiKey } from "../../src/http/admin/api-keys.ts";
import { adminOperations } from "../../src/http/admin/create-admin-api.ts";
import { roleFor } from "../../src/http/admin/operation.ts";
import { createSignInLink } from "../../src/http/admin/sessions.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createRandom } from "../../src/platform/random.ts";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";

let gateway: AdminGateway;
const keys = new Map<Role, string>();

beforeAll(async () => {
  gateway = await startAdminGateway();
  const deps = { db: gateway.db, clock: systemClock, random: createRandom() };
  for (const role of ROLES) keys.set(role, (await createApiKey(deps, { tenant: "default", name: role, role })).key);
});
afterAll(() => gateway.close());

const fill = (path: string): string => path.replaceAll(/\{\w+\}/g, "x");

/** A browser: it keeps the cookie that it got, and sends it by itself. */
async function browse(method: string, path: string, cookie: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${gateway.url}/api/v1${path}`, { method, headers: { cookie, ...headers } });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    headers: response.headers,
  };
}

interface SignedIn {
  readonly status: number;
  readonly cookie: string;
  readonly setCookie: string;
  readonly expiresAt: string | undefined;
}

async function signIn(body: object): Promise<SignedIn> {
  const response = await fetch(`${gateway.url}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const { expiresAt } = (await response.json()) as { expiresAt?: string };
  const setCookie = response.headers.get("set-cookie") ?? "";
  return { status: response.status, setCookie, cookie: setCookie.split(";")[0]!, expiresAt };
}

describe("a role", () => {
  it("reaches exactly the operations that are declared for it, on every operation", async () => {
    let refused = 0;
    for (const operation of adminOperations) {
      const needed = roleFor(operation);
      for (const role of ROLES) {
        const key = keys.get(role)!;
        if (operation.path === "/session" && operation.method === "delete") continue;
        const answer = await gateway.call(operation.method.toUpperCase(), fill(operation.path), undefined, key);
        const isBeyond = needed !== null && ROLES.indexOf(role) < ROLES.indexOf(needed);
        expect([operation.method, operation.path, role, answer.status === 403]).toEqual([
          operation.method,
          operation.path,
          role,
          isBeyond,
        ]);
        if (isBeyond) refused++;
      }
    }
    expect(refused).toBeGreaterThan(20);
  });

  it("is the document's as well", async () => {
    const document = (await (await fetch(`${gateway.url}/api/v1/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { "x-holdfast-role": string }>>;
    };
    for (const operation of adminOperations) {
      const described = document.paths[`/api/v1${operation.path}`]?.[operation.method];
      expect([operation.path, described?.["x-holdfast-role"]]).toEqual([operation.path, roleFor(operation) ?? "open"]);
    }
  });

  it("of a key is shown with when it was last used", async () => {
    const listed = (await gateway.call("GET", "/keys")).body as {
      items: { name: string; role: string; lastUsedAt: string }[];
    };
    const viewer = listed.items.find(({ name }) => name === "viewer");
    expect(viewer?.role).toBe("viewer");
    expect(Date.parse(viewer?.lastUsedAt ?? "")).toBeGreaterThan(Date.now() - 600_000);
  });
});

describe("a session", () => {
  it("is opened by a key, has its role, and ends for good", async () => {
    const { status, cookie, setCookie } = await signIn({ apiKey: keys.get("responder") });
    expect(status).toBe(200);
    expect(setCookie).toMatch(
      /^holdfast_session=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=604800$/,
    );
    expect((await browse("GET", "/session", cookie)).body).toMatchObject({ name: "responder", role: "responder" });
    const page = { "holdfast-dashboard": "1" };
    expect((await browse("GET", "/keys", cookie, page)).status).toBe(403);
    const out = await browse("DELETE", "/session", cookie, page);
    expect(out.status).toBe(200);
    expect(out.headers.get("set-cookie")).toContain("Max-Age=0");
    expect((await browse("GET", "/session", cookie)).status).toBe(401);
  });

  it("stores no token, and ends with the key that opened it", async () => {
    const made = (await gateway.call("POST", "/keys", { name: "short", role: "viewer" })).body as {
      id: string;
      key: string;
    };
    const { cookie } = await signIn({ apiKey: made.key });
    const stored = await gateway.db.pool.query("SELECT session::text AS row FROM holdfast.session");
    expect(JSON.stringify(stored.rows)).not.toContain(cookie.split("=")[1]);
    expect((await browse("GET", "/session", cookie)).status).toBe(200);
    await gateway.call("DELETE", `/keys/${made.id}`);
    expect((await browse("GET", "/session", cookie)).status).toBe(401);
  });

  it("ends after twelve idle hours and after seven days", async () => {
    const { cookie } = await signIn({ apiKey: keys.get("viewer") });
    const age = (column: string, by: string) =>
      gateway.db.pool.query(
        `UPDATE holdfast.session SET ${column} = ${column} - interval '${by}' WHERE name = 'viewer'`,
      );
    await age("seen_at", "13 hours");
    expect((await browse("GET", "/session", cookie)).status).toBe(401);
    await age("seen_at", "-13 hours");
    expect((await browse("GET", "/session", cookie)).status).toBe(200);
    await age("expires_at", "7 days");
    expect((await browse("GET", "/session", cookie)).status).toBe(401);
  });

  it("changes nothing for a foreign page, whatever the browser sends along", async () => {
    const { cookie } = await signIn({ apiKey: keys.get("admin") });
    expect((await browse("POST", "/session/links", cookie)).body).toMatchObject({
      type: "urn:holdfast:fault:foreign_page",
    });
    const page = { "holdfast-dashboard": "1" };
    for (const site of ["cross-site", "same-site"]) {
      expect((await browse("GET", "/session", cookie, { "sec-fetch-site": site })).status).toBe(403);
      expect((await browse("POST", "/session/links", cookie, { ...page, "sec-fetch-site": site })).status).toBe(403);
    }
    expect((await browse("POST", "/session/links", cookie, { ...page, "sec-fetch-site": "same-origin" })).status).toBe(
      201,
    );
  });

  it("is opened by a link once, of two who use it at the same moment by one", async () => {
    const { token } = (await gateway.call("POST", "/session/links")).body as { token: string };
    const both = await Promise.all([signIn({ link: token }), signIn({ link: token })]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 401]);
    expect((await signIn({ link: token })).status).toBe(401);
    const late = (await gateway.call("POST", "/session/links")).body as { token: string };
    await gateway.db.pool.query("UPDATE holdfast.sign_in_link SET expires_at = now() - interval '1 second'");
    expect((await signIn({ link: late.token })).status).toBe(401);
  });

  it("that a link opened ends with the key that made the link, and a link of a revoked key opens none", async () => {
    const made = (await gateway.call("POST", "/keys", { name: "links", role: "admin" })).body as {
      id: string;
      key: string;
    };
    const linkBy = async (): Promise<object> => {
      const { token } = (await gateway.call("POST", "/session/links", undefined, made.key)).body as { token: string };
      return { link: token };
    };
    const first = await signIn(await linkBy());
    const page = { "holdfast-dashboard": "1" };
    const handedOn = (await browse("POST", "/session/links", first.cookie, page)).body["token"];
    const second = await signIn({ link: handedOn });
    const unused = await linkBy();
    for (const { cookie } of [first, second])
      expect((await browse("GET", "/session", cookie)).body).toMatchObject({ name: "one-time link", role: "admin" });
    await gateway.call("DELETE", `/keys/${made.id}`);
    for (const { cookie } of [first, second]) expect((await browse("GET", "/session", cookie)).status).toBe(401);
    expect((await signIn(unused)).status).toBe(401);
  });

  it("that a link opened ends no later than the session or key that made the link, however many follow each other", async () => {
    const page = { "holdfast-dashboard": "1" };
    const linkBy = async (cookie: string): Promise<object> => {
      const made = await browse("POST", "/session/links", cookie, page);
      return { link: made.body["token"] };
    };
    const end = new Date(Date.now() + 5 * 60_000).toISOString();
    const own = (await gateway.call("POST", "/keys", { name: "long", role: "admin" })).body as { key: string };
    const first = await signIn({ apiKey: own.key });
    await gateway.db.pool.query("UPDATE holdfast.session SET expires_at = $1 WHERE name = 'long'", [end]);
    const second = await signIn(await linkBy(first.cookie));
    const third = await signIn(await linkBy(second.cookie));
    const wished = { name: "short of life", role: "admin", expiresAt: end };
    const ending = (await gateway.call("POST", "/keys", wished)).body as { key: string };
    const made = await gateway.call("POST", "/session/links", undefined, ending.key);
    const byKey = await signIn({ link: (made.body as { token: string }).token });
    for (const { expiresAt, setCookie } of [second, third, byKey]) {
      expect(expiresAt).toBe(end);
      expect(Number(/Max-Age=(\d+)/.exec(setCookie)?.[1])).toBeLessThanOrEqual(300);
    }
    // Nor does a link count for ten minutes whose maker has only five.
    const links = "SELECT DISTINCT expires_at FROM holdfast.sign_in_link WHERE maker_expires_at = $1";
    expect((await gateway.db.pool.query(links, [end])).rows).toEqual([{ expires_at: new Date(end) }]);
  });

  it("that belongs to nobody makes no link, which would let it go on for ever", async () => {
    const deps = { db: gateway.db, clock: systemClock, random: createRandom() };
    const nobody = { tenant: "default", role: "admin", keyId: null, personId: null, expiresAt: null } as const;
    const { cookie } = await signIn({ link: await createSignInLink(deps, nobody) });
    const page = { "holdfast-dashboard": "1" };
    expect((await browse("GET", "/session", cookie)).status).toBe(200);
    const refused = await browse("POST", "/session/links", cookie, page);
    expect([refused.status, refused.body["type"]]).toEqual([403, "urn:holdfast:fault:forbidden"]);
    expect(refused.body["detail"]).toContain("sign in");
  });

  it("is refused for what is no key, no link, or both", async () => {
    expect((await signIn({ apiKey: "hfk_nothing" })).status).toBe(401);
    expect((await signIn({ link: "nothing-of-the-kind" })).status).toBe(401);
    expect((await signIn({ link: "x", apiKey: "y" })).status).toBe(422);
    expect((await signIn({})).status).toBe(422);
  });
});
