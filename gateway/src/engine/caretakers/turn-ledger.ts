import type { LedgerStep } from "../../domain/ledger-step.ts";
import type { Log } from "../../platform/log.ts";
import type { Database, Transaction } from "../../store/database.ts";
import type { GenerationRow } from "../../store/upkeep/ledger-generations.ts";
import {
  closeGeneration,
  dropGeneration,
  listGenerations,
  listLedgerSteps,
  listLedgerWriters,
  makeGeneration,
  moveLedger,
  openGeneration,
} from "../../store/upkeep/ledger-generations.ts";
import type { Leader, Term } from "../leader.ts";
import { underTerm } from "../leader.ts";
import type { PrunerDeps } from "./prune.ts";
import { dropUnlessBusy } from "./prune.ts";

const DAY_MS = 86_400_000;
const MOVE_DEADLINE_MS = 5_000;

/** What a round of the ledger's keeper did, for its log and for tests. */
export type Turned = "rested" | "opened" | "awaited" | "closed" | "dropped";

export interface LedgerKeeper {
  /** One round; call it again soon while it has opened or awaits. @param nowMs Unix milliseconds, database time */
  round(nowMs: number): Promise<Turned>;
}

/**
 * Turns the ledger of keys from generation to generation, and drops the oldest after the horizon, under load and without a
 * pause. Three steps, so that nobody ever takes a key which somebody else takes in another generation:
 * 1. open: from now on new keys are written to the present generation and to the next one
 * 2. await: every transaction that may have begun before that has ended
 * 3. close: new keys go to the next one alone, and are looked for in the older ones
 * A generation takes keys for one horizon, so there is one older to look into, which costs nothing measurable; with three to
 * a horizon it would be three (docs/decisions/0006-generations-of-the-ledger.md). A key is known for a horizon at least, and for two at most.
 * Writers of the present one alone meet writers of both at the unique key of the present one; writers of both meet writers
 * of the next one alone at that of the next. Writers of the first and of the third kind are never there together, and the
 * third see what the first have committed.
 */
export function createLedgerKeeper(
  deps: Omit<PrunerDeps, "clock"> & { readonly leader: Leader },
  dedupeDays: number,
): LedgerKeeper {
  let awaited: { readonly step: LedgerStep; readonly writers: ReadonlySet<string> } | null = null;
  const horizonMs = dedupeDays * DAY_MS;
  return {
    round: async (nowMs) => {
      const term = deps.leader.current();
      if (term === null) return "rested";
      const [step, ...others] = (await deps.db.run(listLedgerSteps, [])).rows.map((row) => row.dedupe_step);
      if (step === undefined || others.length > 0) throw new Error("the ledger's buckets stand at different steps");
      const generations = (await deps.db.run(listGenerations, [])).rows;
      if (step % 2 === 1) {
        const writers = (await deps.db.run(listLedgerWriters, [])).rows.map((row) => row.writer);
        if (awaited?.step !== step) awaited = { step, writers: new Set(writers) };
        const { writers: before } = awaited;
        if (writers.some((writer) => before.has(writer))) return "awaited";
        await close(deps, term, step, nowMs);
        return "closed";
      }
      const present = generations.find(({ gen }) => gen === step / 2);
      if (present === undefined) throw new Error(`generation ${step / 2} of the ledger is not in its list`);
      if (nowMs - present.opened_at.getTime() >= horizonMs) {
        await open(deps, term, step, nowMs);
        return "opened";
      }
      return (await dropOldest(deps, term, generations, nowMs - horizonMs)) ? "dropped" : "rested";
    },
  };
}

type Deps = { readonly db: Database; readonly log: Log };

async function open(deps: Deps, term: Term, step: LedgerStep, nowMs: number): Promise<void> {
  const next = step / 2 + 1;
  await makeGeneration(deps.db, next);
  await move(deps, term, step, (tx) => tx.run(openGeneration, [next, new Date(nowMs).toISOString()]));
  deps.log.info({ generation: next }, "a new generation of the ledger is open");
}

async function close(deps: Deps, term: Term, step: LedgerStep, nowMs: number): Promise<void> {
  const gen = (step - 1) / 2;
  await move(deps, term, step, (tx) => tx.run(closeGeneration, [gen, new Date(nowMs).toISOString()]));
  deps.log.info({ generation: gen }, "a generation of the ledger is closed");
}

async function move(
  deps: Deps,
  term: Term,
  step: LedgerStep,
  note: (tx: Transaction) => Promise<unknown>,
): Promise<void> {
  const moved = await underTerm(
    deps.db,
    term,
    async (tx) => {
      await tx.run(moveLedger, [step]);
      await note(tx);
    },
    MOVE_DEADLINE_MS,
  );
  // Deposed: whoever leads now goes on from the step that is stored.
  if (!moved.ok && !("deposed" in moved)) throw new Error(`the ledger is not moved on: ${moved.message}`);
}

async function dropOldest(
  deps: Omit<PrunerDeps, "clock">,
  term: Term,
  generations: readonly GenerationRow[],
  endMs: number,
): Promise<boolean> {
  const oldest = generations[0];
  if (oldest?.closed_at == null || oldest.closed_at.getTime() > endMs) return false;
  const done = await dropUnlessBusy(deps, term, (tx) => dropGeneration(tx, oldest.gen));
  if (!done) return false;
  deps.metrics.retentionDropped.inc({ table: "dedupe" });
  deps.log.info({ generation: oldest.gen }, "keys that are older than the horizon are forgotten");
  return true;
}
