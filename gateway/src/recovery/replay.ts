import type { ReplayTally, ScanResult } from "../domain/replay-tally.ts";
import { addResults, summarize } from "../domain/replay-tally.ts";
import type { CatalogIndex } from "../pipeline/catalog-index.ts";
import type { Ledger } from "../pipeline/ledger.ts";
import type { Ranks } from "../domain/fair-queue.ts";
import type { KeyedDeps } from "../pipeline/verify-with-keys.ts";
import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Database, Transaction } from "../store/database.ts";
import { listRunnable } from "../store/replays/find-replays.ts";
import { countInFlight } from "../store/replays/items.ts";
import type { ReplayRow } from "../store/replays/replay-row.ts";
import { advanceReplay, endReplay, fenceReplay, leaseReplay, restReplay } from "../store/replays/write-replays.ts";
import { newUuid, toPublicId } from "../domain/id.ts";
import { prepareEvents, readEventWindow } from "./prepare-events.ts";
import { prepareRejections, readRejectionWindow } from "./prepare-rejections.ts";
import type { SparingSettler } from "./settle-replays.ts";
import { RUNS_MAX, settleReplay } from "./settle-replays.ts";
import { readReplayStanding } from "./summarize-replay.ts";
import { writeEvents, writeRejections } from "./write-replayed.ts";

export interface ReplayDeps extends KeyedDeps {
  readonly db: Database;
  /** The database's time, by which leases, rates and the ids of what is queued go. */
  readonly databaseNow: () => Date;
  /** Reads it again where it may not be known any more, and throws where that fails; else null. */
  readonly syncTime: () => Promise<void> | null;
  readonly random: (bytes: number) => Uint8Array;
  readonly catalog: () => CatalogIndex;
  readonly ledger: Ledger;
  readonly ranks: Ranks;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "replaysRunning" | "replaysReplayed" | "replaysSkipped" | "replaysEnded">;
  readonly settler: SparingSettler;
  /** This worker's token; a replay that it leases is nobody else's until the lease ends. */
  readonly lease: string;
  readonly leaseMs: number;
  /** There may be something ready. */
  readonly onReady: () => void;
}

const DEADLINE_MS = 15_000;
/** No lease ends later than so long from now, unless the database's clock was ahead: whoever lives on with it is fenced off. */
const FAR_MS = 600_000;

/**
 * One round over the replays that run: each whose lease can be had goes on by one batch, and ends where its work is done.
 *
 * @returns whether there is more to do at once, and how many are under way here. Throws when all had their turn, and names each
 *   that failed.
 */
export async function replay(deps: ReplayDeps): Promise<{ readonly more: boolean; readonly running: number }> {
  // By the time of before a sleep the leases of all who live would end too far from now.
  const syncing = deps.syncTime();
  if (syncing !== null) await syncing;
  const now = deps.databaseNow();
  const runnable = (await deps.db.run(listRunnable, [deps.lease, now, RUNS_MAX, farFrom(now)])).rows;
  deps.settler.keep(runnable.map(({ id }) => id));
  const gone = [];
  const faults: string[] = [];
  for (const { id } of runnable) gone.push(await goOn(deps, id).catch((error) => rest(deps, id, error, faults)));
  const running = gone.filter((how) => how === "on" || how === "waits").length;
  deps.metrics.replaysRunning.set(running);
  if (faults.length > 0) throw new Error(`a replay did not go on: ${faults.join("; ")}`);
  return { more: gone.includes("on"), running };
}

function farFrom(now: Date): Date {
  return new Date(now.getTime() + FAR_MS);
}

/** Leaves one that failed alone for the length of a lease, so that it neither stops the others nor takes their turns. */
async function rest(deps: ReplayDeps, id: string, error: unknown, faults: string[]): Promise<Gone> {
  faults.push(`${toPublicId("rpl", id)}: ${messageOf(error)}`);
  const now = deps.databaseNow().getTime();
  const nobody = newUuid(now, 0, deps.random(8));
  await deps.db.run(restReplay, [id, deps.lease, nobody, new Date(now + deps.leaseMs)]);
  return "elsewhere";
}

/** How far a replay went: a batch on; not now, by its rate, its ceiling or what is under way; to its end; or it is another's. */
type Gone = "on" | "waits" | "ended" | "elsewhere";

async function goOn(deps: ReplayDeps, id: string): Promise<Gone> {
  const now = deps.databaseNow();
  const until = new Date(now.getTime() + deps.leaseMs);
  const run = (await deps.db.run(leaseReplay, [id, deps.lease, until, now, farFrom(now)])).rows[0];
  if (run === undefined) return "elsewhere";
  await deps.settler.settle(id);
  const inFlight = (await deps.db.run(countInFlight, [id])).rows[0]?.deliveries ?? 0;
  if (run.is_scanned) {
    if (inFlight > 0) return "waits";
    // What finished between the last look and the count must be in the summary that the end shows.
    await settleReplay(deps.db, id);
    return (await finish(deps, run)) ? "ended" : "waits";
  }
  const allowed = allowance(run, inFlight, now);
  return allowed < 1 ? "waits" : advance(deps, run, allowed, now);
}

/** How many deliveries may be queued now: by the ceiling, and by the rate since the cursor was last moved. */
function allowance(run: ReplayRow, inFlight: number, now: Date): number {
  const { ratePerSec, inFlightMax } = run.options;
  const room = inFlightMax - inFlight;
  const sinceMs = now.getTime() - rateBegin(run, now);
  return Math.min(room, Math.floor((sinceMs / 1_000) * ratePerSec + 1e-6));
}

// A second's worth may be made up for, or one delivery where the rate is lower than that.
function rateBegin(run: ReplayRow, now: Date): number {
  const burstMs = Math.max(1_000, Math.ceil(1_000 / run.options.ratePerSec));
  return Math.max(run.cursor_at?.getTime() ?? 0, now.getTime() - burstMs);
}

interface Batch {
  readonly cursor: string;
  readonly isLast: boolean;
  readonly write: (tx: Transaction) => Promise<ScanResult[]>;
}

/**
 * One batch: read, verify and choose outside of a transaction; then, in one, the fence, the new deliveries, the items and the
 * cursor. Killed anywhere, or with the outcome of COMMIT unknown, the stored cursor tells what is done.
 */
async function advance(deps: ReplayDeps, run: ReplayRow, allowed: number, now: Date): Promise<Gone> {
  const batch =
    run.subject === "events" ? await nextEvents(deps, run, allowed) : await nextRejections(deps, run, allowed);
  const done = await deps.db.transaction(async (tx) => {
    const fenced = await tx.run(fenceReplay, [run.id, deps.lease, run.cursor_id]);
    if (fenced.rowCount !== 1) return null;
    const tally = addResults(run.tally, await batch.write(tx));
    const at = new Date(
      rateBegin(run, now) + ((tally.deliveries - run.tally.deliveries) / run.options.ratePerSec) * 1_000,
    );
    await tx.run(advanceReplay, [run.id, batch.cursor, at, JSON.stringify(tally), batch.isLast]);
    return tally;
  }, DEADLINE_MS);
  if (!done.ok) throw new Error(`a batch of a replay was not written: ${done.message}`);
  if (done.value === null) return "elsewhere";
  if (done.value.deliveries > run.tally.deliveries) deps.onReady();
  deps.metrics.replaysReplayed.inc({ subject: run.subject }, done.value.replayed - run.tally.replayed);
  deps.metrics.replaysSkipped.inc({ subject: run.subject }, done.value.skipped - run.tally.skipped);
  reportSecrets(deps, run, done.value);
  return "on";
}

// What is prepared and not taken is verified for nothing, in the event loop that live events want; what is skipped costs little.
const PAGE_ROWS_MIN = 20;
const PAGE_ROWS_MAX = 100;

function pageFor(allowed: number): number {
  return Math.min(PAGE_ROWS_MAX, Math.max(PAGE_ROWS_MIN, allowed));
}

async function nextEvents(deps: ReplayDeps, run: ReplayRow, allowed: number): Promise<Batch> {
  const catalog = deps.catalog();
  const window = await readEventWindow(deps.db, placeOf(run), pageFor(allowed));
  const prepared = await prepareEvents({ ...deps, catalog }, run.tenant, window.rows, run);
  const taken = takeWithin(prepared, allowed, (one) => (one.kind === "move" ? one.moves.length : 0));
  return {
    ...cutAt(window, taken),
    write: (tx) => writeEvents({ ...deps, catalog }, tx, run, taken),
  };
}

async function nextRejections(deps: ReplayDeps, run: ReplayRow, allowed: number): Promise<Batch> {
  const catalog = deps.catalog();
  const window = await readRejectionWindow(deps.db, placeOf(run), pageFor(allowed));
  const prepared = await prepareRejections({ ...deps, catalog }, run.tenant, window.rows, run);
  const taken = takeWithin(prepared, allowed, (one) => (one.kind === "record" ? deliveriesOf(one) : 0));
  return {
    ...cutAt(window, taken),
    write: (tx) => writeRejections({ ...deps, catalog }, tx, run, taken),
  };
}

function deliveriesOf({ drafts }: { readonly drafts: readonly { readonly deliveries: readonly unknown[] }[] }): number {
  return drafts.reduce((sum, { deliveries }) => sum + deliveries.length, 0);
}

function placeOf(run: ReplayRow) {
  return { tenant: run.tenant, scope: run.scope, cursorId: run.cursor_id, untilId: run.until_id };
}

/** As many as make no more deliveries than allowed; the first one in any case, or it would never come to its turn. */
function takeWithin<T>(prepared: readonly T[], allowed: number, costOf: (one: T) => number): T[] {
  let sum = 0;
  const end = prepared.findIndex((one, i) => {
    sum += costOf(one);
    return i > 0 && sum > allowed;
  });
  return end === -1 ? [...prepared] : prepared.slice(0, end);
}

function cutAt<T extends { readonly id: string }>(
  window: { readonly rows: readonly T[]; readonly cursor: string; readonly isLast: boolean },
  taken: readonly { readonly id: string }[],
): { readonly cursor: string; readonly isLast: boolean } {
  if (taken.length === window.rows.length) return { cursor: window.cursor, isLast: window.isLast };
  return { cursor: taken.at(-1)!.id, isLast: false };
}

/** @returns whether it was this process that ended it */
async function finish(deps: ReplayDeps, run: ReplayRow): Promise<boolean> {
  const found = await readReplayStanding(deps.db, run.id);
  if (found === null) return false;
  const { summary, checks } = summarize(found.tally, found.standing);
  const failed = checks.filter(({ passed }) => !passed).map(({ name, detail }) => `${name}: ${detail}`);
  const state = failed.length === 0 ? "completed" : "failed";
  const reason = failed.length === 0 ? null : `the integrity check failed: ${failed.join("; ")}`.slice(0, 1_000);
  const ended = await deps.db.run(endReplay, [run.id, deps.lease, state, reason, deps.clock.now()]);
  if (ended.rowCount !== 1) return false;
  deps.metrics.replaysEnded.inc({ state });
  const line = { replay: toPublicId("rpl", run.id), ...summary, reason };
  if (failed.length === 0) deps.log.info(line, "a replay has completed");
  else deps.log.error(line, "a replay has ended with a failed integrity check");
  return true;
}

// Said once, when it is first seen: a rotated secret is no fault, and still somebody may want to know.
function reportSecrets(deps: ReplayDeps, run: ReplayRow, tally: ReplayTally): void {
  if (run.tally.verified.retired_secret > 0 || tally.verified.retired_secret === 0) return;
  const line = { replay: toPublicId("rpl", run.id) };
  deps.log.warn(line, "a replay delivers events that were signed with a secret which was retired since");
}
