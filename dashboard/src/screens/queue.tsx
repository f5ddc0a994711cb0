import type { QueueStanding } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { Coffee, Info } from "lucide-react";
import { destinationsQuery, queueQuery, statusQuery, throttlesQuery } from "../api/overview.ts";
import { Card } from "../parts/card.tsx";
import { Empty, FaultPanel, Loading, Ready } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";
import { Classes } from "./queue-classes.tsx";
import { Gates } from "./queue-gates.tsx";
import { Lanes } from "./queue-lanes.tsx";
import { Overloaded } from "./queue-overload.tsx";
import { Processes } from "./queue-processes.tsx";
import { Throttles } from "./queue-throttles.tsx";
import { Waiting } from "./queue-waiting.tsx";

/** What waits and why, how full the gateway is, who works, and what can be slowed down. */
export function Queue() {
  const queue = useQuery(queueQuery);
  const throttles = useQuery(throttlesQuery);
  const status = useQuery(statusQuery);
  const destinations = useQuery(destinationsQuery);
  const failed = queue.error ?? throttles.error;
  const retry = (): void => void Promise.all([queue.refetch(), throttles.refetch()]);
  return (
    <Page
      title="Queue"
      lead="What waits for a worker, a retry or a destination, and what holds it back."
      from={[status, destinations]}
    >
      {failed === null ? null : <FaultPanel error={failed} onRetry={retry} />}
      {failed === null && (queue.data === undefined || throttles.data === undefined) ? <Loading rows={8} /> : null}
      {queue.data === undefined || throttles.data === undefined ? null : (
        <>
          <Overloaded overload={throttles.data.overload} />
          <Classes queue={queue.data} throttles={throttles.data} />
          {isIdle(queue.data) ? (
            <Nothing />
          ) : (
            <Waiting queue={queue.data} destinations={destinations.data?.items ?? []} />
          )}
          <Counted counted={queue.data.counted} />
          <div className="grid min-w-0 items-start gap-4 xl:grid-cols-2">
            <div className="flex min-w-0 flex-col gap-4">
              <Ready query={destinations}>{({ items }) => <Gates destinations={items} />}</Ready>
              {queue.data.lanes.length === 0 ? null : <Lanes lanes={queue.data.lanes} />}
            </div>
            <div className="flex min-w-0 flex-col gap-4">
              <Throttles throttles={throttles.data.throttles} />
              <Ready query={status}>{({ processes }) => <Processes processes={processes} />}</Ready>
            </div>
          </div>
        </>
      )}
    </Page>
  );
}

/** How far the counts go: by the turn in which deliveries are taken, and so past neither a class nor an age. */
function Counted({ counted }: { counted: QueueStanding["counted"] }) {
  if (counted.complete) return null;
  return (
    <p role="status" className="flex items-center gap-1.5 text-xs text-faint">
      <Info size={13} aria-hidden className="shrink-0" />
      {`Counted at most ${counted.ofEachState.toLocaleString("en-US")} deliveries of each state, of the ready and the scheduled ones those that come next. What stands behind them, older or not, is not in these numbers.`}
    </p>
  );
}

function isIdle({ classes }: QueueStanding): boolean {
  return classes.every(({ depth }) => Object.values(depth).every((count) => count === 0));
}

function Nothing() {
  return (
    <Card flush>
      <Empty
        title="Nothing waits"
        icon={<Coffee size={18} aria-hidden />}
        command="holdfast send stripe invoice.paid --count 100"
      >
        Every delivery that was due has ended. To watch some go through:
      </Empty>
    </Card>
  );
}
