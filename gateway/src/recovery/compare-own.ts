import { placeKey } from "../domain/bucket.ts";
import { matchesEventType } from "../domain/event-type.ts";
import { lowestUuid } from "../domain/id.ts";
import { isOfContent } from "../pipeline/draft-listed-event.ts";
import { addUnknown, compareOwnEvents } from "../store/reconciliations/entries.ts";
import type { HeldRun, ReconcileDeps, Stepped } from "./hold-run.ts";
import { finish, move, writeHeld } from "./hold-run.ts";

const PAGE = 2_000;
/** At the edges of the window two clocks may disagree about which side an event is on. */
const SKEW_MS = 300_000;
/** Providers go on retrying for up to three days, so an event of the window may have arrived so much later. */
const LATE_MS = 4 * 86_400_000;

/** Goes through a page of our own events and notes those of the window that the provider's log does not hold. */
export async function compareOwn(deps: ReconcileDeps, held: HeldRun): Promise<Stepped> {
  const { run, setup, ready } = held;
  const now = deps.databaseNow();
  const fromMs = run.window_from.getTime();
  const toMs = run.window_to.getTime();
  const after = run.compared_to ?? lowestUuid(Math.max(0, fromMs - SKEW_MS));
  const before = lowestUuid(Math.min(now.getTime() + 1, toMs + LATE_MS));
  const query = [run.tenant, after, before, ready.source.id, run.id, PAGE];
  const { rows } = await deps.db.run(compareOwnEvents, query);
  const unknown = rows.filter((row) => {
    // Its id names what it tells of, so that no entry of a log can meet it.
    if (isOfContent(row.event_key.toString("utf8")) && ready.provider?.idIsScoped !== true) return false;
    const ms = row.happened_at.getTime();
    const isInside = ms >= fromMs + SKEW_MS && ms < toMs - SKEW_MS;
    const isMeant = matchesEventType(setup.eventTypes, row.event_type);
    return row.is_own && !row.is_listed && row.provider_event_id !== null && isInside && isMeant;
  });
  const last = rows.at(-1);
  if (last === undefined) return await finish(deps, held, "completed", null);
  const moves = { compared_to: last.id, failures: 0, due_at: now, detail: null };
  const isWritten = await writeHeld(deps, held, async (tx) => {
    const places = unknown.map((row) => placeKey(ready.source.id, row.event_key));
    const columns = [
      places.map(({ key }) => key),
      places.map(({ bucket }) => bucket),
      unknown.map((row) => row.event_key.toString("utf8")),
      unknown.map((row) => row.provider_event_id),
      unknown.map((row) => row.event_type),
      unknown.map((row) => row.happened_at.toISOString()),
      unknown.map((row) => row.id),
    ];
    if (unknown.length > 0) await tx.run(addUnknown, [run.id, ...columns, now]);
    await move(tx, held, moves);
  });
  if (!isWritten) return "lost";
  held.run = { ...run, ...moves };
  // To look until nothing is left would be to chase the present: where events arrive faster than a step takes, for as long as they do.
  return rows.length < PAGE ? await finish(deps, held, "completed", null) : "more";
}
