import { placeKey } from "../domain/bucket.ts";
import { asksByTime } from "../domain/connector.ts";
import { matchesEventType } from "../domain/event-type.ts";
import { bucketOf } from "../domain/id.ts";
import { compareEntry, mayBeForgotten } from "../domain/reconciliation.ts";
import { toColumnText } from "../pipeline/arrival.ts";
import { nameListed } from "../pipeline/draft-listed-event.ts";
import { findKeysSince } from "../store/events/find-keys-since.ts";
import { findKeyOwners } from "../store/events/find-key-owners.ts";
import { addEntries, findDeadEvents } from "../store/reconciliations/entries.ts";
import type { Queryable } from "../store/statement.ts";
import type { LogEntry } from "./connectors/connector.ts";
import { faultOf } from "./connectors/provider-line.ts";
import type { HeldRun, ReconcileDeps, Stepped } from "./hold-run.ts";
import { move, passFault, writeHeld } from "./hold-run.ts";

/** At a hundred entries a page that is a million events; a longer log is read in several windows. */
const PAGES_MAX = 10_000;
const TEXT_MAX = 512;
const FORGOTTEN =
  "it may have been processed: keys of its time are forgotten, or the log does not tell its time; recorded anew it would be delivered again";

/**
 * Reads one page of the provider's log and compares it with the ledger. The entries and the cursor behind them are written
 * together: killed before, the same page is read again; killed after, the next one.
 */
export async function listLog(deps: ReconcileDeps, held: HeldRun): Promise<Stepped> {
  const { run, setup, ready, connector } = held;
  const window = { from: run.window_from, to: run.window_to };
  const page = await connector.list(window, run.cursor, run.page_items);
  if (!page.ok) return await passFault(deps, held, page);
  if (page.next !== null && toColumnText(page.next, page.next.length) !== page.next)
    return await passFault(
      deps,
      held,
      faultOf("malformed", "the place of the next page is a text that cannot be stored"),
    );
  if (page.next !== null && page.next === run.cursor)
    return await passFault(deps, held, faultOf("malformed", "the provider's log gave the same cursor again"));
  if (run.pages >= PAGES_MAX)
    return await passFault(
      deps,
      held,
      faultOf("refused", `the log has more than ${PAGES_MAX} pages; narrow the window`),
    );
  const meant = page.entries.filter(({ eventType }) => matchesEventType(setup.eventTypes, eventType));
  const named = meant.map((entry) => ({ ...entry, eventKey: nameListed(ready, entry), toldKey: entry.eventKey }));
  const now = deps.databaseNow();
  const state = page.next === null ? "listed" : "started";
  const moves = { state, cursor: page.next, pages: run.pages + 1, failures: 0, due_at: now, detail: null } as const;
  const isWritten = await writeHeld(deps, held, async (tx) => {
    const asTold = named.map(({ toldKey }) => ({ eventKey: toldKey }));
    const owners = await findOwners(tx, ready.source.id, [...named, ...asTold]);
    const wanted = foldEntries(named.map((entry) => asRecorded(entry, owners)));
    const keysSince = await findKeysSince(tx);
    const earliest = asksByTime(setup.connector) ? window.from : null;
    const isForgotten = ({ occurredAt }: LogEntry) => mayBeForgotten(occurredAt ?? earliest, keysSince);
    const columns = toColumns(wanted, { sourceId: ready.source.id, owners, isForgotten, now });
    // Before what is carried: that was looked for in vain already, and may be more than the provider lets anybody ask for.
    const dueAt = new Date(run.started_at.getTime() - 1);
    if (wanted.length > 0) await tx.run(addEntries, [run.id, ...columns, dueAt]);
    await move(tx, held, moves);
  });
  if (!isWritten) return "lost";
  held.run = { ...run, ...moves };
  return "more";
}

/** By the key that the connector tells, where nothing but that is known: older versions recorded so what has another key by now. */
function asRecorded(entry: LogEntry & { readonly toldKey: string }, owners: ReadonlyMap<string, Owner>): LogEntry {
  const { toldKey: eventKey } = entry;
  return owners.has(entry.eventKey) || !owners.has(eventKey) ? entry : { ...entry, eventKey };
}

/** One entry for each event: a log that lists attempts has several, of which the newest comes first and is asked for. */
function foldEntries(entries: readonly LogEntry[]): LogEntry[] {
  const folded = new Map<string, LogEntry>();
  for (const entry of entries) {
    const known = folded.get(entry.eventKey);
    if (known === undefined) folded.set(entry.eventKey, entry);
    else if (entry.providerOutcome === "delivered")
      folded.set(entry.eventKey, { ...known, providerOutcome: "delivered" });
  }
  return [...folded.values()];
}

/** Who of ours owns the key of each event, by event key, and whether a delivery of it is dead. */
export interface Owner {
  readonly eventId: string;
  readonly isDead: boolean;
}

/** Looks events up in the ledger by the keys that the live path would have claimed. */
export async function findOwners(
  tx: Queryable,
  sourceId: string,
  entries: readonly { readonly eventKey: string }[],
): Promise<ReadonlyMap<string, Owner>> {
  const places = entries.map(({ eventKey }) => ({ eventKey, ...placeKey(sourceId, Buffer.from(eventKey)) }));
  if (places.length === 0) return new Map();
  const found = await tx.run(findKeyOwners, [places.map(({ bucket }) => bucket), places.map(({ key }) => key)]);
  const ids = new Map(found.rows.map((row) => [row.k, row.event_id]));
  const eventIds = [...new Set(ids.values())];
  const dead = await tx.run(findDeadEvents, [eventIds.map(bucketOf), eventIds]);
  const isDead = new Set(dead.rows.map((row) => row.event_id));
  return new Map(
    places.flatMap(({ eventKey, key }) => {
      const eventId = ids.get(key);
      return eventId === undefined ? [] : [[eventKey, { eventId, isDead: isDead.has(eventId) }]];
    }),
  );
}

function toText(value: string | null): string | null {
  return value === null ? null : toColumnText(value, TEXT_MAX);
}

function toColumns(
  entries: readonly LogEntry[],
  here: {
    readonly sourceId: string;
    readonly owners: ReadonlyMap<string, Owner>;
    readonly isForgotten: (entry: LogEntry) => boolean;
    readonly now: Date;
  },
): unknown[] {
  const { owners } = here;
  const places = entries.map(({ eventKey }) => placeKey(here.sourceId, Buffer.from(eventKey)));
  const states = entries.map((entry) => {
    const owner = owners.get(entry.eventKey);
    return owner === undefined && here.isForgotten(entry)
      ? "unexplained"
      : compareEntry({ isRecorded: owner !== undefined, isDead: owner?.isDead === true });
  });
  // Bytes are kept for what is missing alone: they are what it is recovered from.
  const kept = <T>(values: readonly T[]): (T | null)[] =>
    values.map((value, i) => (states[i] === "missing" ? value : null));
  return [
    places.map(({ key }) => key),
    places.map(({ bucket }) => bucket),
    entries.map(({ eventKey }) => toText(eventKey)),
    entries.map(({ providerEventId }) => toText(providerEventId)),
    entries.map(({ reference }) => toText(reference)),
    entries.map(({ eventType }) => toText(eventType)),
    entries.map(({ occurredAt }) => occurredAt?.toISOString() ?? null),
    entries.map(({ providerOutcome }) => providerOutcome),
    states,
    entries.map(({ eventKey }) => owners.get(eventKey)?.eventId ?? null),
    kept(entries.map(({ headers }) => Buffer.from(JSON.stringify(headers)))),
    kept(entries.map(({ body }) => (body === null ? null : Buffer.from(body)))),
    kept(entries.map(() => here.now.toISOString())),
    states.map((state) => (state === "unexplained" ? FORGOTTEN : null)),
  ];
}
