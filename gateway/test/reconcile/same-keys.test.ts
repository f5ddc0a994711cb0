import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VerifyInput } from "@holdfast/verify";
import { findProvider, sign, verify } from "@holdfast/verify";
import { describe, expect, it, onTestFinished } from "vitest";
import { placeKey } from "../../src/domain/bucket.ts";
import { draftEvent } from "../../src/pipeline/draft-event.ts";
import type { ListedEvent } from "../../src/pipeline/draft-listed-event.ts";
import { draftListedEvent, nameListed } from "../../src/pipeline/draft-listed-event.ts";
import { codedSampleOf, sent } from "../../../verify/test/coded-samples.ts";
import { openPipeline } from "../support/keyed-pipeline.ts";
import { openBench } from "../support/reconcile-bench.ts";

const SECRET = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
const NOW = new Date("2026-11-01T00:00:00Z");

interface Case {
  readonly provider: string;
  readonly id: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body: string;
  readonly key?: string;
  /** Signed as the verification library's sample is, with the provider's own key. */
  readonly isSample?: boolean;
}

/** What each provider's log would say of an event whose request is known. */
const CASES: readonly Case[] = [
  {
    provider: "stripe",
    id: "evt_1",
    body: '{"id":"evt_1","object":"event","type":"invoice.paid","created":1793491200}',
  },
  {
    provider: "github",
    id: "0f1e-guid",
    headers: [
      ["X-GitHub-Delivery", "0f1e-guid"],
      ["X-GitHub-Event", "push"],
    ],
    body: '{"ref":"main"}',
  },
  { provider: "svix", id: "msg_1", headers: [["svix-id", "msg_1"]], body: '{"type":"user.made"}' },
  { provider: "standard-webhooks", id: "msg_2", headers: [["webhook-id", "msg_2"]], body: '{"type":"user.made"}' },
  {
    provider: "shopify",
    id: "e-5",
    headers: [
      ["X-Shopify-Event-Id", "e-5"],
      ["X-Shopify-Webhook-Id", "e-5"],
      ["X-Shopify-Topic", "orders/paid"],
    ],
    body: '{"id":7}',
  },
  {
    provider: "azure-event-grid",
    id: "eg-1",
    body: '{"specversion":"1.0","id":"eg-1","source":"/blobs/1","type":"a.b","time":"2024-05-06T07:08:00Z"}',
    isSample: true,
  },
  {
    provider: "azure-event-grid",
    id: "eg-2",
    body: '[{"id":"eg-2","eventType":"a.b","eventTime":"2024-05-06T07:08:00Z","dataVersion":"1"}]',
    isSample: true,
  },
  {
    provider: "google-pubsub",
    id: "136969346945",
    body: '{"message":{"messageId":"136969346945","publishTime":"2024-05-06T07:08:00.1Z"},"subscription":"projects/p/subscriptions/s"}',
    isSample: true,
  },
];

const listedOf = ({ id, headers = [], body, key = `id:${id}` }: Case): ListedEvent => ({
  eventKey: key,
  providerEventId: id,
  eventType: null,
  occurredAt: null,
  headers: [["content-type", "application/json"], ...headers],
  body: Buffer.from(body),
});

function signedOf({ provider }: Case, { headers, body }: ListedEvent): VerifyInput {
  const receiver = { secrets: [SECRET] };
  const request = { method: "POST", url: "http://door.test/", headers, body };
  const added = sign({ provider, receiver, request, now: NOW });
  return { provider, receiver, request: { ...request, headers: [...headers, ...added] }, now: NOW };
}

function sampleOf({ provider, body }: Case, { headers }: ListedEvent): VerifyInput {
  return sent({ ...codedSampleOf(provider), headers, body });
}

/** What the live path records for the same request. */
function liveOf(one: Case) {
  const { ready } = openPipeline(one.provider, {});
  const listed = listedOf(one);
  const input = one.isSample === true ? sampleOf(one, listed) : signedOf(one, listed);
  const verdict = verify(input);
  if (!verdict.ok) throw new Error(JSON.stringify(verdict));
  const headers = input.request.headers as [string, string][];
  const arrival = { method: "POST", url: "/in/x", headers, body: listed.body, remoteAddress: "", receivedAt: NOW };
  return draftEvent(ready, arrival, verdict, randomBytes);
}

describe("an event that is recorded from its provider's log", () => {
  it.each(CASES)("has the ledger keys and the names of its own request: $provider", (one) => {
    const live = liveOf(one);
    const { ready } = openPipeline(one.provider, {});
    const drafted = draftListedEvent(ready, listedOf(one), NOW, randomBytes);
    if (!drafted.ok) throw new Error(drafted.detail);
    const { keys, eventKey, eventType, occurredAt, payloadVersion, providerEventId, verifiedBy } = drafted.draft;
    expect(keys).toEqual(live.keys);
    expect(Buffer.from(eventKey).toString()).toBe(Buffer.from(live.eventKey).toString());
    expect({ eventType, occurredAt, payloadVersion }).toEqual({
      eventType: live.eventType,
      occurredAt: live.occurredAt,
      payloadVersion: live.payloadVersion,
    });
    expect([providerEventId, verifiedBy]).toEqual([one.id, "provider_api"]);
    const { method, url, remoteAddress } = drafted.draft;
    expect([method, url, remoteAddress]).toEqual(["POST", `/in/${one.provider}-key`, "provider API"]);
  });

  it.each(CASES)("is looked for in the ledger by the key of its own request: $provider $id", (one) => {
    const { ready } = openPipeline(one.provider, {});
    expect(nameListed(ready, listedOf(one))).toBe(Buffer.from(liveOf(one).eventKey).toString());
    expect(nameListed(ready, { ...listedOf(one), body: null })).toBe(`id:${one.id}`);
  });

  it.each([["google-pubsub", '{"data":"only what was published"}']])(
    "is not recorded where its id counts within what the log does not tell: %s",
    (provider, body) => {
      const { ready } = openPipeline(provider, {});
      const listed = listedOf({ provider, id: "7", body });
      expect(draftListedEvent(ready, listed, NOW, randomBytes)).toMatchObject({
        ok: false,
        detail: expect.stringContaining("point the connector at the whole request"),
      });
    },
  );

  it.each([
    ["23603350837", '{"id":"23603350837","action":"update","type":"topic_merchant_order_wh","version":1}'],
    ["777", '{"id":"23603350837","action":"update","type":"topic_merchant_order_wh","version":1}'],
    ["2c93", '{"id":"2c93","type":"subscription_preapproval","data":{"id":"2c93"}}'],
  ])("is not recorded where its id is that of the thing which it tells of, and the log calls it %s", (id, body) => {
    const { ready } = openPipeline("mercadopago", {});
    const listed = listedOf({ provider: "mercadopago", id, body });
    expect(draftListedEvent(ready, listed, NOW, randomBytes)).toMatchObject({
      ok: false,
      detail: expect.stringContaining("names what it tells of"),
    });
  });

  it("goes where its own request would, and says that it was reconciled", () => {
    const { ready } = openPipeline("stripe", {});
    const route = { id: "r", name: "r", eventTypes: ["*"], priority: 2, orderBy: null, filter: null, heldReason: null };
    const routes = [
      { ...route, destinationId: "a" },
      { ...route, destinationId: "b" },
    ];
    const listed = listedOf({ provider: "stripe", id: "evt_1", body: '{"id":"evt_1"}' });
    const drafted = draftListedEvent({ ...ready, routes }, listed, NOW, randomBytes);
    if (!drafted.ok) throw new Error(drafted.detail);
    expect(drafted.draft.deliveries.map(({ destinationId, trigger }) => [destinationId, trigger])).toEqual([
      ["a", "reconcile"],
      ["b", "reconcile"],
    ]);
  });

  it.each([
    ["told by the log", new Date(NOW.getTime() - 5_000), "{}", -5],
    ["in its bytes", null, `{"created":${NOW.getTime() / 1_000 - 7}}`, -7],
    ["unknown", null, "{}", 0],
    ["told as one that is yet to come", new Date(NOW.getTime() + 5_000), "{}", 0],
  ])("stands in its order where the provider says that it happened: %s", (_what, occurredAt, body, afterSec) => {
    const { ready } = openPipeline("stripe", {});
    const orderBy = { kind: "body", path: ["id"] } as const;
    const route = { id: "r", name: "r", destinationId: "a", eventTypes: ["*"], priority: 2, filter: null };
    const routes = [{ ...route, orderBy, heldReason: null }];
    const json = JSON.stringify({ ...(JSON.parse(body) as object), id: "evt_1" });
    const listed = { ...listedOf({ provider: "stripe", id: "evt_1", body: json }), occurredAt };
    const drafted = draftListedEvent({ ...ready, routes }, listed, NOW, randomBytes);
    if (!drafted.ok) throw new Error(drafted.detail);
    const order = { key: "evt_1", at: (NOW.getTime() + afterSec * 1_000) * 1_000 };
    expect(drafted.draft.deliveries).toMatchObject([{ order }]);
  });

  it.each([
    ["whose signature the log tells too", "stripe", '{"id":"evt_1","type":"a.b"}', "id:evt_1", "a.b"],
    ["whose bytes hold no id", "stripe", '{"type":"a.b"}', "id:evt_1", "a.b"],
    ["that cannot be signed on the spot", "sendgrid", '[{"event":"a.b"}]', "id:evt_1", null],
  ])("has the key that the log tells: one %s", (_what, provider, body, key, eventType) => {
    const { ready } = openPipeline(provider, {});
    const listed = listedOf({ provider, id: "evt_1", headers: [["stripe-SIGNATURE", "t=1,v1=old"]], body });
    const drafted = draftListedEvent(ready, listed, NOW, randomBytes);
    if (!drafted.ok) throw new Error(drafted.detail);
    expect([Buffer.from(drafted.draft.eventKey).toString(), drafted.draft.eventType]).toEqual([key, eventType]);
  });

  it("is not recorded for a provider that this build does not know", () => {
    const { ready } = openPipeline("stripe", {});
    const listed = listedOf({ provider: "stripe", id: "evt_1", body: "{}" });
    const detail = "this build knows no provider stripe";
    expect(draftListedEvent({ ...ready, provider: null }, listed, NOW, randomBytes)).toEqual({ ok: false, detail });
  });

  it("has the filters that could not be worked out for it told, as one that arrives has", () => {
    const { ready } = openPipeline("stripe", {});
    const faults: string[] = [];
    const route = { id: "r", name: "paid", destinationId: "d", eventTypes: ["*"], priority: 2, orderBy: null };
    const filter = () => ({ ok: false, fault: "no such key" }) as const;
    const routed = { ...ready, routes: [{ ...route, filter, heldReason: null }] };
    const listed = listedOf({ provider: "stripe", id: "evt_1", body: '{"id":"evt_1"}' });
    const drafted = draftListedEvent(routed, listed, NOW, randomBytes, ({ name }, fault) =>
      faults.push(`${name}: ${fault}`),
    );
    expect(drafted).toMatchObject({ ok: true, draft: { deliveries: [] } });
    expect(faults).toEqual(["paid: no such key"]);
  });

  it("is found by its id alone where the log does not tell the header that carries it", () => {
    const { ready } = openPipeline("svix", {});
    const drafted = draftListedEvent(ready, listedOf({ provider: "svix", id: "msg_9", body: "{}" }), NOW, randomBytes);
    expect(drafted).toMatchObject({ ok: true, draft: { providerEventId: "msg_9" } });
    if (drafted.ok) expect(Buffer.from(drafted.draft.eventKey).toString()).toBe("id:msg_9");
  });

  it("is not recorded when its webhook would carry another id: the two would be two events", () => {
    const { ready } = openPipeline("stripe", {});
    const drafted = draftListedEvent(
      ready,
      listedOf({ provider: "stripe", id: "r".repeat(200), body: `{"id":"evt_${"1".repeat(200)}"}` }),
      NOW,
      randomBytes,
    );
    const [told, carried] = ["r".repeat(128), `id:evt_${"1".repeat(121)}`];
    expect(drafted).toEqual({
      ok: false,
      detail: `the log calls it ${told}, and the webhook of these bytes would have the key ${carried}: point the connector at the id that webhooks carry`,
    });
  });

  it("is not recorded so either where nothing can be signed on the spot", () => {
    const { ready } = openPipeline("google-pubsub", {});
    const body = '{"message":{"messageId":"8"},"subscription":"projects/p/subscriptions/s"}';
    const drafted = draftListedEvent(ready, listedOf({ provider: "google-pubsub", id: "7", body }), NOW, randomBytes);
    const detail = expect.stringMatching(
      /^the log calls it 7, and the webhook of these bytes would have the key sha256:/,
    );
    expect(drafted).toMatchObject({ ok: false, detail });
  });

  it("is not recorded where a provider's events have no id, or a request is taken apart", () => {
    const nameless = findProvider("telegram")?.identity === "none" ? "telegram" : "postmark";
    const { ready } = openPipeline(nameless, {});
    const without = { ...ready, provider: { ...ready.provider!, identity: "none" as const } };
    const listed = listedOf({ provider: nameless, id: "1", body: "{}" });
    expect(draftListedEvent(without, listed, NOW, randomBytes)).toMatchObject({
      ok: false,
      detail: expect.stringContaining("no id of their own"),
    });
    const apart = { ...ready, source: { ...ready.source, policy: { ...ready.source.policy, batch: "item" as const } } };
    expect(draftListedEvent(apart, listed, NOW, randomBytes)).toMatchObject({
      ok: false,
      detail: expect.stringContaining("takes requests of several events apart"),
    });
  });
});

it("a log whose ids are keys in another form is matched, with what an older version knew by the form of the log as well", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "holdfast-log-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const connector = { kind: "file", file: "log.csv", format: "csv", id: "id", body: "body", time: "time" };
  const bench = await openBench({ log: { source: "stripe", connector, eventTypes: ["*"], lagSec: 0 } }, dataDir);
  const at = new Date(Date.now() - 3_600_000);
  const bodyOf = (id: number): string => `{"id":${id},"type":"a.b","created":${Math.floor(at.getTime() / 1_000)}}`;
  const rows = [7, 8].map((id) => `${id},${at.toISOString()},"${bodyOf(id).replaceAll('"', '""')}"`);
  mkdirSync(join(dataDir, "imports", "default"), { recursive: true });
  writeFileSync(join(dataDir, "imports", "default", "log.csv"), ["id,time,body", ...rows, ""].join("\n"));
  for (const id of [7, 8]) expect(await bench.postStripe(bodyOf(id))).toBe(200);
  const [recorded] = await bench.query<{ id: string; source_id: string }>(
    "UPDATE holdfast.event SET event_key = 'id:8' WHERE provider_event_id = '8' RETURNING id, source_id",
  );
  const { bucket, key } = placeKey(recorded!.source_id, Buffer.from("id:8"));
  const moved = "UPDATE holdfast.dedupe SET bucket = $2, k = $3 WHERE event_id = $1 RETURNING k";
  expect(await bench.query(moved, [recorded!.id, bucket, key])).toHaveLength(1);

  const { id } = await bench.start("log", { from: new Date(at.getTime() - 3_600_000), to: new Date() });
  const sums = { listed: 2, matched: 2, missing: 0, unexplained: 0, unknown_to_provider: 0 };
  expect(await bench.carryOn(id)).toMatchObject({ state: "completed", ...sums });
  expect(await bench.query("SELECT 1 FROM holdfast.event")).toHaveLength(2);
});
