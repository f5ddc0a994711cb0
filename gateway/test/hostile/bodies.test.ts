import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { SECRET, post, sha256, signedWebhook, startIngestGateway, until } from "../support/ingest-gateway.ts";
import { exchangeRaw, openRaw, requestBytes } from "../support/raw-http.ts";
import { NAUGHTY } from "./naughty-strings.ts";

let gateway: IngestGateway;

beforeAll(async () => {
  gateway = await startIngestGateway({
    content: {
      sources: {
        payments: { provider: "stripe", key: "payments-key", secrets: [SECRET] },
        hub: { provider: "github", key: "hub-source-key", secrets: [SECRET] },
      },
      destinations: { billing: { url: "https://billing.example/webhooks" } },
      routes: [
        { source: "payments", destination: "billing", when: "event.type == 'x'" },
        { source: "hub", destination: "billing" },
      ],
    },
  });
});
afterAll(() => gateway.close());
beforeEach(() => gateway.query("truncate holdfast.event, holdfast.delivery, holdfast.dedupe, holdfast.duplicate"));

async function isKeptExactly(body: Buffer): Promise<boolean> {
  const rows = await gateway.query<{ body: Buffer; body_sha256: Buffer }>(
    "select body, body_sha256 from holdfast.event",
  );
  const [row] = rows;
  return rows.length === 1 && row!.body.equals(body) && row!.body_sha256.toString("hex") === sha256(body);
}

const quoted = (text: string): string => JSON.stringify(text).slice(1, -1);

/** After RFC 8259: what a parser must take, must refuse, and may do as it likes with. */
const JSON_TEXTS: readonly (readonly [what: string, body: string | Buffer])[] = [
  ["nothing but a number", "-0"],
  ["a number beyond all bounds", '{"id":1e400000}'],
  ["a number beyond 2^53", '{"id":9007199254740993}'],
  ["a number of ten thousand digits", `{"id":${"9".repeat(10_000)}}`],
  ["numbers that are none", "[NaN,Infinity,-Infinity,+1,01,.5,5.,0x1F,1_000]"],
  ["commas too many", '{"a":1,,"b":2,}'],
  ["a comment", '{"a":1 /* one */ } // end'],
  ["single quotes", "{'id':'evt_1'}"],
  ["two values", '{"id":"evt_1"}{"id":"evt_2"}'],
  ["half of a value", '{"id":"evt_1","data":{'],
  ["a name twice", '{"id":"evt_1","id":"evt_2"}'],
  ["an empty name", '{"":"","id":"evt_1"}'],
  ["names of prototypes", '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"id":"evt_1"}'],
  ["NUL in a string", '{"id":"a\\u0000b"}'],
  ["a NUL as it stands", Buffer.from('{"id":"a\0b"}')],
  ["lone surrogates", '{"id":"\\ud800","x":"\\udc00\\ud800"}'],
  ["a byte order mark", "\ufeff{}"],
  ["UTF-16", Buffer.from('{"id":"evt_1"}', "utf16le")],
  ["UTF-8 longer than need be", Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d])],
  ["a deep list", "[".repeat(50_000) + "]".repeat(50_000)],
  ["a deep object", `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`],
  ["twenty thousand names", `{${Array.from({ length: 20_000 }, (_, i) => `"k${i}":0`).join()}}`],
  ["an id of nine thousand letters", `{"id":"${"i".repeat(9_000)}"}`],
  ["an id that is an object", '{"id":{"id":"evt_1"},"type":["x"]}'],
  ["blanks before and behind", ' \t\r\n{"id":"evt_1"}\r\n \u00a0'],
  ...NAUGHTY.map(
    ([what, text]) => [`${what}, as id and type`, `{"id":"${quoted(text)}","type":"${quoted(text)}"}`] as const,
  ),
];

it.each(JSON_TEXTS)("signed JSON of an odd kind is kept to the byte: %s (F36, F86)", async (_what, text) => {
  const body = Buffer.from(text);
  const answer = await post(gateway.url, signedWebhook({ provider: "stripe", key: "payments-key", body }));
  expect([answer.status, await isKeptExactly(body)]).toEqual([200, true]);
  expect(Object.prototype).not.toHaveProperty("admin");
});

it.each<[type: string | null, body: string | Buffer]>([
  ["application/x-www-form-urlencoded", "a=1&a=2&%00=%ff&payload=%7B%22id%22%3A1%7D"],
  ["multipart/form-data; boundary=x", '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'],
  ["application/xml", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'],
  ["application/octet-stream", Buffer.from(Array.from({ length: 512 }, (_, i) => (i * 7) % 256))],
  ["text/plain; charset=utf-16", Buffer.from("text", "utf16le")],
  ["application/json; charset=nonsense", "{}"],
  ["application/vnd.api+json\t; a", "{}"],
  ["", "{}"],
  ["///", "{}"],
  [null, "{}"],
])("a signed body of type %j is kept to the byte (F87)", async (type, text) => {
  const body = Buffer.from(text);
  const webhook = signedWebhook({ provider: "stripe", key: "payments-key", body });
  const headers = webhook.headers.filter(([name]) => name !== "content-type");
  const typed = type === null ? headers : [["content-type", type] as const, ...headers];
  expect((await post(gateway.url, { ...webhook, headers: typed })).status).toBe(200);
  expect(await isKeptExactly(body)).toBe(true);
});

it.each(NAUGHTY.filter(([, text]) => text.length < 2_000))(
  "an unsigned id is never a way in: %s (F75)",
  async (_what, text) => {
    const id = Buffer.from(text, "utf8").toString("latin1");
    const headers = [["x-github-event", "push"] as const, ["x-github-delivery", id] as const];
    const webhook = signedWebhook({ provider: "github", key: "hub-source-key", body: '{"zen":"quiet"}', headers });
    const status = await post(gateway.url, webhook).then(
      (answer) => answer.status,
      () => 400,
    );
    // Refused by the grammar of HTTP, or kept as bytes; never a fault of ours.
    expect([200, 400]).toContain(status);
    if (status === 200) expect(await isKeptExactly(Buffer.from('{"zen":"quiet"}'))).toBe(true);
  },
);

it("no bytes at all upset the door: each answer is a refusal, and it goes on taking webhooks (F85)", async () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
  const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/);
  const header = fc.tuple(token, fc.string({ maxLength: 60, unit: "binary" }));
  const request = fc
    .tuple(token, fc.webPath(), fc.array(header, { maxLength: 12 }), bytes)
    .map(([method, path, headers, body]) => requestBytes(`${method} ${path || "/"}`, headers, body));
  await fc.assert(
    fc.asyncProperty(fc.oneof(bytes, request), async (sent) => {
      const connection = await openRaw(gateway.url);
      await connection.send(sent);
      await connection.send("\r\n\r\n");
      const answered = connection.answer().then(
        ({ status }) => status,
        () => 0,
      );
      // A request that waits for more is given up; what has been said by then counts.
      const alive = await exchangeRaw(gateway.url, requestBytes("POST /in/unknown-source-key"));
      connection.reset();
      const status = await answered;
      expect(alive.status).toBe(404);
      expect(status === 0 || (status >= 400 && status < 500) || status === 505).toBe(true);
    }),
    { numRuns: 60 },
  );
  expect(await gateway.query("select 1 from holdfast.event")).toEqual([]);
  const webhook = signedWebhook({ provider: "stripe", key: "payments-key", body: "{}" });
  // A machine that is busy with other tests may make it ask for a moment's patience first.
  await until(async () => (await post(gateway.url, webhook)).status === 200);
});
