import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { IngestGateway, SignedWebhook } from "../support/ingest-gateway.ts";
import {
  SECRET,
  post,
  postBytes,
  sha256,
  signedWebhook,
  startIngestGateway,
  stripeEvent,
} from "../support/ingest-gateway.ts";
import type { RawAnswer } from "../support/raw-http.ts";
import { openRaw } from "../support/raw-http.ts";

let gateway: IngestGateway;

beforeAll(async () => {
  gateway = await startIngestGateway({
    content: {
      sources: {
        payments: { provider: "stripe", key: "payments-key", secrets: [SECRET] },
        elsewhere: { provider: "stripe", key: "elsewhere-key", secrets: [SECRET] },
        hub: { provider: "github", key: "hub-source-key", secrets: [SECRET] },
      },
      destinations: { billing: { url: "https://billing.example/webhooks" } },
      routes: ["payments", "elsewhere", "hub"].map((source) => ({ source, destination: "billing" })),
      // Sixty copies of one event take sixty commits, one after the other.
      ingest: { recordDeadlineMs: 30_000 },
    },
  });
});
afterAll(() => gateway.close());
beforeEach(() => gateway.query("truncate holdfast.event, holdfast.delivery, holdfast.dedupe, holdfast.duplicate"));

interface Stored extends Record<string, unknown> {
  readonly id: string;
  readonly provider_event_id: string;
  readonly event_key: Buffer;
  readonly body: Buffer;
  readonly body_sha256: Buffer;
  readonly deliveries: number;
}

const stored = (): Promise<Stored[]> =>
  gateway.query<Stored>(
    `select id, provider_event_id, event_key, body, body_sha256,
            (select count(*)::int from holdfast.delivery d where d.event_id = e.id) as deliveries
       from holdfast.event e order by id`,
  );
const duplicates = () =>
  gateway.query("select count, variants, encode(variant_sha256, 'hex') as variant from holdfast.duplicate");
const countLines = async (): Promise<number> => (await gateway.query("select 1 from holdfast.dedupe")).length;

const kindOf = (answer: RawAnswer): string =>
  answer.status === 200
    ? answer.headers["holdfast-duplicate"] === "true"
      ? "duplicate"
      : "recorded"
    : `${answer.status}`;
const kindsOf = async (webhooks: readonly SignedWebhook[]): Promise<string[]> => {
  const kinds: string[] = [];
  for (const webhook of webhooks) kinds.push(kindOf(await post(gateway.url, webhook)));
  return kinds;
};

const githubPush = (id: string, body: string): SignedWebhook =>
  signedWebhook({
    provider: "github",
    key: "hub-source-key",
    body,
    headers: [
      ["x-github-delivery", id],
      ["x-github-event", "push"],
    ],
  });

describe("the same event id", () => {
  it("again is a duplicate of the recorded event: answered with its id, counted, and delivered once (F130)", async () => {
    const first = await post(gateway.url, stripeEvent("evt_1"));
    const again = await post(gateway.url, stripeEvent("evt_1"));
    expect([kindOf(first), kindOf(again)]).toEqual(["recorded", "duplicate"]);
    expect(again.headers["holdfast-event"]).toBe(first.headers["holdfast-event"]);
    expect(await stored()).toMatchObject([{ provider_event_id: "evt_1", deliveries: 1 }]);
    expect(await duplicates()).toEqual([{ count: 1, variants: 0, variant: null }]);
  });

  it("many times at once is recorded once, and every copy is answered with that event", async () => {
    const copies = Array.from({ length: 60 }, () => post(gateway.url, stripeEvent("evt_storm")));
    const answers = await Promise.all(copies);
    const kinds = answers.map(kindOf);
    expect(kinds.filter((kind) => kind === "recorded")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "duplicate")).toHaveLength(59);
    expect(new Set(answers.map((answer) => answer.headers["holdfast-event"])).size).toBe(1);
    expect(await stored()).toMatchObject([{ deliveries: 1 }]);
    expect(await duplicates()).toEqual([{ count: 59, variants: 0, variant: null }]);
  });

  it("pipelined on one connection, so that the copies meet in one batch, is recorded once", async () => {
    const connection = await openRaw(gateway.url);
    const bytes = ["evt_a", "evt_b", "evt_a", "evt_b", "evt_a"].map((id) => postBytes(stripeEvent(id)));
    await connection.send(Buffer.concat(bytes));
    const kinds: string[] = [];
    for (const _ of bytes) kinds.push(kindOf(await connection.answer()));
    connection.end();
    // Which copy wins is open: several transactions run at once.
    expect(kinds.toSorted()).toEqual(["duplicate", "duplicate", "duplicate", "recorded", "recorded"]);
    expect(await stored()).toMatchObject([{ deliveries: 1 }, { deliveries: 1 }]);
  });

  it.each([
    [
      "is leased",
      "update holdfast.delivery set state = 'leased', attempt = 1, lease = gen_random_uuid(), lease_until = now()",
    ],
    ["has been processed", finish("processed", "null")],
    ["is dead", finish("dead", "'refused'")],
  ])("while its delivery %s causes no second one (F70)", async (_state, move) => {
    await post(gateway.url, stripeEvent("evt_1"));
    await gateway.query(move);
    expect(await kindsOf([stripeEvent("evt_1")])).toEqual(["duplicate"]);
    const unfinished = await gateway.query("select state from holdfast.delivery where state <> 'leased'");
    expect(unfinished).toEqual([]);
    await gateway.query("truncate holdfast.finished_delivery");
  });

  it("with other bytes is a duplicate, and that the bytes differ is recorded (F72)", async () => {
    const variant = stripeEvent("evt_1", { pending_webhooks: 0 });
    expect(await kindsOf([stripeEvent("evt_1"), stripeEvent("evt_1"), variant])).toEqual([
      "recorded",
      "duplicate",
      "duplicate",
    ]);
    expect(await duplicates()).toEqual([{ count: 2, variants: 1, variant: sha256(variant.body) }]);
    expect((await stored())[0]!.body.equals(stripeEvent("evt_1").body)).toBe(true);
  });

  it("at another source is another event (F71)", async () => {
    expect(await kindsOf([stripeEvent("evt_1"), stripeEvent("evt_1", {}, "elsewhere-key")])).toEqual([
      "recorded",
      "recorded",
    ]);
    expect(await stored()).toMatchObject([{ deliveries: 1 }, { deliveries: 1 }]);
  });

  it("forged first does not keep the genuine one out (F73)", async () => {
    const genuine = stripeEvent("evt_future");
    const forged = signedWebhook({
      provider: "stripe",
      key: "payments-key",
      body: genuine.body,
      secret: "whsec_bm90LXRoZS1zZWNyZXQtb2YtdGhlLXRlc3RzLTMyLWI=",
    });
    expect(await kindsOf([forged])).toEqual(["401"]);
    expect(await countLines()).toBe(0);
    expect(await kindsOf([genuine])).toEqual(["recorded"]);
  });
});

function finish(state: string, reason: string): string {
  return `with gone as (delete from holdfast.delivery returning *)
    insert into holdfast.finished_delivery
      (bucket, id, tenant, event_id, destination_id, key, trigger, priority, lane, state, attempt, reason, finished_at)
    select bucket, id, tenant, event_id, destination_id, key, trigger, priority, lane, '${state}', 1, ${reason}, now() from gone`;
}

describe("where the id is not signed", () => {
  const body = '{"ref":"refs/heads/main","after":"1"}';

  it("captured bytes under a new id are a duplicate of what they were captured from (F74)", async () => {
    const first = await post(gateway.url, githubPush("delivery-1", body));
    const replays = await Promise.all(
      Array.from({ length: 20 }, (_, i) => post(gateway.url, githubPush(`new-${i}`, body))),
    );
    expect(replays.map(kindOf)).toEqual(replays.map(() => "duplicate"));
    expect(new Set(replays.map((answer) => answer.headers["holdfast-event"]))).toEqual(
      new Set([first.headers["holdfast-event"]]),
    );
    expect(await stored()).toMatchObject([{ provider_event_id: "delivery-1", deliveries: 1 }]);
  });

  it("and the id that they were replayed under stays free for the event that it belongs to", async () => {
    const kinds = await kindsOf([
      githubPush("delivery-1", body),
      githubPush("delivery-2", body),
      githubPush("delivery-2", '{"ref":"refs/heads/main","after":"2"}'),
    ]);
    expect(kinds).toEqual(["recorded", "duplicate", "recorded"]);
    expect(await countLines()).toBe(4);
  });

  it("the same id with other bytes is a duplicate too, and its bytes stay free", async () => {
    const other = '{"ref":"refs/heads/main","after":"3"}';
    const kinds = await kindsOf([
      githubPush("delivery-1", body),
      githubPush("delivery-1", other),
      githubPush("delivery-3", other),
    ]);
    expect(kinds).toEqual(["recorded", "duplicate", "recorded"]);
  });

  it("captures under many ids at once, mixed with the genuine one, end in one event each", async () => {
    const bodies = Array.from({ length: 10 }, (_, i) => `{"after":"${i}"}`);
    const storm = bodies.flatMap((text, i) => [0, 1, 2, 3].map((n) => githubPush(`storm-${i}-${n}`, text)));
    const kinds = (await Promise.all(storm.map((webhook) => post(gateway.url, webhook)))).map(kindOf);
    expect(kinds.filter((kind) => kind === "recorded")).toHaveLength(10);
    expect(kinds.filter((kind) => kind === "duplicate")).toHaveLength(30);
    expect(await stored()).toHaveLength(10);
    expect(await countLines()).toBe(20);
  });
});

describe("an odd id", () => {
  it("beyond 2^53 is its own: neighbours that a JavaScript number cannot tell apart are two events (F75)", async () => {
    const numbered = (id: string): SignedWebhook =>
      signedWebhook({ provider: "stripe", key: "payments-key", body: `{"id":${id},"type":"a"}` });
    const webhooks = ["9007199254740992", "9007199254740993", "9007199254740993"].map(numbered);
    expect(await kindsOf(webhooks)).toEqual(["recorded", "recorded", "duplicate"]);
  });

  it.each([
    ["with a NUL", "evt\\u0000a", "evt\\u0000b"],
    ["of nine kilobytes", `${"x".repeat(9_000)}a`, `${"x".repeat(9_000)}b`],
    ["that differs in letter case", "evt_Case", "evt_case"],
    ["that differs in a trailing space", "evt_space", "evt_space "],
    ["in two Unicode forms", "\u00e9", "e\u0301"],
    ["with a lone surrogate", "\\ud800a", "\\ud800b"],
  ])("%s is kept apart from its neighbour, and stored (F75)", async (_what, one, other) => {
    const written = (id: string): SignedWebhook =>
      signedWebhook({ provider: "stripe", key: "payments-key", body: `{"id":"${id}","type":"a"}` });
    expect(await kindsOf([written(one), written(other), written(one)])).toEqual(["recorded", "recorded", "duplicate"]);
  });

  it("that is missing leaves the bytes to decide", async () => {
    const bare = (text: string): SignedWebhook =>
      signedWebhook({ provider: "stripe", key: "payments-key", body: text });
    const kinds = await kindsOf([bare('{"type":"a"}'), bare('{"type":"b"}'), bare('{"type":"a"}'), bare("not JSON")]);
    expect(kinds).toEqual(["recorded", "recorded", "duplicate", "recorded"]);
  });
});

describe("what is stored", () => {
  it.each([
    ["invalid UTF-8", Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x80, 0x7d])],
    ["a byte order mark and CRLF", Buffer.from('\ufeff{"id":"evt_bom"}\r\n')],
    ["every byte", Buffer.from(Array.from({ length: 256 }, (_, i) => i))],
    ["duplicate keys and odd spaces", Buffer.from('{ "id" : "evt_x" , "id":"evt_y","__proto__":{} }')],
    ["nesting beyond any parser", Buffer.from(`${"[".repeat(100_000)}`)],
    ["half a megabyte", Buffer.alloc(524_288, "0123456789abcdef")],
  ])("is the body exactly, with its SHA-256 (%s) (F36, F86, F128)", async (_what, body) => {
    const answer = await post(gateway.url, signedWebhook({ provider: "stripe", key: "payments-key", body }));
    expect(kindOf(answer)).toBe("recorded");
    const [event] = await stored();
    expect(event!.body.equals(body)).toBe(true);
    expect(event!.body_sha256.toString("hex")).toBe(sha256(body));
  });
});
