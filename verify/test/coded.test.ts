import { describe, expect, test } from "vitest";
import { findProvider, verify } from "../src/index.ts";
import type { VerifyInput } from "../src/index.ts";
import { codedSamples, sent } from "./coded-samples.ts";
import { now } from "./samples.ts";

const rows = codedSamples.map((sample, index) => ({ sample, name: `${sample.provider} ${index}` }));

function withRequest(input: VerifyInput, change: Partial<VerifyInput["request"]>): VerifyInput {
  return { ...input, request: { ...input.request, ...change } };
}

function pairsOf({ request }: VerifyInput): [string, string][] {
  return Array.isArray(request.headers)
    ? request.headers.map((pair: readonly [string, string]) => [pair[0], pair[1]])
    : [];
}

describe("what a provider signs", () => {
  test.each(rows)("verifies, with its id and type: $name", ({ sample }) => {
    const verdict = verify(sent(sample));
    expect(verdict).toMatchObject({ ok: true, eventId: sample.eventId, eventType: sample.eventType });
  });

  test.each(rows.filter(({ sample }) => sample.stranger !== null))(
    "is refused under another key: $name",
    ({ sample }) => {
      const verdict = verify({ ...sent(sample), receiver: sample.stranger ?? {} });
      expect(verdict.ok).toBe(false);
      if (!verdict.ok)
        expect(["signature_mismatch", "token_mismatch", "certificate_untrusted", "malformed_header"]).toContain(
          verdict.reason,
        );
    },
  );

  test.each(rows)("is refused by a receiver that has nothing: $name", ({ sample }) => {
    expect(verify({ ...sent(sample), receiver: {} }).ok).toBe(false);
  });

  test.each(rows.filter(({ sample }) => sample.bodyIs === "bound"))(
    "counts to the last bit of the body: $name",
    ({ sample }) => {
      const input = sent(sample);
      const { body } = input.request;
      for (let at = 0; at < body.length; at += Math.max(1, Math.floor(body.length / 24))) {
        const flipped = Buffer.from(body);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
        expect(verify(withRequest(input, { body: flipped })).ok).toBe(false);
      }
      for (const other of [Buffer.concat([body, Buffer.from("\n\n")]), body.subarray(1)])
        if (sample.provider !== "wix") expect(verify(withRequest(input, { body: other })).ok).toBe(false);
    },
  );

  test.each(rows.filter(({ sample }) => sample.bodyIs === "open"))(
    "says nothing of the body, and the table says so: $name",
    ({ sample }) => {
      const input = sent(sample);
      const altered = Buffer.from(Buffer.from(input.request.body).toString().replace('"', ' "'));
      expect(verify(withRequest(input, { body: altered })).ok).toBe(true);
      expect(findProvider(sample.provider)?.notCovered).toContain("body");
      expect(findProvider(sample.provider)?.identity).toBe("unsigned");
    },
  );

  test.each(rows)("is refused with its signature altered or gone: $name", ({ sample }) => {
    const input = sent(sample);
    const own = new Set(
      findProvider(sample.provider)?.securityHeaders.filter((name) => !/event|topic|id$|-time$/.test(name)),
    );
    const pairs = pairsOf(input);
    for (const [index, [name, value]] of pairs.entries()) {
      if (!own.has(name.toLowerCase()) || value === "") continue;
      const middle = Math.floor(value.length / 2);
      const flipped = value.slice(0, middle) + (value[middle] === "A" ? "B" : "A") + value.slice(middle + 1);
      expect(verify(withRequest(input, { headers: pairs.with(index, [name, flipped]) })).ok).toBe(false);
      expect(verify(withRequest(input, { headers: pairs.toSpliced(index, 1) })).ok).toBe(false);
      if (sample.provider === "mollie") continue;
      expect(verify(withRequest(input, { headers: [...pairs, [name, value]] }))).toMatchObject({
        reason: "duplicate_header",
      });
    }
  });

  const timed = rows.filter(({ sample }) => (findProvider(sample.provider)?.toleranceSec ?? null) !== null);
  test.each(timed.filter(({ sample }) => sample.receiver.version !== "v2"))(
    "is refused stale, and made ahead of time: $name",
    ({ sample }) => {
      if (sample.provider === "fusionauth")
        return expect(verify({ ...sent(sample), now: new Date(now.getTime() + 86_400_000) }).ok).toBe(true);
      const offMs = Math.max(4 * 3_600, 2 * (findProvider(sample.provider)?.toleranceSec ?? 0)) * 1_000;
      const late = verify({ ...sent(sample), now: new Date(now.getTime() + offMs) });
      expect(late).toMatchObject({ ok: false, reason: "timestamp_too_old" });
      if (["monday", "google-pubsub", "wix"].includes(sample.provider)) return;
      const early = verify({ ...sent(sample), now: new Date(now.getTime() - offMs) });
      expect(early).toMatchObject({ ok: false, reason: "timestamp_too_new" });
    },
  );

  test.each(rows.filter(({ sample }) => sample.receiver.secrets !== undefined))(
    "verifies under any of several secrets, and names it: $name",
    ({ sample }) => {
      const [value] = sample.receiver.secrets ?? [];
      const [strange] = sample.stranger?.secrets ?? [];
      if (value === undefined || strange === undefined || sample.provider === "chargebee") return;
      const text = typeof value === "string" ? value : value.value;
      const secrets = [strange, { value: text, version: "new" }];
      expect(verify({ ...sent(sample), receiver: { ...sample.receiver, secrets } })).toMatchObject({
        ok: true,
        secretVersion: "new",
      });
      const ended = {
        ...sample.receiver,
        secrets: [{ value: text, version: "old", notAfter: new Date(now.getTime() - 1) }],
      };
      expect(verify({ ...sent(sample), receiver: ended })).toMatchObject({ ok: false, reason: "secret_expired" });
    },
  );
});
