import { sign } from "@holdfast/verify";
import { describe, expect, it } from "vitest";
import type { SecretVersion } from "../../src/domain/catalog.ts";
import type { StoredArrival } from "../../src/recovery/verify-stored.ts";
import { verifyStoredEvent, verifyStoredRejection } from "../../src/recovery/verify-stored.ts";
import { NOW, arrivalOf, readyOf, secretOf } from "../support/catalog-rows.ts";

const earlier = new Date(NOW.getTime() - 300);
const deps = {
  publicUrl: null,
  clock: { now: () => NOW, monotonicMs: () => 0 },
  findKey: async () => ({ kind: "unavailable" }) as const,
};

/** A request that came 0.3 s after the end of its secret, as it is stored. */
function stored(): StoredArrival {
  const arrival = arrivalOf('{"id":"evt_1","type":"invoice.paid"}');
  const receiver = { secrets: [secretOf("old")] };
  const headers = sign({ provider: "stripe", receiver, request: arrival, now: NOW });
  return { ...arrival, headers: Buffer.from(JSON.stringify(headers)), body: Buffer.from(arrival.body) };
}

function readyWith(old: Partial<SecretVersion>) {
  const base = { notAfter: null, retiredAt: null };
  return readyOf({
    secrets: [
      { ...base, version: "new", state: "active", value: secretOf("new") },
      { ...base, version: "old", state: "active", value: secretOf("old"), ...old },
    ],
  });
}

/** Processes learn of a change one after the other, and by clocks of their own: one may verify a moment after the end. */
const ends: [string, Partial<SecretVersion>][] = [
  ["was retired", { state: "retired", retiredAt: earlier }],
  ["ended by its overlap", { state: "retired", notAfter: earlier, retiredAt: earlier }],
  ["is past its end, and not retired yet", { state: "retiring", notAfter: earlier }],
];

describe.each(ends)("an event that came a moment after its secret %s", (_how, old) => {
  const judge = (secretVersion: string) =>
    verifyStoredEvent(deps, readyWith(old), stored(), {
      verifiedBy: "signature",
      secretVersion,
      eventKey: Buffer.from("id:evt_1"),
    });

  it("verifies in a replay as it did at its receipt, with the version that is recorded", async () => {
    expect(await judge("old")).toMatchObject({ ok: true, verdict: { secretVersion: "old" } });
  });

  it("does not where another version is recorded, nor as a rejection", async () => {
    expect(await judge("new")).toMatchObject({ ok: false });
    expect(await verifyStoredRejection(deps, readyWith(old), stored())).toMatchObject({ ok: false });
  });
});
