import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sign } from "@holdfast/verify";
import { Client } from "pg";
import { loadConfig } from "../../src/config.ts";
import type { RunningGateway } from "../../src/main.ts";
import { startGateway } from "../../src/main.ts";
import type { Log } from "../../src/platform/log.ts";
import type { TestDatabase } from "./database.ts";
import { testDatabase } from "./database.ts";
import type { RawAnswer } from "./raw-http.ts";
import { exchangeRaw, requestBytes } from "./raw-http.ts";
import { UNHURRIED } from "./unhurried.ts";

/** A secret that every source of these tests verifies with; each provider's form of it is accepted. */
export const SECRET = "whsec_c2VjcmV0LW9mLXRoZS10ZXN0cy0zMi1ieXRlcy0=";

export type Definition = Readonly<Record<string, unknown>>;

/** A Stripe source with one destination; the receiver does not exist, and no worker looks for it. */
export const PAYMENTS: Definition = {
  sources: { payments: { provider: "stripe", key: "payments-key", secrets: [SECRET] } },
  destinations: { billing: { url: "https://billing.example/webhooks" } },
  routes: [{ source: "payments", destination: "billing" }],
};

/** A gateway in this process, on a database of its own. */
export interface IngestGateway {
  /** The ingest door, without a trailing slash. */
  readonly url: string;
  readonly adminUrl: string;
  readonly database: TestDatabase;
  readonly gateway: RunningGateway;
  /** Every line that was logged, as JSON text. */
  readonly logged: string[];
  /** Runs a statement beside the gateway, as superuser and without the fault proxy. */
  query<Row extends Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The value of a metric, summed over its labels that contain `label`. */
  metric(name: string, label?: string): Promise<number>;
  /** Drains the gateway and leaves the database. */
  stop(): Promise<void>;
  /** Drains the gateway and drops the database. */
  close(): Promise<void>;
}

export interface IngestGatewayOptions {
  /** Keys of the configuration file: sources, destinations, routes, ingest, … */
  readonly content?: Definition;
  /** How the gateway reaches the database, when it is not directly. */
  readonly reach?: (databaseUrl: string) => string | Promise<string>;
  readonly database?: TestDatabase;
}

/** Starts a gateway that takes in and serves the admin API, and delivers nothing, so that deliveries stand still. */
export async function startIngestGateway(options: IngestGatewayOptions = {}): Promise<IngestGateway> {
  const database = options.database ?? (await testDatabase());
  const dataDir = mkdtempSync(join(tmpdir(), "holdfast-case-"));
  const logged: string[] = [];
  const write = (fields: Readonly<Record<string, unknown>>, message: string): void => {
    logged.push(JSON.stringify({ ...fields, message }));
  };
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const databaseUrl = (await options.reach?.(database.url)) ?? database.url;
  const places = { dataDir, databaseUrl, roles: ["ingest", "admin"], port: 0, adminPort: 0, drainTimeoutMs: 4_000 };
  const own = options.content ?? PAYMENTS;
  // Who sets a bound of the door says nothing of the time that an event has to be stored.
  const ingest = { ...UNHURRIED.ingest, ...(own["ingest"] as object | undefined) };
  const content = { ...places, ...UNHURRIED, ...own, ingest };
  const loaded = await loadConfig({ flags: {}, env: {}, cwd: dataDir, content });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const started = await startGateway(loaded.config, log);
  if (!started.ok) throw new Error(started.message);
  const { gateway } = started;
  const admin = new Client({ connectionString: database.adminUrl });
  admin.on("error", () => {});
  await admin.connect();
  const stop = async (): Promise<void> => {
    await gateway.drain();
    await admin.end();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return {
    url: gateway.ingestUrl!,
    adminUrl: gateway.adminUrl!,
    database,
    gateway,
    logged,
    query: async <Row extends Record<string, unknown>>(text: string, values: readonly unknown[] = []) =>
      (await admin.query<Row>(text, [...values])).rows,
    metric: (name, label = "") => readMetric(gateway.adminUrl!, name, label),
    stop,
    close: async () => {
      await stop();
      await database.drop();
    },
  };
}

async function readMetric(adminUrl: string, name: string, label: string): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const lines = text.split("\n").filter((line) => new RegExp(`^${name}(\\{|\\s)`).test(line) && line.includes(label));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

/** A webhook as a provider would send it: signed over exactly these bytes. */
export interface SignedWebhook {
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

/** Signs a body for a source. */
export function signedWebhook(webhook: {
  readonly provider: string;
  readonly key: string;
  readonly body: string | Uint8Array;
  readonly headers?: readonly (readonly [string, string])[];
  readonly secret?: string;
}): SignedWebhook {
  const body = Buffer.from(webhook.body);
  const path = `/in/${webhook.key}`;
  const headers: (readonly [string, string])[] = [["content-type", "application/json"], ...(webhook.headers ?? [])];
  const request = { method: "POST", url: `http://gateway.test${path}`, headers, body };
  const receiver = { secrets: [webhook.secret ?? SECRET] };
  return {
    path,
    headers: [...headers, ...sign({ provider: webhook.provider, receiver, request, now: new Date() })],
    body,
  };
}

/** A Stripe event of that id for the source `payments`. */
export function stripeEvent(id: string, more: Definition = {}, key = "payments-key"): SignedWebhook {
  const body = JSON.stringify({ id, object: "event", type: "invoice.paid", created: 1_700_000_000, ...more });
  return signedWebhook({ provider: "stripe", key, body });
}

/** The bytes of the request that carries a webhook. */
export function postBytes(webhook: SignedWebhook, more: readonly (readonly [string, string])[] = []): Buffer {
  return requestBytes(`POST ${webhook.path}`, [...webhook.headers, ...more], webhook.body);
}

/** Posts a webhook on a connection of its own. */
export function post(url: string, webhook: SignedWebhook): Promise<RawAnswer> {
  return exchangeRaw(url, postBytes(webhook));
}

/** The last part of a problem's type, e.g. `not_genuine`. */
export function faultOf(answer: RawAnswer): string {
  const { type } = JSON.parse(answer.body) as { type: string };
  return type.replace("urn:holdfast:fault:", "");
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Asks again until the answer is yes; the test's own deadline ends it. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((next) => setTimeout(next, 20));
}
