import { findProvider } from "@holdfast/verify";
import { describe, expect, it } from "vitest";
import { DEFAULT_SOURCE_POLICY } from "../../src/domain/source-policy.ts";
import type { Arrival } from "../../src/pipeline/arrival.ts";
import { draftEvents, sumUp } from "../../src/pipeline/draft-items.ts";
import { viewEvent } from "../../src/pipeline/event-view.ts";
import { GENUINE, NOW, arrivalOf, counting, destinationRow, readyOf, routeRow } from "../support/catalog-rows.ts";

describe("an event as filters and selectors see it", () => {
  const see = (body: Uint8Array, headers: Arrival["headers"] = []) =>
    viewEvent("pay", arrivalOf(body, headers), GENUINE);

  it("has its names, and its headers by lower-case name, those of one name joined", () => {
    const headers = [["X-A", "1"], ["x-a", "2"], ["ToString", "3"], ["X-A", "4"]] as const; // prettier-ignore
    const view = see(Buffer.from("[1]"), headers);
    expect([view.source, view.type, view.header("x-a"), view.header("x-b")]).toEqual([
      "pay",
      "invoice.paid",
      "1",
      null,
    ]);
    const { headers: joined, ...rest } = view.filtered();
    expect(rest).toEqual({ type: "invoice.paid", source: "pay", id: "evt_1", occurredAt: null, body: [1] });
    expect({ ...joined }).toEqual({ "x-a": "1, 2, 4", tostring: "3" });
    expect(joined["constructor"]).toBeUndefined();
    expect(view.filtered()).toBe(view.filtered());
  });

  it("has its body parsed once, the very bytes of it, up to a mebibyte; what is no JSON is none", () => {
    const all = Buffer.from('xx{"a":1}yy');
    const view = see(all.subarray(2, 9));
    expect(view.body()).toEqual({ a: 1 });
    expect(view.filtered().body).toBe(view.body());
    expect(see(Buffer.from("{")).body()).toBeNull();
    const large = Buffer.from(`"${"x".repeat(1_048_574)}"`);
    expect(see(large).body()).toHaveLength(1_048_574);
    expect(see(Buffer.concat([large, Buffer.from(" ")])).body()).toBeNull();
  });
});

describe("a request of several events", () => {
  const ITEMS = [
    '{"sg_event_id":"a","event":"open"}',
    '{"sg_event_id":"b","event":"click"}',
    '{"sg_event_id":"a","event":"open"}',
    '{"sg_event_id":"b","event":"click"}',
    '{"sg_event_id":"c","event":"open"}',
  ];
  const signs = (provider: string) => findProvider(provider)!.securityHeaders.map((name) => [name, "x"] as const);
  const WHOLE = { ...GENUINE, eventId: null, eventKey: Buffer.from("sha256:whole"), signedAt: NOW };
  const split = (provider: string, arrival: Arrival, batch: "event" | "item" = "item") =>
    draftEvents(
      { random: counting(), publicUrl: null },
      readyOf({ provider, policy: { ...DEFAULT_SOURCE_POLICY, batch } }),
      { ...arrival, headers: [...arrival.headers, ...signs(provider)] },
      WHOLE,
    ).map(({ body, providerEventId, eventType, verifiedBy, signedAt, headers }) => ({
      body: Buffer.from(body).toString(),
      names: [providerEventId, eventType, verifiedBy, signedAt],
      headers: (JSON.parse(Buffer.from(headers).toString()) as unknown[]).slice(
        0,
        -signs(provider).length || undefined,
      ),
    }));

  it("is an event for each item, none told twice, where its source asks for that", () => {
    const arrival = arrivalOf(`[${ITEMS.join()}]`, [["Content-Type", "Application/vnd.a+JSON; charset=utf-8"]]);
    const found = split("sendgrid", arrival);
    expect(found.map(({ body }) => body)).toEqual([ITEMS[0], ITEMS[1], ITEMS[4]]);
    expect(found[1]!.names).toEqual(["b", "click", "batch_signature", NOW]);
    expect(found[1]!.headers).toEqual([["Content-Type", "Application/vnd.a+JSON; charset=utf-8"]]);
    const plain = arrivalOf(`[${ITEMS.join()}]`, [["content-type", "application/json; charset=utf-8"]]);
    expect(split("sendgrid", plain)[0]!.headers).toEqual([["content-type", "application/json; charset=utf-8"]]);
    // An id is told twice with other contents: the provider calls both one event.
    const twice = '[{"id":"a","eventType":"x","subject":"1"},{"id":"a","eventType":"x","subject":"2"}]';
    expect(split("azure-event-grid", arrivalOf(twice))).toHaveLength(1);
    const [one, ...others] = split("sendgrid", arrival, "event");
    expect([one!.body, others]).toEqual([`[${ITEMS.join()}]`, []]);
    expect(one!.names).toEqual([null, "invoice.paid", "signature", NOW]);
    expect(split("sendgrid", arrivalOf("{}")).map(({ body }) => body)).toEqual(["{}"]);
    expect(split("stripe", arrivalOf("[{},{}]"))).toHaveLength(1);
  });

  it("has items that keep the order in which they stand in it, whenever they are drafted", () => {
    const arrival = arrivalOf(`[${ITEMS.join()}]`, signs("sendgrid"));
    const routes = [routeRow("pay", "crm", { policy: { when: null, orderBy: "body:/event" } })];
    const policy = { ...DEFAULT_SOURCE_POLICY, batch: "item" as const };
    const ready = readyOf({ provider: "sendgrid", policy }, { destinations: [destinationRow("crm")], routes });
    const drafts = draftEvents({ random: counting(), publicUrl: null }, ready, arrival, WHOLE);
    const since = NOW.getTime() * 1_000;
    expect(drafts.map(({ deliveries }) => deliveries[0]!.order)).toEqual([
      { key: "open", at: since },
      { key: "click", at: since + 1 },
      { key: "open", at: since + 4 },
    ]);
  });

  it("has items whose bytes are their own: one of them that waits keeps no more in memory than it is counted for", () => {
    const arrival = arrivalOf(`[${ITEMS.join()}]`, signs("sendgrid"));
    const ready = readyOf({ provider: "sendgrid", policy: { ...DEFAULT_SOURCE_POLICY, batch: "item" } });
    const drafts = draftEvents({ random: counting(), publicUrl: null }, ready, arrival, WHOLE);
    for (const { body } of drafts) expect(body.buffer.byteLength).toBe(body.length);
    // What is one event is the request's bytes, and is not copied.
    const whole = draftEvents({ random: counting(), publicUrl: null }, readyOf(), arrival, WHOLE);
    expect(whole[0].body).toBe(arrival.body);
  });

  it.each(["application/x-www-form-urlencoded", "application/jsonl", "text/application/json", "application/xjson"])(
    "has items that are JSON, whatever it is itself: %s",
    (type) => {
      const body = `mandrill_events=${encodeURIComponent('[{"_id":"m1"},{"_id":"m2"}]')}`;
      const headers = [["content-type", type], ["x-kind", type]] as const; // prettier-ignore
      const found = split("mandrill", arrivalOf(body, headers));
      expect(found.map((item) => item.body)).toEqual(['{"_id":"m1"}', '{"_id":"m2"}']);
      for (const item of found) expect(item.headers).toEqual([["content-type", "application/json"], ["x-kind", type]]); // prettier-ignore
    },
  );

  it("is summed up by its events: a duplicate when all are, and nothing is not an outcome", () => {
    const known = { kind: "duplicate", eventId: "1" } as const;
    const fresh = { kind: "recorded", eventId: "2" } as const;
    expect([sumUp([known]), sumUp([fresh])]).toEqual([known, fresh]);
    expect(sumUp([known, fresh])).toEqual({
      kind: "recorded",
      eventId: "1",
      items: { eventIds: ["1", "2"], duplicates: 1 },
    });
    expect(sumUp([known, known])).toMatchObject({ kind: "duplicate", items: { duplicates: 2 } });
    expect(() => sumUp([])).toThrow("at least one event");
  });
});
