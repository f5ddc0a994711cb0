import { describe, expect, test } from "vitest";
import { splitBatch, verify } from "../src/index.ts";
import type { VerifyInput } from "../src/index.ts";
import { codedSampleOf, sent } from "./coded-samples.ts";
import { expectOneEvent, expectTwoEvents, keysOf } from "./ledger-keys.ts";
import { now } from "./samples.ts";

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

/** The keys of the items of a genuine request. */
function itemKeysOf(input: VerifyInput): string[] {
  const verdict = verify(input);
  const items = verdict.ok ? (splitBatch(input, verdict) ?? []) : [];
  return items.map(({ eventKey }) => Buffer.from(eventKey).toString());
}

describe.each([
  [
    "mandrill",
    (item: string) => `mandrill_events=${encodeURIComponent(item).replaceAll("%20", "+")}`,
    {
      known: '{"_id":"m1","event":"open","ts":1714979280}',
      nameless: '{"event":"inbound","ts":1714979280,"msg":{"n":1}}',
    },
  ],
  [
    "hubspot",
    (item: string) => item,
    { known: '{"eventId":1,"occurredAt":1714979280000,"n":1}', nameless: '{"occurredAt":1714979280000,"n":1}' },
  ],
  [
    "mandrill",
    (item: string) => `mandrill_events=${encodeURIComponent(item).replaceAll("%20", "+")}`,
    {
      known: '{"_id":"m1","event":"open","ts":1714979280}',
      nameless: '{"_id":null,"event":"inbound","ts":1714979280,"msg":{"n":1}}',
    },
  ],
])("%s, of whose items some may have no id", (provider, wrap, { known, nameless }) => {
  const batchOf = (...items: string[]) => arrivalOf(provider, wrap(`[${items.join(",")}]`));
  const another = nameless.replace('"n":1', '"n":2');

  test("two of them in one second are two events, alone and beside an item with an id", () => {
    expectTwoEvents(batchOf(nameless), batchOf(another));
    expectTwoEvents(batchOf(known, nameless), batchOf(known, another));
    expectOneEvent(batchOf(known, nameless), batchOf(known, nameless));
  });

  test("and so they are where a request is taken apart", () => {
    const [first = [], second = []] = [batchOf(known, nameless), batchOf(known, another)].map(itemKeysOf);
    expect(new Set([...first, ...second]).size).toBe(3);
    expect(first[0]).toBe(second[0]);
  });
});

describe("a retry of Mailgun, which comes with the signature of the first try", () => {
  const first = sent(codedSampleOf("mailgun"));
  const after = (sec: number): VerifyInput => ({ ...first, now: new Date(first.now.getTime() + sec * 1_000) });

  test.each([600, 8 * 3_600 + 300])("is taken %i s later, as the same event", (sec) => {
    expectOneEvent(first, after(sec));
  });

  test("is not taken for ever, nor for longer than the receiver says", () => {
    expect(verify(after(9 * 3_600 + 1))).toMatchObject({ reason: "timestamp_too_old" });
    const receiver = { ...first.receiver, toleranceSec: 300 };
    expect(verify({ ...after(600), receiver })).toMatchObject({ reason: "timestamp_too_old" });
  });
});

test.each([
  [
    "azure-event-grid",
    (source: string) => `{"specversion":"1.0","id":"1","source":"${source}","type":"t"}`,
    '[{"id":"1","eventType":"t","topic":"/a"}]',
  ],
  [
    "google-pubsub",
    (source: string) => `{"message":{"messageId":"1"},"subscription":"projects/p/subscriptions/${source}"}`,
    '{"message":{"messageId":"1"}}',
  ],
])("%s: one id of two sources is two events; what names no source is known by its id", (provider, body, bare) => {
  expectTwoEvents(arrivalOf(provider, body("a")), arrivalOf(provider, body("b")));
  expectOneEvent(arrivalOf(provider, body("a")), arrivalOf(provider, body("a")));
  expect(keysOf(arrivalOf(provider, bare))[0]).toBe("id:1");
});

test("Event Grid: one id of two sources is two events in headers, and where a request is taken apart", () => {
  const sample = codedSampleOf("azure-event-grid");
  const inHeaders = (source: string) =>
    sent({ ...sample, headers: [...sample.headers, ["ce-id", "1"], ["ce-source", source]], body: "{}" });
  expectTwoEvents(inHeaders("/a"), inHeaders("/b"));
  expectOneEvent(inHeaders("/a"), inHeaders("/a"));
  const items = ["/a", "/b"].map((source) => `{"specversion":"1.0","id":"1","source":"${source}","type":"t"}`);
  expect(new Set(itemKeysOf(arrivalOf("azure-event-grid", `[${items.join(",")}]`))).size).toBe(2);
});

describe("Braintree, whose XML tells of things within the subject", () => {
  const inner = '<add-ons type="array"><add-on><amount>10.00</amount><id>extra_seat</id></add-on></add-ons><plan/>';
  const notice = (subject: string, kind = "subscription_charged_successfully") =>
    arrivalOf(
      "braintree",
      `<notification><kind>${kind}</kind><timestamp type="datetime">2024-05-06T07:08:00Z</timestamp><subject>${subject}</subject></notification>`,
    );
  const subscription = (id: string, price = "49.99") =>
    `<subscription>${inner}<id>${id}</id><price>${price}</price></subscription>`;

  test("two subscriptions with one add-on are two events", () => {
    expectTwoEvents(notice(subscription("s1")), notice(subscription("s2")));
  });

  test("one subscription is one event, whatever else is told of it", () => {
    expectOneEvent(notice(subscription("s1")), notice(subscription("s1", "50.00")));
    expectTwoEvents(notice(subscription("s1")), notice(subscription("s1"), "subscription_canceled"));
  });

  test("a subject without an id of its own is known by all that is told of it", () => {
    const update = (token: string) =>
      `<update><payment-method><id>1</id></payment-method><token>${token}</token></update>`;
    expectTwoEvents(notice(update("a")), notice(update("b")));
    expectOneEvent(notice(update("a")), notice(update("a")));
  });
});

describe("Wix, some of whose events have neither id nor time", () => {
  const installed = (instanceId: string, laterSec = 0) => {
    const body = JSON.stringify({ data: '{"appId":"a1"}', instanceId, eventType: "AppInstalled" });
    return sent({ ...codedSampleOf("wix"), body }, new Date(now.getTime() + laterSec * 1_000));
  };

  test("two sites that install an app are two events", () => {
    expectTwoEvents(installed("site1"), installed("site2"));
  });

  test("a site that installs it again, under the id that it had, is an event of its own, and one token is one event", () => {
    expectTwoEvents(installed("site1"), installed("site1", 60));
    expectOneEvent(installed("site1"), { ...installed("site1"), now: new Date(now.getTime() + 60_000) });
  });
});

describe("Figma, which has no ids", () => {
  const status = (fields: object) =>
    arrivalOf(
      "figma",
      JSON.stringify({
        event_type: "DEV_MODE_STATUS_UPDATE",
        file_key: "k",
        node_id: "1:1",
        retries: 0,
        status: "READY_FOR_DEV",
        timestamp: "2024-05-06T07:08:00Z",
        webhook_id: "22",
        ...fields,
      }),
    );

  test("the layers of a file that change in one second are events of their own", () => {
    expectTwoEvents(status({}), status({ node_id: "1:2" }));
    expectTwoEvents(status({}), status({ status: "COMPLETED" }));
  });

  test("a retry, which counts itself, is none", () => {
    expectOneEvent(status({}), status({ retries: 1 }));
  });

  test("nor is one that comes with the next passcode, while both are live", () => {
    const sample = codedSampleOf("figma");
    const receiver = { secrets: ["the passcode until today", "the passcode from today on"] };
    const under = (passcode: string, retries: number) =>
      sent({
        ...sample,
        receiver,
        signer: { secrets: [passcode] },
        // In the order in which Figma writes them.
        body: JSON.stringify({ event_type: "FILE_UPDATE", file_key: "k", passcode: "", retries, webhook_id: "22" }),
      });
    const [before = "", after = ""] = receiver.secrets;
    expectOneEvent(under(before, 0), under(after, 0));
    expectOneEvent(under(before, 0), under(after, 1));
  });
});

describe("Mailchimp, which has no ids", () => {
  const profile = (name: string) =>
    arrivalOf(
      "mailchimp",
      `type=profile&fired_at=2024-05-06+07%3A08%3A00&data%5Bid%5D=8a25&data%5Bemail%5D=a%40b.c&data%5Blist_id%5D=L&data%5Bmerges%5D%5BFNAME%5D=${name}`,
    );

  test("a subscriber whose name changes twice in one second has two events, and one request is one", () => {
    expectTwoEvents(profile("Ann"), profile("Anne"));
    expectOneEvent(profile("Ann"), profile("Ann"));
  });
});

describe("Buildkite, which has no ids, and of whose bodies some tell no time", () => {
  const told = (body: object, laterMs = 0) =>
    sent({ ...codedSampleOf("buildkite"), body: JSON.stringify(body) }, new Date(now.getTime() + laterMs));
  /** As a webhook sends it that is set up to send its token. */
  const tokened = (body: object, laterMs = 0): VerifyInput => {
    const input = told(body, laterMs);
    const headers: [string, string][] = [["X-Buildkite-Token", String(input.receiver.secrets?.[0])]];
    return { ...input, request: { ...input.request, headers } };
  };
  const agent = { id: "a1", connection_state: "lost", created_at: "2024-05-06T07:08:00Z" };
  const timeless = [
    { event: "agent.lost", agent },
    { event: "agent.blocked", agent, blocked_ip: "202.188.43.20", cluster_token: { id: "t1" } },
    { event: "cluster_token.registration_blocked", blocked_ip: "202.188.43.20", cluster_token: { id: "t1" } },
  ];

  test.each(timeless)("$event that comes again in the same words is an event of its own", (body) => {
    expectTwoEvents(told(body), told(body, 60_000));
    expectOneEvent(told(body), { ...told(body), now: new Date(now.getTime() + 60_000) });
    expectTwoEvents(tokened(body), tokened(body, 1));
  });

  test.each([
    { event: "build.finished", build: { id: "b1", finished_at: "2024-05-06T07:08:00Z" } },
    { event: "job.finished", job: { id: "j1", agent, finished_at: "2024-05-06T07:08:00Z" }, build: { id: "b1" } },
    { event: "package.created", package: { id: "p1" } },
  ])("$event is told once, whenever it is sent", (body) => {
    for (const way of [told, tokened]) expectOneEvent(way(body), way(body, 60_000));
  });
});
