import type { Destination } from "../domain/catalog.ts";
import type { AttemptFault, OutcomeClass } from "../domain/outcome.ts";
import { classify } from "../domain/outcome.ts";
import type { Attempt } from "../pipeline/deliver.ts";
import type { Database } from "../store/database.ts";
import { addFailures, endFailures } from "../store/gates/failures.ts";
import { addHealth } from "../store/gates/health.ts";
import { countRounds } from "../store/gates/save-gate.ts";
import type { Queryable } from "../store/statement.ts";

/** What one destination's attempts of one minute came to, in this process and since the last flush. */
interface Minute {
  readonly destinationId: string;
  readonly minuteMs: number;
  succeeded: number;
  failed: number;
  throttled: number;
  latencyMsSum: number;
  latencyMsMax: number;
}

/** What attempts came to that began since a destination's breaker moved, in this process and since the last flush. */
interface Round {
  readonly destinationId: string;
  /** When it moved; null: that is not known. */
  readonly since: Date | null;
  succeeded: number;
  failed: number;
}

/** Counts how destinations' attempts go, and writes that down now and then: one row a minute, not one an attempt. */
export interface Health {
  note(destination: Destination, attempt: Attempt): void;
  /** Writes what was counted. @returns the destinations that had failures among it */
  flush(): Promise<readonly string[]>;
}

const MINUTE_MS = 60_000;
const DEADLINE_MS = 5_000;
/** While the database is away no more than these are kept; the newest are then not counted. */
const MINUTES_MAX = 20_000;

/** @param deps.databaseNow the database's time as this process knows it */
export function createHealth(deps: { readonly db: Database; readonly databaseNow: () => Date }): Health {
  let minutes = new Map<string, Minute>();
  let rounds = new Map<string, Round>();
  return {
    note: (destination, attempt) => {
      const outcome = countedClass(attempt);
      if (outcome === null) return;
      const nowMs = deps.databaseNow().getTime();
      const minute = minuteOf(minutes, destination.id, Math.floor(nowMs / MINUTE_MS) * MINUTE_MS);
      if (minute === null) return;
      addAttempt(minute, outcome, attempt.durationMs);
      const since = destination.gate?.breakerSince ?? null;
      // What began before the breaker moved says nothing about the time since.
      const isOfRound =
        destination.gate?.reason === "breaker" && nowMs - attempt.durationMs >= (since?.getTime() ?? -Infinity);
      if (isOfRound) addToRound(rounds, destination.id, since, outcome);
    },
    flush: async () => {
      if (minutes.size === 0) return [];
      const counted = { minutes, rounds };
      minutes = new Map();
      rounds = new Map();
      const rows = [...counted.minutes.values()];
      const now = deps.databaseNow();
      const done = await deps.db.transaction((tx) => write(tx, rows, [...counted.rounds.values()], now), DEADLINE_MS);
      // Counted again with the next flush. What may be written after all would count twice; it is a measure, not a promise.
      if (!done.ok && !done.unknown) {
        for (const [key, minute] of counted.minutes) minutes.set(key, merge(minutes.get(key), minute));
        for (const [key, round] of counted.rounds) rounds.set(key, mergeRounds(rounds.get(key), round));
      }
      if (!done.ok) throw new Error(done.message);
      return rows.filter(({ failed }) => failed > 0).map(({ destinationId }) => destinationId);
    },
  };
}

// What this process or its database broke off, and what could not be sent at all, says nothing about the destination.
const OURS: readonly AttemptFault[] = ["aborted", "database_lost", "read_failed", "lease_expired", "unreadable"];

function countedClass({ outcome }: Attempt): OutcomeClass | null {
  return outcome.kind === "failed" && OURS.includes(outcome.fault) ? null : classify(outcome);
}

function minuteOf(minutes: Map<string, Minute>, destinationId: string, minuteMs: number): Minute | null {
  const key = `${destinationId} ${minuteMs}`;
  const known = minutes.get(key);
  if (known !== undefined) return known;
  if (minutes.size >= MINUTES_MAX) return null;
  const counts = { succeeded: 0, failed: 0, throttled: 0, latencyMsSum: 0, latencyMsMax: 0 };
  const fresh = { destinationId, minuteMs, ...counts };
  minutes.set(key, fresh);
  return fresh;
}

function addAttempt(minute: Minute, outcome: OutcomeClass, durationMs: number): void {
  if (outcome === "succeeded") minute.succeeded++;
  else minute.failed++;
  if (outcome === "throttled") minute.throttled++;
  minute.latencyMsSum += durationMs;
  minute.latencyMsMax = Math.max(minute.latencyMsMax, durationMs);
}

function addToRound(
  rounds: Map<string, Round>,
  destinationId: string,
  since: Date | null,
  outcome: OutcomeClass,
): void {
  const key = `${destinationId} ${since?.getTime() ?? ""}`;
  const round = rounds.get(key) ?? { destinationId, since, succeeded: 0, failed: 0 };
  if (outcome === "succeeded") round.succeeded++;
  else round.failed++;
  rounds.set(key, round);
}

function mergeRounds(a: Round | undefined, b: Round): Round {
  return a === undefined ? b : { ...b, succeeded: a.succeeded + b.succeeded, failed: a.failed + b.failed };
}

function merge(a: Minute | undefined, b: Minute): Minute {
  if (a === undefined) return b;
  return {
    ...b,
    succeeded: a.succeeded + b.succeeded,
    failed: a.failed + b.failed,
    throttled: a.throttled + b.throttled,
    latencyMsSum: a.latencyMsSum + b.latencyMsSum,
    latencyMsMax: Math.max(a.latencyMsMax, b.latencyMsMax),
  };
}

async function write(tx: Queryable, rows: readonly Minute[], rounds: readonly Round[], now: Date): Promise<void> {
  await tx.run(addHealth, [
    rows.map((row) => row.destinationId),
    rows.map((row) => new Date(row.minuteMs).toISOString()),
    rows.map((row) => row.succeeded),
    rows.map((row) => row.failed),
    rows.map((row) => row.throttled),
    rows.map((row) => Math.round(row.latencyMsSum)),
    rows.map((row) => Math.round(row.latencyMsMax)),
  ]);
  const succeeded = rows.filter((row) => row.succeeded > 0).map((row) => row.destinationId);
  if (succeeded.length > 0) await tx.run(endFailures, [succeeded]);
  const failing = rows.filter((row) => row.failed > 0 && !succeeded.includes(row.destinationId));
  const time = now.toISOString();
  if (failing.length > 0) {
    const ids = [...new Set(failing.map((row) => row.destinationId))];
    const sums = ids.map((id) => failing.reduce((sum, row) => sum + (row.destinationId === id ? row.failed : 0), 0));
    await tx.run(addFailures, [ids, sums, ids.map(() => time), ids.map(() => time)]);
  }
  if (rounds.length > 0) {
    const sorted = rounds.toSorted(byDestination);
    await tx.run(countRounds, [
      sorted.map((round) => round.destinationId),
      sorted.map((round) => round.since?.toISOString() ?? null),
      sorted.map((round) => round.succeeded),
      sorted.map((round) => round.failed),
    ]);
  }
}

function byDestination(a: Round, b: Round): number {
  return a.destinationId < b.destinationId ? -1 : 1;
}
