import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkSignIn } from "../../src/cli/check-sign-in.ts";
import { loadConfig } from "../../src/config.ts";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { PAYMENTS, startIngestGateway } from "../support/ingest-gateway.ts";
import { exchangeRaw } from "../support/raw-http.ts";
import type { LyingIssuer } from "../support/lying-issuer.ts";
import { startLyingIssuer } from "../support/lying-issuer.ts";

let gateway: IngestGateway;
let issuer: LyingIssuer;

beforeAll(async () => {
  issuer = await startLyingIssuer();
  const oidc = { issuer: issuer.url, clientId: "holdfast" };
  const egress = { allowCidrs: ["127.0.0.0/8"] };
  const adminPublicUrl = "https://holdfast.example.com/";
  gateway = await startIngestGateway({ content: { ...PAYMENTS, oidc, egress, adminPublicUrl } });
});
afterAll(async () => {
  await gateway.close();
  await issuer.close();
});

/** As a proxy on this machine passes it on: with the name that the browser asked for. */
async function passOn(host: string, path: string, body: object, cookie?: string) {
  const text = JSON.stringify(body);
  const lines = [
    `POST /api/v1${path} HTTP/1.1`,
    `host: ${host}`,
    "content-type: application/json",
    `content-length: ${text.length}`,
    "connection: close",
    ...(cookie === undefined ? [] : [`cookie: ${cookie}`, "holdfast-dashboard: 1"]),
  ];
  const answer = await exchangeRaw(gateway.adminUrl, `${lines.join("\r\n")}\r\n\r\n${text}`);
  return { status: answer.status, text: JSON.stringify(answer.headers) + String(answer.body) };
}

const linkToken = async () => ({ link: (await gateway.gateway.signInLink())!.split("#link=")[1]! });

describe("behind a proxy that speaks TLS", () => {
  it("the public name is answered, with cookies for TLS alone, and every other foreign name is not", async () => {
    const { status, text } = await passOn("holdfast.example.com", "/session", await linkToken());
    expect(status).toBe(200);
    expect(text).toMatch(
      /__Host-holdfast_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=604800; Secure/,
    );
    expect((await passOn("evil.example", "/session", await linkToken())).status).toBe(421);
    const direct = await passOn(new URL(gateway.adminUrl).host, "/session", await linkToken());
    expect(direct.status).toBe(200);
    expect(direct.text).not.toContain("__Host-");
  });

  it("only a cookie that no neighbour of the name can have planted is believed: one for this name and TLS alone", async () => {
    const host = "holdfast.example.com";
    const made = (await passOn(host, "/session", await linkToken())).text;
    const token = /__Host-holdfast_session=([\w-]{43})/.exec(made)?.[1];
    expect((await passOn(host, "/session/links", {}, `holdfast_session=${token}`)).status).toBe(401);
    // It gets as far as to be told that this takes no body.
    expect((await passOn(host, "/session/links", {}, `__Host-holdfast_session=${token}`)).status).toBe(422);
    const begun = (await passOn(host, "/session/oidc", {})).text;
    const browser = /__Host-holdfast_sign_in=([\w-]{43})/.exec(begun)?.[1];
    const state = /state=([\w-]{43})/.exec(begun)?.[1];
    const query = `code=c&state=${state}&iss=${encodeURIComponent(issuer.url)}`;
    const planted = await passOn(host, "/session/oidc/return", { query }, `holdfast_sign_in=${browser}`);
    expect([planted.status, planted.text]).toEqual([409, expect.stringContaining("sign_in_stale")]);
    const own = await passOn(host, "/session/oidc/return", { query }, `__Host-holdfast_sign_in=${browser}`);
    expect(own.text).not.toContain("sign_in_stale");
  });

  it("the provider leads back to the public address, for which the browser's cookie is", async () => {
    const begun = await passOn("holdfast.example.com", "/session/oidc", {});
    expect(begun.text).toContain(encodeURIComponent("https://holdfast.example.com/sign-in/return"));
    expect(begun.text).toMatch(/__Host-holdfast_sign_in=[\w-]{43}; .*SameSite=Strict; Max-Age=600; Secure/);
  });
});

it("the doctor says whether the provider answers, and what it would be", async () => {
  const content = { oidc: { issuer: issuer.url, clientId: "holdfast" }, egress: { allowCidrs: ["127.0.0.0/8"] } };
  const loaded = await loadConfig({ flags: {}, env: {}, cwd: process.cwd(), content });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  expect(await checkSignIn(loaded.config)).toMatchObject([{ check: "sign-in provider", ok: true }]);
  issuer.failsWith = 404;
  expect(await checkSignIn(loaded.config)).toMatchObject([{ check: "sign-in provider", ok: false }]);
  expect(await checkSignIn({ ...loaded.config, oidc: null })).toEqual([]);
});

it("a link that the gateway itself makes belongs to the key of the commands on its machine", async () => {
  await linkToken();
  const owners = await gateway.query(
    "select distinct k.name from holdfast.sign_in_link l left join holdfast.api_key k on k.id = l.api_key_id",
  );
  expect(owners).toEqual([{ name: "local" }]);
});
