import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { SOURCE_SECRET, deliveryConfig, openDesk } from "../support/delivery-gateway.ts";
import { testFolder } from "../support/folder.ts";
import { post, signedWebhook } from "../support/ingest-gateway.ts";
import { startReceiver } from "../support/receiver.ts";

const SCRIPT = fileURLToPath(new URL("../delivery/worker-process.mjs", import.meta.url));

/** A pipe that is full and that nobody reads: who writes to it waits for ever. */
function openFullPipe(): number {
  const path = join(testFolder(), "log");
  execFileSync("mkfifo", [path]);
  const keeper = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(keeper));
  const writer = openSync(path, "w");
  onTestFinished(() => closeSync(writer));
  const filler = Buffer.alloc(4_096, "x");
  try {
    for (;;) writeSync(keeper, filler);
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe("EAGAIN");
  }
  return writer;
}

it("a gateway whose log nobody reads starts, records, delivers, and ends when it is told to (F105)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const config = {
    ...(await deliveryConfig(desk, {
      destinations: { billing: { url: receiver.url } },
      routes: [{ source: "payments", destination: "billing" }],
    })),
    roles: ["ingest", "worker"],
  };
  const log = openFullPipe();
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(config)], { stdio: ["ignore", "pipe", log] });
  const ended = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const lines = createInterface({ input: child.stdout! });
  const [ready] = (await once(lines, "line")) as [string];
  const url = ready.replace("ready ", "");
  for (let n = 0; n < 100; n++) {
    const body = JSON.stringify({
      id: `evt_unread_${n}`,
      object: "event",
      type: "invoice.paid",
      created: 1_700_000_000,
    });
    const webhook = signedWebhook({ provider: "stripe", key: "payments-key", secret: SOURCE_SECRET, body });
    expect((await post(url, webhook)).status).toBe(200);
  }
  await expect.poll(() => receiver.arrivals.length, { timeout: 60_000 }).toBe(100);
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});
