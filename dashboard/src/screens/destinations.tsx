import type { Destination } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useCallback, useMemo } from "react";
import { destinationsQuery } from "../api/overview.ts";
import type { DestinationTraffic } from "../api/setup.ts";
import { destinationTrafficQuery } from "../api/setup.ts";
import { Card } from "../parts/card.tsx";
import { classNames } from "../parts/class-names.ts";
import { ChoiceField, TextField } from "../parts/field.tsx";
import { FilterBar, useFilter } from "../parts/filter-bar.tsx";
import { LinkButton } from "../parts/link-button.tsx";
import { writeCount, writeShare } from "../parts/numbers.ts";
import { Empty, FaultPanel, Loading } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";
import { Badge, StateBadge } from "../parts/state-badge.tsx";
import { useMay } from "../parts/use-may.ts";
import { useRows } from "../parts/use-rows.ts";
import { Moment, writeSpan } from "../parts/zone.tsx";
import { describeStanding } from "./destination-words.ts";

interface Row {
  readonly destination: Destination;
  readonly hour: DestinationTraffic | undefined;
  readonly day: DestinationTraffic | undefined;
}

const COLUMNS = "md:grid-cols-[minmax(0,1.8fr)_128px_minmax(0,1fr)_minmax(0,0.8fr)_minmax(0,0.8fr)]";

/** Every destination with how its attempts go: who takes what we deliver, and who does not. */
export function Destinations() {
  const { filter } = useFilter();
  const destinations = useQuery(destinationsQuery);
  const traffic = useQuery(destinationTrafficQuery);
  const mayChange = useMay("operator");
  const navigate = useNavigate();
  const rows = useMemo(() => {
    const of = (items: readonly DestinationTraffic[] | undefined, id: string) =>
      items?.find(({ destinationId }) => destinationId === id);
    return (destinations.data?.items ?? [])
      .map((destination): Row => ({
        destination,
        hour: of(traffic.data?.hour, destination.id),
        day: of(traffic.data?.day, destination.id),
      }))
      .filter((row) => fits(row, filter));
  }, [destinations.data, traffic.data, filter]);
  const open = useCallback((id: string) => void navigate({ to: "/destinations/$id", params: { id } }), [navigate]);
  const ids = useMemo(() => rows.map(({ destination }) => destination.id), [rows]);
  const marked = useRows(ids, open);
  const hasFilter = Object.keys(filter).length > 0;
  return (
    <Page
      title="Destinations"
      lead="Where deliveries go. One that fails or is slow holds up nobody but itself."
      actions={
        mayChange ? (
          <LinkButton to="/destinations/new" look="primary" icon={<Plus size={14} aria-hidden />}>
            Create a destination
          </LinkButton>
        ) : undefined
      }
    >
      <DestinationFilter />
      <Card flush>
        {destinations.isPending ? <Loading /> : null}
        {destinations.error === null ? null : (
          <FaultPanel error={destinations.error} onRetry={() => void destinations.refetch()} />
        )}
        {destinations.data !== undefined && rows.length === 0 ? <NoDestination filtered={hasFilter} /> : null}
        {rows.length > 0 ? <DestinationRows rows={rows} marked={marked} /> : null}
      </Card>
    </Page>
  );
}

function DestinationFilter() {
  const { filter, setFilter, clear } = useFilter();
  return (
    <FilterBar active={Object.keys(filter).length > 0} onClear={clear}>
      <TextField
        label="Name or URL"
        data-filter=""
        placeholder="billing"
        className="w-56"
        value={filter["text"] ?? ""}
        onChange={(event) => setFilter({ text: event.target.value })}
      />
      <ChoiceField
        label="Show"
        className="w-44"
        value={filter["show"] ?? ""}
        onChoose={(show) => setFilter({ show })}
        choices={[
          ["", "All"],
          ["failing", "Failing in this hour"],
          ["held", "Held back"],
          ["paused", "Paused or disabled"],
        ]}
      />
    </FilterBar>
  );
}

function fits({ destination, hour }: Row, filter: Readonly<Record<string, string>>): boolean {
  const text = (filter["text"] ?? "").trim().toLowerCase();
  const { name, url, handler, state } = destination;
  if (text !== "" && !`${name} ${url ?? ""} ${handler ?? ""}`.toLowerCase().includes(text)) return false;
  switch (filter["show"]) {
    case "failing":
      return (hour?.failed ?? 0) > 0;
    case "held":
      return describeStanding(destination) !== null && destination.gate?.reason !== "limit";
    case "paused":
      return state !== "active";
    default:
      return true;
  }
}

function NoDestination({ filtered }: { filtered: boolean }) {
  if (filtered) return <Empty title="No destination fits this filter">Take a part of it away.</Empty>;
  return (
    <Empty title="No destinations yet" command="npx holdfast init">
      Create one here, or declare it with a route in the configuration file, which this command writes for you:
    </Empty>
  );
}

function DestinationRows({ rows, marked }: { rows: readonly Row[]; marked: string | null }) {
  return (
    <>
      <div
        aria-hidden
        className={classNames(
          "hidden gap-x-4 border-b border-line px-4 py-2 text-xs font-medium text-faint md:grid",
          COLUMNS,
        )}
      >
        <span>Destination</span>
        <span>State</span>
        <span>Succeeded in an hour</span>
        <span>Answers in</span>
        <span>Last attempt</span>
      </div>
      <ul>
        {rows.map((row) => (
          <DestinationRow key={row.destination.id} row={row} marked={marked === row.destination.id} />
        ))}
      </ul>
    </>
  );
}

function DestinationRow({ row: { destination, hour, day }, marked }: { row: Row; marked: boolean }) {
  const { id, name, url, handler } = destination;
  const tries = (hour?.succeeded ?? 0) + (hour?.failed ?? 0);
  const isFailing = (hour?.failed ?? 0) > 0;
  return (
    <li id={`row-${id}`} className="border-b border-line last:border-b-0">
      <Link
        to="/destinations/$id"
        params={{ id }}
        className={classNames(
          "grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 px-4 py-2.5 text-[13px] hover:bg-sunken",
          COLUMNS,
          marked && "bg-accent-soft",
        )}
      >
        <span className="min-w-0">
          <span className="block truncate font-medium">{name}</span>
          <span className="block truncate font-mono text-xs text-faint">{url ?? `handler ${handler ?? ""}`}</span>
        </span>
        <span>
          <DestinationState destination={destination} />
        </span>
        <span className={classNames("tabular-nums", isFailing && "font-medium text-bad")}>
          {writeShare(hour?.succeeded ?? 0, tries)}
          {isFailing ? <span className="ml-2 text-xs">{writeCount(hour?.failed ?? 0)} failed</span> : null}
        </span>
        <span className="hidden text-soft tabular-nums md:block">
          {hour?.meanLatencyMs === undefined || hour.meanLatencyMs === null ? "–" : writeSpan(hour.meanLatencyMs)}
        </span>
        <span className="hidden text-soft md:block">
          {day?.lastTriedAt === undefined || day.lastTriedAt === null ? (
            <span className="text-faint">none in a day</span>
          ) : (
            <Moment at={day.lastTriedAt} />
          )}
        </span>
      </Link>
    </li>
  );
}

/** The state, or what holds it back while it is active. */
export function DestinationState({ destination }: { destination: Destination }) {
  const standing = describeStanding(destination);
  if (destination.state !== "active" || standing === null || destination.gate?.reason === "limit")
    return <StateBadge state={destination.state} />;
  return <Badge tone={standing.tone}>{standing.word}</Badge>;
}
