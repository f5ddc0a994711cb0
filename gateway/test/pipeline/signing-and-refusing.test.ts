import { sign } from "@holdfast/verify";
import { describe, expect, it } from "vitest";
import type { SecretVersion } from "../../src/domain/catalog.ts";
import { signRequest } from "../../src/pipeline/sign-request.ts";
import { isUndecided, listUnreadable } from "../../src/pipeline/unreadable-secrets.ts";
import { toVerifyInput, verifyArrival } from "../../src/pipeline/verify-arrival.ts";
import { NOW, arrivalOf, readyOf, secretOf, sourceRow } from "../support/catalog-rows.ts";

const version = (name: string, more: Partial<SecretVersion> = {}): SecretVersion => ({
  version: name,
  state: "active",
  value: secretOf(name),
  notAfter: null,
  retiredAt: null,
  ...more,
});
const BODY = Buffer.from('{"id":"evt_1"}');
const REQUEST = { method: "POST", url: "https://gateway.example/in/pay-key", headers: [], body: BODY };

describe("a request that is signed as the provider would", () => {
  const byLibrary = (...names: readonly string[]) =>
    sign({ provider: "stripe", receiver: { secrets: names.map(secretOf) }, request: REQUEST, now: NOW });

  it.each([
    [[version("a", { state: "retired" }), version("b")], ["b"]],
    [[version("a", { notAfter: new Date(NOW.getTime() - 1) }), version("b")], ["b"]],
    [[version("a", { value: null }), version("b")], ["b"]],
    [
      [version("a", { notAfter: NOW, state: "retiring" }), version("b")],
      ["a", "b"],
    ],
  ] as const)("is signed with the live secrets, in their order: %#", (secrets, by) => {
    const signed = signRequest(sourceRow("pay", { secrets }), REQUEST, NOW);
    expect(signed).toEqual({ ok: true, url: REQUEST.url, body: BODY, headers: byLibrary(...by) });
  });

  it("has no header again that it had, and a short secret is good enough", () => {
    const [[name, value]] = byLibrary("pay") as [[string, string]];
    const again = (given: string) =>
      signRequest(sourceRow("pay"), { ...REQUEST, headers: [[name.toUpperCase(), given]] }, NOW);
    expect(again(value)).toMatchObject({ ok: true, headers: [] });
    expect(again("t=1,v1=00")).toMatchObject({ ok: true, headers: [[name, value]] });
    const short = sourceRow("pay", { provider: "github", secrets: [version("a", { value: "short" })] });
    expect(signRequest(short, REQUEST, NOW).ok).toBe(true);
  });

  it.each([
    ["gitlab", {}],
    ["postmark", { receiver: { username: "user" } }],
    ["figma", { secrets: [version("old", { value: null }), version("none", { value: "" }), version("pay")] }],
    ["figma", { secrets: [version("pay", { value: 'a "quoted" pass\\code; of its own' })] }],
    ["mailchimp", { secrets: [version("pay", { value: "+/==+/==+/==+/==+/==+/== %" })] }],
    ["azure-event-grid", { secrets: [version("pay", { value: "q1+w2/e3=q1+w2/e3=q1+w2/e3=" })] }],
    ["mollie", { receiver: { version: "classic" }, secrets: [version("pay", { value: "p1+w2/e3=q1+w2/e3=q1+w2/e" })] }],
  ])("never shows the secret itself in any spelling, but in a sample: %s", (provider, more) => {
    const source = sourceRow("pay", { provider, ...more });
    const message = "its provider sends the secret itself, and secrets never come back";
    expect(signRequest(source, REQUEST, NOW)).toEqual({ ok: false, message });
    expect(signRequest({ ...source, origin: "sample" }, REQUEST, NOW).ok).toBe(true);
  });

  it("is made where a secret has no value that could be shown", () => {
    const secrets = [version("pay"), version("none", { value: "" })];
    expect(signRequest(sourceRow("pay", { secrets }), REQUEST, NOW).ok).toBe(true);
  });

  it("is not made where the source has nothing to sign with, and says so", () => {
    expect(signRequest(sourceRow("pay", { secrets: [] }), REQUEST, NOW)).toEqual({
      ok: false,
      message: expect.stringMatching(/./),
    });
  });
});

describe("secrets that cannot be read", () => {
  const closed = (more: Partial<SecretVersion> = {}) => version("v1", { value: null, ...more });

  it.each([
    [[closed()], [], ["v1"]],
    [[closed({ state: "retired" })], [], []],
    [[closed({ notAfter: new Date(NOW.getTime() - 1) })], [], []],
    [[version("v1")], ["clientSecret"], ["clientSecret"]],
    [[closed(), version("v2")], ["password"], ["v1", "password"]],
  ])("are those that might verify, with the fields of the receiver: %#", (secrets, receiverUnreadable, expected) => {
    expect(listUnreadable(sourceRow("pay", { secrets, receiverUnreadable }), NOW)).toEqual(expected);
  });

  it("leave a refusal undecided that one of them could turn round, and no other", () => {
    const source = sourceRow("pay", { secrets: [closed()] });
    const reasons = ["receiver_incomplete", "signature_mismatch", "token_mismatch", "secret_expired", "claim_mismatch"];
    for (const reason of reasons) expect([reason, isUndecided(reason, source, NOW)]).toEqual([reason, true]);
    expect(isUndecided("missing_header", source, NOW)).toBe(false);
    expect(isUndecided("signature_mismatch", sourceRow("pay"), NOW)).toBe(false);
  });
});

describe("an arrival at the verifier", () => {
  const addressed = (publicUrl: string | null, headers: readonly (readonly [string, string])[] = []) => {
    const { request } = toVerifyInput(readyOf(), { ...arrivalOf("", headers), url: "/in/k?a=1" }, publicUrl);
    return request.url;
  };

  it("is addressed as its provider wrote it: by the public URL, else by its Host", () => {
    const host = [["X-A", "b"], ["HOST", "door.example"]] as const; // prettier-ignore
    expect(addressed("https://public.example/base//", host)).toBe("https://public.example/base/in/k?a=1");
    expect(addressed("https://public.example")).toBe("https://public.example/in/k?a=1");
    expect(addressed(null, host)).toBe("http://door.example/in/k?a=1");
    expect(addressed(null)).toBe("/in/k?a=1");
  });

  it("that the verifier fails on is refused, never accepted", () => {
    const broken = {
      get secrets(): never {
        throw new Error("a bug");
      },
    };
    expect(
      verifyArrival(
        { ...readyOf(), receiver: broken },
        arrivalOf("{}", [["Stripe-Signature", `t=${NOW.getTime() / 1_000},v1=${"0".repeat(64)}`]]),
        null,
      ),
    ).toEqual({
      kind: "refused",
      reason: "verifier_failed",
      diagnosis: {
        step: "request",
        summary: "The verifier failed on this request; it was refused. Please report this with the raw request.",
        evidence: {},
        likelyCause: null,
      },
    });
  });

  it("is answered where it is a provider's check of the URL, and refused briefly where it is neither", () => {
    const ready = readyOf({ provider: "slack" });
    const body = JSON.stringify({ type: "url_verification", challenge: "c1", token: "t" });
    const request = { method: "POST", url: "/in/k", headers: [], body: Buffer.from(body) };
    const headers = sign({ provider: "slack", receiver: { secrets: [secretOf("pay")] }, request, now: NOW });
    const answered = verifyArrival(ready, arrivalOf(body, headers), null);
    expect(answered).toMatchObject({ kind: "handshake", status: 200 });
    expect(Object.keys(answered)).toEqual(["kind", "status", "headers", "body"]);
    expect(verifyArrival(ready, arrivalOf(body), null)).toMatchObject({ kind: "refused", reason: "missing_header" });
    expect(verifyArrival({ ...ready, provider: null }, arrivalOf(body, headers), null).kind).toBe("verified");
    const refused = verifyArrival(ready, arrivalOf(`${body}\n`, headers), null);
    const likelyCause = "body_or_secret_differs";
    expect(refused).toMatchObject({ reason: "signature_mismatch", diagnosis: { likelyCause } });
  });
});
