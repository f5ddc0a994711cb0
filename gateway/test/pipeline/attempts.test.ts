import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import type { Destination } from "../../src/domain/catalog.ts";
import { toPublicId } from "../../src/domain/id.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { deliver } from "../../src/pipeline/deliver.ts";
import { deliveryHeaders } from "../../src/pipeline/delivery-headers.ts";
import type { LeasedDelivery, StoredEvent } from "../../src/pipeline/leased-delivery.ts";
import { toLeased, toStoredEvent } from "../../src/pipeline/leased-delivery.ts";
import type { EgressOutcome, EgressRequest } from "../../src/platform/egress/egress-outcome.ts";
import { NOW, destinationRow, sourceRow } from "../support/catalog-rows.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");
const SECRET = `whsec_${KEY}`;
const ID = "01890000-0000-7000-8000-000000000001";
const OTHER = "01890000-0000-7000-8000-000000000002";

const LEASED = toLeased(
  {
    bucket: 5,
    id: OTHER,
    tenant: "default",
    event_id: ID,
    destination_id: "crm",
    key: OTHER,
    trigger: "live",
    attempt: 1,
    refusals: 0,
    permit: true,
    order_key: "k",
    priority: 2,
    rank: 1,
  } as Parameters<typeof toLeased>[0],
  { lease: "lease", leaseEndsMs: 9, leaseUntilMs: 11 },
);
const EVENT: StoredEvent = {
  id: ID,
  sourceId: "pay",
  eventType: "invoice.paid",
  occurredAt: null,
  receivedAt: NOW,
  headers: [["X-Own", "1"]],
  body: Buffer.from("{}"),
};

function headersOf(event: Partial<StoredEvent> = {}, delivery: Partial<LeasedDelivery> = {}, more: HeaderOptions = {}) {
  const { destination = {}, secret = SECRET } = more;
  const headers = deliveryHeaders({
    delivery: { ...LEASED, ...delivery },
    event: { ...EVENT, ...event },
    source: sourceRow("pay"),
    destination: destinationRow("crm", destination),
    signingSecret: secret,
    nowMs: 1_999,
    random: (bytes) => Buffer.from(Array.from({ length: bytes }, (_, i) => i)),
  });
  return headers;
}
interface HeaderOptions {
  readonly destination?: Partial<Destination>;
  readonly secret?: string;
}

describe("the headers of an attempt", () => {
  it("are the provider's, then the operator's in place of those, then ours, signed over the bytes", () => {
    const headers = headersOf(
      { headers: [["X-Own", "1"], ["x-team", "theirs"]] }, // prettier-ignore
      {},
      { destination: { headers: [["X-Team", "ours"]] } },
    )!;
    const id = toPublicId("dlv", OTHER);
    const signature = new Webhook(SECRET).sign(id, new Date(1_000), "{}");
    expect(headers).toEqual([
      ["x-own", "1"],
      ["X-Team", "ours"],
      ["user-agent", "holdfast/0.1"],
      ["webhook-id", id],
      ["webhook-timestamp", "1"],
      ["webhook-signature", signature],
      ["idempotency-key", id],
      ["holdfast-event", toPublicId("evt", ID)],
      ["holdfast-source", "pay"],
      ["holdfast-event-type", "invoice.paid"],
      ["holdfast-attempt", "1"],
      ["holdfast-trigger", "live"],
      ["traceparent", "00-000102030405060708090a0b0c0d0e0f-1011121314151617-01"],
    ]);
    expect(headersOf({}, {}, { secret: "whsec_" })).toBeNull();
  });

  it.each([
    [{ trigger: "live", attempt: 2 }, "retry"],
    [{ trigger: "replay", attempt: 2 }, "replay"],
    [{ trigger: "copy", attempt: 1 }, "replay"],
    [{ trigger: "reconcile", attempt: 1 }, "reconcile"],
  ] as const)("say why it is delivered: %j", (delivery, trigger) => {
    const headers = Object.fromEntries(headersOf({ eventType: null }, delivery)!);
    expect(headers["holdfast-trigger"]).toBe(trigger);
    expect(headers["holdfast-copy"]).toBe(delivery.trigger === "copy" ? "true" : undefined);
    expect(Object.hasOwn(headers, "holdfast-event-type")).toBe(false);
  });

  it.each([
    [`00-${"a".repeat(32)}-${"b".repeat(16)}-00`, true],
    [`00-${"a".repeat(32)}-${"b".repeat(16)}-00x`, false],
    [`x00-${"a".repeat(32)}-${"b".repeat(16)}-00`, false],
    [`00-${"A".repeat(32)}-${"b".repeat(16)}-00`, false],
    [`00-${"a".repeat(32)}-${"B".repeat(16)}-00`, false],
    [`00-${"a".repeat(32)}-${"b".repeat(16)}-0G`, false],
    [`00-${"a".repeat(31)}-${"b".repeat(16)}-00`, false],
    [`00-${"a".repeat(32)}-${"b".repeat(15)}-00`, false],
    [`00-${"a".repeat(32)}-${"b".repeat(16)}-0`, false],
  ])("go on with the sender's trace where it is one: %s", (sent, goesOn) => {
    const headers = Object.fromEntries(headersOf({ headers: [["x-a", "1"], ["TraceParent", sent]] })!); // prettier-ignore
    const trace = goesOn ? "a".repeat(32) : "000102030405060708090a0b0c0d0e0f";
    expect(headers["traceparent"]).toBe(`00-${trace}-1011121314151617-${goesOn ? "00" : "01"}`);
  });
});

/** This process's clock is an hour behind. */
const DATABASE_NOW = new Date(NOW.getTime() + 3_600_000);

/** One attempt at a destination that answers so, half a second later. */
async function attempt(answer: EgressOutcome, more: { readonly sourceId?: string; readonly secret?: string } = {}) {
  const asked: EgressRequest[] = [];
  const moment = { ms: 1_000 };
  const catalog = { version: 1, sources: [sourceRow("pay")], destinations: [], routes: [], throttles: [] };
  const post = async (request: EgressRequest): Promise<EgressOutcome> => {
    asked.push(request);
    moment.ms += 500.4;
    return answer;
  };
  const egress = { post } as unknown as Parameters<typeof deliver>[0]["egress"];
  const clock = { now: () => NOW, monotonicMs: () => moment.ms };
  const { signal } = new AbortController();
  const made = await deliver(
    { egress, clock, databaseNow: () => DATABASE_NOW, random: Buffer.alloc, catalog: () => indexCatalog(catalog) },
    {
      delivery: LEASED,
      event: { ...EVENT, sourceId: more.sourceId ?? "pay" },
      destination: destinationRow("crm"),
      url: "https://app.example/in",
      signingSecret: more.secret ?? SECRET,
      timeoutMs: 7_000,
      signal,
    },
  );
  return { made, asked, signal };
}

const respond = (body: string | Uint8Array, headers: readonly (readonly [string, string])[] = []): EgressOutcome => ({
  kind: "response",
  status: 503,
  headers: headers.map(([name, value]) => [name, value]),
  body: Buffer.from(body),
  truncated: true,
  durationMs: 1,
  address: "192.0.2.1",
});

describe("an attempt", () => {
  it("is one request with the event's bytes and one deadline, and keeps what was answered, but no cookie", async () => {
    const answer = respond("no", [["set-cookie", "a=b"], ["retry-after", "7"], ["x-a", "1"]]); // prettier-ignore
    const { made, asked, signal } = await attempt(answer);
    expect(made).toEqual({
      outcome: { kind: "answered", status: 503, retryAfterMs: 7_000 },
      startedAt: NOW,
      durationMs: 500,
      response: {
        headers: Buffer.from('[["retry-after","7"],["x-a","1"]]'),
        body: Buffer.from("no"),
        truncated: true,
      },
    });
    expect(asked).toMatchObject([
      { url: "https://app.example/in", totalTimeoutMs: 7_000, connectTimeoutMs: 5_000, responseBytesMax: 16_384 },
    ]);
    expect(asked[0]!.signal).toBe(signal);
    expect(asked[0]!.body).toBe(EVENT.body);
    expect(Object.fromEntries(asked[0]!.headers)).toMatchObject({
      "webhook-timestamp": String(DATABASE_NOW.getTime() / 1_000),
    });
  });

  it("keeps our secret out of what was answered, and every other byte in", async () => {
    const echoed = Buffer.concat([Buffer.from([0xff]), Buffer.from(`${SECRET} ${KEY}`), Buffer.from([0xfe])]);
    const { made } = await attempt(respond(echoed));
    expect(Buffer.from(made.response!.body).toString("latin1")).toBe("\u00ffwhsec_[redacted] [redacted]\u00fe");
  });

  it.each([
    [{ kind: "failed", fault: "refused", detail: "nobody listens", durationMs: 1 }, "refused", "nobody listens"],
    [{ kind: "blocked", detail: "a private address", durationMs: 1 }, "blocked", "a private address"],
  ] as const)("that comes to no answer says why: %j", async (answer, fault, detail) => {
    const { made } = await attempt(answer as EgressOutcome);
    expect(made).toEqual({
      outcome: { kind: "failed", fault, detail },
      startedAt: NOW,
      durationMs: 500,
      response: null,
    });
  });

  it.each([
    [{ sourceId: "gone" }, "the source of this event is no longer in the catalog"],
    [{ secret: "whsec_" }, "the destination's signing secret cannot sign"],
  ])("that cannot be made is not made: %j", async (more, detail) => {
    const { made, asked } = await attempt(respond(""), more);
    const outcome = { kind: "failed", fault: "unreadable", detail };
    expect(made).toEqual({ outcome, startedAt: NOW, durationMs: 0, response: null });
    expect(asked).toEqual([]);
  });
});

describe("a row", () => {
  it("of a delivery is what was leased, until the lease ends", () => {
    expect(LEASED).toMatchObject({
      bucket: 5,
      id: OTHER,
      tenant: "default",
      eventId: ID,
      destinationId: "crm",
      key: OTHER,
      trigger: "live",
      attempt: 1,
      refusals: 0,
      permit: true,
      orderKey: "k",
      lease: "lease",
      leaseEndsMs: 9,
      leaseUntilMs: 11,
    });
  });

  it.each([
    ['[["a","b"],["c","d"]]', true],
    ["[]", true],
    ["", false],
    ["{}", false],
    ['[["a","b"],"cd"]', false],
    ['[["a"]]', false],
    ['[["a","b","c"]]', false],
    ['[["a",1]]', false],
    ['[[1,"a"]]', false],
  ])("of an event is read when its headers are pairs of texts: %s", (headers, isRead) => {
    const row = {
      id: ID,
      source_id: "pay",
      event_type: null,
      occurred_at: null,
      received_at: NOW,
      headers: Buffer.from(headers),
    } as Parameters<typeof toStoredEvent>[0];
    const body = Buffer.from("b");
    const event = { id: ID, sourceId: "pay", eventType: null, occurredAt: null, receivedAt: NOW, body };
    expect(toStoredEvent(row, body)).toEqual(isRead ? { ...event, headers: JSON.parse(headers) as unknown } : null);
  });
});
