import { randomBytes } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { postmasterPid } from "../../../bench/data-folder.mjs";
import { processTree } from "../../../bench/processes.mjs";
import { SOURCE_SECRET } from "../support/delivery-gateway.ts";
import { madeOnce, until } from "../support/embedded.ts";
import { post, signedWebhook } from "../support/ingest-gateway.ts";
import { startReceiver } from "../support/receiver.ts";
import { startWorkerProcess } from "../support/worker-process.ts";

const madeDatabase = madeOnce();

const event = (n: number, pad = "") =>
  signedWebhook({
    provider: "stripe",
    key: "payments-key",
    secret: SOURCE_SECRET,
    body: JSON.stringify({ id: `evt_${n}`, object: "event", type: "invoice.paid", created: 1_700_000_000, pad }),
  });

const definition = (url: string, timeoutMs: number) => ({
  destinations: { billing: { url, timeoutMs, retry: { scheduleSec: [1, 1, 1] } } },
  routes: [{ source: "payments", destination: "billing" }],
});

/** Flips one bit of the page that holds these bytes, in whichever file of the stopped database that is. */
function flipBit(dataDir: string, marker: Buffer): void {
  const base = join(dataDir, "postgres", "base");
  for (const name of readdirSync(base, { recursive: true, encoding: "utf8" })) {
    if (!/\d+$/.test(name) || !name.includes("/")) continue;
    const bytes = readFileSync(join(base, name));
    const at = bytes.indexOf(marker);
    if (at < 0) continue;
    bytes[at] = bytes[at]! ^ 1;
    return writeFileSync(join(base, name), bytes);
  }
  throw new Error("no page holds it");
}

test("a flipped bit in a stored page is never delivered: its delivery ends dead with the reason, and the others go on (F31)", async () => {
  const receiver = await startReceiver();
  const dataDir = madeDatabase();
  const options = { ...definition(receiver.url, 30_000), dataDir };
  const door = await startWorkerProcess(null, { ...options, roles: ["ingest"] });
  // Too large and too random to lie beside others.
  const pad = randomBytes(6_000).toString("base64");
  for (const webhook of [event(1), event(2, pad), event(3)])
    expect((await post(door.ingestUrl, webhook)).status).toBe(200);
  door.signal("SIGTERM");
  await door.ended;
  flipBit(dataDir, Buffer.from(pad.slice(3_000, 3_040)));

  const worker = await startWorkerProcess(null, { ...options, roles: ["worker"] });
  const ended = () => worker.logged.filter((line) => line["msg"] === "delivery attempted").map((line) => line["next"]);
  await until(() => ended().length === 3);
  expect(ended().toSorted()).toEqual(["dead", "processed", "processed"]);
  expect(receiver.arrivals.map(({ body }) => JSON.parse(body.toString()).id).toSorted()).toEqual(["evt_1", "evt_3"]);
  worker.signal("SIGTERM");
  expect(await worker.ended).toEqual({ code: 0, signal: null });
});

test("a machine that stands still as a whole and goes on delivers what it held again at most once a lease, under the same key (F95)", async () => {
  const receiver = await startReceiver(() => undefined);
  const dataDir = madeDatabase();
  const leaseMs = 1_500;
  const roles = ["ingest", "worker"] as const;
  const options = { ...definition(receiver.url, 700), dataDir, roles, worker: { leaseMs } };
  const gateway = await startWorkerProcess(null, options);
  expect((await post(gateway.ingestUrl, event(1))).status).toBe(200);
  await until(() => receiver.arrivals.length >= 1);
  const pids = [gateway.pid, ...processTree(postmasterPid(dataDir)!)];
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  const stoodStillMs = Date.now();
  await until(() => Date.now() > stoodStillMs + 2 * leaseMs);
  receiver.answer = () => 200;
  for (const pid of pids) process.kill(pid, "SIGCONT");
  await until(() => gateway.logged.some((line) => line["next"] === "processed"));
  expect(new Set(receiver.arrivals.map(({ key }) => key)).size).toBe(1);
  expect(receiver.arrivals.length).toBeLessThanOrEqual(Number(receiver.arrivals.at(-1)!.headers["holdfast-attempt"]));
  expect((await post(gateway.ingestUrl, event(2))).status).toBe(200);
  gateway.signal("SIGTERM");
  expect(await gateway.ended).toEqual({ code: 0, signal: null });
});
