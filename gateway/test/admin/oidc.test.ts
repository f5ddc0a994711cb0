import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { until } from "../support/embedded.ts";
import type { Visitor } from "../support/oidc-gateway.ts";
import { createVisitor, goThereAndBack, OIDC_RULES, startOidcGateway } from "../support/oidc-gateway.ts";
import type { RealIssuer } from "../support/real-issuer.ts";
import { startRealIssuer } from "../support/real-issuer.ts";

let issuer: RealIssuer;
let gateway: AdminGateway;

beforeAll(async () => {
  issuer = await startRealIssuer();
  gateway = await startOidcGateway({ ...OIDC_RULES, issuer: issuer.url });
  issuer.register(gateway.url);
});
afterAll(async () => {
  await gateway.close();
  await issuer.close();
});
beforeEach(() => {
  issuer.accounts.set("u-1", { email: "Ada@Example.com", email_verified: true, name: "Ada", groups: ["on-call", "x"] });
  issuer.comesAs = "u-1";
});

const goThrough = (visitor?: Visitor, returnTo?: string) => goThereAndBack(gateway.url, visitor, returnTo);

async function lastEntry() {
  const { items } = (await gateway.call("GET", "/audit?action=POST%20%2Fsession%2Foidc%2Freturn&limit=1")).body as {
    items: { actor: string; target: string; detail: Record<string, unknown> }[];
  };
  return items[0]!;
}

async function findAda() {
  const { items } = (await gateway.call("GET", "/people")).body as { items: Record<string, string>[] };
  return items.find(({ email }) => email === "ada@example.com")!;
}

describe("somebody who comes through the OpenID provider", () => {
  it("signs in with code, PKCE, state and nonce, gets the group's role, and is known by issuer and subject", async () => {
    const begun = await createVisitor(gateway.url).post("/session/oidc", {});
    const asked = new URL(String(begun.body["url"])).searchParams;
    expect(asked.get("code_challenge_method")).toBe("S256");
    for (const name of ["state", "nonce", "code_challenge"]) expect(asked.get(name)).toMatch(/^[\w-]{43}$/);
    expect(asked.get("redirect_uri")).toBe(`${gateway.url}/sign-in/return`);
    expect(begun.cookies[0]).toMatch(/^holdfast_sign_in=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=600$/);

    const { visitor, back } = await goThrough(undefined, "/events?state=dead");
    expect(back.body).toMatchObject({
      name: "Ada",
      tenant: "default",
      role: "operator",
      returnTo: "/events?state=dead",
    });
    expect(back.cookies[0]).toMatch(/^holdfast_session=[\w-]{43}; .*SameSite=Strict; Max-Age=43200$/);
    expect((await visitor.get("/session")).body).toMatchObject({ name: "Ada", role: "operator" });
    expect(await findAda()).toMatchObject({ issuer: issuer.url, hasPassword: false, role: "operator" });
    expect(await lastEntry()).toMatchObject({ actor: "Ada", target: "Ada" });
  });

  it("stays the same person when the address and the name change, and has the role that the provider gives now", async () => {
    await goThrough();
    const { id } = await findAda();
    issuer.accounts.set("u-1", { email: "ada@new.example", email_verified: true, name: "Ada L.", groups: ["owners"] });
    const { back } = await goThrough();
    expect(back.body).toMatchObject({ name: "Ada L.", role: "admin" });
    const shown = (await gateway.call("GET", `/people/${id}`)).body;
    expect(shown).toMatchObject({ email: "ada@new.example", name: "Ada L.", role: "admin" });
    issuer.accounts.set("u-1", { email: "ada@example.com", email_verified: true, name: "Ada", groups: ["hooks"] });
    expect((await goThrough()).back.body).toMatchObject({ role: "viewer" });
  });

  it("is refused without a role, loses the sessions that were open, and the audit says why", async () => {
    const { visitor } = await goThrough();
    issuer.accounts.set("u-1", { email: "ada@example.com", email_verified: true, name: "Ada", groups: ["x"] });
    const { back } = await goThrough();
    expect([back.status, back.body["type"]]).toEqual([403, "urn:holdfast:fault:sign_in_refused"]);
    expect((await visitor.get("/session")).status).toBe(401);
    const { actor, target, detail } = await lastEntry();
    expect([actor, target, detail["refused"], detail["subject"]]).toEqual(["Ada", "refused", "no_role", "u-1"]);
  });

  it("is refused while disabled", async () => {
    await goThrough();
    const { id } = await findAda();
    await gateway.call("PATCH", `/people/${id}`, { state: "disabled" });
    expect((await goThrough()).back.status).toBe(403);
    expect((await lastEntry()).detail["refused"]).toBe("disabled");
    await gateway.call("PATCH", `/people/${id}`, { state: "active" });
    expect((await goThrough()).back.status).toBe(200);
  });

  it("leaves no session, code, token or verifier in the clear, in the database or the log", async () => {
    const { query, back } = await goThrough();
    const rows = await gateway.db.pool.query("SELECT f::text AS row FROM holdfast.sign_in_flow f");
    const sessions = await gateway.db.pool.query("SELECT s::text AS row FROM holdfast.session s");
    const kept = JSON.stringify([rows.rows, sessions.rows, gateway.logged]);
    const given = new URLSearchParams(query);
    for (const secret of [given.get("code")!, given.get("state")!, back.cookies[0]!.split(/[=;]/)[1]!])
      expect(kept).not.toContain(secret);
    expect(gateway.logged.join("")).not.toContain(OIDC_RULES.clientSecret);
  });

  it("signs out there too", async () => {
    const { visitor } = await goThrough();
    const out = await visitor.signOut();
    const url = new URL(String(out.body["url"]));
    expect(url.href.startsWith(`${issuer.url}/session/end?`)).toBe(true);
    expect(url.searchParams.get("post_logout_redirect_uri")).toBe(`${gateway.url}/`);
    expect(url.searchParams.get("id_token_hint")).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect((await visitor.get("/session")).status).toBe(401);
  });
});

describe("an account with a password", () => {
  const email = "grace@example.com";
  const password = "seven herons over the weir";

  beforeAll(async () => {
    await gateway.call("POST", "/people", { email, password, role: "responder" });
  });
  beforeEach(() => {
    issuer.accounts.set("u-2", { email, email_verified: true, name: "Grace", groups: ["owners"] });
    issuer.comesAs = "u-2";
  });

  it("is never taken over by an address that a provider vouches for", async () => {
    const { back } = await goThrough();
    expect([back.status, back.body["type"]]).toEqual([403, "urn:holdfast:fault:sign_in_refused"]);
    expect((await lastEntry()).detail["refused"]).toBe("email_taken");
  });

  it("is connected by whoever is signed in to it, and by nobody else", async () => {
    const visitor = createVisitor(gateway.url);
    const mine = { current: password };
    expect((await visitor.post("/session/oidc/connect", mine)).status).toBe(401);
    expect((await gateway.call("POST", "/session/oidc/connect", mine)).status).toBe(409);
    await visitor.post("/session", { email, password });
    // Whoever finds the browser open does not connect it with themselves.
    const unknown = await visitor.post("/session/oidc/connect", { current: "not the password at all" });
    expect(unknown).toMatchObject({ status: 422, body: { faults: [{ path: "current" }] } });
    const begun = await visitor.post("/session/oidc/connect", mine);
    const query = await visitor.visit(String(begun.body["url"]));
    const back = await visitor.post("/session/oidc/return", { query });
    expect(back.body).toMatchObject({ role: "responder", returnTo: "/account" });
    const { back: again } = await goThrough();
    expect(again.body).toMatchObject({ name: "Grace", role: "admin" });
    expect((await visitor.post("/session", { email, password })).status).toBe(200);
    issuer.comesAs = "u-1";
    const second = createVisitor(gateway.url);
    await second.post("/session", { email, password });
    const other = await second.post("/session/oidc/connect", mine);
    const refused = await second.post("/session/oidc/return", { query: await second.visit(String(other.body["url"])) });
    expect(refused.status).toBe(403);
    expect((await lastEntry()).detail["refused"]).toBe("connected_elsewhere");
  });

  it("is connected by nobody who began before its password changed, its sessions ended or it was disconnected", async () => {
    const own = "hedy@example.com";
    const hedy = (await gateway.call("POST", "/people", { email: own, password })).body as { id: string };
    issuer.accounts.set("u-3", { email: "mallory@example.com", email_verified: true, name: "M", groups: ["owners"] });
    issuer.comesAs = "u-3";
    const next = "eleven herons over the weir";
    const begin = async (secret: string) => {
      const visitor = createVisitor(gateway.url);
      await visitor.post("/session", { email: own, password: secret });
      const begun = await visitor.post("/session/oidc/connect", { current: secret });
      const query = await visitor.visit(String(begun.body["url"]));
      return { visitor, back: () => visitor.post("/session/oidc/return", { query }) };
    };
    const patched = (change: object) => gateway.call("PATCH", `/people/${hedy.id}`, change);
    const isStale = async ({ back }: Awaited<ReturnType<typeof begin>>) => {
      const { status, body } = await back();
      expect([status, body["type"]]).toEqual([409, "urn:holdfast:fault:sign_in_stale"]);
    };
    let begun = await begin(password);
    await patched({ password: next });
    await isStale(begun);
    begun = await begin(next);
    await patched({ state: "disabled" });
    await patched({ state: "active" });
    await isStale(begun);
    begun = await begin(next);
    const connected = await begin(next);
    expect((await connected.back()).status).toBe(200);
    expect((await connected.visitor.post("/session/oidc/disconnect", { current: next })).status).toBe(200);
    await isStale(begun);
    expect((await gateway.call("GET", `/people/${hedy.id}`)).body).toMatchObject({ issuer: null });
    issuer.comesAs = "u-2";
  });

  it("is connected by nobody who was on the way back when its password changed", async () => {
    const own = "joan@example.com";
    const joan = (await gateway.call("POST", "/people", { email: own, password })).body as { id: string };
    issuer.accounts.set("u-4", { email: "mallory@example.com", email_verified: true, name: "M", groups: ["owners"] });
    issuer.comesAs = "u-4";
    const visitor = createVisitor(gateway.url);
    await visitor.post("/session", { email: own, password });
    const begun = await visitor.post("/session/oidc/connect", { current: password });
    const query = await visitor.visit(String(begun.body["url"]));
    let tell = (): void => {};
    issuer.tokenAfter = new Promise((resolve) => (tell = resolve));
    const coming = visitor.post("/session/oidc/return", { query });
    await until(() => issuer.asked.at(-1) === "/token");
    await gateway.call("PATCH", `/people/${joan.id}`, { password: "eleven herons over the weir" });
    tell();
    issuer.tokenAfter = null;
    const back = await coming;
    expect([back.status, back.body["type"]]).toEqual([409, "urn:holdfast:fault:sign_in_stale"]);
    expect((await lastEntry()).detail).toMatchObject({ refused: "ended", subject: "u-4", account: joan.id });
    expect((await gateway.call("GET", `/people/${joan.id}`)).body).toMatchObject({ issuer: null });
  });

  it("is disconnected by its owner, who has to have a password to come in with afterwards", async () => {
    const { visitor: alone } = await goThrough();
    const mine = { current: password };
    issuer.comesAs = "u-1";
    const { visitor: without } = await goThrough();
    expect((await without.post("/session/oidc/disconnect", mine)).status).toBe(409);
    const visitor = createVisitor(gateway.url);
    await visitor.post("/session", { email, password });
    expect((await visitor.post("/session/oidc/disconnect", { current: "not it at all" })).status).toBe(422);
    expect((await visitor.post("/session/oidc/disconnect", mine)).status).toBe(200);
    // Who came in by the provider is out, this browser stays, and there is nothing left to take away.
    expect((await alone.get("/session")).status).toBe(401);
    expect((await visitor.get("/session/account")).body).toMatchObject({ person: { issuer: null, hasPassword: true } });
    expect((await visitor.post("/session/oidc/disconnect", mine)).status).toBe(409);
    issuer.comesAs = "u-2";
    expect((await goThrough()).back.status).toBe(403);
    const { items } = (await gateway.call("GET", "/audit?limit=3")).body as { items: { action: string }[] };
    expect(items.map(({ action }) => action)).toContain("POST /session/oidc/disconnect");
  });
});

describe("a return from the provider", () => {
  const STALE = "urn:holdfast:fault:sign_in_stale";

  it("counts once, of two at the same moment one", async () => {
    const visitor = createVisitor(gateway.url);
    const begun = await visitor.post("/session/oidc", {});
    const query = await visitor.visit(String(begun.body["url"]));
    const both = await Promise.all([1, 2].map(() => visitor.post("/session/oidc/return", { query })));
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    expect((await visitor.post("/session/oidc/return", { query })).body["type"]).toBe(STALE);
  });

  it("counts ten minutes, in the browser that began it, with its own state alone", async () => {
    const visitor = createVisitor(gateway.url);
    const begun = await visitor.post("/session/oidc", {});
    const query = await visitor.visit(String(begun.body["url"]));
    // Somebody who was lured into coming back with a stranger's code.
    expect((await createVisitor(gateway.url).post("/session/oidc/return", { query })).body["type"]).toBe(STALE);
    const other = createVisitor(gateway.url);
    await other.post("/session/oidc", {});
    expect((await other.post("/session/oidc/return", { query })).body["type"]).toBe(STALE);
    for (const forged of [query.replace("state=", "state=x"), `${query}&state=x`, "code=x"])
      expect((await visitor.post("/session/oidc/return", { query: forged })).body["type"]).toBe(STALE);
    await gateway.db.pool.query("UPDATE holdfast.sign_in_flow SET expires_at = now() - interval '1 second'");
    expect((await visitor.post("/session/oidc/return", { query })).body["type"]).toBe(STALE);
  });

  it("is refused when it names another issuer, or none where the provider always names itself", async () => {
    for (const lie of ["&iss=https%3A%2F%2Fevil.example", ""]) {
      const visitor = createVisitor(gateway.url);
      const begun = await visitor.post("/session/oidc", {});
      const query = (await visitor.visit(String(begun.body["url"]))).replace(/&iss=[^&]*/, lie);
      const back = await visitor.post("/session/oidc/return", { query });
      expect([back.status, back.body["type"]]).toEqual([401, "urn:holdfast:fault:sign_in_untrusted"]);
    }
  });

  it("tells that the provider said no", async () => {
    issuer.comesAs = null;
    const { back } = await goThrough();
    expect([back.status, back.body["detail"]]).toEqual([401, "The sign-in provider said no (access_denied)."]);
  });

  it.each([
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "events",
    "",
  ])("never leads to another place than a screen: %j", async (returnTo) => {
    const begun = await createVisitor(gateway.url).post("/session/oidc", { returnTo });
    expect([begun.status, begun.body["faults"]]).toMatchObject([422, [{ path: "returnTo" }]]);
  });
});

it("one address that begins again and again is stopped, and learns for how long", async () => {
  let status = 200;
  for (let i = 0; i < 200 && status === 200; i++)
    status = (await createVisitor(gateway.url).post("/session/oidc", {})).status;
  expect(status).toBe(429);
});
