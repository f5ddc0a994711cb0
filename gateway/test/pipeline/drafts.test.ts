import { createHash } from "node:crypto";
import type { Verified } from "@holdfast/verify";
import { describe, expect, it } from "vitest";
import type { Source } from "../../src/domain/catalog.ts";
import { placeKey } from "../../src/domain/bucket.ts";
import { bucketOf, timeOf } from "../../src/domain/id.ts";
import { DEFAULT_SOURCE_POLICY } from "../../src/domain/source-policy.ts";
import type { Arrival, ReadySource } from "../../src/pipeline/arrival.ts";
import { draftEvent } from "../../src/pipeline/draft-event.ts";
import { eventOfDraft } from "../../src/pipeline/leased-delivery.ts";
import { GENUINE, NOW, arrivalOf, counting, destinationRow, readyOf, routeRow } from "../support/catalog-rows.ts";

const draft = (ready: ReadySource, arrival: Arrival, verdict: Partial<Verified> = {}) =>
  draftEvent(ready, arrival, { ...GENUINE, ...verdict }, counting());

/** The deliveries of one event of `pay` by these routes, and the faults of their filters. */
function deliver(routes: readonly (readonly [to: string, more: object])[], options: DeliverOptions = {}) {
  const { body = "{}", headers = [], type = "invoice.paid", source = {}, destination = {} } = options;
  const names = [...new Set(routes.map(([to]) => to))];
  const ready = readyOf(source, {
    destinations: names.map((name) => destinationRow(name, destination)),
    routes: routes.map(([to, { when = null, orderBy = null, ...more }, i]: readonly [string, RouteMore, number?]) =>
      routeRow("pay", to, { policy: { when, orderBy }, name: `${to} ${i ?? ""}`.trim(), ...more }),
    ),
  });
  const faults: string[] = [];
  const note = ({ name }: { readonly name: string }, fault: string): void => void faults.push(`${name}: ${fault}`);
  const verdict = { ...GENUINE, eventType: type };
  const { deliveries } = draftEvent(ready, arrivalOf(body, headers), verdict, counting(), note, () => 7);
  return { deliveries, faults };
}
interface RouteMore {
  readonly when?: string | null;
  readonly orderBy?: string | null;
}
interface DeliverOptions {
  readonly body?: string;
  readonly headers?: Arrival["headers"];
  readonly type?: string | null;
  readonly source?: Partial<Source>;
  readonly destination?: object;
}

describe("what is recorded of an event", () => {
  it("is what came and what was found out, under ids that carry its place", () => {
    const occurredAt = new Date(1);
    const signedAt = new Date(2);
    const contentKey = Buffer.from("sha256:1");
    const arrival = arrivalOf("body", [["A", "b"]]);
    const { id, ...found } = draft(readyOf(), arrival, { occurredAt, signedAt, contentKey, payloadVersion: "2026-01" });
    const place = placeKey("pay", GENUINE.eventKey);
    expect([bucketOf(id), timeOf(id)]).toEqual([place.bucket, NOW.getTime()]);
    expect(found).toEqual({
      bucket: place.bucket,
      tenant: "default",
      sourceId: "pay",
      keys: [place, placeKey("pay", contentKey, 1)],
      eventKey: GENUINE.eventKey,
      providerEventId: "evt_1",
      eventType: "invoice.paid",
      payloadVersion: "2026-01",
      occurredAt,
      signedAt,
      receivedAt: NOW,
      verifiedBy: "signature",
      secretVersion: "v1",
      method: "POST",
      url: "/in/k",
      remoteAddress: "192.0.2.1",
      headers: Buffer.from('[["A","b"]]'),
      body: arrival.body,
      bodySha256: createHash("sha256").update("body").digest(),
      deliveries: [],
    });
    const { keys, providerEventId, eventType, payloadVersion } = draft(readyOf(), arrival, {
      eventId: null,
      eventType: null,
    });
    expect([keys, providerEventId, eventType, payloadVersion]).toEqual([[place], null, null, null]);
  });

  it("is the event that would be read back, unless its headers could not be", () => {
    const drafted = draft(readyOf(), arrivalOf("body", [["A", "b"]]));
    const { id, sourceId, eventType, occurredAt, receivedAt, body } = drafted;
    const event = { id, sourceId, eventType, occurredAt, receivedAt, body, headers: [["A", "b"]] };
    expect(eventOfDraft(drafted)).toEqual(event);
    expect(eventOfDraft({ ...drafted, headers: Buffer.from("{}") })).toBeNull();
  });

  it("is text that a column takes: well-formed, without NUL, and not too long", () => {
    const odd = `a\u0000\u{1f600}${"x".repeat(600)}`;
    const { url, ...found } = draft(
      readyOf(),
      { ...arrivalOf(""), url: `/\ud800${"u".repeat(5_000)}` },
      {
        eventId: odd,
        eventType: odd,
        payloadVersion: odd,
      },
    );
    expect(draft(readyOf(), arrivalOf(""), { eventId: "a\u0000" }).providerEventId).toBe("a\uFFFD");
    const kept = `a\uFFFD\u{1f600}${"x".repeat(508)}`;
    expect([found.providerEventId, found.eventType, found.payloadVersion]).toEqual([kept, kept, kept]);
    expect(url).toBe(`/\uFFFD${"u".repeat(4_094)}`);
  });

  it("holds no credential: neither those of HTTP nor the provider's own token", () => {
    const names = ["Authorization", "cookie", "Proxy-Authorization", "Set-Cookie", "X-Gitlab-Token", "X-Other"];
    const arrival = arrivalOf(
      "{}",
      names.map((name) => [name, "value"]),
    );
    const kept = (provider: string) =>
      (JSON.parse(Buffer.from(draft(readyOf({ provider }), arrival).headers).toString()) as string[][]).map(
        ([name, value]) => (value === "value" ? name : `${name} ${value}`),
      );
    const redacted = names.slice(0, 4).map((name) => `${name} [redacted]`);
    expect(kept("gitlab")).toEqual([...redacted, "X-Gitlab-Token [redacted]", "X-Other"]);
    for (const provider of ["github", "gone-provider"])
      expect(kept(provider)).toEqual([...redacted, "X-Gitlab-Token", "X-Other"]);
  });

  it.each([
    ["0001-01-01T00:00:00Z", true],
    ["0000-12-31T23:59:59Z", false],
    ["9999-12-31T23:59:59Z", true],
    ["+010000-01-01T00:00:00Z", false],
  ])("is a time that the database holds, else none: %s", (text, isKept) => {
    const date = new Date(text);
    expect(draft(readyOf(), arrivalOf(""), { occurredAt: date, signedAt: date })).toMatchObject({
      occurredAt: isKept ? date : null,
      signedAt: isKept ? date : null,
    });
  });
});

describe("the deliveries of an event", () => {
  it("are one for each destination that a route of its type names, the most urgent where several do", () => {
    const { deliveries } = deliver([
      ["crm", { eventTypes: ["invoice.*"], priority: 2 }],
      ["crm", { priority: 1 }],
      ["crm", { priority: 3, eventTypes: ["invoice.paid"] }],
      ["mail", { eventTypes: ["customer.*"] }],
      ["audit", {}],
    ]);
    expect(deliveries.map(({ destinationId, priority, trigger }) => [destinationId, priority, trigger])).toEqual([
      ["crm", 1, "live"],
      ["audit", DEFAULT_SOURCE_POLICY.priority, "live"],
    ]);
    expect(new Set(deliveries.map(({ id }) => id)).size).toBe(2);
    expect(deliver([["crm", { eventTypes: ["a"] }]])).toEqual({ deliveries: [], faults: [] });
  });

  it("are made where a filter is true; one that cannot be worked out is told and means nothing", () => {
    const body = '{"amount":7}';
    const routes = [
      ["big", { when: "event.body.amount > 100" }],
      ["small", { when: "event.body.amount <= 100" }],
      ["odd", { when: "event.body.nothing > 1" }],
    ] as const;
    const { deliveries, faults } = deliver(routes, { body });
    expect(deliveries.map(({ destinationId }) => destinationId)).toEqual(["small"]);
    expect(faults).toEqual([expect.stringMatching(/^odd: .*nothing/)]);
    expect(deliver([["old", { when: "((" }]], { body })).toEqual({
      deliveries: [],
      faults: [expect.stringMatching(/^old: (?!undefined)/)],
    });
    const ready = readyOf({}, { destinations: [destinationRow("odd")], routes: [routeRow("pay", "odd", { policy: { when: "event.body.nothing > 1", orderBy: null } })] }); // prettier-ignore
    expect(draft(ready, arrivalOf(body)).deliveries).toEqual([]);
  });

  it("keep an order where either of two routes to one destination does, with the event's place in it", () => {
    const orderBy = "body:/account";
    const body = `{"account":"${"a".repeat(300)}"}`;
    const key = "a".repeat(256);
    const ordered = { heldReason: "ordered", order: { key, at: 7 } };
    for (const routes of [
      [["crm", { orderBy }]],
      [
        ["crm", { orderBy }],
        ["crm", { priority: 1 }],
      ],
      [
        ["crm", {}],
        ["crm", { orderBy }],
      ],
    ] as const)
      // prettier-ignore
      expect(deliver(routes, { body }).deliveries).toMatchObject([ordered]);
    const both = [["crm", { orderBy }], ["crm", { orderBy: "type", priority: 1 }]] as const; // prettier-ignore
    expect(deliver(both, { body }).deliveries).toMatchObject([{ ...ordered, priority: 1 }]);
    for (const none of ["{}", '{"account":""}', '{"account":{}}'])
      expect(deliver([["crm", { orderBy }]], { body: none }).deliveries).toMatchObject([
        { heldReason: null, order: null },
      ]);
    const ready = readyOf({}, { destinations: [destinationRow("crm")], routes: [routeRow("pay", "crm", { policy: { when: null, orderBy: "source" } })] }); // prettier-ignore
    expect(draft(ready, arrivalOf("")).deliveries).toMatchObject([
      { order: { key: "pay", at: NOW.getTime() * 1_000 } },
    ]);
  });

  it("wait from the start where their destination takes nothing, unless they wait for their turn", () => {
    const destination = { state: "paused" };
    expect(deliver([["crm", {}]], { destination }).deliveries).toMatchObject([{ heldReason: "destination_paused" }]);
    expect(deliver([["crm", { orderBy: "type" }]], { destination }).deliveries).toMatchObject([
      { heldReason: "ordered" },
    ]);
  });

  it.each([
    ["type", "default/invoice.paid"],
    ["source", "default/pay"],
    ["header:x-account", "default/acct"],
    ["header:x-none", "default"],
    ["body:/a", `default/${"l".repeat(128)}`],
    [null, "default"],
  ])("are in the lane that their source's selector finds: %s", (lane, expected) => {
    const source = { policy: { ...DEFAULT_SOURCE_POLICY, lane, laneWeight: 5 } };
    const headers = [["X-Account", "acct"], ["x-account", "later"]] as const; // prettier-ignore
    const { deliveries } = deliver([["crm", {}]], { source, headers, body: `{"a":"${"l".repeat(200)}"}` });
    expect(deliveries).toMatchObject([{ lane: expected, laneWeight: 5 }]);
  });
});
