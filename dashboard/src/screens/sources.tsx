import type { Source } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import type { SourceTraffic } from "../api/setup.ts";
import { providersQuery, sourcesQuery, sourceTrafficQuery } from "../api/setup.ts";
import type { ConfiguredKind } from "../parts/configured-list.tsx";
import { ConfiguredList } from "../parts/configured-list.tsx";
import { useFilter } from "../parts/filter-bar.tsx";
import { writeCount } from "../parts/numbers.ts";
import { Badge, StateBadge } from "../parts/state-badge.tsx";
import { Moment } from "../parts/zone.tsx";

interface Row {
  readonly source: Source;
  readonly provider: string;
  readonly hour: SourceTraffic | undefined;
  readonly day: SourceTraffic | undefined;
}

const KIND: ConfiguredKind = {
  path: "/sources",
  title: "Sources",
  lead: "Where providers post to. Each has a URL of its own, and verifies with its own secrets.",
  noun: "source",
  filter: {
    label: "Name or provider",
    placeholder: "stripe",
    choices: [
      ["rejecting", "Rejecting in this hour"],
      ["quiet", "Quiet for a day"],
      ["disabled", "Disabled"],
    ],
  },
  columns: "md:grid-cols-[minmax(0,1.5fr)_104px_minmax(0,1fr)_minmax(0,1fr)_minmax(0,1fr)]",
  heads: ["Source", "State", "Events in an hour", "Last event", "Rejections in an hour"],
  none: "Create one here, or declare it in the configuration file, which this command writes for you:",
};

/** Every source with what comes at it: where a provider posts to, and whether it does. */
export function Sources() {
  const { filter } = useFilter();
  const sources = useQuery(sourcesQuery);
  const traffic = useQuery(sourceTrafficQuery);
  const providers = useQuery(providersQuery);
  const names = new Map((providers.data?.items ?? []).map(({ slug, name }) => [slug, name]));
  const rows = (sources.data?.items ?? [])
    .map((source): Row => {
      const of = (items: readonly SourceTraffic[] | undefined) => items?.find((item) => item.sourceId === source.id);
      const provider = names.get(source.provider) ?? source.provider;
      return { source, provider, hour: of(traffic.data?.hour), day: of(traffic.data?.day) };
    })
    .filter((row) => fits(row, filter))
    .map((row) => ({ id: row.source.id, cells: <Cells row={row} /> }));
  return <ConfiguredList kind={KIND} list={sources} rows={rows} />;
}

function fits({ source, provider, hour, day }: Row, filter: Readonly<Record<string, string>>): boolean {
  const text = (filter["text"] ?? "").trim().toLowerCase();
  if (text !== "" && !`${source.name} ${source.provider} ${provider}`.toLowerCase().includes(text)) return false;
  switch (filter["show"]) {
    case "rejecting":
      return (hour?.rejected ?? 0) > 0;
    case "quiet":
      return (day?.recorded ?? 0) === 0;
    case "disabled":
      return source.state === "disabled";
    default:
      return true;
  }
}

function Cells({ row: { source, provider, hour, day } }: { row: Row }) {
  const rejected = hour?.rejected ?? 0;
  return (
    <>
      <span className="min-w-0">
        <span className="block truncate font-medium">{source.name}</span>
        <span className="block truncate text-xs text-faint">{provider}</span>
      </span>
      <span>
        <StateBadge state={source.state} />
      </span>
      <span className="tabular-nums">
        {writeCount(hour?.recorded ?? 0)}
        <span className="text-faint md:hidden"> events in an hour</span>
        {(hour?.duplicates ?? 0) > 0 ? (
          <span className="ml-2 text-xs text-faint">+ {writeCount(hour?.duplicates ?? 0)} duplicates</span>
        ) : null}
      </span>
      <span className="hidden text-soft md:block">
        {day?.lastRecordedAt === undefined || day.lastRecordedAt === null ? (
          <span className="text-faint">none in a day</span>
        ) : (
          <Moment at={day.lastRecordedAt} />
        )}
      </span>
      <span className="text-right md:text-left">
        {rejected === 0 ? (
          <span className="hidden text-faint md:inline">none</span>
        ) : (
          <Badge tone="bad" icon={<TriangleAlert size={12} strokeWidth={2.4} aria-hidden />}>
            {writeCount(rejected)} rejected
          </Badge>
        )}
      </span>
    </>
  );
}
