import type { DeliverySummary, EventDetail } from "@holdfast/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { RotateCw } from "lucide-react";
import { useState } from "react";
import { api } from "../api/api.ts";
import { mayAct, sessionQuery } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { Card, Facts } from "../parts/card.tsx";
import { Exact } from "../parts/copy.tsx";
import { useFilter } from "../parts/filter-bar.tsx";
import { Page, UnreadyPage } from "../parts/page.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { Moment } from "../parts/zone.tsx";
import { Attempts } from "./event-attempts.tsx";
import { CompareButton, Compared } from "./event-compare.tsx";
import { CopyRequest } from "./event-copy.tsx";
import { Payload } from "./event-payload.tsx";
import { Timeline } from "./event-timeline.tsx";

const UNFINISHED = new Set(["ready", "scheduled", "held", "leased"]);

const TRAIL = [["/events", "Events"]] as const;

/** One event: how it went, what came, and what was tried. */
export function EventScreen() {
  const { id } = useParams({ strict: false });
  const { filter } = useFilter();
  const event = useQuery({
    queryKey: ["event", id],
    queryFn: () => api.events.get(id ?? ""),
    // Only while something can still happen to it.
    refetchInterval: ({ state }) =>
      state.data?.deliveries.some((delivery) => UNFINISHED.has(delivery.state)) ? 2_000 : false,
  });
  if (event.data === undefined) {
    return <UnreadyPage title="Event" trail={TRAIL} error={event.error} onRetry={() => void event.refetch()} />;
  }
  const { data } = event;
  return (
    <Page
      title={data.eventType ?? "Event without a type"}
      trail={TRAIL}
      from={[event]}
      lead={<Exact text={data.id} label="Copy the id" />}
      actions={<CompareButton event={data} />}
    >
      {filter["compare"] === undefined ? null : <Compared event={data} otherId={filter["compare"]} />}
      <div className="grid min-w-0 gap-4 xl:grid-cols-[minmax(0,1fr)_minmax(0,1.25fr)]">
        <div className="flex min-w-0 flex-col gap-4">
          <Card title="Timeline" hint="from received to its end">
            <Timeline entries={data.timeline} />
          </Card>
          <About event={data} />
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          <Deliveries event={data} />
          <Payload
            id={data.id}
            sha256={data.bodySha256}
            actions={(raw) => <CopyRequest raw={raw} sourceId={data.sourceId} />}
          />
        </div>
      </div>
    </Page>
  );
}

function About({ event }: { event: EventDetail }) {
  const { duplicates } = event;
  return (
    <Card title="What is known">
      <Facts
        facts={[
          [
            "Source",
            <Link key="s" to="/events" search={{ source: event.source }} className="text-accent hover:underline">
              {event.source}
            </Link>,
          ],
          ["Provider", event.provider],
          ["Provider's id", event.providerEventId === null ? "none" : <Exact key="p" text={event.providerEventId} />],
          ["Received", <Moment key="r" at={event.receivedAt} exact />],
          ["Occurred", <Moment key="o" at={event.occurredAt} exact />],
          ["Verified by", describeVerification(event)],
          ["Came from", event.remoteAddress],
          ["SHA-256", <Exact key="h" text={event.bodySha256} />],
          ["Duplicates", duplicates.count === 0 ? "none" : <DuplicateFact key="d" duplicates={duplicates} />],
        ]}
      />
    </Card>
  );
}

function describeVerification({ verifiedBy, secretVersion }: EventDetail): string {
  const secret = `secret ${secretVersion ?? "without version"}`;
  switch (verifiedBy) {
    case "signature":
      return `signature, ${secret}`;
    case "batch_signature":
      return `signature of the whole request, ${secret}`;
    case "provider_api":
      return "the provider's API";
  }
}

function DuplicateFact({ duplicates }: { duplicates: EventDetail["duplicates"] }) {
  return (
    <span>
      {duplicates.count}, the last <Moment at={duplicates.lastAt} />
      {duplicates.variants > 0 ? `; ${duplicates.variants} of them with other bytes` : "; all with the same bytes"}
    </span>
  );
}

function Deliveries({ event }: { event: EventDetail }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const first = event.deliveries.find(({ state }) => state === "dead") ?? event.deliveries[0];
  const shown = event.deliveries.find(({ id }) => id === chosen) ?? first;
  return (
    <Card title="Deliveries" hint={event.deliveries.length === 0 ? "no route wanted this event" : undefined} flush>
      <ul>
        {event.deliveries.map((delivery) => (
          <li
            key={delivery.id}
            className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2 text-[13px]"
          >
            <button
              type="button"
              aria-pressed={delivery.id === shown?.id}
              onClick={() => setChosen(delivery.id)}
              className="font-medium hover:underline aria-pressed:text-accent"
            >
              {delivery.destination}
            </button>
            <StateBadge state={delivery.state} />
            <span className="text-faint">
              {delivery.attempt} {delivery.attempt === 1 ? "attempt" : "attempts"}
              {delivery.dueAt === null ? null : (
                <>
                  , next <Moment at={delivery.dueAt} />
                </>
              )}
              {delivery.reason === null ? null : `, ${delivery.reason.replaceAll("_", " ")}`}
            </span>
            <span className="ml-auto">
              <Retry delivery={delivery} eventId={event.id} />
            </span>
          </li>
        ))}
      </ul>
      {shown === undefined ? null : <Attempts delivery={shown} />}
    </Card>
  );
}

function Retry({ delivery, eventId }: { delivery: DeliverySummary; eventId: string }) {
  const client = useQueryClient();
  const session = useQuery(sessionQuery);
  const retry = useMutation({
    mutationFn: () => api.deliveries.retry(delivery.id),
    onSettled: () => client.invalidateQueries({ queryKey: ["event", eventId] }),
  });
  const isOpen = delivery.state === "dead" ? delivery.retriedAs === null : /^(scheduled|held)$/.test(delivery.state);
  if (!isOpen || !mayAct(session.data, "responder")) return null;
  return (
    <span className="inline-flex items-center gap-2">
      {retry.error === null ? null : (
        <span role="alert" className="text-xs text-bad">
          {retry.error.message}
        </span>
      )}
      <Button busy={retry.isPending} icon={<RotateCw size={12} aria-hidden />} onClick={() => retry.mutate()}>
        {delivery.state === "dead" ? "Retry" : "Retry now"}
      </Button>
    </span>
  );
}
