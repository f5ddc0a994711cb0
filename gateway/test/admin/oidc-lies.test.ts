import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AdminGateway } from "../support/admin-gateway.ts";
import type { LyingIssuer } from "../support/lying-issuer.ts";
import { startLyingIssuer } from "../support/lying-issuer.ts";
import { createVisitor, OIDC_RULES, startOidcGateway } from "../support/oidc-gateway.ts";

let issuer: LyingIssuer;
let gateway: AdminGateway;

beforeAll(async () => {
  issuer = await startLyingIssuer();
  gateway = await startOidcGateway({ ...OIDC_RULES, issuer: issuer.url });
});
afterAll(async () => {
  await gateway.close();
  await issuer.close();
});
beforeEach(() => {
  Object.assign(issuer, { lie: {}, signsWithForeignKey: false, metadata: {}, failsWith: null });
});

async function signIn(on: AdminGateway = gateway) {
  const visitor = createVisitor(on.url);
  const begun = await visitor.post("/session/oidc", {});
  if (begun.status !== 200) return begun;
  const asked = new URL(String(begun.body["url"])).searchParams;
  issuer.nonce = asked.get("nonce")!;
  return visitor.post("/session/oidc/return", { query: `code=c&state=${asked.get("state")!}` });
}

const nowSec = () => Math.floor(Date.now() / 1_000);

describe("an ID token", () => {
  it("is asked for with the verifier and the client's secret, and counts when everything holds", async () => {
    expect(await signIn()).toMatchObject({ status: 200, body: { role: "admin" } });
    const asked = issuer.tokenRequests.at(-1)!;
    expect(asked.get("code_verifier")).toMatch(/^[\w-]{43}$/);
    expect(asked.get("redirect_uri")).toBe(`${gateway.url}/sign-in/return`);
  });

  it("may come from a clock that is twenty seconds off, either way", async () => {
    issuer.lie = { iat: nowSec() + 20, nbf: nowSec() + 20 };
    expect((await signIn()).status).toBe(200);
    issuer.lie = { iat: nowSec() - 320, exp: nowSec() - 20 };
    expect((await signIn()).status).toBe(200);
  });

  it.each([
    ["another issuer", () => ({ iss: "https://evil.example" })],
    ["another client", () => ({ aud: "somebody-else" })],
    ["several clients, and was not made for this one", () => ({ aud: ["holdfast", "other"], azp: "other" })],
    ["another nonce", () => ({ nonce: "x".repeat(43) })],
    ["no nonce", () => ({ nonce: undefined })],
    ["no subject", () => ({ sub: undefined })],
    ["an end that is past", () => ({ exp: nowSec() - 120 })],
    ["a beginning that is to come", () => ({ nbf: nowSec() + 120 })],
  ])("is refused when it names %s", async (_, lie) => {
    issuer.lie = lie();
    const back = await signIn();
    expect([back.status, back.body["type"]]).toEqual([401, "urn:holdfast:fault:sign_in_untrusted"]);
    expect(back.cookies).toEqual([]);
  });

  it("is refused when its signature is not by a key that the issuer has published", async () => {
    issuer.signsWithForeignKey = true;
    expect((await signIn()).body["type"]).toBe("urn:holdfast:fault:sign_in_untrusted");
  });
});

describe("an issuer", () => {
  const withFresh = async (allowCidrs: string[] | undefined, check: (fresh: AdminGateway) => Promise<void>) => {
    const fresh = await startOidcGateway({ ...OIDC_RULES, issuer: issuer.url }, allowCidrs);
    try {
      await check(fresh);
    } finally {
      await fresh.close();
    }
  };

  it("that is down or ill leaves the password, and is asked again at the next try", async () => {
    await withFresh(undefined, async (fresh) => {
      const credentials = { email: "ada@example.org", password: "seven herons over the weir" };
      await fresh.call("POST", "/people", credentials);
      issuer.failsWith = 500;
      const begun = await signIn(fresh);
      expect([begun.status, begun.body["type"]]).toEqual([503, "urn:holdfast:fault:provider_unavailable"]);
      expect(String(begun.body["id"])).toMatch(/^[0-9a-f-]{36}$/);
      expect((await createVisitor(fresh.url).post("/session", credentials)).status).toBe(200);
      issuer.failsWith = null;
      expect((await signIn(fresh)).status).toBe(200);
    });
  });

  it("on a private address is out of reach unless the egress is opened to it", async () => {
    await withFresh([], async (fresh) => {
      const begun = await signIn(fresh);
      expect([begun.status, begun.body["type"]]).toEqual([503, "urn:holdfast:fault:provider_unavailable"]);
      expect(fresh.logged.join("")).toContain("deliveries may not reach");
    });
  });

  it("that calls itself otherwise, or sends browsers to what is no page, is not believed", async () => {
    for (const metadata of [{ issuer: "https://evil.example" }, { authorization_endpoint: "javascript:alert(1)" }]) {
      issuer.metadata = metadata;
      await withFresh(undefined, async (fresh) => {
        const begun = await signIn(fresh);
        expect([begun.status, begun.body["type"]]).toEqual([401, "urn:holdfast:fault:sign_in_untrusted"]);
      });
    }
  });
});
