import type { EntryState, RecoveredBy } from "../domain/reconciliation.ts";
import { backOffMs } from "../domain/reconciliation.ts";
import { toColumnText } from "../pipeline/arrival.ts";
import { draftListedEvent } from "../pipeline/draft-listed-event.ts";
import type { EntryRow } from "../store/reconciliations/entries.ts";
import { findEntryBytes, findNextDueEntry, listDueEntries, markEntries } from "../store/reconciliations/entries.ts";
import type { ConnectorFault, LoggedRequest } from "./connectors/connector.ts";
import { faultOf } from "./connectors/provider-line.ts";
import type { HeldRun, ReconcileDeps, Stepped } from "./hold-run.ts";
import { moveHeld, passFault, writeHeld } from "./hold-run.ts";
import { findOwners } from "./list-log.ts";

const BATCH = 50;
/** Each ask is one more request at our own door; what two of them do not bring is recorded from the provider's answer. */
const ASKS_MAX = 2;
/** Over about five minutes. What cannot be had by then is left to the next run: until this one has ended none can begin. */
const TRIES_MAX = 10;
const DETAIL_MAX = 512;

/** What became of one missing entry, or the fault that it met. */
type Recovery = ConnectorFault | Mark;

interface Mark {
  readonly ok: true;
  readonly state: EntryState;
  readonly by: RecoveredBy | null;
  readonly eventId: string | null;
  readonly detail: string | null;
  /** When it is looked at again, where it is not at its end. */
  readonly waitMs: number;
  /** How often the provider was asked for a redelivery, or was asked in vain. */
  readonly asks: number;
}

/**
 * Recovers a batch of what the provider has and we lack. First it is looked for again: live traffic and redeliveries bring
 * the same events meanwhile. Then the provider is asked to deliver it, where it can, and what does not come in time is recorded
 * from its answer. Every step may be repeated: a second ask brings a duplicate, and a second record finds the first one's key.
 */
export async function recoverMissing(deps: ReconcileDeps, held: HeldRun): Promise<Stepped> {
  const { run, ready } = held;
  const due = (await deps.db.run(listDueEntries, [run.id, deps.databaseNow(), BATCH])).rows;
  if (due.length === 0) return await waitForNext(deps, held);
  const keys = due.map(({ event_key: eventKey }) => ({ eventKey }));
  const owners = await findOwners(deps.db, ready.source.id, keys);
  const lookAndRecover = async (entry: DueEntry): Promise<Recovered> => {
    const owner = owners.get(entry.event_key);
    if (owner !== undefined) return { entry, recovery: found(entry, cameBy(held, entry), owner.eventId) };
    return { entry, recovery: await recoverOne(deps, held, entry) };
  };
  // What needs no call to the provider is recorded all at once and shares commits; the provider is called one by one.
  const isOurs = (entry: DueEntry) => owners.has(entry.event_key) || (entry.has_body && !isAskable(held, entry));
  const fault = await keep(deps, held, await Promise.all(due.filter(isOurs).map(lookAndRecover)));
  if (fault !== null) return fault;
  for (const entry of due.filter((one) => !isOurs(one))) {
    const stopped = await keep(deps, held, [await lookAndRecover(entry)]);
    if (stopped !== null) return stopped;
  }
  return (await moveHeld(deps, held, { failures: 0, due_at: deps.databaseNow(), detail: null })) ? "more" : "lost";
}

type DueEntry = EntryRow & { readonly has_body: boolean };

interface Recovered {
  readonly entry: DueEntry;
  readonly recovery: Recovery;
}

/** Writes what became of entries; where one of them met a fault, the run passes that on. Null when it may go on. */
async function keep(deps: ReconcileDeps, held: HeldRun, recovered: readonly Recovered[]): Promise<Stepped | null> {
  const marks = recovered.flatMap(({ entry, recovery }) => {
    const mark = recovery.ok ? recovery : putOff(deps, entry, recovery);
    return mark === null ? [] : [{ entry, mark }];
  });
  if (marks.length > 0 && !(await writeMarks(deps, held, marks))) return "lost";
  // In a row are only those between which nothing went well.
  if (recovered.some(({ recovery }) => recovery.ok)) held.run = { ...held.run, failures: 0 };
  for (const { entry, recovery } of recovered)
    if (!recovery.ok && !isKnown(entry, recovery)) return await passFault(deps, held, recovery);
  return null;
}

/** Whether a fault may be due to what was asked for: the provider was there, and answered. */
function isOfEntry({ cause }: ConnectorFault): boolean {
  return cause === "unavailable" || cause === "malformed";
}

/** A second fault of the same entry tells nothing new of the provider. Faults of one entry after another are an outage. */
function isKnown(entry: EntryRow, fault: ConnectorFault): boolean {
  return isOfEntry(fault) && entry.detail !== null;
}

/** An entry that cannot be had now goes behind the others, each time for longer; null when the fault is none of its own. */
function putOff(deps: ReconcileDeps, entry: EntryRow, fault: ConnectorFault): Mark | null {
  if (!isOfEntry(fault)) return null;
  const asks = entry.asks + 1;
  if (asks >= TRIES_MAX) return { ...unexplained(entry, fault.detail), asks };
  const waitMs = fault.retryAfterMs ?? backOffMs(asks, deps.random(1)[0]! / 256);
  return { ok: true, state: entry.state, by: null, eventId: null, detail: fault.detail, waitMs, asks };
}

async function waitForNext(deps: ReconcileDeps, held: HeldRun): Promise<Stepped> {
  const next = (await deps.db.run(findNextDueEntry, [held.run.id])).rows[0];
  if (next === undefined)
    return (await moveHeld(deps, held, { state: "recovered", compared_to: null })) ? "more" : "lost";
  const detail = "waits for redeliveries that were asked for, or to ask once more";
  return (await moveHeld(deps, held, { due_at: next.due_at, detail })) ? "waiting" : "lost";
}

function found({ asks }: EntryRow, by: RecoveredBy, eventId: string): Mark {
  return { ok: true, state: "recovered", by, eventId, detail: null, waitMs: 0, asks };
}

function unexplained({ asks }: EntryRow, detail: string): Mark {
  return { ok: true, state: "unexplained", by: null, eventId: null, detail, waitMs: 0, asks };
}

function cameBy({ connector, setup }: HeldRun, entry: EntryRow): RecoveredBy {
  return connector.redeliver !== null && setup.redeliver && entry.asks > 0 ? "redelivery" : "arrival";
}

function isAskable({ connector, setup }: HeldRun, entry: EntryRow): boolean {
  return connector.redeliver !== null && setup.redeliver && entry.asks < ASKS_MAX;
}

async function recoverOne(deps: ReconcileDeps, held: HeldRun, entry: EntryRow): Promise<Recovery> {
  const { redeliver } = held.connector;
  if (redeliver === null || !isAskable(held, entry)) return await recordFromLog(deps, held, entry);
  const asked = await redeliver(placeOf(entry));
  const waitMs = held.setup.redeliveryWaitSec * 1_000;
  if (asked.ok)
    return { ok: true, state: "asked", by: null, eventId: null, detail: null, waitMs, asks: entry.asks + 1 };
  // Too old for a redelivery, or not allowed: the log may still tell what was in it.
  if (["gone", "refused", "too_large"].includes(asked.cause)) return await recordFromLog(deps, held, entry);
  return asked;
}

function placeOf(entry: EntryRow) {
  return { providerEventId: entry.provider_event_id, reference: entry.reference };
}

async function recordFromLog(deps: ReconcileDeps, held: HeldRun, entry: EntryRow): Promise<Recovery> {
  const request = await findRequest(deps, held, entry);
  if (!request.ok)
    return ["gone", "refused", "too_large"].includes(request.cause) ? unexplained(entry, request.detail) : request;
  const listed = {
    eventKey: entry.event_key,
    providerEventId: entry.provider_event_id,
    eventType: entry.event_type,
    occurredAt: entry.occurred_at,
    ...request,
  };
  const drafted = draftListedEvent(held.ready, listed, deps.databaseNow(), deps.random, deps.onFilterFault);
  if (!drafted.ok) return unexplained(entry, drafted.detail);
  const recorded = await deps.record(drafted.draft);
  // Like a provider that nobody reaches: the run waits, and none of its entries is to blame.
  if (!recorded.ok) return faultOf("unreachable", `the event could not be recorded here (${recorded.cause})`);
  const { kind, eventId } = recorded.value;
  // A duplicate: it came by itself between our look and our record, and the ledger let one of the two through.
  return found(entry, kind === "recorded" ? "provider_api" : cameBy(held, entry), eventId);
}

async function findRequest(
  deps: ReconcileDeps,
  held: HeldRun,
  entry: EntryRow,
): Promise<({ readonly ok: true } & LoggedRequest) | ConnectorFault> {
  const kept = (await deps.db.run(findEntryBytes, [held.run.id, entry.k])).rows[0];
  if (kept?.body != null) {
    const headers = kept.headers === null ? [] : (JSON.parse(kept.headers.toString("utf8")) as [string, string][]);
    return { ok: true, body: kept.body, headers };
  }
  if (held.connector.fetch === null) return faultOf("gone", "the provider's log does not hold the body of this event");
  return await held.connector.fetch(placeOf(entry));
}

async function writeMarks(
  deps: ReconcileDeps,
  held: HeldRun,
  marks: readonly { readonly entry: EntryRow; readonly mark: Mark }[],
): Promise<boolean> {
  const nowMs = deps.databaseNow().getTime();
  const isWritten = await writeHeld(deps, held, async (tx) => {
    await tx.run(markEntries, [
      held.run.id,
      marks.map(({ entry }) => entry.k),
      marks.map(({ mark }) => mark.state),
      marks.map(({ mark }) => mark.by),
      marks.map(({ mark }) => mark.eventId),
      marks.map(({ mark }) => new Date(nowMs + mark.waitMs).toISOString()),
      marks.map(({ mark }) => mark.asks),
      marks.map(({ mark }) => (mark.detail === null ? null : toColumnText(mark.detail, DETAIL_MAX))),
    ]);
  });
  const source = held.ready.source.name;
  for (const { mark } of isWritten ? marks : [])
    if (mark.by !== null) deps.metrics.reconciliationRecovered.inc({ source, by: mark.by });
  return isWritten;
}
