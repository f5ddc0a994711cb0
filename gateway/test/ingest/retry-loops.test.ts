import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LOOP_ARRIVALS_MIN } from "../../src/domain/retry-loop.ts";
import type { IngestGateway, SignedWebhook } from "../support/ingest-gateway.ts";
import {
  PAYMENTS,
  SECRET,
  post,
  sha256,
  signedWebhook,
  startIngestGateway,
  stripeEvent,
  until,
} from "../support/ingest-gateway.ts";

let gateway: IngestGateway;
let sourceId: string;

beforeAll(async () => {
  const sources = {
    payments: { provider: "stripe", key: "payments-key", secrets: [SECRET] },
    chat: { provider: "slack", key: "chat-source-key", secrets: [SECRET] },
  };
  gateway = await startIngestGateway({ content: { ...PAYMENTS, sources } });
  const [row] = await gateway.query<{ id: string }>("select id from holdfast.source where name = 'payments'");
  sourceId = row!.id;
});
afterAll(() => gateway.close());
beforeEach(() => gateway.query("truncate holdfast.retry_loop"));

interface Loop {
  readonly source: string;
  readonly kind: string;
  readonly eventId: string | null;
  readonly bodySha256: string | null;
  readonly cause: string;
  readonly reason: string | null;
  readonly count: number;
  readonly runbook: string;
}

async function loops(query = ""): Promise<{ items: Loop[]; nextCursor: string | null }> {
  const response = await fetch(`${gateway.adminUrl}/api/v1/loops${query}`, {
    headers: { authorization: `Bearer ${gateway.gateway.adminToken}` },
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as { items: Loop[]; nextCursor: string | null };
}

async function postTimes(webhook: SignedWebhook, times: number): Promise<string | undefined> {
  let event: string | undefined;
  for (let i = 0; i < times; i++) event = (await post(gateway.url, webhook)).headers["holdfast-event"];
  return event;
}

describe("at the door", () => {
  it("an event that comes again and again is a loop, one that was retried once or twice is none; all are counted", async () => {
    const event = await postTimes(stripeEvent("evt_loop"), 1 + 5);
    await postTimes(stripeEvent("evt_retried"), LOOP_ARRIVALS_MIN);
    await until(async () => (await loops()).items[0]?.count === 5);
    expect((await loops()).items).toMatchObject([
      { source: "payments", kind: "duplicate", eventId: event, bodySha256: null, cause: "redelivered", reason: null },
    ]);
    expect(await gateway.metric("holdfast_duplicates_total", 'source="payments"')).toBe(5 + 2);
    await postTimes(stripeEvent("evt_loop"), 2);
    await until(async () => (await loops()).items[0]?.count === 7);
    const said = gateway.logged.filter((line) => line.includes("an event comes again and again"));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain("docs/runbooks/retry-loop.md");
  });

  it("the same rejected bytes are a loop with the reason, signed anew or not, and other bytes are none", async () => {
    const forged = (body: string, secret: string): SignedWebhook =>
      signedWebhook({ provider: "stripe", key: "payments-key", body, secret });
    for (let i = 0; i < 4; i++)
      await post(gateway.url, forged('{"again":1}', `whsec_some-other-secret-of-24-bytes-${i}`));
    await post(gateway.url, forged('{"once":1}', "whsec_some-other-secret-of-24-bytes"));
    await until(async () => (await loops()).items[0]?.count === 4);
    expect((await loops("?source=payments")).items).toMatchObject([
      {
        kind: "rejection",
        bodySha256: sha256(Buffer.from('{"again":1}')),
        eventId: null,
        cause: "refused",
        reason: "signature_mismatch",
      },
    ]);
    expect((await loops("?source=chat")).items).toEqual([]);
  });

  it("a provider that says that it timed out is believed as to the cause", async () => {
    const body = JSON.stringify({ type: "event_callback", event_id: "Ev_late", event: { type: "message" } });
    const hint = [["X-Slack-Retry-Reason", "http_timeout"]] as const;
    await postTimes(signedWebhook({ provider: "slack", key: "chat-source-key", body, headers: hint }), 4);
    await until(async () => (await loops()).items[0]?.count === 3);
    expect((await loops()).items).toMatchObject([{ source: "chat", cause: "answered_late" }]);
  });
});

it("the list is of the tenant's own, the latest first, and pages without gaps", async () => {
  await gateway.query("insert into holdfast.tenant values ('acme', now())");
  for (let i = 0; i < 5; i++) {
    await gateway.query(
      "insert into holdfast.retry_loop values ($1, 'duplicate', $2, $3, 'redelivered', null, 3, date_trunc('second', now()), date_trunc('second', now()) + $4::int * interval '1 s')",
      [sourceId, randomUUID(), i === 4 ? "acme" : "default", Math.floor(i / 2)],
    );
  }
  const seen: Loop[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const page = await loops(`?limit=1${cursor === "" ? "" : `&cursor=${cursor}`}`);
    seen.push(...page.items);
    cursor = page.nextCursor;
  }
  expect(seen).toEqual((await loops()).items);
  expect(new Set(seen.map(({ eventId }) => eventId)).size).toBe(4);
});

it("a cursor that nobody was given is refused, whatever stands in it", async () => {
  for (let i = 0; i < 2; i++)
    await gateway.query(
      "insert into holdfast.retry_loop values ($1, 'duplicate', $2, 'default', 'redelivered', null, 3, now(), now())",
      [sourceId, randomUUID()],
    );
  const { nextCursor } = await loops("?limit=1");
  const parts = Buffer.from(nextCursor ?? "", "base64url")
    .toString()
    .split("\n");
  const status = async (...keys: readonly string[]): Promise<number> => {
    const cursor = Buffer.from([parts[0], ...keys].join("\n")).toString("base64url");
    const headers = { authorization: `Bearer ${gateway.gateway.adminToken}` };
    return (await fetch(`${gateway.adminUrl}/api/v1/loops?cursor=${cursor}`, { headers })).status;
  };
  const [, at = "", source = "", fingerprint = ""] = parts;
  expect(await status(at, source, fingerprint)).toBe(200);
  expect(await status(at, source, "0".repeat(64))).toBe(200);
  for (const keys of [
    [at, "-".repeat(36), fingerprint],
    [at, "0".repeat(64), fingerprint],
    [at, at, fingerprint],
    [source, source, fingerprint],
    [at, source, at],
  ])
    expect([keys, await status(...keys)]).toEqual([keys, 422]);
});
