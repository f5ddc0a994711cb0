import { timeOf, toPublicId } from "./id.ts";

/**
 * The words of the field; `rejected` and `replayed` stand in the way of an event that was refused at first, or that a replay
 * delivered.
 */
export const TIMELINE_STEPS = [
  "received",
  "rejected",
  "replayed",
  "validated",
  "queued",
  "processing",
  "processed",
  "failed permanently",
] as const;
export type TimelineStep = (typeof TIMELINE_STEPS)[number];

/** One step of an event's way, in the words that the field uses. Times are UTC. */
export interface TimelineEntry {
  readonly at: Date;
  readonly step: TimelineStep;
  /** The delivery (UUID) and its destination (UUID); absent for the event's own steps. */
  readonly deliveryId?: string;
  readonly destinationId?: string;
  readonly attempt?: number;
  readonly outcome?: string;
  readonly status?: number | null;
  readonly detail?: string | null;
  readonly durationMs?: number;
  /** What followed an attempt, and when it was due if it had to wait. */
  readonly next?: string;
  readonly nextAt?: Date | null;
}

interface TimelineDelivery {
  readonly id: string;
  readonly destination_id: string;
  readonly state: string;
  readonly reason: string | null;
  readonly finished_at: Date | null;
}

interface TimelineAttempt {
  readonly delivery_id: string;
  readonly number: number;
  readonly outcome: string;
  readonly status: number | null;
  readonly detail: string | null;
  readonly started_at: Date;
  readonly duration_ms: number;
  readonly next_state: string;
  readonly next_due_at: Date | null;
}

/** What recovery had to do with an event. */
export interface TimelineRecovery {
  /** Arrivals of it that were refused, until a replay verified one of them. */
  readonly rejections: readonly {
    readonly id: string;
    readonly received_at: Date;
    readonly reason: string;
    readonly replay_id: string;
  }[];
  /** Its deliveries that replays made, or pulled forward. */
  readonly replays: readonly {
    readonly replay_id: string;
    readonly delivery_id: string;
    readonly pulled: boolean;
    readonly started_at: Date | null;
  }[];
}

const NO_RECOVERY: TimelineRecovery = { rejections: [], replays: [] };

/**
 * Tells an event's way from its receipt to where each of its deliveries stands, in order of time; steps of one moment, and those
 * of one delivery whatever the clocks say, stand in the order in which they follow from each other. Verification happens before an event is recorded at all, so its
 * moment is the receipt's; a delivery was queued at the time that its id carries.
 */
export function tellTimeline(
  receivedAt: Date,
  deliveries: readonly TimelineDelivery[],
  attempts: readonly TimelineAttempt[],
  recovery: TimelineRecovery = NO_RECOVERY,
): TimelineEntry[] {
  const destinations = new Map(deliveries.map(({ id, destination_id }) => [id, destination_id]));
  const entries: TimelineEntry[] = [
    { at: receivedAt, step: "received" },
    { at: validatedAt(receivedAt, deliveries, recovery), step: "validated" },
    ...tellRecovery(recovery, destinations),
    ...deliveries.map((delivery): TimelineEntry => ({
      at: new Date(timeOf(delivery.id)),
      step: "queued",
      ...of(delivery),
    })),
    ...attempts.map((attempt): TimelineEntry => {
      const destinationId = destinations.get(attempt.delivery_id);
      return {
        at: attempt.started_at,
        step: "processing",
        deliveryId: attempt.delivery_id,
        ...(destinationId === undefined ? {} : { destinationId }),
        attempt: attempt.number,
        outcome: attempt.outcome,
        status: attempt.status,
        detail: attempt.detail,
        durationMs: attempt.duration_ms,
        next: attempt.next_state,
        nextAt: attempt.next_due_at,
      };
    }),
    ...deliveries.flatMap((delivery): TimelineEntry[] => {
      if (delivery.finished_at === null) return [];
      if (delivery.state === "processed") return [{ at: delivery.finished_at, step: "processed", ...of(delivery) }];
      return [{ at: delivery.finished_at, step: "failed permanently", ...of(delivery), detail: delivery.reason }];
    }),
  ];
  return inOrder(receivedAt, entries);
}

// The times are by the clocks of several processes, and a settlement's is the database's: by them alone a delivery could be
// processed before it was tried. None of its steps stands before the event or before what it follows.
function inOrder(receivedAt: Date, entries: readonly TimelineEntry[]): TimelineEntry[] {
  const reached = new Map<string, number>();
  const placed = entries.map((entry) => {
    const { deliveryId, step } = entry;
    if (deliveryId === undefined) return { entry, place: entry.at.getTime() };
    const place = Math.max(entry.at.getTime(), reached.get(deliveryId) ?? receivedAt.getTime());
    // A replay that pulled a delivery forward came between two of its attempts.
    if (step !== "replayed") reached.set(deliveryId, place);
    return { entry, place };
  });
  const rank = ({ step }: TimelineEntry): number => TIMELINE_STEPS.indexOf(step);
  return placed.toSorted((a, b) => a.place - b.place || rank(a.entry) - rank(b.entry)).map(({ entry }) => entry);
}

// What was refused at first was validated when a replay recorded it, which is when it was queued.
function validatedAt(
  receivedAt: Date,
  deliveries: readonly TimelineDelivery[],
  { rejections }: TimelineRecovery,
): Date {
  const [first] = deliveries.map(({ id }) => timeOf(id)).toSorted((a, b) => a - b);
  return rejections.length === 0 || first === undefined ? receivedAt : new Date(first);
}

function tellRecovery(
  { rejections, replays }: TimelineRecovery,
  destinations: ReadonlyMap<string, string>,
): TimelineEntry[] {
  return [
    ...rejections.map(({ received_at: at, reason }): TimelineEntry => ({ at, step: "rejected", detail: reason })),
    ...replays.map((item): TimelineEntry => {
      const { delivery_id: deliveryId, pulled, started_at: startedAt } = item;
      const destinationId = destinations.get(deliveryId);
      return {
        at: pulled && startedAt !== null ? startedAt : new Date(timeOf(deliveryId)),
        step: "replayed",
        deliveryId,
        ...(destinationId === undefined ? {} : { destinationId }),
        detail: `by ${toPublicId("rpl", item.replay_id)}`,
      };
    }),
  ];
}

function of(delivery: TimelineDelivery): Pick<TimelineEntry, "deliveryId" | "destinationId"> {
  return { deliveryId: delivery.id, destinationId: delivery.destination_id };
}
