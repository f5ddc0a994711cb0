import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { providers, splitBatch } from "../src/index.ts";
import type { BatchItem, Verified, VerifyInput } from "../src/index.ts";

const whole = Buffer.from("sha256:of the whole request");
const now = new Date("2026-03-01T12:00:00Z");

function inputOf(provider: string, body: string | Uint8Array): VerifyInput {
  const headers = Object.fromEntries(
    (providers.find(({ slug }) => slug === provider)?.securityHeaders ?? []).map((name) => [name, "x"]),
  );
  return {
    provider,
    receiver: {},
    now,
    request: { method: "POST", url: "https://e.example/in", headers, body: Buffer.from(body) },
  };
}

/** What a genuine request falls into. */
function split(provider: string, body: string | Uint8Array): readonly BatchItem[] | null {
  const verdict: Verified = {
    ok: true,
    secretVersion: "v1",
    signedAt: null,
    eventId: null,
    eventKey: whole,
    contentKey: null,
    eventType: null,
    occurredAt: null,
    payloadVersion: null,
  };
  return splitBatch(inputOf(provider, body), verdict);
}

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const shown = (items: readonly BatchItem[] | null) =>
  items?.map(({ body, eventId, eventType, occurredAt }) => [
    textOf(body),
    eventId,
    eventType,
    occurredAt?.getTime() ?? null,
  ]);

/** Two items of each provider that sends several events at once, in odd but legal spelling. */
const batches: readonly {
  provider: string;
  body: (items: string) => string;
  items: readonly [string, string];
  known: readonly unknown[][];
}[] = [
  {
    provider: "sendgrid",
    body: (items) => `[${items}]\r\n`,
    items: ['{ "sg_event_id":"a", "event":"open","timestamp":1714979289 }', '{"event":"click","sg_event_id":"b"}'],
    known: [
      ["a", "open", 1714979289000],
      ["b", "click", null],
    ],
  },
  {
    provider: "mandrill",
    body: (items) => `mandrill_events=${encodeURIComponent(`[${items}]`).replaceAll("%20", "+")}`,
    items: ['{"_id": "m1","event":"send","ts":1714979289}', '{"_id":"m1","event":"open","ts":1714979290}'],
    known: [
      ["m1", "send", 1714979289000],
      ["m1", "open", 1714979290000],
    ],
  },
  {
    provider: "adyen",
    body: (items) => `{"live":"false","notificationItems":[${items}]}`,
    items: [
      '{"NotificationRequestItem":{"eventCode":"AUTHORISATION","pspReference":"p","success":"true","eventDate":"2026-03-01T12:00:00+01:00"}}',
      '{"NotificationRequestItem":{"eventCode":"CAPTURE","pspReference":"p","success":"true"}}',
    ],
    known: [
      [null, "AUTHORISATION", Date.parse("2026-03-01T11:00:00Z")],
      [null, "CAPTURE", null],
    ],
  },
  {
    provider: "hubspot",
    body: (items) => `[${items}]`,
    items: [
      '{"eventId":9007199254740993,"subscriptionType":"contact.creation","occurredAt":1714979289000}',
      '{"eventId":2,"subscriptionType":"contact.deletion"}',
    ],
    known: [
      ["9007199254740993", "contact.creation", 1714979289000],
      ["2", "contact.deletion", null],
    ],
  },
  {
    provider: "line",
    body: (items) => `{"destination":"U","events":[${items}]}`,
    items: [
      '{"webhookEventId":"01A","type":"message","timestamp":1714979289000}',
      '{"webhookEventId":"01B","type":"follow"}',
    ],
    known: [
      ["01A", "message", 1714979289000],
      ["01B", "follow", null],
    ],
  },
  {
    provider: "xero",
    body: (items) => `{"events":[${items}],"firstEventSequence":1}`,
    items: ['{"eventCategory":"INVOICE","eventType":"UPDATE"}', '{"eventCategory":"INVOICE","eventType":"UPDATE"}'],
    known: [
      [null, "INVOICE.UPDATE", null],
      [null, "INVOICE.UPDATE", null],
    ],
  },
  {
    provider: "gocardless",
    body: (items) => `{"events":[${items}]}`,
    items: [
      '{"id":"EV1","resource_type":"payments","action":"paid_out","created_at":"2026-03-01T12:00:00.000Z"}',
      '{"id":"EV2","resource_type":"mandates","action":"created"}',
    ],
    known: [
      ["EV1", "payments.paid_out", now.getTime()],
      ["EV2", "mandates.created", null],
    ],
  },
  {
    provider: "asana",
    body: (items) => `{"events":[${items}]}`,
    items: [
      '{"action":"changed","resource":{"resource_type":"task"}}',
      '{"action":"added","resource":{"resource_type":"story"}}',
    ],
    known: [
      [null, "changed.task", null],
      [null, "added.story", null],
    ],
  },
  {
    provider: "okta",
    body: (items) => `{"eventId":"whole","data":{"events":[${items}]}}`,
    items: [
      '{"uuid":"u1","eventType":"user.lifecycle.create","published":"2026-03-01T12:00:00.000Z"}',
      '{"uuid":"u2","eventType":"user.session.start"}',
    ],
    known: [
      ["u1", "user.lifecycle.create", now.getTime()],
      ["u2", "user.session.start", null],
    ],
  },
  {
    provider: "pusher",
    body: (items) => `{"time_ms":1714979289000,"events":[${items}]}`,
    items: ['{"name":"channel_occupied","channel":"a"}', '{"name":"channel_vacated","channel":"a"}'],
    known: [
      [null, "channel_occupied", null],
      [null, "channel_vacated", null],
    ],
  },
  {
    provider: "microsoft-graph",
    body: (items) => `{"value":[${items}]}`,
    items: ['{"id":"n1","changeType":"created","clientState":"s"}', '{"lifecycleEvent":"missed","clientState":"s"}'],
    known: [
      ["n1", "created", null],
      [null, "missed", null],
    ],
  },
  {
    provider: "azure-event-grid",
    body: (items) => `[${items}]`,
    items: [
      '{"id":"g1","eventType":"Blob.Created","eventTime":"2026-03-01T12:00:00Z"}',
      '{"id":"g2","type":"Blob.Deleted"}',
    ],
    known: [
      ["g1", "Blob.Created", now.getTime()],
      ["g2", "Blob.Deleted", null],
    ],
  },
  {
    provider: "auth0",
    body: (items) => `[${items}]`,
    items: [
      '{"log_id":"90020","data":{"type":"s","date":"2026-03-01T12:00:00.000Z"}}',
      '{"log_id":"90021","data":{"type":"f"}}',
    ],
    known: [
      ["90020", "s", now.getTime()],
      ["90021", "f", null],
    ],
  },
  {
    provider: "meta-whatsapp",
    body: (items) => `{"object":"whatsapp_business_account","entry":[${items}]}`,
    items: [
      '{"id":"1","changes":[{"field":"messages","value":{"messages":[{"id":"wamid.A","timestamp":"1714979289"}]}}]}',
      '{"id":"1","changes":[{"field":"messages","value":{"statuses":[{"id":"wamid.B"}]}}]}',
    ],
    known: [
      ["wamid.A", "whatsapp_business_account.messages", 1714979289000],
      [null, "whatsapp_business_account.messages", null],
    ],
  },
];

test("every provider that sends several events at once is split here, and no other", () => {
  const splitting = providers.filter(({ batchItems }) => batchItems !== null).map(({ slug }) => slug);
  expect(splitting.toSorted()).toEqual(batches.map(({ provider }) => provider).toSorted());
});

test.each(batches)(
  "$provider: each item with its exact bytes, id, type and time",
  ({ provider, body, items, known }) => {
    const found = split(provider, body(items.join(" , ")));
    expect(shown(found)).toEqual(items.map((item, i) => [item, ...(known[i] ?? [])]));
    const keys = found?.map(({ eventKey }) => textOf(eventKey)) ?? [];
    expect(new Set(keys).size).toBe(2);
    for (const key of keys) expect(key).toMatch(/^(?:id:|number:|sha256:[0-9a-f]{64}$)/);
    expect(found?.map(({ contentKey }) => contentKey)).toEqual([null, null]);
  },
);

test("items are slices of the body, whatever stands in them: numbers, invalid UTF-8, escapes, keys twice", () => {
  const odd = Buffer.concat([
    Buffer.from('{"sg_event_id":"x","n":1.0e2,"t":"'),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('\\u00e9","a":1,"a":2}'),
  ]);
  const body = Buffer.concat([Buffer.from("[ "), odd, Buffer.from(" ]")]);
  const [item] = split("sendgrid", body) ?? [];
  expect(Buffer.from(item?.body ?? []).equals(odd)).toBe(true);
});

test("an item with an id has one key whatever comes with it; one without is known by the request and its place", () => {
  const key = (body: string, at = 0) => textOf(split("sendgrid", body)?.[at]?.eventKey ?? Buffer.of());
  expect(key('[{"sg_event_id":"a"}]')).toBe("id:a");
  expect(key('[{"event":"x"},{"sg_event_id":"a","late":true}]', 1)).toBe("id:a");
  const byPlace = createHash("sha256").update("item 1 of ").update(whole).digest("hex");
  expect(key('[{"event":"x"},{"event":"x"}]', 1)).toBe(`sha256:${byPlace}`);
  expect(key('[{"event":"x"},{"event":"x"}]', 0)).not.toBe(`sha256:${byPlace}`);
});

test("the lines of a log stream are items as well", () => {
  const lines = split("auth0", '{"log_id":"1"}\r\n\n {"log_id":"2"} \n');
  expect(lines?.map(({ body, eventId }) => [textOf(body), eventId])).toEqual([
    ['{"log_id":"1"}', "1"],
    ['{"log_id":"2"}', "2"],
  ]);
});

test.each([
  ["sendgrid", "{}"],
  ["sendgrid", "[]"],
  ["sendgrid", "[1,"],
  ["sendgrid", `[${"{},".repeat(1000)}{}]`],
  ["line", '{"events":[{}],"events":[{}]}'],
  ["line", '{"events":"[]"}'],
  ["mandrill", "mandrill_events=[]&mandrill_events=[]"],
  ["auth0", "hello\nyou"],
  ["stripe", '[{"id":"evt_1"}]'],
])("%s: what is no list, empty, ambiguous or too long stays one event: %s", (provider, body) => {
  expect(split(provider, body)).toBeNull();
});

test("a thousand items are split", () => {
  const body = `[${Array.from({ length: 1000 }, (_, i) => `{"sg_event_id":"${i}"}`).join(",")}]`;
  expect(split("sendgrid", body)?.length).toBe(1000);
});
