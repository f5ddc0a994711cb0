import type { Source } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Plus, TriangleAlert } from "lucide-react";
import { useCallback, useMemo } from "react";
import type { SourceTraffic } from "../api/setup.ts";
import { providersQuery, sourcesQuery, sourceTrafficQuery } from "../api/setup.ts";
import { Card } from "../parts/card.tsx";
import { classNames } from "../parts/class-names.ts";
import { ChoiceField, TextField } from "../parts/field.tsx";
import { FilterBar, useFilter } from "../parts/filter-bar.tsx";
import { LinkButton } from "../parts/link-button.tsx";
import { writeCount } from "../parts/numbers.ts";
import { Empty, FaultPanel, Loading } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";
import { Badge, StateBadge } from "../parts/state-badge.tsx";
import { useMay } from "../parts/use-may.ts";
import { useRows } from "../parts/use-rows.ts";
import { Moment } from "../parts/zone.tsx";

interface Row {
  readonly source: Source;
  readonly provider: string;
  readonly hour: SourceTraffic | undefined;
  readonly day: SourceTraffic | undefined;
}

const COLUMNS = "md:grid-cols-[minmax(0,1.5fr)_104px_minmax(0,1fr)_minmax(0,1fr)_minmax(0,1fr)]";

/** Every source with what comes at it: where a provider posts to, and whether it does. */
export function Sources() {
  const { filter } = useFilter();
  const sources = useQuery(sourcesQuery);
  const traffic = useQuery(sourceTrafficQuery);
  const providers = useQuery(providersQuery);
  const mayChange = useMay("operator");
  const navigate = useNavigate();
  const rows = useMemo(() => {
    const names = new Map((providers.data?.items ?? []).map(({ slug, name }) => [slug, name]));
    return (sources.data?.items ?? [])
      .map((source): Row => {
        const of = (items: readonly SourceTraffic[] | undefined) => items?.find((item) => item.sourceId === source.id);
        const provider = names.get(source.provider) ?? source.provider;
        return { source, provider, hour: of(traffic.data?.hour), day: of(traffic.data?.day) };
      })
      .filter((row) => fits(row, filter));
  }, [sources.data, traffic.data, providers.data, filter]);
  const open = useCallback((id: string) => void navigate({ to: "/sources/$id", params: { id } }), [navigate]);
  const marked = useRows(
    useMemo(() => rows.map(({ source }) => source.id), [rows]),
    open,
  );
  return (
    <Page
      title="Sources"
      lead="Where providers post to. Each has a URL of its own, and verifies with its own secrets."
      actions={
        mayChange ? (
          <LinkButton to="/sources/new" look="primary" icon={<Plus size={14} aria-hidden />}>
            Create a source
          </LinkButton>
        ) : undefined
      }
    >
      <SourceFilter />
      <Card flush>
        {sources.isPending ? <Loading /> : null}
        {sources.error === null ? null : <FaultPanel error={sources.error} onRetry={() => void sources.refetch()} />}
        {sources.data !== undefined && rows.length === 0 ? (
          <NoSource filtered={Object.keys(filter).length > 0} />
        ) : null}
        {rows.length > 0 ? <SourceRows rows={rows} marked={marked} /> : null}
      </Card>
    </Page>
  );
}

function SourceFilter() {
  const { filter, setFilter, clear } = useFilter();
  return (
    <FilterBar active={Object.keys(filter).length > 0} onClear={clear}>
      <TextField
        label="Name or provider"
        data-filter=""
        placeholder="stripe"
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
          ["rejecting", "Rejecting in this hour"],
          ["quiet", "Quiet for a day"],
          ["disabled", "Disabled"],
        ]}
      />
    </FilterBar>
  );
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

function NoSource({ filtered }: { filtered: boolean }) {
  if (filtered) return <Empty title="No source fits this filter">Take a part of it away.</Empty>;
  return (
    <Empty title="No sources yet" command="npx holdfast init">
      Create one here, or declare it in the configuration file, which this command writes for you:
    </Empty>
  );
}

function SourceRows({ rows, marked }: { rows: readonly Row[]; marked: string | null }) {
  return (
    <>
      <div
        aria-hidden
        className={classNames(
          "hidden gap-x-4 border-b border-line px-4 py-2 text-xs font-medium text-faint md:grid",
          COLUMNS,
        )}
      >
        <span>Source</span>
        <span>State</span>
        <span>Events in an hour</span>
        <span>Last event</span>
        <span>Rejections in an hour</span>
      </div>
      <ul>
        {rows.map((row) => (
          <SourceRow key={row.source.id} row={row} marked={marked === row.source.id} />
        ))}
      </ul>
    </>
  );
}

function SourceRow({ row: { source, provider, hour, day }, marked }: { row: Row; marked: boolean }) {
  const rejected = hour?.rejected ?? 0;
  return (
    <li id={`row-${source.id}`} className="border-b border-line last:border-b-0">
      <Link
        to="/sources/$id"
        params={{ id: source.id }}
        className={classNames(
          "grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 px-4 py-2.5 text-[13px] hover:bg-sunken",
          COLUMNS,
          marked && "bg-accent-soft",
        )}
      >
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
      </Link>
    </li>
  );
}
