import type { Destination, QueueStanding } from "@holdfast/client";
import { Link } from "@tanstack/react-router";
import { Card } from "../parts/card.tsx";
import { writeCount } from "../parts/numbers.ts";
import { StateBadge } from "../parts/state-badge.tsx";
import { Moment } from "../parts/zone.tsx";
import { describeHeld } from "./queue-words.ts";

/** What waits for its destination, for a retry or for a worker, with why, and what to do about it. */
export function Waiting({ queue, destinations }: { queue: QueueStanding; destinations: readonly Destination[] }) {
  const { held, scheduled, ready } = queue;
  if (held.length === 0 && scheduled.length === 0 && ready.length === 0) return null;
  return (
    <Card title="Why they wait" hint="waiting costs no attempt, and nothing is discarded" flush>
      <ul>
        {held.map((group) => {
          const destination = destinations.find(({ id }) => id === group.destinationId) ?? null;
          const { why, remedy } = describeHeld(group.reason, destination);
          return (
            <Row key={`${group.reason} ${group.destinationId}`} state="held" group={group} remedy={remedy}>
              {why}; the oldest since <Moment at={group.since} />.
            </Row>
          );
        })}
        {scheduled.map((group) => (
          <Row
            key={group.destinationId}
            state="scheduled"
            group={group}
            remedy="Look at what the destination answers; nothing is to be done while it recovers."
          >
            the last attempt failed; the next one is <Moment at={group.nextDueAt} />.
          </Row>
        ))}
        {ready.map((group) => (
          <Row
            key={group.destinationId}
            state="ready"
            group={group}
            remedy="Nothing is to be done while the oldest is young. Else look whether workers live, and what holds them."
          >
            a worker takes them in their turn; the oldest since <Moment at={group.since} />.
          </Row>
        ))}
      </ul>
    </Card>
  );
}

function Row({
  state,
  group,
  remedy,
  children,
}: {
  state: "held" | "scheduled" | "ready";
  group: { readonly destinationId: string; readonly destination: string; readonly count: number };
  remedy: string;
  children: React.ReactNode;
}) {
  return (
    <li className="grid gap-x-5 gap-y-1 border-b border-line px-4 py-3 text-[13px] last:border-b-0 md:grid-cols-[52px_minmax(0,1fr)_auto]">
      <p className="text-xl leading-6 font-semibold tabular-nums">{writeCount(group.count)}</p>
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <Link to={`/destinations/${group.destinationId}` as "/events"} className="font-medium hover:underline">
            {group.destination}
          </Link>
          <StateBadge state={state} />
          <span>{children}</span>
        </p>
        <p className="mt-0.5 text-soft">{remedy}</p>
      </div>
      <Link
        to="/events"
        search={{ state, destination: group.destination }}
        className="self-center text-accent hover:underline"
        aria-label={`See them: ${state}, for ${group.destination}`}
      >
        See them
      </Link>
    </li>
  );
}
