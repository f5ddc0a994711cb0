import type { Ranks, ReturnableRanks } from "../domain/fair-queue.ts";
import { journalRanks } from "../domain/fair-queue.ts";
import { generationsOf } from "../domain/ledger-step.ts";
import type { Clock } from "../platform/clock.ts";
import type { Step } from "../store/at-once.ts";
import type { Committed, Database } from "../store/database.ts";
import { insertDeliveries } from "../store/deliveries/insert-deliveries.ts";
import { claimKeys } from "../store/events/claim-keys.ts";
import { insertEvents } from "../store/events/insert-events.ts";
import type { Ledger } from "./ledger.ts";
import { linesOf, toDeliveryColumns, toEventColumns, toLineColumns } from "./record-columns.ts";
import type { EventDraft, Recorded } from "./record-event.ts";
import { recordEvents } from "./record-event.ts";

/** What one batch is recorded with. */
interface BatchOptions {
  readonly now: Date;
  readonly isRepeat: boolean;
  readonly ranks: ReturnableRanks;
}

/** Records a batch in a transaction of its own, within `deadlineMs`. No two of its drafts share a key. */
export type RecordBatch = (
  drafts: readonly EventDraft[],
  options: BatchOptions,
  deadlineMs: number,
) => Promise<Committed<readonly Recorded[]>>;

/** Batches that the share of those with a known key is taken over. */
const MEMORY = 16;
/** Above this share of them nothing is won by taking all for new: at one half both ways cost the same. */
const SHARE_MAX = 0.75;
/**
 * unique_violation and not_null_violation: how `claimKeys` tells that not every key is new, or that the step is not the present one.
 * check_violation: the generation of that step has been dropped, as for every process that begins once the first one is gone.
 */
const NOT_ALL_NEW = new Set(["23505", "23502", "23514"]);

/**
 * Takes it that all events of a batch are new, as nearly all are, and writes them there and back once. Where the ledger says
 * otherwise nothing of it is stored, and the batch is recorded by `recordEvents`, which asks the ledger first. So is every one
 * while repeats come in masses, and one whose outcome is unknown. The ranks that were
 * taken are given back first: an arrival that comes a hundred times must not move its lane a hundred times.
 */
export function createBatchRecorder(deps: {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
}): RecordBatch {
  const { db, ledger, clock } = deps;
  let share = 0;
  const note = (hasKnown: boolean): void => {
    share += ((hasKnown ? 1 : 0) - share) / MEMORY;
  };
  return async (drafts, options, deadlineMs) => {
    const startedMs = clock.monotonicMs();
    if (!options.isRepeat && share <= SHARE_MAX) {
      const ranks = journalRanks(options.ranks);
      const result = await recordNew(db, drafts, ledger, ranks, deadlineMs);
      if (result.ok) note(false);
      if (result.ok || !NOT_ALL_NEW.has(result.code ?? "")) return result;
      ranks.giveBackAll();
    }
    const leftMs = deadlineMs - (clock.monotonicMs() - startedMs);
    const result = await db.transaction((tx) => recordEvents(tx, drafts, { ...options, ledger }), leftMs);
    if (result.ok) note(result.value.some(({ kind }) => kind === "duplicate"));
    return result;
  };
}

async function recordNew(
  db: Database,
  drafts: readonly EventDraft[],
  ledger: Ledger,
  ranks: Ranks,
  deadlineMs: number,
): Promise<Committed<readonly Recorded[]>> {
  const lines = linesOf(drafts);
  const step = ledger.step();
  const steps: Step[] = [
    { statement: claimKeys, values: toLineColumns(lines, step) },
    { statement: insertEvents, values: toEventColumns(drafts) },
  ];
  const deliveries = toDeliveryColumns(drafts, ranks);
  if (deliveries !== null) steps.push({ statement: insertDeliveries, values: deliveries });
  const result = await db.transactionAtOnce(steps, deadlineMs);
  if (!result.ok) return result;
  const [claimed, inserted] = result.value;
  if (claimed !== lines.length * generationsOf(step).length || inserted !== drafts.length)
    throw new Error(`${inserted} of ${drafts.length} events were written with ${claimed} lines of the ledger`);
  return { ok: true, value: drafts.map(({ id }) => ({ kind: "recorded", eventId: id })) };
}
