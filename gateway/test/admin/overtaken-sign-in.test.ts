import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openSession } from "../../src/http/admin/sessions.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { endSessionsOf, updatePerson } from "../../src/store/access/people.ts";
import { parsePublicId } from "../../src/domain/id.ts";
import { someoneWaits } from "../support/database.ts";
import type { AdminGateway, Answer } from "../support/admin-gateway.ts";
import { until } from "../support/embedded.ts";
import type { Visitor } from "../support/oidc-gateway.ts";
import { createVisitor, goThereAndBack, OIDC_RULES, startOidcGateway } from "../support/oidc-gateway.ts";
import type { RealIssuer } from "../support/real-issuer.ts";
import { startRealIssuer } from "../support/real-issuer.ts";

const OLD = "seven herons over the weir";
const NEW = "a kettle that never sings";
const OTHER = "nine swans below the lock";

let issuer: RealIssuer;
let gateway: AdminGateway;
let ada: { id: string; email: string };
let made = 0;

/** What is done at the first of these statements, once. */
let meanwhile: { readonly at: string; readonly act: () => Promise<void> } | null = null;

beforeAll(async () => {
  issuer = await startRealIssuer();
  gateway = await startOidcGateway({ ...OIDC_RULES, issuer: issuer.url }, ["127.0.0.0/8"], {
    around: async (name, run) => {
      const due = meanwhile;
      if (due?.at !== name) return run();
      meanwhile = null;
      await due.act();
      return run();
    },
  });
  issuer.register(gateway.url);
});
afterAll(async () => {
  await gateway.close();
  await issuer.close();
});
beforeEach(async () => {
  const email = `ada-${++made}@example.com`;
  const person = { email, role: "admin", password: OLD };
  ada = { email, id: ((await gateway.call("POST", "/people", person)).body as { id: string }).id };
  issuer.comesAs = `u-${made}`;
  issuer.accounts.set(issuer.comesAs, { email, email_verified: true, name: "Ada", groups: ["owners"] });
});

async function signIn(secret: string): Promise<Visitor> {
  const visitor = createVisitor(gateway.url);
  expect((await visitor.post("/session", { email: ada.email, password: secret })).status).toBe(200);
  return visitor;
}

/** Gives the account another password at that statement: it is done by then, or waits for whoever goes on. */
function changePasswordAt(at: string): { readonly done: () => Promise<Answer> } {
  let changing: Promise<Answer> | undefined;
  meanwhile = {
    at,
    act: async () => {
      let isDone = false;
      changing = gateway.call("PATCH", `/people/${ada.id}`, { password: NEW }).finally(() => (isDone = true));
      await until(async () => isDone || (await someoneWaits(gateway.db)));
    },
  };
  return {
    done: () => {
      if (changing === undefined) throw new Error(`nothing came to ${at}`);
      return changing;
    },
  };
}

async function connect(visitor: Visitor): Promise<string> {
  const begun = await visitor.post("/session/oidc/connect", { current: OLD });
  expect(begun.status).toBe(200);
  return visitor.visit(String(begun.body["url"]));
}

describe("no session lasts that came of the password before, where it changes just then:", () => {
  it.each([
    {
      way: "a sign-in by the password",
      begin: async () => {
        const visitor = createVisitor(gateway.url);
        return { visitor, end: () => visitor.post("/session", { email: ada.email, password: OLD }) };
      },
    },
    {
      way: "a link",
      begin: async () => {
        const { token: link } = (await (await signIn(OLD)).post("/session/links")).body;
        const visitor = createVisitor(gateway.url);
        return { visitor, end: () => visitor.post("/session", { link }) };
      },
    },
    {
      way: "one's own change of the password",
      begin: async () => {
        const visitor = await signIn(OLD);
        return { visitor, end: () => visitor.post("/session/password", { current: OLD, next: OTHER }) };
      },
    },
    {
      way: "connecting the account with the OpenID provider",
      begin: async () => {
        const visitor = await signIn(OLD);
        const query = await connect(visitor);
        return { visitor, end: () => visitor.post("/session/oidc/return", { query }) };
      },
    },
  ])("$way", async ({ begin }) => {
    const { visitor, end } = await begin();
    const change = changePasswordAt("insert_session");
    await end();
    expect((await change.done()).status).toBe(200);
    expect((await visitor.get("/session")).status).toBe(401);
    await signIn(NEW);
  });
});

it("a sign-in whose password was changed while it was checked is told what everybody is told", async () => {
  const change = changePasswordAt("insert_session");
  const visitor = createVisitor(gateway.url);
  const late = await visitor.post("/session", { email: ada.email, password: OLD });
  await change.done();
  const wrong = await visitor.post("/session", { email: ada.email, password: OLD });
  expect([late.status, late.body["detail"]]).toEqual([401, wrong.body["detail"]]);
});

it("a password that was changed since it was shown is no proof for another one", async () => {
  const visitor = await signIn(OLD);
  const change = changePasswordAt("BEGIN");
  const late = await visitor.post("/session/password", { current: OLD, next: OTHER });
  expect((await change.done()).status).toBe(200);
  expect(late).toMatchObject({ status: 422, body: { faults: [{ path: "current" }] } });
  await signIn(NEW);
});

it("a link that is made by a session which ends just then opens nothing", async () => {
  const visitor = await signIn(OLD);
  const change = changePasswordAt("insert_sign_in_link");
  const link = (await visitor.post("/session/links")).body["token"] ?? "none";
  expect((await change.done()).status).toBe(200);
  expect((await createVisitor(gateway.url).post("/session", { link })).status).toBe(401);
  const ended = await signIn(NEW);
  meanwhile = {
    at: "BEGIN",
    act: async () => void (await gateway.call("PATCH", `/people/${ada.id}`, { password: OLD })),
  };
  expect((await ended.post("/session/links")).status).toBe(401);
});

it("a way to the OpenID provider that is begun with the password before connects nothing", async () => {
  const visitor = await signIn(OLD);
  const change = changePasswordAt("insert_sign_in_flow");
  const query = await connect(visitor);
  expect((await change.done()).status).toBe(200);
  const back = await visitor.post("/session/oidc/return", { query });
  expect([back.status, back.body["type"]]).toEqual([409, "urn:holdfast:fault:sign_in_stale"]);
  expect((await gateway.call("GET", `/people/${ada.id}`)).body).toMatchObject({ issuer: null });
});

it("a way to the OpenID provider is not begun where the password changed while it was checked", async () => {
  const visitor = await signIn(OLD);
  const change = changePasswordAt("lock_owner");
  const begun = await visitor.post("/session/oidc/connect", { current: OLD });
  expect((await change.done()).status).toBe(200);
  expect(begun).toMatchObject({ status: 422, body: { faults: [{ path: "current" }] } });
});

it("a session waits for a change of the account that is under way, and is not opened when that is done", async () => {
  const id = parsePublicId("per", ada.id)!;
  const { password: checkedHash } = (
    await gateway.db.pool.query<{ password: string }>("SELECT password FROM holdfast.person WHERE id = $1", [id])
  ).rows[0]!;
  const who = { tenant: "default", role: "admin", name: "ada", keyId: null, personId: id, expiresAt: null } as const;
  const deps = { db: gateway.db, clock: systemClock, random: randomBytes };
  let opening: Promise<unknown> = Promise.resolve("not begun");
  const changed = await gateway.db.transaction(async (tx) => {
    await tx.run(updatePerson, ["default", id, null, null, null, "another hash", new Date()]);
    await tx.run(endSessionsOf, [id, new Date()]);
    let isSettled = false;
    opening = openSession(deps, who, false, { checkedHash }).finally(() => (isSettled = true));
    await until(async () => isSettled || (await someoneWaits(gateway.db)));
  }, 10_000);
  expect([changed.ok, await opening]).toEqual([true, null]);
});

it("somebody new who comes back from the OpenID provider twice at once is let in twice", async () => {
  issuer.comesAs = `new-${made}`;
  const email = `grace-${made}@example.com`;
  issuer.accounts.set(issuer.comesAs, { email, email_verified: true, name: "Grace", groups: ["owners"] });
  let first: Awaited<ReturnType<typeof goThereAndBack>> | undefined;
  meanwhile = { at: "insert_identity", act: async () => void (first = await goThereAndBack(gateway.url)) };
  const second = await goThereAndBack(gateway.url);
  expect([first?.back.status, second.back.status]).toEqual([200, 200]);
  expect((await first!.visitor.get("/session")).status).toBe(200);
  expect((await second.visitor.get("/session")).status).toBe(200);
});
