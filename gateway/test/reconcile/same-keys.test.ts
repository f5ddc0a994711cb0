import { randomBytes } from "node:crypto";
import { findProvider, sign, verify } from "@holdfast/verify";
import { describe, expect, it } from "vitest";
import { draftEvent } from "../../src/pipeline/draft-event.ts";
import type { ListedEvent } from "../../src/pipeline/draft-listed-event.ts";
import { draftListedEvent } from "../../src/pipeline/draft-listed-event.ts";
import { openPipeline } from "../support/keyed-pipeline.ts";

const SECRET = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
const NOW = new Date("2026-11-01T00:00:00Z");

interface Case {
  readonly provider: string;
  readonly id: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body: string;
  readonly key?: string;
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
];

const listedOf = ({ id, headers = [], body, key = `id:${id}` }: Case): ListedEvent => ({
  eventKey: key,
  providerEventId: id,
  eventType: null,
  occurredAt: null,
  headers: [["content-type", "application/json"], ...headers],
  body: Buffer.from(body),
});

/** What the live path records for the same request. */
function liveOf(one: Case) {
  const { ready } = openPipeline(one.provider, {});
  const receiver = { secrets: [SECRET] };
  const listed = listedOf(one);
  const request = { method: "POST", url: "http://door.test/", headers: listed.headers, body: listed.body };
  const headers = [...listed.headers, ...sign({ provider: one.provider, receiver, request, now: NOW })];
  const verdict = verify({ provider: one.provider, receiver, request: { ...request, headers }, now: NOW });
  if (!verdict.ok) throw new Error(JSON.stringify(verdict));
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
