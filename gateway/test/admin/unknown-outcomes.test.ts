import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { FaultProxy, Wire } from "../support/fault-proxy.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
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

async function send(path: string, body: object, idempotencyKey: string) {
  const response = await fetch(`${gateway.adminUrl}/api/v1${path}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${gateway.gateway.adminToken}`,
      "content-type": "application/json",
      "idempotency-key": idempotencyKey,
    },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const countOf = async (table: string, name: string): Promise<number> =>
  (await gateway.query(`select 1 from holdfast.${table} where name = $1`, [name])).length;

/** Loses the first answer with `lost` in it to whoever sent `sent`. */
function loseAnswer(sent: string, lost: string): void {
  let sender: Wire | null = null;
  proxy.toServer = (bytes, wire) => {
    if (bytes.includes(sent)) sender = wire;
    return bytes;
  };
  proxy.toClient = (bytes, wire) => {
    if (wire !== sender || !bytes.includes(lost)) return bytes;
    sender = null;
    wire.cutClient();
    return null;
  };
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
    spoil: () => loseAnswer("INSERT INTO holdfast.destination", "COMMIT\0"),
    path: "/destinations",
    table: "destination",
    more: { url: "https://a.example/" },
  },
  {
    what: "the answer to its only statement is lost",
    spoil: () => loseAnswer("INSERT INTO holdfast.api_key", "INSERT 0 1\0"),
    path: "/keys",
    table: "api_key",
    more: { role: "viewer" },
  },
  {
    what: "the catalog cannot be read after it",
    spoil: () => loseLooks("INSERT INTO holdfast.destination", "name = 'catalog_version'"),
    path: "/destinations",
    table: "destination",
    more: { url: "https://b.example/" },
  },
  {
    what: "what it made cannot be read after it",
    spoil: () => loseLooks("INSERT INTO holdfast.alert_channel", "FROM holdfast.alert_channel"),
    path: "/alerts/channels",
    table: "alert_channel",
    more: { kind: "slack", url: "https://hooks.slack.example/T0/B0/x" },
  },
])("a change is not made again under its Idempotency-Key when $what", async ({ what, spoil, path, table, more }) => {
  const name = what.replaceAll(/[^a-z]+/gi, "-").toLowerCase();
  const body = { name, ...more };
  spoil();
  const first = await send(path, body, name);
  expect([first.status, first.body["type"]]).toEqual([503, "urn:holdfast:fault:store_unavailable"]);
  proxy.toServer = null;
  proxy.toClient = null;
  expect(await countOf(table, name)).toBe(1);
  const repeat = await send(path, body, name);
  expect([repeat.status, repeat.body["type"]]).toEqual([409, "urn:holdfast:fault:outcome_unknown"]);
  expect(repeat.body["detail"]).toContain("Look whether the change was made");
  expect(await countOf(table, name)).toBe(1);
});
