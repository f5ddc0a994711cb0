import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { judgePassword } from "../../src/domain/password-rule.ts";
import { createSignInLimits } from "../../src/http/admin/sign-in-limits.ts";
import { createPasswordHasher } from "../../src/platform/password-hash.ts";
import { createRandom } from "../../src/platform/random.ts";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";

const PASSWORD = "seven herons over the weir";
const OTHER = "a kettle that never sings";
const PAGE = { "holdfast-dashboard": "1", "content-type": "application/json" };

let gateway: AdminGateway;
let adaId: string;

beforeAll(async () => {
  gateway = await startAdminGateway();
  const made = await gateway.call("POST", "/people", {
    email: " Ada@Example.com ",
    role: "operator",
    password: PASSWORD,
  });
  adaId = (made.body as { id: string }).id;
});
afterAll(() => gateway.close());

async function signIn(email: string, password: string) {
  const response = await fetch(`${gateway.url}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  const body = (await response.json()) as Record<string, unknown>;
  const cookie = (response.headers.get("set-cookie") ?? "").split(";")[0]!;
  return { status: response.status, body, cookie, retryAfter: response.headers.get("retry-after") };
}

async function browse(method: string, path: string, cookie: string, body?: object) {
  const response = await fetch(`${gateway.url}/api/v1${path}`, {
    method,
    headers: { cookie, ...PAGE },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const renewed = (response.headers.get("set-cookie") ?? "").split(";")[0]!;
  return { status: response.status, cookie: renewed, body: (await response.json()) as Record<string, unknown> };
}

describe("somebody with a password", () => {
  it("signs in whatever the case of the address, with the role that they have now, and is named in the audit", async () => {
    const { status, cookie, body } = await signIn("ADA@example.com", PASSWORD);
    expect([status, body]).toMatchObject([200, { name: "ada", role: "operator" }]);
    expect((await browse("GET", "/keys", cookie)).status).toBe(403);
    await gateway.call("PATCH", `/people/${adaId}`, { role: "admin" });
    expect((await browse("GET", "/keys", cookie)).status).toBe(200);
    await browse("POST", "/keys", cookie, { name: "of ada", role: "viewer" });
    expect((await browse("GET", "/session/account", cookie)).body).toMatchObject({ person: { id: adaId } });
    expect((await gateway.call("GET", "/session/account")).body).toEqual({ person: null });
    const { items } = (await gateway.call("GET", `/audit?actor=${adaId}`)).body as { items: { action: string }[] };
    expect(items.map(({ action }) => action)).toEqual(["POST /keys", "POST /session"]);
    const shown = await gateway.call("GET", `/people/${adaId}`);
    expect(shown.body).toMatchObject({ email: "ada@example.com", hasPassword: true, issuer: null });
    const stored = await gateway.db.pool.query("SELECT password FROM holdfast.person");
    expect((stored.rows[0] as { password: string }).password).toMatch(/^\$scrypt\$ln=17,r=8,p=1\$/);
  });

  it("cannot take their own rights away", async () => {
    const { cookie } = await signIn("ada@example.com", PASSWORD);
    expect((await browse("PATCH", `/people/${adaId}`, cookie, { role: "viewer" })).status).toBe(409);
    expect((await browse("PATCH", `/people/${adaId}`, cookie, { state: "disabled" })).status).toBe(409);
  });

  it("ends every session with a new password, which counts from then on, and goes on in a new one", async () => {
    const first = (await signIn("ada@example.com", PASSWORD)).cookie;
    const second = (await signIn("ada@example.com", PASSWORD)).cookie;
    const wrong = await browse("POST", "/session/password", first, { current: OTHER, next: OTHER });
    expect(wrong).toMatchObject({ status: 422, body: { faults: [{ path: "current" }] } });
    const short = await browse("POST", "/session/password", first, { current: PASSWORD, next: "short" });
    expect(short).toMatchObject({ status: 422, body: { faults: [{ path: "next" }] } });
    const changed = await browse("POST", "/session/password", first, { current: PASSWORD, next: OTHER });
    expect(changed.status).toBe(200);
    expect((await browse("GET", "/session", changed.cookie)).body).toMatchObject({ name: "ada" });
    for (const cookie of [first, second]) expect((await browse("GET", "/session", cookie)).status).toBe(401);
    expect((await signIn("ada@example.com", PASSWORD)).status).toBe(401);
    expect((await signIn("ada@example.com", OTHER)).status).toBe(200);
  });

  it("is out at once when disabled, and cannot come in", async () => {
    const { cookie } = await signIn("ada@example.com", OTHER);
    await gateway.call("PATCH", `/people/${adaId}`, { state: "disabled" });
    expect((await browse("GET", "/session", cookie)).status).toBe(401);
    expect((await signIn("ada@example.com", OTHER)).status).toBe(401);
    await gateway.call("PATCH", `/people/${adaId}`, { state: "active" });
    expect((await browse("GET", "/session", cookie)).status).toBe(401);
    expect((await signIn("ada@example.com", OTHER)).status).toBe(200);
  });

  it("owns the sessions of the links that they made: these end with a new password, and when they are disabled", async () => {
    const links = async (cookie: string): Promise<string> => {
      const link = (await browse("POST", "/session/links", cookie)).body["token"];
      const opened = await browse("POST", "/session", "", { link });
      expect(opened.body).toMatchObject({ name: "one-time link", role: "admin" });
      return opened.cookie;
    };
    const { cookie } = await signIn("ada@example.com", OTHER);
    const first = await links(cookie);
    expect((await browse("GET", "/session/account", first)).body).toMatchObject({ person: { id: adaId } });
    const unused = (await browse("POST", "/session/links", cookie)).body["token"];
    await gateway.call("PATCH", `/people/${adaId}`, { password: OTHER });
    expect((await browse("GET", "/session", first)).status).toBe(401);
    expect((await browse("POST", "/session", "", { link: unused })).status).toBe(401);

    const second = await links((await signIn("ada@example.com", OTHER)).cookie);
    await gateway.call("PATCH", `/people/${adaId}`, { state: "disabled" });
    expect((await browse("GET", "/session", second)).status).toBe(401);
    await gateway.call("PATCH", `/people/${adaId}`, { state: "active" });
  });

  it("is one of a tenant: another one neither sees them nor has the address taken", async () => {
    const foreign = await gateway.keyOf("other");
    expect((await gateway.call("GET", "/people", undefined, foreign)).body).toEqual({ items: [], nextCursor: null });
    expect((await gateway.call("GET", `/people/${adaId}`, undefined, foreign)).status).toBe(404);
    expect((await gateway.call("PATCH", `/people/${adaId}`, { role: "viewer" }, foreign)).status).toBe(404);
    const body = { email: "ada@example.com", password: PASSWORD };
    expect((await gateway.call("POST", "/people", body, foreign)).status).toBe(201);
    expect((await gateway.call("POST", "/people", body)).status).toBe(409);
  });
});

it("the list takes no cursor with an address that cannot be stored", async () => {
  const { nextCursor } = (await gateway.call("GET", "/people?limit=1")).body as { nextCursor: string | null };
  const print = Buffer.from(nextCursor ?? "", "base64url")
    .toString()
    .split("\n")[0];
  const forged = Buffer.from(`${print}\nada\0@example.com`).toString("base64url");
  expect((await gateway.call("GET", `/people?cursor=${forged}`)).status).toBe(422);
});

describe("a stranger", () => {
  it("gets the same answer for a wrong password and for nobody's address, and both are checked against a hash", async () => {
    const known = await signIn("ada@example.com", "not the password at all");
    const unknown = await signIn("nobody@example.com", "not the password at all");
    const bare = (body: Record<string, unknown>) => ({ ...body, id: null });
    expect(bare(unknown.body)).toEqual(bare(known.body));
    expect([known.status, unknown.status]).toEqual([401, 401]);
    expect(gateway.logged.join("\n")).not.toContain("not the password");
  });

  it("is stopped after five failures, even with the right password, and learns when to try again", async () => {
    const email = "grace@example.com";
    await gateway.call("POST", "/people", { email, password: PASSWORD });
    const tries = await Promise.all(Array.from({ length: 9 }, () => signIn(email, "wrong as it can be")));
    expect(tries.filter(({ status }) => status === 401).length).toBe(5);
    const stopped = await signIn(email, PASSWORD);
    expect([stopped.status, stopped.body["type"]]).toEqual([429, "urn:holdfast:fault:too_many_attempts"]);
    expect(Number(stopped.retryAfter)).toBeGreaterThan(600);
    await gateway.call("POST", "/people", { email: "lin@example.com", password: PASSWORD });
    expect((await signIn("lin@example.com", PASSWORD)).status).toBe(200);
  });
});

describe("the limits of failed sign-ins", () => {
  it("end after a quarter of an hour, forget with a success alone, and hold for one address over all accounts", () => {
    let nowMs = 0;
    const limits = createSignInLimits({ clock: { monotonicMs: () => nowMs } });
    for (let i = 0; i < 5; i++) limits.failed("ada", "192.0.2.1");
    expect(limits.waitSec("ada", "192.0.2.1")).toBe(900);
    expect(limits.waitSec("ada", "192.0.2.2")).toBe(0);
    nowMs = 900_000;
    expect(limits.waitSec("ada", "192.0.2.1")).toBe(0);
    for (let i = 0; i < 40; i++) {
      limits.failed("bob", "192.0.2.3");
      limits.succeeded("bob", "192.0.2.3");
    }
    expect(limits.waitSec("bob", "192.0.2.3")).toBe(0);
    for (let i = 0; i < 4; i++) limits.failed("eve", "192.0.2.5");
    for (let i = 0; i < 9; i++) {
      limits.failed("eve", "192.0.2.5");
      limits.withdrawn("eve", "192.0.2.5");
    }
    expect(limits.waitSec("eve", "192.0.2.5")).toBe(0);
    limits.failed("eve", "192.0.2.5");
    expect(limits.waitSec("eve", "192.0.2.5")).toBe(900);
    for (let i = 0; i < 30; i++) limits.failed(`x${i}`, "192.0.2.4");
    expect(limits.waitSec("bob", "192.0.2.4")).toBe(900);
  });
});

describe("a password", () => {
  it.each([
    ["short", "elevenchars"],
    ["the first that is tried", "Password-1234"],
    ["one character again and again", "aaaaaaaaaaaaaa"],
    ["a row of digits", "012345678901234"],
    ["the address", "grace.hopper@example.com"],
    ["the address's name twice", "Grace.Hopper grace.hopper"],
    ["endless", "ab cd ef".repeat(40)],
  ])("is refused when it is %s", (_, password) => {
    expect(judgePassword(password, "grace.hopper@example.com")).not.toBeNull();
  });

  it("may be any sentence, and is the same however its letters were composed", async () => {
    expect(judgePassword("blå fjord ved havet", "grace@example.com")).toBeNull();
    const hasher = createPasswordHasher({ random: createRandom() });
    const stored = await hasher.hash("blå fjord ved havet".normalize("NFC"));
    expect(await hasher.check("blå fjord ved havet".normalize("NFD"), stored)).toBe(true);
    expect(await hasher.check("blå fjord ved havet!", stored)).toBe(false);
    expect(await hasher.check("blå fjord ved havet", "$scrypt$ln=30,r=8,p=1$x$y")).toBe(false);
  });

  it("that could not be checked, since many wait, counts as no failure", async () => {
    const email = "joan@example.com";
    await gateway.call("POST", "/people", { email, password: PASSWORD });
    const crowd = Array.from({ length: 28 }, (_, i) =>
      gateway.call("POST", "/people", { email: `crowd-${i}@example.com`, password: PASSWORD }),
    );
    await Promise.race(crowd);
    const tell = async () => (await signIn(email, PASSWORD)).body["detail"];
    // As many as may fail, and one more after them; at once, or some of the crowd are done before the last.
    const told = await Promise.all(Array.from({ length: 5 }, tell));
    told.push(await tell());
    expect(new Set(told)).toEqual(new Set(["Many people sign in just now. Try again in a moment."]));
    await Promise.all(crowd);
    expect((await signIn(email, PASSWORD)).status).toBe(200);
  });

  it("is checked one at a time, and no more than some may wait", async () => {
    const hasher = createPasswordHasher({ random: createRandom(), waitingMax: 2 });
    const answers = await Promise.all([1, 2, 3].map(() => hasher.check("whatever it may be", null)));
    expect(answers).toEqual([false, false, "busy"]);
  });
});

describe("a key that is rotated", () => {
  it("counts beside its successor until the overlap is over, and cannot be rotated twice", async () => {
    const soon = new Date(Date.now() + 86_400_000).toISOString();
    const old = (await gateway.call("POST", "/keys", { name: "ci", role: "responder", expiresAt: soon })).body as {
      id: string;
      key: string;
    };
    const both = await Promise.all(
      [1, 2].map(() => gateway.call("POST", `/keys/${old.id}/rotate`, { overlapMinutes: 60 })),
    );
    expect(both.map(({ status }) => status).toSorted()).toEqual([201, 409]);
    const next = both.find(({ status }) => status === 201)!.body as Record<string, string>;
    expect(next).toMatchObject({ name: "ci", role: "responder", successorId: null });
    expect(Date.parse(next["expiresAt"]!)).toBeGreaterThan(Date.now() + 86_000_000);
    for (const key of [old.key, next["key"]!])
      expect((await gateway.call("GET", "/session", undefined, key)).status).toBe(200);
    const { items } = (await gateway.call("GET", "/keys")).body as { items: Record<string, string>[] };
    const shown = items.find(({ id }) => id === old.id)!;
    expect(shown["successorId"]).toBe(next["id"]);
    expect(Date.parse(shown["expiresAt"]!)).toBeLessThan(Date.now() + 3_700_000);
    await gateway.db.pool.query("UPDATE holdfast.api_key SET expires_at = now() WHERE successor_id IS NOT NULL");
    expect((await gateway.call("GET", "/session", undefined, old.key)).status).toBe(401);
    expect((await gateway.call("GET", "/session", undefined, next["key"])).status).toBe(200);
  });

  it("ends at once without an overlap, and is nobody else's to rotate", async () => {
    const old = (await gateway.call("POST", "/keys", { name: "now" })).body as { id: string; key: string };
    const foreign = await gateway.keyOf("other");
    expect((await gateway.call("POST", `/keys/${old.id}/rotate`, {}, foreign)).status).toBe(404);
    expect((await gateway.call("POST", `/keys/${old.id}/rotate`, { overlapMinutes: 0 })).status).toBe(201);
    expect((await gateway.call("GET", "/session", undefined, old.key)).status).toBe(401);
    expect((await gateway.call("POST", `/keys/${old.id}/rotate`)).status).toBe(409);
  });
});
