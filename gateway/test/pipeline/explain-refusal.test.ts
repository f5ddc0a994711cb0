import { sign } from "@holdfast/verify";
import { describe, expect, it } from "vitest";
import type { Source } from "../../src/domain/catalog.ts";
import type { Arrival } from "../../src/pipeline/arrival.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { explainRefusal } from "../../src/pipeline/explain-refusal.ts";
import { verifyArrival } from "../../src/pipeline/verify-arrival.ts";
import { NOW, arrivalOf, secretOf, sourceRow } from "../support/catalog-rows.ts";

const DAY = 86_400_000;

/** What is said to a request for the first source that is signed with a secret, and how many searches were made. */
function explain(
  sources: readonly Source[],
  secret: string,
  options: { readonly mayTry?: boolean; readonly body?: Buffer } = {},
) {
  const index = indexCatalog({ version: 1, sources, destinations: [], routes: [], throttles: [] });
  const ready = index.findSource(sources[0]!.key)!;
  const { provider } = sources[0]!;
  const unsigned = { method: "POST", url: "/in/x", headers: [], body: options.body ?? Buffer.from("{}") };
  const headers = sign({ provider, receiver: { secrets: [secret] }, request: unsigned, now: NOW });
  const arrival: Arrival = { ...unsigned, headers, remoteAddress: "192.0.2.1", receivedAt: NOW };
  const verification = verifyArrival(ready, arrival, null);
  if (verification.kind !== "refused") throw new Error(`expected a refusal, got ${verification.kind}`);
  let asked = 0;
  const mayTry = (): boolean => {
    asked++;
    return options.mayTry ?? true;
  };
  const signers = { suspects: index.findSuspects, mayTry };
  const { reason, diagnosis } = explainRefusal({ signers, publicUrl: null }, ready, arrival, verification);
  return { reason, cause: diagnosis.likelyCause, summary: diagnosis.summary, asked };
}

const retired = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    version: `v${i + 1}`,
    state: "retired" as const,
    value: secretOf(`old-${i + 1}`),
    notAfter: null,
    retiredAt: new Date(NOW.getTime() - (count - i) * DAY),
  }));
const own = sourceRow("own", {
  // In no order of their ages, as rows come.
  secrets: [
    ...retired(12).filter((_, i) => i % 2 === 0),
    ...sourceRow("own").secrets.map((one) => ({ ...one, version: "v99" })),
    ...retired(12).filter((_, i) => i % 2 === 1),
  ],
});

describe("the search for the secret that was signed with", () => {
  it("finds the ten versions that were retired last, and names the one to move to", () => {
    const newest = explain([own], secretOf("old-12"));
    expect(newest).toMatchObject({ reason: "secret_expired", cause: "secret_retired" });
    expect(newest.summary).toContain("signed with version v12, which was retired on 2026-03-03 05:06:07 UTC");
    expect(newest.summary).toContain("move the sender to v99");
    expect(explain([own], secretOf("old-3")).cause).toBe("secret_retired");
    expect(explain([own], secretOf("old-2")).cause).toBe("body_or_secret_differs");
  });

  it("tries twenty secrets at most, own ones first", () => {
    const others = Array.from({ length: 30 }, (_, i) => sourceRow(`other-${i}`));
    const found = (i: number) => explain([own, ...others], secretOf(`other-${i}`)).cause;
    expect([found(0), found(9), found(10), found(29)]).toEqual([
      "secret_of_other_source",
      "secret_of_other_source",
      "body_or_secret_differs",
      "body_or_secret_differs",
    ]);
    const index = indexCatalog({ version: 1, sources: [own, ...others], destinations: [], routes: [], throttles: [] });
    expect(index.findSuspects(own, NOW).length).toBe(20);
  });

  it("tries fewer over a large body: four megabytes are hashed at most", () => {
    const others = Array.from({ length: 10 }, (_, i) => sourceRow(`other-${i}`));
    const body = Buffer.alloc(1_000_000, "{");
    const found = (i: number) => explain([sourceRow("own"), ...others], secretOf(`other-${i}`), { body }).cause;
    expect([found(3), found(4)]).toEqual(["secret_of_other_source", "body_or_secret_differs"]);
  });

  it("is not made when too many were made at this source, and finds nobody where there is nobody to suspect", () => {
    expect(explain([own], secretOf("old-12"), { mayTry: false })).toMatchObject({
      cause: "body_or_secret_differs",
      asked: 1,
    });
    expect(explain([sourceRow("own")], secretOf("else"))).toMatchObject({ cause: "body_or_secret_differs", asked: 1 });
  });

  it("never tries the secrets of another provider or another tenant, retired ones of others, or what cannot be read", () => {
    const hub = sourceRow("hub", { provider: "github" });
    const gone = sourceRow("gone", { secrets: retired(1) });
    const closed = sourceRow("closed", {
      secrets: [{ version: "v1", state: "active", value: null, notAfter: null, retiredAt: null }],
    });
    const foreign = sourceRow("foreign", { tenant: "acme" });
    for (const name of ["hub", "old-1", "closed", "foreign"])
      expect([name, explain([sourceRow("own"), hub, gone, closed, foreign], secretOf(name)).cause]).toEqual([
        name,
        "body_or_secret_differs",
      ]);
  });

  it.each(["github", "gitlab", "standard-webhooks", "slack", "shopify"])("works for %s as well", (provider) => {
    const value = (name: string): string =>
      `whsec_${Buffer.from(`the secret of source ${name}, long enough`).toString("base64")}`;
    const of = (name: string): Source =>
      sourceRow(name, {
        provider,
        secrets: [{ version: "v1", state: "active", value: value(name), notAfter: null, retiredAt: null }],
      });
    expect(explain([of("one"), of("two")], value("two"))).toMatchObject({ cause: "secret_of_other_source" });
  });

  it("explains a source that has no live secret left by the one that was retired", () => {
    expect(explain([sourceRow("own", { secrets: retired(1) })], secretOf("old-1"))).toMatchObject({
      reason: "secret_expired",
      cause: "secret_retired",
    });
  });

  it("is made for no refusal that another secret could not turn round, nor where the library has found the cause", () => {
    const index = indexCatalog({ version: 1, sources: [own], destinations: [], routes: [], throttles: [] });
    const ready = index.findSource("own-key")!;
    const asked: string[] = [];
    const signers = {
      mayTry: () => asked.push("try") > 0,
      suspects: () => (asked.push("suspects"), []),
    };
    const explainOf = (signed: string, sent: string, tag = secretOf("own")) => {
      const unsigned = { method: "POST", url: "/in/x", headers: [], body: Buffer.from(signed) };
      const headers = sign({ provider: "stripe", receiver: { secrets: [tag] }, request: unsigned, now: NOW });
      const arrival = { ...unsigned, headers: sent === "" ? [] : headers, body: Buffer.from(sent), remoteAddress: "", receivedAt: NOW }; // prettier-ignore
      const refusal = verifyArrival(ready, arrival, null);
      if (refusal.kind !== "refused") throw new Error(refusal.kind);
      return { refusal, explained: explainRefusal({ signers, publicUrl: null }, ready, arrival, refusal) };
    };
    const headless = explainOf("{}", "");
    expect([headless.explained === headless.refusal, asked]).toEqual([true, []]);
    expect(explainOf("{}\n", "{}").explained.diagnosis.likelyCause).toBe("body_newline_changed");
    expect(asked).toEqual(["try"]);
    explainOf("{}", "[]");
    expect(asked).toEqual(["try", "try", "suspects"]);
  });

  it("suspects what can be read: retired versions, oldest last, and then the others'", () => {
    const [first, second] = retired(2);
    const undated = { ...first!, retiredAt: null };
    const secrets = [undated, { ...first!, version: "v0", value: null }, second!, { ...undated, version: "v9" }];
    const closed = sourceRow("closed", { secrets: [{ ...second!, state: "active", value: null }] });
    const [one, other] = [sourceRow("one", { secrets }), sourceRow("other")];
    const index = indexCatalog({
      version: 1,
      sources: [other, closed, one],
      destinations: [],
      routes: [],
      throttles: [],
    });
    expect(index.findSuspects(one, NOW)).toEqual([
      { version: "v2", value: secretOf("old-2"), retiredAt: second!.retiredAt, source: null },
      { version: "v1", value: secretOf("old-1"), retiredAt: null, source: null },
      { version: "v9", value: secretOf("old-1"), retiredAt: null, source: null },
      { version: "v1", value: secretOf("other"), retiredAt: null, source: "other" },
    ]);
    expect(index.findSuspects(sourceRow("new", { provider: "github" }), NOW)).toEqual([]);
  });
});

it("a closer look that throws leaves the refusal as it is: the request was judged already", () => {
  const index = indexCatalog({ version: 1, sources: [own], destinations: [], routes: [], throttles: [] });
  const broken = Object.defineProperty({ ...index.findSource(own.key)! }, "receiver", {
    get: () => {
      throw new TypeError("a verifier's fault");
    },
  });
  const refusal = {
    reason: "signature_mismatch",
    diagnosis: { step: "signature", summary: "brief", evidence: {}, likelyCause: "body_or_secret_differs" },
  } as const;
  const signers = { suspects: index.findSuspects, mayTry: () => true };
  expect(explainRefusal({ signers, publicUrl: null }, broken, arrivalOf("{}", []), refusal)).toBe(refusal);
});
