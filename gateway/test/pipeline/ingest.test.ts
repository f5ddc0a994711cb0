import { sign } from "@holdfast/verify";
import { describe, expect, it } from "vitest";
import type { Refusal } from "../../src/domain/admission.ts";
import type { Catalog, Source } from "../../src/domain/catalog.ts";
import { DEFAULT_SOURCE_POLICY } from "../../src/domain/source-policy.ts";
import type { ArrivalOutcome, IngestDeps, RecordOutcome } from "../../src/pipeline/ingest.ts";
import { ingest } from "../../src/pipeline/ingest.ts";
import type { EventDraft } from "../../src/pipeline/record-event.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { NOW, arrivalOf, destinationRow, readyOf, routeRow, secretOf } from "../support/catalog-rows.ts";

interface Given {
  readonly source?: Partial<Source>;
  readonly catalog?: Partial<Catalog>;
  readonly body?: string;
  readonly secret?: string;
  readonly refusal?: Refusal;
  readonly recorded?: ArrivalOutcome;
}

/** What became of one request, and everything that was asked of others on the way. */
async function take(given: Given = {}) {
  const ready = readyOf(given.source, given.catalog);
  const request = { method: "POST", url: "/in/k", headers: [], body: Buffer.from(given.body ?? '{"id":"evt_1"}') };
  const { provider } = ready.source;
  const receiver = { secrets: [given.secret ?? secretOf("pay")] };
  const headers = sign({ provider, receiver, request, now: NOW });
  const said: unknown[] = [];
  const known = (draft: EventDraft) => Buffer.from(draft.eventKey).toString();
  const deps: IngestDeps = {
    findKey: () => ({ kind: "unavailable" }),
    clock: { now: () => NOW, monotonicMs: () => 0 },
    publicUrl: null,
    admit: (_ready, draft) => {
      said.push(["admit", known(draft)]);
      return given.refusal ?? null;
    },
    record: async (drafts) => {
      said.push(["record", ...drafts.map(known)]);
      return given.recorded ?? { ok: true, value: drafts.map((_, i) => ({ kind: "recorded", eventId: String(i) })) };
    },
    observe: (_ready, _arrival, draft, outcome: RecordOutcome) => said.push(["observe", known(draft), outcome]),
    confirm: (source, url) => said.push(["confirm", source, url]),
    onFilterFault: () => {},
    signers: { suspects: () => [], mayTry: () => false },
    rejections: { keep: (_ready, _arrival, reason) => (said.push(["keep", reason]), "rejection") },
    random: (bytes) => Buffer.alloc(bytes),
    metrics: createMetrics("test"),
  };
  return { result: await ingest(deps, ready, arrivalOf(request.body, headers)), said };
}

describe("an arrival", () => {
  it("is let in or not before it is recorded, and told of with what became of it", async () => {
    expect(await take()).toEqual({
      result: { kind: "recorded", eventId: "0" },
      said: [
        ["admit", "id:evt_1"],
        ["record", "id:evt_1"],
        ["observe", "id:evt_1", { ok: true, value: { kind: "recorded", eventId: "0" } }],
      ],
    });
    const refusal: Refusal = { cause: "throttle", isThrottled: true, retryAfterSec: 3, priority: "low" };
    expect(await take({ refusal })).toEqual({ result: { kind: "refused", refusal }, said: [["admit", "id:evt_1"]] });
    const recorded = { ok: false, cause: "queue_full" } as const;
    const full = await take({ recorded });
    expect(full.result).toEqual({ kind: "unavailable", cause: "queue_full" });
    expect(full.said.at(-1)).toEqual(["observe", "id:evt_1", recorded]);
  });

  it("that nobody here signed is kept as rejected, unless a secret that cannot be read may have signed it", async () => {
    const secret = secretOf("else");
    const { result, said } = await take({ secret });
    const reason = "signature_mismatch";
    expect(result).toEqual({ kind: "rejected", rejectionId: "rejection", reason, fault: "not_genuine" });
    expect(said).toEqual([["keep", "signature_mismatch"]]);
    const source = { receiverUnreadable: ["clientSecret"] };
    expect(await take({ secret, source })).toEqual({ result: { kind: "unavailable", cause: "secrets" }, said: [] });
  });

  it("that checks the URL is answered, and is no event", async () => {
    const body = JSON.stringify({ type: "url_verification", challenge: "c1", token: "t" });
    const { result, said } = await take({ source: { provider: "slack" }, body });
    expect([result, said]).toEqual([expect.objectContaining({ kind: "handshake", status: 200 }), []]);
  });

  it("that checks the URL with a signature is not told to be wrong while a secret cannot be read", async () => {
    const body = '{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0m3r4nd0m"}';
    const check = (source: Partial<Source>, secret = secretOf("pay")) =>
      take({ source: { provider: "xero", ...source }, body, secret });
    const refused = { result: { kind: "handshake", status: 401 }, said: [] };
    expect(await check({}, secretOf("else"))).toMatchObject(refused);
    const lost = { version: "v2", state: "active", value: null, notAfter: null, retiredAt: null } as const;
    const held = { version: "v1", state: "retiring", value: secretOf("pay"), notAfter: null, retiredAt: null } as const;
    expect(await check({ secrets: [lost] })).toEqual({ result: { kind: "unavailable", cause: "secrets" }, said: [] });
    expect(await check({ secrets: [lost, held] }, secretOf("else"))).toMatchObject({ result: { kind: "unavailable" } });
    expect(await check({ secrets: [lost, held] })).toMatchObject({ result: { kind: "handshake", status: 200 } });
    expect(await check({ secrets: [{ ...lost, state: "retired" }, held] }, secretOf("else"))).toMatchObject(refused);
  });

  it("asks nobody for a visit where nothing is to be visited", async () => {
    const policy = { ...DEFAULT_SOURCE_POLICY, confirmSubscriptions: true };
    expect((await take({ source: { policy } })).said.map((one) => (one as [string])[0])).toEqual([
      "admit",
      "record",
      "observe",
    ]);
  });

  it.each([[["open", "click"]], [["click", "open"]]])(
    "of several events is let in by the most urgent of them, the first of these: %j",
    async (types) => {
      const source = { provider: "line", policy: { ...DEFAULT_SOURCE_POLICY, batch: "item" as const } };
      const catalog = {
        destinations: [destinationRow("a"), destinationRow("b")],
        routes: [
          routeRow("pay", "a", { eventTypes: ["click"], priority: 3 }),
          routeRow("pay", "b", { eventTypes: ["click"], priority: 1 }),
          routeRow("pay", "a", { eventTypes: ["open"], priority: 2, id: "open" }),
        ],
      };
      const events = [...types, "click"].map((type, i) => ({ webhookEventId: `e${i}`, type }));
      const { said } = await take({ source, catalog, body: JSON.stringify({ destination: "d", events }) });
      const recorded = said.find((one) => (one as string[])[0] === "record") as string[];
      expect(recorded).toHaveLength(4);
      expect(said[0]).toEqual(["admit", recorded[1 + types.indexOf("click")]]);
    },
  );
});
