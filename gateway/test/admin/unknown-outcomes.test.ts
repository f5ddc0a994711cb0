import { afterAll, afterEach, beforeAll, expect, it, onTestFinished } from "vitest";
import { tellStore } from "../../src/http/admin/refusal.ts";
import { cold } from "../../src/store/statement.ts";
import { openTestPool } from "../support/database.ts";
import type { FaultProxy, Wire } from "../support/fault-proxy.ts";
import { loseAnswer, startFaultProxy } from "../support/fault-proxy.ts";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { PAYMENTS, startIngestGateway } from "../support/ingest-gateway.ts";

let gateway: IngestGateway;
let proxy: FaultProxy;

beforeAll(async () => {
  gateway = await startIngestGateway({
    content: PAYMENTS,
    reach: async (url) => {
      proxy = await startFaultProxy(url);
      return proxy.url;
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await proxy.close();
});
afterEach(() => {
  proxy.toServer = null;
  proxy.toClient = null;
});

async function send(path: string, body: object | null, idempotencyKey: string, method = "POST") {
  const headers = {
    authorization: `Bearer ${gateway.gateway.adminToken}`,
    ...(body === null ? {} : { "content-type": "application/json" }),
    "idempotency-key": idempotencyKey,
  };
  const options = { method, headers, body: body && JSON.stringify(body) };
  const response = await fetch(`${gateway.adminUrl}/api/v1${path}`, options);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const countOf = async (table: string, name: string): Promise<number> =>
  (await gateway.query(`select 1 from holdfast.${table} where name = $1`, [name])).length;

/** What the audit has of an operation; its details, oldest first. */
async function entriesOf(action: string): Promise<Record<string, unknown>[]> {
  const sql = "select detail from holdfast.audit where action = $1 order by n";
  const rows = await gateway.query<{ detail: string }>(sql, [action]);
  return rows.map(({ detail }) => JSON.parse(detail) as Record<string, unknown>);
}

/** Lets the change of whoever sends `sent` through, and then nobody who sends `look`. */
function loseLooks(sent: string, look: string): void {
  let sender: Wire | null = null;
  let isMade = false;
  proxy.toServer = (bytes, wire) => {
    if (bytes.includes(sent)) sender = wire;
    if (!isMade || !bytes.includes(look)) return bytes;
    wire.cutBoth();
    return null;
  };
  proxy.toClient = (bytes, wire) => {
    isMade ||= wire === sender && bytes.includes("COMMIT\0");
    return bytes;
  };
}

it.each([
  {
    what: "the answer to its COMMIT is lost",
    spoil: () => loseAnswer(proxy, "INSERT INTO holdfast.destination", "COMMIT\0"),
    path: "/destinations",
    table: "destination",
    more: { url: "https://a.example/" },
    told: {},
    says: "Look whether it was made",
  },
  {
    what: "the answer to its only statement is lost",
    spoil: () => loseAnswer(proxy, "INSERT INTO holdfast.api_key", "INSERT 0 1\0"),
    path: "/keys",
    table: "api_key",
    more: { role: "viewer" },
    told: { outcome: "unknown" },
    says: "Look whether it was done",
  },
  {
    what: "the catalog cannot be read after it",
    spoil: () => loseLooks("INSERT INTO holdfast.destination", "name = 'catalog_version'"),
    path: "/destinations",
    table: "destination",
    more: { url: "https://b.example/" },
    told: {},
    says: "The change was made",
  },
  {
    what: "what it made cannot be read after it",
    spoil: () => loseLooks("INSERT INTO holdfast.alert_channel", "FROM holdfast.alert_channel"),
    path: "/alerts/channels",
    table: "alert_channel",
    more: { kind: "slack", url: "https://hooks.slack.example/T0/B0/x" },
    told: {},
    says: "The change was made",
  },
])(
  "a change is not made again under its Idempotency-Key and the audit tells of it, when $what",
  async ({ what, spoil, path, table, more, told, says }) => {
    const name = what.replaceAll(/[^a-z]+/gi, "-").toLowerCase();
    const body = { name, ...more };
    spoil();
    const first = await send(path, body, name);
    expect([first.status, first.body["type"]]).toEqual([503, "urn:holdfast:fault:store_unavailable"]);
    expect(first.body["detail"]).toContain(says);
    proxy.toServer = null;
    proxy.toClient = null;
    expect(await countOf(table, name)).toBe(1);
    const entries = (await entriesOf(`POST ${path}`)).filter((entry) => JSON.stringify(entry).includes(name));
    expect(entries.map(({ outcome }) => ({ outcome }))).toEqual([told]);
    const repeat = await send(path, body, name);
    expect([repeat.status, repeat.body["type"]]).toEqual([409, "urn:holdfast:fault:outcome_unknown"]);
    expect(repeat.body["detail"]).toContain("Look whether the change was made");
    expect(await countOf(table, name)).toBe(1);
  },
);

it("a change that was not begun when the connection broke leaves no entry", async () => {
  const person = { email: "unbegun@example.com", password: "a sentence of her own" };
  const { id } = (await send("/people", person, "unbegun")).body;
  const found = (): Promise<Record<string, unknown>[]> => entriesOf("PATCH /people/{id}");
  const before = await found();
  let isCut = false;
  proxy.toServer = (bytes, wire) => {
    if (isCut || !bytes.includes("FROM holdfast.person")) return bytes;
    isCut = true;
    wire.cutBoth();
    return null;
  };
  const lost = await send(`/people/${String(id)}`, { name: "Ada L." }, "", "PATCH");
  expect([lost.status, lost.body["type"]]).toEqual([503, "urn:holdfast:fault:store_unavailable"]);
  expect(await found()).toEqual(before);
});

it("a change that was not begun since its Idempotency-Key could not be taken for sure says so, and may be sent with another", async () => {
  const body = { name: "unplaced", role: "viewer" };
  loseAnswer(proxy, "INSERT INTO holdfast.kept_answer", "INSERT 0 1\0");
  const lost = await send("/keys", body, "unplaced");
  expect([lost.status, lost.body["detail"]]).toEqual([503, expect.stringContaining("This request did nothing")]);
  proxy.toServer = null;
  proxy.toClient = null;
  expect((await send("/keys", body, "unplaced")).body["type"]).toBe("urn:holdfast:fault:request_under_way");
  expect((await send("/keys", body, "placed")).status).toBe(201);
  expect(await countOf("api_key", "unplaced")).toBe(1);
});

it("secrets that are not sealed anew to the end are told to go on with", async () => {
  proxy.toServer = (bytes, wire) => (bytes.includes("FROM holdfast.secret_version") ? (wire.cutBoth(), null) : bytes);
  const cut = await send("/secrets/reseal", null, "resealed");
  expect([cut.status, cut.body["detail"]]).toEqual([503, expect.stringContaining("Some may be sealed anew already.")]);
});

it("what could not be sent for want of a connection was not done, and what was sent may have been", async () => {
  const closed = await startFaultProxy(gateway.database.url);
  const db = openTestPool({ url: closed.url }, 1);
  onTestFinished(() => db.close());
  const write = () => tellStore(() => db.run(cold("write_nothing", "UPDATE holdfast.person SET name = name"), []));
  closed.toServer = (bytes, wire) => (bytes.includes("holdfast.person") ? (wire.cutBoth(), null) : bytes);
  expect(await write()).toMatchObject({ ok: false, code: "store_unavailable", unknown: true });
  await closed.close();
  expect(await write()).toMatchObject({ ok: false, code: "store_unavailable", unknown: false });
});

const ALERT_RULE = "/alerts/rules/dead_letters_grow";

it.each([
  { sent: "UPDATE holdfast.person", look: "FROM holdfast.person", path: "/people/", change: { name: "Ada L." } },
  {
    sent: "INTO holdfast.alert_setting ",
    look: "FROM holdfast.alert_setting",
    path: ALERT_RULE,
    change: { threshold: 7 },
  },
])("a change of $path that cannot be seen to its end is told as one that may have been made, and kept", async (row) => {
  const { sent, look, change } = row;
  const person = { email: `ada-${sent.length}@example.com`, password: "a sentence of her own" };
  const made = (await send("/people", person, `person-${sent.length}`)).body;
  const path = row.path === ALERT_RULE ? ALERT_RULE : `/people/${String(made["id"])}`;
  const action = row.path === ALERT_RULE ? "PATCH /alerts/rules/{id}" : "PATCH /people/{id}";
  loseAnswer(proxy, sent, "COMMIT\0");
  const lost = await send(path, change, "", "PATCH");
  expect([lost.status, lost.body["detail"]]).toEqual([503, expect.stringContaining("Look whether it was made")]);
  proxy.toServer = null;
  proxy.toClient = null;
  loseLooks(sent, look);
  const unread = await send(path, change, "", "PATCH");
  expect([unread.status, unread.body["detail"]]).toEqual([503, expect.stringContaining("The change was made")]);
  expect((await entriesOf(action)).map(({ outcome }) => outcome)).toEqual(["unknown", undefined]);
});
