import { describe, expect, it } from "vitest";
import { certificates } from "../../../verify/test/certificates.ts";
import { createKeyFetcher } from "../../src/engine/fetch-keys.ts";
import { GOOGLE, PUBSUB, answer, google, heldBack, keySet, openPipeline } from "../support/keyed-pipeline.ts";

const SNS = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem";

describe("the store of keys", () => {
  const certificate = (nth: number) =>
    ({ kind: "certificate", url: SNS.replace("-1.pem", `-${nth}.pem`), kid: null }) as const;

  it("does not keep an arrival longer than it can wait; what comes later is there for the next", async () => {
    const { world, findKey } = openPipeline("google-pubsub", PUBSUB);
    const { promise, resolve } = heldBack();
    world.published = () => promise;
    const need = { kind: "jwks", url: GOOGLE, kid: "g1" } as const;
    expect(await findKey(need, "s", 1)).toEqual({ kind: "unavailable" });
    const waiting = findKey(need, "s", 60_000);
    resolve(keySet("g1"));
    expect(await waiting).toMatchObject({ kind: "keys" });
    expect(await findKey(need, "s", 0)).toMatchObject({ kind: "keys" });
  });

  it("lets nobody have more than 30 URLs fetched at once that somebody made up; others' sources are not held up", async () => {
    const { world, fetched, findKey, count } = openPipeline("aws-sns", {});
    world.published = () => answer("", 404);
    for (let i = 0; i < 100; i++) expect(await findKey(certificate(i), "s", 1_000)).toEqual({ kind: "unavailable" });
    expect([fetched.length, await count("limited")]).toEqual([30, 70]);
    world.published = () => answer(certificates.signer);
    expect(await findKey(certificate(1_000), "another", 1_000)).toMatchObject({ kind: "certificate" });
  });

  it("keeps 500 URLs, those that were used last", async () => {
    const { world, fetched, findKey } = openPipeline("aws-sns", {});
    world.published = () => answer(certificates.signer);
    for (let i = 0; i <= 500; i++) {
      await findKey(certificate(i), `source ${i}`, 1_000);
      await findKey(certificate(0), "s", 1_000);
    }
    expect(fetched.length).toBe(501);
    await findKey(certificate(0), "s", 1_000);
    await findKey(certificate(500), "s", 1_000);
    expect(fetched.length).toBe(501);
    await findKey(certificate(1), "s", 1_000);
    expect(fetched.length).toBe(502);
  });

  it("keeps a certificate for a day", async () => {
    const { world, fetched, findKey } = openPipeline("aws-sns", {});
    world.published = () => answer(certificates.signer);
    await findKey(certificate(1), "s", 1_000);
    world.nowMs += 86_399_999;
    await findKey(certificate(1), "s", 1_000);
    expect(fetched.length).toBe(1);
    world.nowMs += 1;
    await findKey(certificate(1), "s", 1_000);
    expect(fetched.length).toBe(2);
  });

  it("fetches by https only, and takes no answer that was cut off", async () => {
    const asked: string[] = [];
    const fetchKeys = createKeyFetcher({
      get: async ({ url, responseBytesMax }) => {
        asked.push(`${url} ${responseBytesMax}`);
        const whole = answer(JSON.stringify({ keys: [{ ...google.jwk, kid: "g1" }] }));
        return whole.kind === "response" ? { ...whole, truncated: true } : whole;
      },
    });
    expect(await fetchKeys("jwks", "http://www.googleapis.com/oauth2/v3/certs")).toMatchObject({ result: "failed" });
    expect(await fetchKeys("jwks", GOOGLE)).toMatchObject({ ok: false, result: "unusable" });
    expect(asked).toEqual([`${GOOGLE} ${256 * 1024}`]);
  });
});
