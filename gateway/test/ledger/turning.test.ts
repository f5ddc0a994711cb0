import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { createFairQueue } from "../../src/domain/fair-queue.ts";
import { createLedgerKeeper } from "../../src/engine/caretakers/turn-ledger.ts";
import { startCandidacy } from "../../src/engine/leader.ts";
import { openLedger } from "../../src/pipeline/ledger.ts";
import { recordEvents } from "../../src/pipeline/record-event.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { createRandom } from "../../src/platform/random.ts";
import { someoneWaits } from "../support/database.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { draftEvent, openTransaction, recordDraft } from "../support/ledger.ts";

const SCRIPT = fileURLToPath(new URL("./recorder-process.mjs", import.meta.url));
const DAY_MS = 86_400_000;
const HORIZON_DAYS = 90;
const KEYS = 10_000;
const BATCH = 40;

/** As if each had been opened a horizon earlier, so that the present one is due to be followed. */
async function ageGenerations(desk: Desk): Promise<void> {
  await desk.query("update holdfast.dedupe_generation set opened_at = opened_at - interval '91 days'");
}

/** A keeper under a lead of its own, and a calendar that the test turns. */
async function openKeeper(desk: Desk) {
  const holder = "0196c0de-0000-7000-8000-00000000000a";
  const parts = { db: desk.db, clock: systemClock, log: silentLog };
  const leader = await startCandidacy(parts, { name: "caretakers", holder, leadMs: 10_000 });
  onTestFinished(() => leader.stop());
  const deps = { ...parts, leader, metrics: createMetrics("test"), random: createRandom() };
  return createLedgerKeeper(deps, HORIZON_DAYS);
}

interface Recorder {
  readonly process: ChildProcess;
  readonly ready: Promise<unknown>;
  readonly ended: Promise<{ recorded: number; told: Record<string, string>; step: number }>;
}

function startRecorder(url: string, name: string): Recorder {
  const child = spawn(process.execPath, [SCRIPT, url, name, String(KEYS), String(BATCH)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await closed;
  });
  const lines = createInterface({ input: child.stdout });
  const ready = once(lines, "line");
  const ended = new Promise<Awaited<Recorder["ended"]>>((resolve, reject) => {
    lines.on("line", (line) => {
      if (line.startsWith("{")) resolve(JSON.parse(line) as Awaited<Recorder["ended"]>);
    });
    void closed.then(() => reject(new Error(`recorder ${name} ended early`)));
  });
  return { process: child, ready, ended };
}

it("two processes that record the same 10,000 keys while the ledger turns again and again: each key is won once, and the loser is told by whom", async () => {
  const desk = await openDesk();
  const keeper = await openKeeper(desk);
  const recorders = [startRecorder(desk.database.url, "a"), startRecorder(desk.database.url, "b")];
  await Promise.all(recorders.map(({ ready }) => ready));
  const race = { isOver: false };
  const ended = Promise.all(recorders.map((recorder) => recorder.ended)).finally(() => (race.isOver = true));
  for (const { process } of recorders) process.stdin!.write("go\n");
  let turns = 0;
  while (!race.isOver) {
    const turned = await keeper.round(Date.now());
    if (turned === "closed") turns++;
    if (turned === "rested") await ageGenerations(desk);
  }
  const [a, b] = await ended;
  expect(turns).toBeGreaterThan(3);
  expect(a!.recorded + b!.recorded).toBe(KEYS);
  expect(a!.told).toEqual(b!.told);
  const [found] = await desk.query<{ events: number; keys: number; stray: number }>(
    `select (select count(*)::int from holdfast.event) as events,
            (select count(distinct (bucket, k))::int from holdfast.dedupe) as keys,
            (select count(*)::int from holdfast.dedupe d where not exists (
               select from holdfast.event e where e.bucket = d.bucket and e.id = d.event_id)) as stray`,
  );
  expect(found).toEqual({ events: KEYS, keys: KEYS, stray: 0 });
});

it("a generation is closed only when everybody has ended who may still write to it alone, and a key of theirs has one owner", async () => {
  const desk = await openDesk();
  const keeper = await openKeeper(desk);
  const before = openLedger();
  const early = await openTransaction(desk);
  const draft = draftEvent("evt_contested");
  await recordEvents(early.tx, [draft], { ledger: before, now: new Date(), isRepeat: false, ranks: createFairQueue() });

  await ageGenerations(desk);
  expect(await keeper.round(Date.now())).toBe("opened");
  expect(await keeper.round(Date.now())).toBe("awaited");
  expect(await keeper.round(Date.now())).toBe("awaited");
  // Writes to both generations by now, and meets the first writer at the older one.
  const rival = draftEvent("evt_contested");
  const late = recordDraft(desk, rival, openLedger());
  await until(() => someoneWaits(desk.db));
  await early.end("COMMIT");
  expect(await late).toEqual({ kind: "duplicate", eventId: draft.id });
  await until(async () => (await keeper.round(Date.now())) === "closed");

  // Nothing is written under a step that is over, and who held it finds the key in the older generation.
  expect(await recordDraft(desk, draftEvent("evt_contested"), before)).toEqual({
    kind: "duplicate",
    eventId: draft.id,
  });
  const fresh = draftEvent("evt_fresh");
  expect(await recordDraft(desk, fresh, before)).toEqual({ kind: "recorded", eventId: fresh.id });
  const lines = await desk.query("select gen, event_id from holdfast.dedupe order by gen");
  expect(lines).toEqual([
    { gen: 1, event_id: draft.id },
    { gen: 2, event_id: fresh.id },
  ]);
});

it("a key is forgotten with its generation, a horizon after that was closed and not before, while others go on recording (F70, F76)", async () => {
  const desk = await openDesk();
  const keeper = await openKeeper(desk);
  const old = draftEvent("evt_old");
  await recordDraft(desk, old, openLedger());
  await ageGenerations(desk);
  await until(async () => (await keeper.round(Date.now())) === "closed");

  const nearlyMs = Date.now() + HORIZON_DAYS * DAY_MS - 60_000;
  const open = await openTransaction(desk);
  const inFlight = draftEvent("evt_in_flight");
  await recordEvents(open.tx, [inFlight], {
    ledger: openLedger(),
    now: new Date(),
    isRepeat: false,
    ranks: createFairQueue(),
  });
  // The calendar alone would open the next generation too.
  await desk.query(
    "update holdfast.dedupe_generation set opened_at = now() + interval '90 days', closed_at = null where gen = 2",
  );
  expect(await keeper.round(nearlyMs)).toBe("rested");
  expect(await recordDraft(desk, draftEvent("evt_old"), openLedger())).toEqual({ kind: "duplicate", eventId: old.id });

  const dropped = until(async () => (await keeper.round(nearlyMs + 120_000)) === "dropped");
  await until(() => someoneWaits(desk.db));
  await open.end("COMMIT");
  await dropped;
  const again = draftEvent("evt_old");
  expect(await recordDraft(desk, again, openLedger())).toEqual({ kind: "recorded", eventId: again.id });
  expect(await desk.query("select count(*)::int as n from holdfast.event")).toEqual([{ n: 3 }]);
  expect(await desk.query("select gen from holdfast.dedupe_generation")).toEqual([{ gen: 2 }]);
});
