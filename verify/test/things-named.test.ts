import { describe, expect, test } from "vitest";
import { identifyUnsigned, verify } from "../src/index.ts";
import { arrivalOf } from "./arrivals.ts";
import { codedSampleOf, sent } from "./coded-samples.ts";
import { expectOneEvent, expectTwoEvents } from "./ledger-keys.ts";
import { now, withHeader, withoutHeader } from "./samples.ts";

describe("Recurly, in whose bodies the id is that of the account, the invoice or the subscription", () => {
  const told = (id: string, more: object = {}, laterMs = 0) =>
    arrivalOf("recurly", {
      headers: { "recurly-notification-id": id },
      body: JSON.stringify({
        id: "r3oplsj3zo7a",
        object_type: "account",
        event_type: "updated",
        event_time: "2024-05-06T07:08:00Z",
        ...more,
      }),
      laterMs,
    });
  const first = told("n1");

  test("all that is told of one account is several events, also within one second", () => {
    expectTwoEvents(told("n0", { event_type: "created" }), first);
    expectTwoEvents(first, told("n2", { event_time: "2024-05-07T07:08:00Z" }));
    expectTwoEvents(first, told("n2", {}, 1));
  });

  test("a retry, which is signed anew, is no new event, and neither is a captured request under another id or under none", () => {
    expectOneEvent(first, told("n1", {}, 3_600_000));
    expectOneEvent(first, withHeader(first, "recurly-notification-id", "n2"));
    expectOneEvent(first, withoutHeader(first, "recurly-notification-id"));
  });

  test("without an id they are several as well", () => {
    const bare = (more: object, laterMs = 0) => withoutHeader(told("n1", more, laterMs), "recurly-notification-id");
    expectTwoEvents(bare({ event_type: "created" }), bare({}));
    expectTwoEvents(bare({}), bare({}, 1));
    expectOneEvent(bare({}), bare({}));
  });

  test("their type says what kind of thing it is", () => {
    expect(verify(first)).toMatchObject({ ok: true, eventId: "n1", eventType: "account.updated" });
    const invoice = told("n1", { object_type: "charge_invoice", event_type: "paid" });
    expect(verify(invoice)).toMatchObject({ eventType: "charge_invoice.paid" });
  });
});

describe("Mercado Pago, in whose bodies the id may be that of the order", () => {
  const sample = codedSampleOf("mercadopago");
  const [bare = ""] = sample.url.split("?");
  const told = (requestId: string, body: object, dataId: string | null = null, laterMs = 0) =>
    sent(
      {
        ...sample,
        url: dataId === null ? bare : `${bare}?data.id=${dataId}`,
        headers: [["x-request-id", requestId]],
        body: JSON.stringify(body),
      },
      new Date(now.getTime() + laterMs),
    );
  const type = "topic_merchant_order_wh";
  const opened = { action: "create", id: "23603350837", status: "opened", type, version: 0 };
  const closed = { ...opened, action: "update", status: "closed", version: 1 };

  test.each([null, "23603350837"])("each change of an order is an event (data.id %s)", (dataId) => {
    const first = told("r1", opened, dataId);
    expectTwoEvents(first, told("r2", closed, dataId));
    expectOneEvent(first, first);
    expect(verify(first)).toMatchObject({ ok: true, eventId: "23603350837", eventType: "create" });
  });

  test("a captured request around another change, or another order, is the one that was captured", () => {
    const first = told("r1", opened, "23603350837");
    for (const body of [closed, { ...opened, id: "23603350838" }, { ...opened, type: "payment", id: 1 }])
      expectOneEvent(first, { ...first, request: { ...first.request, body: Buffer.from(JSON.stringify(body)) } });
  });

  test("whatever else names its resource by the id is known in the same way", () => {
    const body = { action: "updated", id: "2c9380", type: "subscription_preapproval" };
    expectTwoEvents(told("r1", body, "2c9380"), told("r2", body, "2c9380"));
  });

  test("a payment's notification is known by its own id", () => {
    const body = { action: "payment.updated", id: 112233445566, type: "payment", data: { id: "1234567890" } };
    const first = told("r1", body, "1234567890");
    expectOneEvent(first, told("r2", body, "1234567890", 900_000));
    expectTwoEvents(first, told("r2", { ...body, id: 112233445567 }, "1234567890"));
  });

  test("a log that lists a change of an order names no key of it", () => {
    const request = (body: object) => ({ url: bare, headers: [], body: Buffer.from(JSON.stringify(body)) });
    const identified = (body: object) =>
      identifyUnsigned({ provider: "mercadopago", request: { method: "POST", ...request(body) } });
    expect(identified(opened)).toBeNull();
    expect(identified({ ...opened, type: "payment" })).toMatchObject({ eventId: "23603350837" });
  });
});

test("Modern Treasury's webhooks have their id in the header that its documentation names", () => {
  const told = (id: string) => arrivalOf("modern-treasury", { headers: { "X-Webhook-ID": id } });
  expect(verify(told("w1"))).toMatchObject({ ok: true, eventId: "w1" });
  expectOneEvent(told("w1"), told("w2"));
  expectOneEvent(told("w1"), withoutHeader(told("w1"), "X-Webhook-ID"));
});
