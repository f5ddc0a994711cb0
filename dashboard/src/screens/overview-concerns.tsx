import type { Destination, RetryLoop, Status } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowRight } from "lucide-react";
import type { Alert } from "../api/alerts.ts";
import { firingQuery } from "../api/alerts.ts";
import {
  deadLettersQuery,
  destinationsQuery,
  loopsQuery,
  ratesQuery,
  rejectionsQuery,
  statusQuery,
} from "../api/overview.ts";
import { Card } from "../parts/card.tsx";
import { writeCount } from "../parts/numbers.ts";
import { Badge } from "../parts/state-badge.tsx";
import type { Tone } from "../parts/state-badge.tsx";
import { writeSpan } from "../parts/zone.tsx";
import { describeOverload } from "./queue-overload.tsx";
import { describeReason } from "./queue-words.ts";

/** One thing that is wrong: what, since it matters how bad; and the screen where it is repaired. */
export interface Concern {
  readonly kind: string;
  readonly tone: Tone;
  readonly what: string;
  readonly why: string;
  readonly to: string;
  readonly search?: Readonly<Record<string, string>>;
  readonly step: string;
}

const LATE_SEC = 30;
const REJECTED_MINUTES = 10;
/** As the overview's charts have it, so that both are drawn from one answer. */
export const RATES_MINUTES = 60;

/** What is wrong, as far as it is known. */
export interface Known {
  readonly concerns: readonly Concern[];
  /** Whether every answer that a concern could come from is there. Until then none is no good news. */
  readonly isKnown: boolean;
  /** Why an answer is missing, or older than it should be; null when none is. */
  readonly error: unknown;
  refetch(): Promise<unknown>;
}

/** Everything that wants attention, the worst first. */
export function useConcerns(): Known {
  const status = useQuery(statusQuery);
  const rates = useQuery(ratesQuery(RATES_MINUTES));
  const alerts = useQuery(firingQuery);
  const destinations = useQuery(destinationsQuery);
  const rejections = useQuery(rejectionsQuery);
  const dead = useQuery(deadLettersQuery);
  const loops = useQuery(loopsQuery);
  const all = [status, rates, alerts, destinations, rejections, dead, loops];
  const rejected = (rates.data?.minutes ?? []).slice(-REJECTED_MINUTES).reduce((sum, { rejected: n }) => sum + n, 0);
  const configured = destinations.data?.items ?? [];
  return {
    isKnown: all.every(({ data }) => data !== undefined),
    error: all.find(({ error }) => error !== null)?.error ?? null,
    refetch: () => Promise.all(all.map((one) => one.refetch())),
    concerns: [
      ...alertConcerns(alerts.data?.items ?? []),
      ...(status.data === undefined ? [] : [...overloadConcerns(status.data), ...lateConcerns(status.data)]),
      ...configured.filter(({ gate }) => gate?.breaker === "open").map(toBreakerConcern),
      ...configured.filter(({ state }) => state !== "active").map(toDestinationConcern),
      ...(rejected === 0 ? [] : [toRejectionConcern(rejected, rejections.data?.items ?? [])]),
      ...(dead.data?.groups ?? []).slice(0, 3).map(toDeadConcern),
      ...(loops.data?.items ?? []).slice(0, 2).map(toLoopConcern),
    ],
  };
}

// One, however many there are: most of them fire for what stands below.
function alertConcerns(firing: readonly Alert[]): Concern[] {
  const [first] = firing;
  if (first === undefined) return [];
  const rules = [...new Set(firing.map(({ rule }) => rule))];
  return [
    {
      kind: "Alert",
      tone: firing.some(({ severity }) => severity === "page") ? "bad" : "warn",
      what: firing.length === 1 ? first.summary : `${writeCount(firing.length)} alerts fire`,
      why: firing.length === 1 ? `${first.rule}, ${first.subject}` : rules.join(", "),
      to: "/alerts",
      step: "See what fires",
    },
  ];
}

function overloadConcerns({ overload }: Status): Concern[] {
  if (overload.since === null)
    return [
      {
        kind: "Intake",
        tone: "bad",
        what: "No process says how it takes in",
        why: "for 30 s none has: either none runs that takes in, or none reaches the database",
        to: "/queue",
        step: "See who is alive",
      },
    ];
  if (overload.level === 0) return [];
  const slowed = Object.entries(overload.classes).filter(([, treatment]) => treatment !== "accepted");
  return [
    {
      kind: "Overload",
      tone: overload.level > 1 ? "bad" : "warn",
      what: `Arrivals are slowed down or refused: ${slowed.map(([name]) => name).join(", ")}`,
      why: overload.cause === null ? "" : describeOverload(overload.cause).why,
      to: "/queue",
      step: "See why",
    },
  ];
}

function toBreakerConcern({ id, name }: Destination): Concern {
  return {
    kind: "Breaker open",
    tone: "bad",
    what: `${name} fails most attempts`,
    why: "its deliveries are held, one probe goes out every 30 s",
    to: `/destinations/${id}`,
    step: "See what it answers",
  };
}

const UNCOUNTED: Concern = {
  kind: "Queue",
  tone: "bad",
  what: "What waits could not be counted in time",
  why: "the disk is too busy, or an old snapshot keeps dead rows: holdfast doctor names who holds it",
  to: "/queue",
  step: "Look at the queue",
};

function lateConcerns(status: Status): Concern[] {
  const { depth, oldestReadySec } = status.deliveries;
  if (depth === null || oldestReadySec === null) return [UNCOUNTED];
  const [priority, sec] = Object.entries(oldestReadySec).toSorted((a, b) => b[1] - a[1])[0] ?? ["", 0];
  if (sec < LATE_SEC) return [];
  return [
    {
      kind: "Late",
      tone: "bad",
      what: `A ${priority} delivery has been ready for ${writeSpan(sec * 1_000)}`,
      why: "workers are missing, or are busy with slow destinations",
      to: "/queue",
      step: "Look at the queue",
    },
  ];
}

function toDestinationConcern(destination: Pick<Destination, "id" | "name" | "state" | "stateReason">): Concern {
  return {
    kind: destination.state === "paused" ? "Paused" : "Disabled",
    tone: destination.state === "paused" ? "held" : "bad",
    what: `${destination.name} is ${destination.state}`,
    why:
      describeReason(destination.stateReason)?.why ??
      destination.stateReason ??
      "its deliveries are held, none is lost",
    to: `/destinations/${destination.id}`,
    step: "See why, and resume",
  };
}

function toRejectionConcern(count: number, newest: readonly { reason: string; source: string }[]): Concern {
  const [first] = newest;
  return {
    kind: "Rejected",
    tone: "bad",
    what: `${writeCount(count)} ${count === 1 ? "request was" : "requests were"} rejected in ten minutes`,
    why: first === undefined ? "" : `last: ${first.source}, ${first.reason.replaceAll("_", " ")}`,
    to: "/rejections",
    step: "See the cause",
  };
}

function toDeadConcern(group: { reason: string; destination: string; count: number }): Concern {
  return {
    kind: "Dead letters",
    tone: "bad",
    what: `${writeCount(group.count)} for ${group.destination} failed permanently`,
    why: group.reason.replaceAll("_", " "),
    to: "/dead-letters",
    search: { destination: group.destination },
    step: "Work through them",
  };
}

function toLoopConcern(loop: RetryLoop): Concern {
  return {
    kind: "Loop",
    tone: "warn",
    what: `${loop.source}: the same ${loop.kind === "duplicate" ? "event" : "request"} came ${writeCount(loop.count)} times`,
    why: `cause: ${loop.cause.replaceAll("_", " ")}`,
    to: loop.eventId === null ? "/rejections" : `/events/${loop.eventId}`,
    step: "See what comes again",
  };
}

/** The list of concerns; each leads to the screen where it is repaired. */
export function Concerns({ concerns }: { concerns: readonly Concern[] }) {
  return (
    <Card flush>
      <ul>
        {concerns.map((concern, i) => (
          <li key={`${concern.kind}-${concern.what}-${String(i)}`} className="border-b border-line last:border-b-0">
            <Link
              to={concern.to as "/events"}
              search={concern.search ?? {}}
              className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5 text-[13px] hover:bg-sunken"
            >
              <span className="w-28 shrink-0">
                <Badge tone={concern.tone}>{concern.kind}</Badge>
              </span>
              <span className="font-medium">{concern.what}</span>
              <span className="text-soft">{concern.why}</span>
              <span className="ml-auto inline-flex items-center gap-1 text-accent">
                {concern.step}
                <ArrowRight size={13} aria-hidden />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}
