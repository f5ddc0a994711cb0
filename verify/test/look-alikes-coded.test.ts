import { describe, test } from "vitest";
import type { VerifyInput } from "../src/index.ts";
import { codedSampleOf, sent } from "./coded-samples.ts";
import { expectOneEvent, expectTwoEvents } from "./ledger-keys.ts";

/** A sample with this body, as its provider would send it. */
function arrivalOf(provider: string, body: string): VerifyInput {
  return sent({ ...codedSampleOf(provider), body });
}

describe("Adyen, which has no ids", () => {
  const notice = (fields: Record<string, string>) => {
    const own = {
      pspReference: "p1",
      merchantAccountCode: "Shop",
      eventCode: "AUTHORISATION",
      success: "true",
      ...fields,
    };
    const item = { originalReference: "", merchantReference: "", amount: { value: 0, currency: "EUR" }, ...own };
    return arrivalOf("adyen", JSON.stringify({ notificationItems: [{ NotificationRequestItem: item }] }));
  };
  const report = { eventCode: "REPORT_AVAILABLE", pspReference: "settlement_detail_report_batch_1.csv" };

  test("two merchant accounts with one reference have two events", () => {
    expectTwoEvents(notice({}), notice({ merchantAccountCode: "Other" }));
    expectTwoEvents(notice(report), notice({ ...report, merchantAccountCode: "Other" }));
  });

  test("a report that is made again under its name is an event of its own", () => {
    expectTwoEvents(notice({ ...report, eventDate: "2024-05-06" }), notice({ ...report, eventDate: "2024-05-07" }));
  });

  test("a later copy is the same event, with whatever date that nothing signs", () => {
    expectOneEvent(notice({ eventDate: "2024-05-06" }), notice({ eventDate: "2024-05-07", reason: "x" }));
    expectOneEvent(notice({ ...report, eventDate: "2024-05-06" }), notice({ ...report, eventDate: "2024-05-06" }));
  });
});
