import { describe, expect, test } from "vitest";
import { verify } from "../src/index.ts";
import { arrivalOf } from "./arrivals.ts";
import { expectOneEvent, expectTwoEvents } from "./ledger-keys.ts";
import { withHeader, withoutHeader } from "./samples.ts";

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
