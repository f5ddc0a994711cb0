import type { Destination } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { destinationsQuery } from "../api/overview.ts";
import type { DestinationTraffic } from "../api/setup.ts";
import { destinationTrafficQuery } from "../api/setup.ts";
import { classNames } from "../parts/class-names.ts";
import type { ConfiguredKind } from "../parts/configured-list.tsx";
import { ConfiguredList } from "../parts/configured-list.tsx";
import { useFilter } from "../parts/filter-bar.tsx";
import { writeCount, writeShare } from "../parts/numbers.ts";
import { Badge, StateBadge } from "../parts/state-badge.tsx";
import { Moment, writeSpan } from "../parts/zone.tsx";
import { describeStanding } from "./destination-words.ts";

interface Row {
  readonly destination: Destination;
  readonly hour: DestinationTraffic | undefined;
  readonly day: DestinationTraffic | undefined;
}

const KIND: ConfiguredKind = {
  path: "/destinations",
  title: "Destinations",
  lead: "Where deliveries go. One that fails or is slow holds up nobody but itself.",
  noun: "destination",
  filter: {
    label: "Name or URL",
    placeholder: "billing",
    choices: [
      ["failing", "Failing in this hour"],
      ["held", "Held back"],
      ["paused", "Paused or disabled"],
    ],
  },
  columns: "md:grid-cols-[minmax(0,1.8fr)_128px_minmax(0,1fr)_minmax(0,0.8fr)_minmax(0,0.8fr)]",
  heads: ["Destination", "State", "Succeeded in an hour", "Answers in", "Last attempt"],
  none: "Create one here, or declare it with a route in the configuration file, which this command writes for you:",
};

/** Every destination with how its attempts go: who takes what we deliver, and who does not. */
export function Destinations() {
  const { filter } = useFilter();
  const destinations = useQuery(destinationsQuery);
  const traffic = useQuery(destinationTrafficQuery);
  const rows = (destinations.data?.items ?? [])
    .map((destination): Row => ({
      destination,
      hour: findOwn(traffic.data?.hour, destination.id),
      day: findOwn(traffic.data?.day, destination.id),
    }))
    .filter((row) => fits(row, filter))
    .map((row) => ({ id: row.destination.id, cells: <Cells row={row} /> }));
  return <ConfiguredList kind={KIND} list={destinations} rows={rows} />;
}

function findOwn(items: readonly DestinationTraffic[] | undefined, id: string): DestinationTraffic | undefined {
  return items?.find(({ destinationId }) => destinationId === id);
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

function Cells({ row: { destination, hour, day } }: { row: Row }) {
  const { name, url, handler } = destination;
  const tries = (hour?.succeeded ?? 0) + (hour?.failed ?? 0);
  const isFailing = (hour?.failed ?? 0) > 0;
  return (
    <>
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
    </>
  );
}

/** The state, or what holds it back while it is active. */
export function DestinationState({ destination }: { destination: Destination }) {
  const standing = describeStanding(destination);
  if (destination.state !== "active" || standing === null || destination.gate?.reason === "limit")
    return <StateBadge state={destination.state} />;
  return <Badge tone={standing.tone}>{standing.word}</Badge>;
}
