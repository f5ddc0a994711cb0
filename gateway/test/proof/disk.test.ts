import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import type { TestContext } from "vitest";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld } from "../../../proof/nemesis/world.mjs";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { PAYMENTS, post, startIngestGateway, stripeEvent, until } from "../support/ingest-gateway.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-case-"));
const NOBODY = { hold: () => {}, release: () => {} };
const LARGE = "x".repeat(200_000);
let world: Awaited<ReturnType<typeof openWorld>>;
let gateway: IngestGateway;
const acked: string[] = [];
let count = 0;

beforeAll(async () => {
  chmodSync(folder, 0o755);
  world = await openWorld({ folder, receiverUrl: "http://127.0.0.1:9/" });
  const database = { url: world.databaseUrl, adminUrl: world.databaseUrl, drop: async () => {} };
  // What finds no room on the disk is tried again all that time before it is refused.
  gateway = await startIngestGateway({ database, content: { ...PAYMENTS, ingest: { recordDeadlineMs: 10_000 } } });
});
afterAll(async () => {
  await gateway.close();
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

async function send(more = {}): Promise<number> {
  const id = `evt_disk_${count++}`;
  const { status } = await post(gateway.url, stripeEvent(id, more));
  if (status === 200) acked.push(id);
  return status;
}

/** Skips the test where there is no disk of its own, and says why: it takes root and a kernel that mounts ext4 by loop. */
function needDisk({ skip }: TestContext): void {
  if (world.whyNoDisk === null) return;
  // The usual reporter counts what is skipped and does not tell why.
  process.stderr.write(`not tried, since ${world.whyNoDisk}\n`);
  skip(world.whyNoDisk);
}

async function strike(how: "full" | "power"): Promise<() => Promise<void>> {
  const fault = { target: "disk", how, atProgress: 0, delayMs: 0, forMs: 0, bytes: 0, lagMs: 0, jumpSec: 0 };
  const struck = await world.strike(fault, NOBODY);
  if (!struck.ok) throw new Error(struck.why);
  return struck.heal;
}

async function expectKept(): Promise<void> {
  const client = new Client({ connectionString: world.databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string; deliveries: number }>(
      `SELECT e.provider_event_id AS id, count(d.id)::int AS deliveries
         FROM holdfast.event e LEFT JOIN holdfast.delivery d ON d.event_id = e.id GROUP BY e.id, e.provider_event_id`,
    );
    const kept = new Map(rows.map(({ id, deliveries }) => [id, deliveries]));
    expect(kept.size).toBe(rows.length);
    expect(acked.filter((id) => kept.get(id) !== 1)).toEqual([]);
  } finally {
    await client.end();
  }
}

test("a full disk of the database is answered 503, loses nothing, and is taken up again without a restart when there is room (F19, F20)", async (context) => {
  needDisk(context);
  for (let n = 0; n < 5; n++) expect(await send()).toBe(200);
  const heal = await strike("full");
  await until(async () => (await send({ LARGE })) === 503);
  await heal();
  await until(async () => (await send()) === 200);
  await expectKept();
});

test("a power cut in the middle of a flood loses nothing that was acknowledged (F17)", async (context) => {
  needDisk(context);
  const over = new AbortController();
  let sent = 0;
  const floods = Array.from({ length: 8 }, async () => {
    while (!over.signal.aborted) {
      await send();
      sent++;
    }
  });
  await until(() => sent > 60);
  const heal = await strike("power");
  const before = sent;
  await until(() => sent > before + 8);
  await heal();
  const since = acked.length;
  await until(() => acked.length > since + 8);
  over.abort();
  await Promise.all(floods);
  expect(acked.length).toBeGreaterThan(60);
  await expectKept();
});
