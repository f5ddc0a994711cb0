import type { StoredEvent } from "../pipeline/leased-delivery.ts";
import { eventOfDraft } from "../pipeline/leased-delivery.ts";
import type { EventDraft } from "../pipeline/record-event.ts";
import type { Clock } from "../platform/clock.ts";

/** Events that this process has just recorded, for a worker in the same process: it need not read them from the database. */
export interface RecentEvents {
  /** It is committed. */
  note(draft: EventDraft): void;
  /** Once for each delivery that was recorded with it; null when it is not kept (any more). */
  take(eventId: string): StoredEvent | null;
}

/** What waits longer is read from the database, as it may be that somebody has taken it out there. */
const KEPT_MS = 5_000;
/** What an event takes beside its body and headers. */
const ENTRY_BYTES = 500;

interface Entry {
  /** Null once it is dropped: dead tables of the map go on holding the entry (docs/decisions/0019). */
  draft: EventDraft | null;
  readonly bytes: number;
  readonly notedMs: number;
  uses: number;
}

/**
 * Keeps them in the order in which they came, and the oldest least. Read from the database they cost a delivery 12 µs there
 * and a round trip (docs/decisions/0009).
 *
 * @param bytesMax bounds what is kept; 0 keeps none, for a process that does not both take in and deliver
 */
export function createRecentEvents(clock: Clock, bytesMax: number): RecentEvents {
  const entries = new Map<string, Entry>();
  let bytes = 0;
  const drop = (id: string, entry: Entry): void => {
    entries.delete(id);
    entry.draft = null;
    bytes -= entry.bytes;
  };
  const isOld = ({ notedMs }: Entry): boolean => clock.monotonicMs() - notedMs > KEPT_MS;
  return {
    note: (draft) => {
      const size = draft.body.length + draft.headers.length + ENTRY_BYTES;
      // What is held back is delivered later than is kept here.
      const uses = draft.deliveries.filter(({ heldReason }) => heldReason === null).length;
      if (uses === 0 || size > bytesMax || entries.has(draft.id)) return;
      entries.set(draft.id, { draft, bytes: size, notedMs: clock.monotonicMs(), uses });
      bytes += size;
      for (const [id, entry] of entries) {
        // Also what is old: where somebody else delivers it, nobody ever takes it here.
        if (bytes <= bytesMax && !isOld(entry)) break;
        drop(id, entry);
      }
    },
    take: (eventId) => {
      const entry = entries.get(eventId);
      if (entry === undefined) return null;
      const { draft } = entry;
      const isTooOld = isOld(entry);
      // Each delivery once: a retry reads what is stored.
      if (--entry.uses === 0 || isTooOld) drop(eventId, entry);
      return isTooOld || draft === null ? null : eventOfDraft(draft);
    },
  };
}
