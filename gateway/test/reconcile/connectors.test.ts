import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createPublicKey, generateKeyPairSync, verify as verifyBytes } from "node:crypto";
import type { ConnectorOptions } from "../../src/domain/connector.ts";
import type { Reconciliation } from "../../src/domain/reconciliation.ts";
import { openConnector } from "../../src/recovery/connectors/open-connector.ts";
import type { Connector, LogEntry } from "../../src/recovery/connectors/connector.ts";
import { createEgress } from "../../src/platform/egress/create-egress.ts";
import { silentLog } from "../../src/platform/log.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { Reply } from "../support/fake-provider.ts";
import { startFakeProvider } from "../support/fake-provider.ts";
import { testFolder } from "../support/folder.ts";

const FROM = new Date("2026-11-01T00:00:00Z");
const TO = new Date("2026-11-02T00:00:00Z");
const window = { from: FROM, to: TO };

async function open(
  connector: ConnectorOptions,
  more: { secret?: string | null; dataDir?: string; allowCidrs?: string[] } = {},
): Promise<Connector> {
  const egress = createEgress({ policy: { allowCidrs: more.allowCidrs ?? ["127.0.0.1/32"] }, log: silentLog });
  onTestFinished(() => egress.close());
  const setup = {
    connector,
    secret: more.secret ?? "api-secret",
    secretUnreadable: false,
    tenant: "default",
  } as Reconciliation;
  const opened = await openConnector({ egress, clock: systemClock, dataDir: more.dataDir ?? "/nonexistent" }, setup);
  if (!opened.ok) throw new Error(opened.detail);
  return opened.connector;
}

/** Every entry of the window, page by page; a fault throws. */
async function listAll(connector: Connector, pageItems: number): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (let cursor: string | null = null, pages = 0; pages < 50; pages++) {
    const page = await connector.list(window, cursor, pageItems);
    if (!page.ok) throw new Error(`${page.cause}: ${page.detail}`);
    entries.push(...page.entries);
    if (page.next === null) return entries;
    cursor = page.next;
  }
  throw new Error("the log has no end");
}

const json = (text: string, headers: Record<string, string> = {}): Reply => ({ status: 200, headers, text });
const textOf = (entry: LogEntry | undefined): string => Buffer.from(entry?.body ?? []).toString("utf8");

it("reads a list of Svix to its end, and asks for a redelivery and for one entry", async () => {
  const ids = Array.from({ length: 5 }, (_, i) => `msg_${i}`);
  const item = (id: string) =>
    `{"id":"${id}","eventType":"user.made","timestamp":"2026-11-01T05:00:00Z","payload": {"n": 1.50, "id":12345678901234567890}}`;
  const fake = await startFakeProvider(({ method, url, headers }) => {
    expect(headers.authorization).toBe("Bearer api-secret");
    if (method === "POST") return json("{}");
    if (!url.pathname.endsWith("/msg/")) return json(item("msg_3"));
    expect([url.searchParams.get("after"), url.searchParams.get("before")]).toEqual([
      FROM.toISOString(),
      TO.toISOString(),
    ]);
    const from = Number(url.searchParams.get("iterator") ?? 0);
    const to = from + Number(url.searchParams.get("limit"));
    return json(
      `{"data":[${ids.slice(from, to).map(item).join()}],"iterator":"${to}","prevIterator":null,"done":${to >= ids.length}}`,
    );
  });
  const connector = await open({ kind: "svix", applicationId: "app_1", receiverId: "ep_1", baseUrl: fake.url });
  const entries = await listAll(connector, 2);
  expect(entries.map(({ eventKey }) => eventKey)).toEqual(ids.map((id) => `id:${id}`));
  // Long numbers and trailing zeros as they stand: a parser would have changed both.
  expect(textOf(entries[0])).toBe('{"n": 1.50, "id":12345678901234567890}');
  expect(await connector.redeliver!({ providerEventId: "msg_3", reference: null })).toEqual({ ok: true });
  expect(fake.asked.at(-1)).toBe("POST /api/v1/app/app_1/msg/msg_3/endpoint/ep_1/resend/");
  expect(await connector.fetch!({ providerEventId: "msg_3", reference: null })).toMatchObject({ ok: true });
});

const PLACES = { id: "/meta/id", type: "/meta/type", time: "/at", timeFormat: "s", body: "/sent" } as const;
const entryOf = (n: number, at = FROM.getTime() / 1_000 + n) =>
  `{"meta":{"id":${9_007_199_254_740_993n + BigInt(n)},"type":"t"},"at":${at},"sent":"{\\"n\\":${n}}"}`;

it.each(["cursor", "url", "link"] as const)(
  "reads a log that pages by %s, ids as they stand, bodies as text",
  async (paging) => {
    const fake = await startFakeProvider(({ url }) => {
      const from = Number(url.searchParams.get("page") ?? 0);
      expect(url.searchParams.get("since")).toBe(
        from === 0 || paging === "cursor" ? String(FROM.getTime() / 1_000) : null,
      );
      const items = [0, 1, 2].map((i) => entryOf(from + i)).join();
      const next = from + 3 < 9 ? String(from + 3) : "";
      const link: Record<string, string> = next === "" ? {} : { link: `</log?page=${next}>; rel="next"` };
      return json(
        `{"list":[${items}],"next":"${paging === "url" && next !== "" ? `/log?page=${next}` : next}"}`,
        paging === "link" ? link : {},
      );
    });
    const connector = await open({
      kind: "http",
      url: `${fake.url}/log`,
      auth: "header",
      authHeader: "x-key",
      fromParameter: "since",
      items: "/list",
      paging,
      nextPlace: "/next",
      cursorParameter: "page",
      ...PLACES,
    });
    const entries = await listAll(connector, 3);
    expect(entries).toHaveLength(9);
    expect(entries[8]).toMatchObject({
      eventKey: "number:9007199254741001",
      eventType: "t",
      occurredAt: new Date(FROM.getTime() + 8_000),
    });
    expect(textOf(entries[8])).toBe('{"n":8}');
  },
);

it("never takes its secret to another origin, nor where the egress may not go", async () => {
  const other = await startFakeProvider(() => json("[]"));
  const fake = await startFakeProvider(() =>
    json('{"list":[],"more":1}', { link: `<${other.url}/steal>; rel="next"` }),
  );
  const options = {
    kind: "http",
    url: `${fake.url}/log`,
    auth: "bearer",
    items: "/list",
    paging: "url",
    nextPlace: "/more",
    id: "/id",
  } as const;
  const led = await (await open(options)).list(window, `${other.url}/steal`, 10);
  expect(led).toMatchObject({ ok: false, cause: "refused", detail: expect.stringContaining("led to") });
  expect(other.asked).toEqual([]);
  expect(await (await open(options, { allowCidrs: [] })).list(window, null, 10)).toMatchObject({
    ok: false,
    cause: "refused",
  });
  expect(fake.asked).toEqual([]);
});

it("tells each failure by what it asks for", async () => {
  const fake = await startFakeProvider(() => json("[]"));
  const connector = await open({ kind: "http", url: fake.url, paging: "none", id: "/id" });
  const causes: unknown[] = [];
  for (const trouble of ["limited", "second-limit", "broken"] as const) {
    fake.troubles.push(trouble);
    const page = await connector.list(window, null, 10);
    if (!page.ok) causes.push([page.cause, page.retryAfterMs]);
  }
  expect(causes).toEqual([
    ["limited", 7_000],
    ["limited", 60_000],
    ["unavailable", null],
  ]);
  const large = await startFakeProvider(() => json(`[${"1".repeat(9 * 1_048_576)}]`));
  expect(
    await (await open({ kind: "http", url: large.url, paging: "none", id: "/id" })).list(window, null, 10),
  ).toMatchObject({
    cause: "too_large",
  });
});

it("speaks to GitHub as an app, with a token signed by its key, and for an organisation", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const fake = await startFakeProvider(({ headers }) => {
    const token = headers.authorization!.replace("Bearer ", "");
    if (token !== "api-secret") {
      const [head, claims, signature] = token.split(".");
      const isGenuine = verifyBytes(
        "RSA-SHA256",
        Buffer.from(`${head}.${claims}`),
        createPublicKey(publicKey.export({ format: "pem", type: "spki" })),
        Buffer.from(signature!, "base64url"),
      );
      expect([isGenuine, JSON.parse(Buffer.from(claims!, "base64url").toString())]).toMatchObject([
        true,
        { iss: "4711" },
      ]);
    }
    return json("[]");
  });
  const secret = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  expect(await listAll(await open({ kind: "github", appId: "4711", baseUrl: fake.url }, { secret }), 10)).toEqual([]);
  expect(
    await listAll(await open({ kind: "github", org: "acme", webhookId: "8", baseUrl: `${fake.url}/api/v3` }), 10),
  ).toEqual([]);
  expect(fake.asked).toEqual([
    "GET /app/hook/deliveries?per_page=10",
    "GET /api/v3/orgs/acme/hooks/8/deliveries?per_page=10",
  ]);
});

function exported(name: string, text: string): string {
  const dataDir = testFolder();
  mkdirSync(join(dataDir, "imports", "default"), { recursive: true });
  writeFileSync(join(dataDir, "imports", "default", name), text);
  return dataDir;
}

it("reads a file of JSON lines from where it was, and says where a line is wrong", async () => {
  const lines = [0, 1, 2, 3, 4].map((n) => entryOf(n));
  const dataDir = exported("log.jsonl", `${lines.join("\r\n")}\n\n${entryOf(1, TO.getTime() / 1_000)}`);
  const options = { kind: "file", file: "log.jsonl", format: "jsonl", ...PLACES } as const;
  const entries = await listAll(await open(options, { dataDir }), 2);
  expect(entries.map(textOf)).toEqual([0, 1, 2, 3, 4].map((n) => `{"n":${n}}`));
  const odd = exported("log.jsonl", `${lines[0]}\nnot json\n`);
  expect(await (await open(options, { dataDir: odd })).list(window, null, 10)).toMatchObject({
    cause: "refused",
    detail: expect.stringMatching(/at byte \d+ of log\.jsonl/),
  });
  expect(await (await open({ ...options, file: "gone" }, { dataDir })).list(window, null, 10)).toMatchObject({
    detail: expect.stringContaining("there is no file"),
  });
});

it("reads a file that is larger than what it keeps in memory, each line once", async () => {
  const filler = "x".repeat(40_000);
  const lines = Array.from({ length: 70 }, (_, n) => `{"id":"e${n}","filler":"${filler}"}`);
  const dataDir = exported("large.jsonl", lines.join("\n"));
  const options = { kind: "file", file: "large.jsonl", format: "jsonl", id: "/id" } as const;
  const entries = await listAll(await open(options, { dataDir }), 100);
  expect(entries.map(({ providerEventId }) => providerEventId)).toEqual(lines.map((_, n) => `e${n}`));
  const tooLong = exported("large.jsonl", "y".repeat(1_100_000));
  expect(await (await open(options, { dataDir: tooLong })).list(window, null, 10)).toMatchObject({
    cause: "refused",
    detail: expect.stringContaining("is longer than"),
  });
});

it("reads CSV with quoted cells over several lines", async () => {
  const dataDir = exported(
    "log.csv",
    'id,when,kind,body\n"a,1",2026-11-01T01:00:00Z,x,"{""a"":\n1}"\nb,2026-11-01T02:00:00Z,,{}\n',
  );
  const options = {
    kind: "file",
    file: "log.csv",
    format: "csv",
    id: "id",
    time: "when",
    type: "kind",
    body: "body",
  } as const;
  const entries = await listAll(await open(options, { dataDir }), 1);
  expect(entries.map(({ providerEventId, eventType }) => [providerEventId, eventType])).toEqual([
    ["a,1", "x"],
    ["b", ""],
  ]);
  expect(entries.map(textOf)).toEqual(['{"a":\n1}', "{}"]);
});
