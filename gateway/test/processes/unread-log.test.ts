import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { SOURCE_SECRET, deliveryConfig, openDesk } from "../support/delivery-gateway.ts";
import { testFolder } from "../support/folder.ts";
import { post, signedWebhook } from "../support/ingest-gateway.ts";
import { startReceiver } from "../support/receiver.ts";

const LOG = new URL("../../dist/platform/log.js", import.meta.url).href;
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
  for (let n = 0; n < 20; n++) {
    const body = JSON.stringify({
      id: `evt_unread_${n}`,
      object: "event",
      type: "invoice.paid",
      created: 1_700_000_000,
    });
    const webhook = signedWebhook({ provider: "stripe", key: "payments-key", secret: SOURCE_SECRET, body });
    expect((await post(url, webhook)).status).toBe(200);
  }
  await expect.poll(() => receiver.arrivals.length, { timeout: 60_000 }).toBe(20);
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});

it("more lines than may wait for a reader are dropped and counted, and the others are whole, at the process's end too", async () => {
  const path = join(testFolder(), "log");
  execFileSync("mkfifo", [path]);
  // Nobody can read while it writes: a loop gives nothing away before it ends.
  const script = `import { createLog } from ${JSON.stringify(LOG)};
    const log = createLog("info");
    for (let n = 0; n < 60_000; n++) log.info({ n }, "x".repeat(60));`;
  const keeper = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const ends = [openSync(path, "r"), openSync(path, "w"), openSync(`${path}.read`, "w")] as const;
  const [unread, writer, copy] = ends;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "ignore", writer] });
  // In a process of its own, which does nothing else: the writer does not wait for one that stands still.
  const reader = spawn("cat", { stdio: [unread, copy, "inherit"] });
  const read = once(reader, "close");
  for (const end of ends) closeSync(end);
  expect(await once(child, "exit")).toEqual([0, null]);
  closeSync(keeper);
  expect(await read).toEqual([0, null]);
  const lines = readFileSync(`${path}.read`, "utf8").trimEnd().split("\n");
  const records = lines.map((line) => JSON.parse(line) as { n?: number; lines?: number });
  const last = records.pop()!;
  expect(records.map(({ n }) => n)).toEqual(records.map((_, n) => n));
  expect(records.length + last.lines!).toBe(60_000);
  expect(last.lines).toBeGreaterThan(1_000);
});
