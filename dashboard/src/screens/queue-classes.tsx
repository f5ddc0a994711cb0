import type { Throttle, Throttles, QueueStanding } from "@holdfast/client";
import { Link } from "@tanstack/react-router";
import { Card } from "../parts/card.tsx";
import { classNames } from "../parts/class-names.ts";
import { writeCount } from "../parts/numbers.ts";
import { Badge } from "../parts/state-badge.tsx";
import { Moment, writeSpan } from "../parts/zone.tsx";

const STATES = ["ready", "leased", "scheduled", "held"] as const;
const WORDS = { ready: "Ready", leased: "Processing", scheduled: "Retry scheduled", held: "Held" } as const;
/** From here on a ready delivery is late. */
const LATE_SEC = 30;

/** Each class with what waits in it, the most urgent first. */
export function Classes({ queue, throttles }: { queue: QueueStanding; throttles: Throttles }) {
  return (
    <Card title="Classes" hint="a ready critical delivery waits for no other" flush>
      <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Classes">
        <table className="w-full min-w-[640px] text-[13px]">
          <thead>
            <tr className="border-b border-line text-left text-xs text-faint">
              <th scope="col" className="px-4 py-2 font-medium">
                Class
              </th>
              <th scope="col" className="px-3 py-2 font-medium">
                Oldest ready
              </th>
              {STATES.map((state) => (
                <th key={state} scope="col" className="px-3 py-2 text-right font-medium">
                  {WORDS[state]}
                </th>
              ))}
              <th scope="col" className="px-3 py-2 font-medium">
                Next retry
              </th>
              <th scope="col" className="px-4 py-2 font-medium">
                At the door
              </th>
            </tr>
          </thead>
          <tbody>
            {queue.classes.map((one) => (
              <ClassRow
                key={one.class}
                one={one}
                treatment={
                  throttles.overload.since === null ? "unknown" : (throttles.overload.classes[one.class] ?? "accepted")
                }
                byHand={throttles.throttles.find(
                  (throttle) => throttle.scope === "all" || throttle.class === one.class,
                )}
              />
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

const TREATMENTS = {
  accepted: { tone: "good", word: "accepted" },
  throttled: { tone: "warn", word: "slowed down" },
  shed: { tone: "bad", word: "refused" },
  unknown: { tone: "bad", word: "not known" },
} as const;

const BY_HAND = {
  throttle: { tone: "warn", word: "slowed down by hand" },
  refuse: { tone: "bad", word: "refused by hand" },
  admit: { tone: "good", word: "always admitted" },
} as const;

function ClassRow({
  one: { class: name, depth, oldestReadySec, nextDueAt },
  treatment,
  byHand,
}: {
  one: QueueStanding["classes"][number];
  treatment: keyof typeof TREATMENTS;
  byHand: Throttle | undefined;
}) {
  const isLate = oldestReadySec !== null && oldestReadySec >= LATE_SEC;
  const { tone, word } =
    byHand === undefined || treatment === "unknown" ? TREATMENTS[treatment] : BY_HAND[byHand.action];
  return (
    <tr className="border-b border-line last:border-b-0">
      <th scope="row" className="px-4 py-2 text-left font-medium capitalize">
        {name}
      </th>
      <td className={classNames("px-3 py-2 tabular-nums", isLate ? "font-semibold text-bad" : "text-soft")}>
        {oldestReadySec === null ? "–" : writeSpan(oldestReadySec * 1_000)}
        {isLate ? <span className="sr-only"> late</span> : null}
      </td>
      {STATES.map((state) => (
        <td key={state} className="px-3 py-2 text-right tabular-nums">
          <Depth state={state} count={depth[state] ?? 0} />
        </td>
      ))}
      <td className="px-3 py-2 text-soft">{nextDueAt === null ? "–" : <Moment at={nextDueAt} />}</td>
      <td className="px-4 py-2">
        <Badge tone={tone}>{word}</Badge>
      </td>
    </tr>
  );
}

function Depth({ state, count }: { state: string; count: number }) {
  if (count === 0) return <span className="text-faint">0</span>;
  return (
    <Link to="/events" search={{ state }} className="font-medium hover:underline">
      {writeCount(count)}
    </Link>
  );
}
