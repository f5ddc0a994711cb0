import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { sign } from "@holdfast/verify";
import { expect, onTestFinished } from "vitest";
import type { GatewayConfig } from "../../src/config.ts";
import type { RunningGateway } from "../../src/main.ts";
import { startGateway } from "../../src/main.ts";
import { silentLog } from "../../src/platform/log.ts";
import type { Desk } from "./delivery-gateway.ts";
import { deliveryConfig, SOURCE_SECRET } from "./delivery-gateway.ts";
import { until } from "./embedded.ts";

/** A service that answers as it is told, and remembers every key that it was given. */
export interface Service {
  readonly url: string;
  /** What it answers to a body; 200 at first. */
  answer: (body: string) => number;
  /** Answered 2xx: what an honest receiver acts on, once for each key. */
  readonly effects: Map<string, number>;
  readonly seen: { readonly key: string; readonly headers: Record<string, string>; readonly body: string }[];
}

export async function openService(): Promise<Service> {
  const service: Service = { url: "", answer: () => 200, effects: new Map(), seen: [] };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const key = String(request.headers["idempotency-key"]);
      service.seen.push({ key, headers: request.headers as Record<string, string>, body });
      const status = service.answer(body);
      if (status < 300) service.effects.set(key, (service.effects.get(key) ?? 0) + 1);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return Object.assign(service, { url: `http://127.0.0.1:${port}/` });
}

export interface ReplayGateway {
  readonly gateway: RunningGateway;
  /** Posts a signed event to the source `payments`; the provider's id is in the body. @returns the status */
  post(id: string, secret?: string): Promise<number>;
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Plans and runs a replay, and waits until it has ended. */
  replay(wish: Record<string, unknown>): Promise<Record<string, unknown>>;
  ended(id: string): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

/** One secret for the whole file of tests, so that several gateways share a database. */
export const SECRET_KEY = randomBytes(32).toString("base64");

export interface ReplayGatewayOptions {
  readonly destinations: Readonly<Record<string, unknown>>;
  readonly routes?: readonly unknown[];
  readonly secrets?: readonly unknown[];
  readonly roles?: readonly string[];
  readonly handlers?: GatewayConfig["handlers"];
}

/** Starts a whole gateway over the desk's database: ingest, workers, replayer, admin. */
export async function startReplayGateway(desk: Desk, options: ReplayGatewayOptions): Promise<ReplayGateway> {
  const routes = options.routes ?? [{ source: "payments", destination: Object.keys(options.destinations)[0] }];
  const handlers = options.handlers ?? {};
  const base = await deliveryConfig(desk, {
    destinations: options.destinations,
    routes,
    secretKey: SECRET_KEY,
    handlers,
  });
  const roles = (options.roles ?? ["ingest", "worker", "admin"]) as typeof base.roles;
  const started = await startGateway({ ...base, roles }, silentLog);
  if (!started.ok) throw new Error(started.message);
  const { gateway } = started;
  onTestFinished(() => gateway.drain());
  const call: ReplayGateway["call"] = async (method, path, body) => {
    const response = await fetch(`${gateway.adminUrl}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${gateway.adminToken}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const ended: ReplayGateway["ended"] = async (id) => {
    let found: Record<string, unknown> = {};
    await until(async () => {
      found = (await call("GET", `/replays/${id}`)).body;
      return found["state"] !== "running";
    });
    return found;
  };
  return {
    gateway,
    call,
    ended,
    post: (id, secret = SOURCE_SECRET) => postEvent(gateway.ingestUrl!, id, secret),
    replay: async (wish) => {
      const planned = await call("POST", "/replays", wish);
      expect(planned.status, JSON.stringify(planned.body)).toBe(201);
      const ran = await call("POST", "/replays/run", { token: planned.body["token"] });
      expect(ran.status, JSON.stringify(ran.body)).toBe(200);
      return ended(String(ran.body["id"]));
    },
    stop: () => gateway.drain(),
  };
}

async function postEvent(ingestUrl: string, id: string, secret: string): Promise<number> {
  const body = Buffer.from(JSON.stringify({ id, object: "event", type: "invoice.paid", created: 1_700_000_000 }));
  const url = `${ingestUrl}/in/payments-key`;
  const headers: [string, string][] = [["content-type", "application/json"]];
  const request = { method: "POST", url, headers, body };
  const signed = sign({ provider: "stripe", receiver: { secrets: [secret] }, request, now: new Date() });
  const response = await fetch(url, { method: "POST", headers: [...headers, ...signed] as [string, string][], body });
  await response.arrayBuffer();
  return response.status;
}

/** Waits until nothing is under way: every delivery is processed, dead, or waits for a retry. */
export async function settled(desk: Desk): Promise<void> {
  await until(async () => {
    const [row] = await desk.query<{ count: number }>(
      "SELECT count(*)::int AS count FROM holdfast.delivery WHERE state IN ('ready', 'leased', 'held')",
    );
    return row!.count === 0;
  });
}

/**
 * Waits until a replay has ended and so many of its deliveries are processed: one that a slow machine has put off is counted as
 * waiting at the end, and as processed later.
 */
export async function endedWith(
  gateway: ReplayGateway,
  id: string,
  processed: number,
): Promise<Record<string, unknown>> {
  let found: Record<string, unknown> = {};
  await until(async () => {
    found = await gateway.ended(id);
    return found["state"] !== "completed" || (found["summary"] as { processed: number }).processed === processed;
  });
  return found;
}

/** As if the source had been made by the API: one that a file declares is changed there. Waits until the gateway knows. */
export async function ownByApi(desk: Desk, gateway: ReplayGateway): Promise<void> {
  await desk.query("UPDATE holdfast.source SET origin = 'api'");
  await desk.query("UPDATE holdfast.setting SET value = (value::int + 1)::text WHERE name = 'catalog_version'");
  await until(async () => (await gateway.call("GET", "/sources/payments")).body["origin"] === "api");
}
