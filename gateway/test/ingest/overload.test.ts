import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { IngestGateway, SignedWebhook } from "../support/ingest-gateway.ts";
import { SECRET, faultOf, post, postBytes, startIngestGateway, stripeEvent, until } from "../support/ingest-gateway.ts";
import type { RawAnswer } from "../support/raw-http.ts";
import { openRaw } from "../support/raw-http.ts";

const CLASSES = ["critical", "high", "normal", "low"] as const;
const stripe = (key: string) => ({ provider: "stripe", key, secrets: [SECRET] });

// The queue's depth is a signal that the test has in its hand: nothing is delivered here, so it is what was posted.
const CONTENT = {
  secretKey: randomBytes(32).toString("base64"),
  sources: {
    ...Object.fromEntries(CLASSES.map((name) => [name, { ...stripe(`source-of-${name}`), priority: name }])),
    mixed: stripe("source-of-all"),
    limited: { ...stripe("source-limited"), ratePerSec: 1, burst: 3, priority: "critical" },
  },
  destinations: { app: { url: "https://app.example/webhooks" } },
  routes: [
    ...CLASSES.map((name) => ({ source: name, destination: "app" })),
    { source: "mixed", destination: "app", name: "urgent", eventTypes: ["charge.*"], priority: "critical" },
    { source: "mixed", destination: "app", name: "other", eventTypes: ["log.*"], priority: "low" },
    { source: "limited", destination: "app" },
  ],
  overload: {
    // Level 2 begins where level 1 does: no look in the midst of what is posted can find the one without the other.
    readyDeliveries: [20, 20, 1_000_000, 1_000_000],
    // How busy the machine is says nothing here.
    commitMs: [27_000, 28_000, 29_000, 30_000],
    loopDelayMs: [57_000, 58_000, 59_000, 60_000],
  },
};

let gateway: IngestGateway;
let count = 0;
beforeAll(async () => {
  gateway = await startIngestGateway({ content: CONTENT });
});
afterAll(() => gateway?.close());

const event = (key: string, type = "invoice.paid"): SignedWebhook => stripeEvent(`evt_load_${count++}`, { type }, key);
const send = (key: string, times: number, type?: string): Promise<RawAnswer[]> =>
  Promise.all(Array.from({ length: times }, () => post(gateway.url, event(key, type))));
const statusesOf = (answers: readonly RawAnswer[]): number[] => [...new Set(answers.map(({ status }) => status))];
const level = (): Promise<number> => gateway.metric("holdfast_saturation_level");

interface Shown {
  readonly level: number;
  readonly cause: { readonly signal: string; readonly value: number; readonly threshold: number } | null;
  readonly classes: Record<string, string>;
  readonly refused: Record<string, number>;
}

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${gateway.adminUrl}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${gateway.gateway.adminToken}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as T;
}

it("refuses the least urgent first, tells when to come again, and takes every critical one", async () => {
  expect(statusesOf(await send("source-of-critical", 25))).toEqual([200]);
  await until(async () => (await level()) === 2);

  const low = await send("source-of-low", 30);
  expect(statusesOf(low)).toEqual([503]);
  expect(new Set(low.map(faultOf))).toEqual(new Set(["overloaded"]));
  const waits = low.map(({ headers }) => Number(headers["retry-after"]));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(10);
  expect(Math.max(...waits)).toBeLessThanOrEqual(30);
  expect(new Set(waits).size).toBeGreaterThan(3);

  const normal = await send("source-of-normal", 40);
  expect(statusesOf(normal).filter((status) => status !== 200)).toEqual([429]);
  const throttled = normal.filter(({ status }) => status === 429);
  expect(new Set(throttled.map(faultOf))).toEqual(new Set(["throttled"]));
  expect(throttled.every(({ headers }) => Number(headers["retry-after"]) > 0)).toBe(true);
  expect(statusesOf([...(await send("source-of-high", 5)), ...(await send("source-of-critical", 5))])).toEqual([200]);

  const accepted = 25 + normal.length - throttled.length + 10;
  expect(await gateway.query("select count(*)::int as events from holdfast.event")).toEqual([{ events: accepted }]);
  expect(await gateway.metric("holdfast_ingest_refused_total")).toBe(low.length + throttled.length);
});

it("refuses before the body is read where all that a source sends may wait, else by the event's own class", async () => {
  const connection = await openRaw(gateway.url);
  const whole = postBytes(event("source-of-low"), [["expect", "100-continue"]]).toString("latin1");
  await connection.send(whole.slice(0, whole.indexOf("\r\n\r\n") + 4));
  expect((await connection.answer()).status).toBe(503);
  connection.end();

  expect(statusesOf(await send("source-of-all", 4, "charge.failed"))).toEqual([200]);
  expect(statusesOf(await send("source-of-all", 4, "log.line"))).toEqual([503]);
  const forged = event("source-of-all", "log.line");
  const answer = await post(gateway.url, {
    ...forged,
    body: Buffer.from(forged.body.toString().replace("log", "lag")),
  });
  expect(answer.status).toBe(401);
});

it("says at what level it is, by which signal, and whom it refuses; in the log once for each change", async () => {
  const read = async (): Promise<Shown> => (await ask<{ overload: Shown }>("GET", "/status")).overload;
  await until(async () => ((await read()).refused["low"] ?? 0) >= 34);
  const { level: shown, cause, classes } = await read();
  expect([shown, cause?.signal, cause?.threshold]).toEqual([2, "depth", 20]);
  expect(classes).toEqual({ critical: "accepted", high: "accepted", normal: "throttled", low: "shed" });
  const lines = gateway.logged.filter((line) => line.includes("overloaded; arrivals"));
  expect(lines.map((line) => (JSON.parse(line) as { level: number }).level)).toEqual([2]);
  expect(await gateway.metric("holdfast_throttle_state", 'priority="low"')).toBe(2);
});

it("lets an operator exempt a class and refuse another, until it is cleared", async () => {
  await ask("POST", "/throttles", { class: "low", action: "admit", reason: "they must come in" });
  expect(statusesOf(await send("source-of-low", 3))).toEqual([200]);
  await ask("DELETE", "/throttles/class.low");
  expect(statusesOf(await send("source-of-low", 3))).toEqual([503]);

  await ask("POST", "/throttles", { source: "critical", action: "refuse", minutes: 5 });
  const refused = await send("source-of-critical", 3);
  expect(statusesOf(refused)).toEqual([503]);
  expect(refused.every(({ headers }) => Number(headers["retry-after"]) >= 290)).toBe(true);
  const { throttles } = await ask<{ throttles: { source: string; action: string }[] }>("GET", "/throttles");
  expect(throttles.map(({ source, action }) => [source, action])).toEqual([["critical", "refuse"]]);
  await ask("DELETE", "/throttles/source.critical");
  expect(statusesOf(await send("source-of-critical", 3))).toEqual([200]);
});

it("holds a source to its rate with the moment of the next, and leaves the others alone (F108)", async () => {
  const [limited, others] = await Promise.all([send("source-limited", 60), send("source-of-critical", 20)]);
  expect(limited.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(3);
  const over = limited.filter(({ status }) => status !== 200);
  expect(over.length).toBeGreaterThan(0);
  expect(new Set(over.map((answer) => `${answer.status} ${faultOf(answer)} ${answer.headers["retry-after"]}`))).toEqual(
    new Set(["429 rate_exceeded 1"]),
  );
  expect(statusesOf(others)).toEqual([200]);
});

it("accepts everything again by itself when the load is gone", async () => {
  await gateway.query("delete from holdfast.delivery");
  await until(async () => (await level()) === 0);
  expect(statusesOf([...(await send("source-of-low", 3)), ...(await send("source-of-normal", 3))])).toEqual([200]);
  expect(gateway.logged.filter((line) => line.includes("the overload is over"))).toHaveLength(1);
});

it("shows each of two processes of one pid on one host, and forgets with one that ends only that one", async () => {
  // Containers that share their host's network may have such processes; two gateways in this one are such, too.
  const shown = async () =>
    (await gateway.query("SELECT process FROM holdfast.saturation")).map((row) => row["process"]);
  await expect.poll(async () => (await shown()).length).toBe(1);
  const [first] = await shown();
  const other = await startIngestGateway({ content: CONTENT, database: gateway.database });
  try {
    await expect.poll(async () => (await shown()).length).toBe(2);
  } finally {
    await other.stop();
  }
  expect(await shown()).toEqual([first]);
});
