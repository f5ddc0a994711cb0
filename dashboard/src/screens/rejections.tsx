import type { RejectionGroup, RejectionSummary } from "@holdfast/client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ShieldCheck } from "lucide-react";
import { useCallback, useMemo } from "react";
import { api } from "../api/api.ts";
import { sourcesQuery } from "../api/setup.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { classNames } from "../parts/class-names.ts";
import { ChoiceField } from "../parts/field.tsx";
import { FilterBar, useFilter } from "../parts/filter-bar.tsx";
import { Empty, FaultPanel, Loading } from "../parts/outcome.tsx";
import { SourceChoice } from "../parts/name-choice.tsx";
import { Page } from "../parts/page.tsx";
import { Searched } from "../parts/searched.tsx";
import { SpanField, toApiFilter } from "../parts/span-field.tsx";
import { Badge } from "../parts/state-badge.tsx";
import { useFilteredPages } from "../parts/use-filtered-pages.ts";
import { useRows } from "../parts/use-rows.ts";
import { Moment } from "../parts/zone.tsx";
import { RejectionGroups } from "./rejection-groups.tsx";
import { describeCause, readDiagnosis, writeWords } from "./rejection-words.ts";

/** What was refused at the door: by cause first, then one by one. */
export function Rejections() {
  const { filter } = useFilter();
  const groups = useQuery({
    queryKey: ["rejection-groups", filter],
    placeholderData: keepPreviousData,
    queryFn: () => api.rejections.groups(toApiFilter(filter)),
    refetchInterval: 10_000,
  });
  const { list, rows, searched } = useFilteredPages({
    key: ["rejections"],
    filter,
    fetchPage: (query) => api.rejections.page(query),
  });
  const failed = groups.error ?? list.error;
  const isFiltered = Object.keys(filter).length > 0;
  // A page may be empty because only a part was looked at: then there is more to look through.
  const isEmpty = groups.data?.items.length === 0 && rows.length === 0 && list.data !== undefined && !list.hasNextPage;
  return (
    <Page
      title="Rejections"
      lead="What was refused at the door, by its cause. Nothing that is refused is ever queued; when the cause was ours, a replay makes events of it."
    >
      <RejectionFilterBar groups={groups.data?.items ?? []} />
      {failed === null ? null : (
        <FaultPanel error={failed} onRetry={() => void Promise.all([groups.refetch(), list.refetch()])} />
      )}
      {isEmpty ? <NothingRejected filtered={isFiltered} /> : null}
      {groups.isPending || list.isPending ? <Loading /> : null}
      {(groups.data?.items.length ?? 0) > 0 ? <RejectionGroups groups={groups.data!} /> : null}
      {rows.length > 0 ? <RejectionRows rows={rows} /> : null}
      {list.hasNextPage ? (
        <Button busy={list.isFetchingNextPage} className="self-center" onClick={() => void list.fetchNextPage()}>
          Show older rejections
        </Button>
      ) : null}
      {isEmpty && !isFiltered ? null : (
        <Searched searched={searched ?? groups.data?.searched} of="rejections" hasMore={list.hasNextPage} />
      )}
    </Page>
  );
}

function NothingRejected({ filtered }: { filtered: boolean }) {
  const sources = useQuery(sourcesQuery);
  const url = sources.data?.items.find(({ state }) => state === "active")?.ingestUrl;
  if (filtered)
    return (
      <Card flush>
        <Empty title="No rejection fits this filter">Take a part of it away.</Empty>
      </Card>
    );
  return (
    <Card flush>
      <Empty
        title="Nothing was rejected"
        icon={<ShieldCheck size={18} aria-hidden />}
        {...(url === undefined ? {} : { command: `curl -X POST ${url} -d '{}'` })}
      >
        Every request that came was genuine. To see here what is refused, send one without a signature:
      </Empty>
    </Card>
  );
}

function RejectionFilterBar({ groups }: { groups: readonly RejectionGroup[] }) {
  const { filter, setFilter, clear } = useFilter();
  const reasons = new Set([...groups.map(({ reason }) => reason), ...(filter["reason"] ? [filter["reason"]] : [])]);
  const causes = new Set([...groups.map(({ cause }) => cause), ...(filter["cause"] ? [filter["cause"]] : [])]);
  return (
    <FilterBar active={Object.keys(filter).length > 0} onClear={clear}>
      <SourceChoice />
      <ChoiceField
        label="Reason"
        className="w-52"
        value={filter["reason"] ?? ""}
        onChoose={(reason) => setFilter({ reason })}
        choices={[["", "Every reason"], ...[...reasons].map((reason) => [reason, writeWords(reason)] as const)]}
      />
      <ChoiceField
        label="Likely cause"
        className="w-64"
        value={filter["cause"] ?? ""}
        onChoose={(cause) => setFilter({ cause })}
        choices={[["", "Every cause"], ...[...causes].map((cause) => [cause, describeCause(cause).word] as const)]}
      />
      <SpanField filter={filter} setFilter={setFilter} />
    </FilterBar>
  );
}

function RejectionRows({ rows }: { rows: readonly RejectionSummary[] }) {
  const navigate = useNavigate();
  const open = useCallback((id: string) => void navigate({ to: "/rejections/$id", params: { id } }), [navigate]);
  const ids = useMemo(() => rows.map(({ id }) => id), [rows]);
  const marked = useRows(ids, open);
  return (
    <Card title="One by one" hint="newest first" flush>
      <ul>
        {rows.map((row) => {
          const { summary, likelyCause } = readDiagnosis(row.diagnosis);
          return (
            <li key={row.id} id={`row-${row.id}`} className="border-b border-line last:border-b-0">
              <Link
                to="/rejections/$id"
                params={{ id: row.id }}
                className={classNames(
                  "grid grid-cols-[1fr_auto] items-baseline gap-x-4 gap-y-1 px-4 py-2 text-[13px] hover:bg-sunken",
                  "md:grid-cols-[92px_minmax(90px,0.5fr)_minmax(0,1fr)_minmax(0,2fr)]",
                  marked === row.id && "bg-accent-soft",
                )}
              >
                <span className="order-2 text-right text-faint md:order-none md:text-left">
                  <Moment at={row.receivedAt} />
                </span>
                <span className="truncate font-medium">{row.source}</span>
                <span className="order-3 flex min-w-0 flex-wrap items-center gap-2 md:order-none">
                  <span className="truncate">{describeCause(likelyCause).word}</span>
                  {row.eventId === null ? null : <Badge tone="good">Replayed</Badge>}
                </span>
                <span className="order-4 col-span-2 truncate text-faint md:order-none md:col-span-1">{summary}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
