import type { EventPage, EventSummary } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Copy as CopyIcon, Pause, Play } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { api } from "../api/api.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { classNames } from "../parts/class-names.ts";
import { useFilter } from "../parts/filter-bar.tsx";
import { writeBytes } from "../parts/numbers.ts";
import { Empty, FaultPanel, Loading } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";
import { Searched } from "../parts/searched.tsx";
import { toApiFilter } from "../parts/span-field.tsx";
import { Badge, StateBadge } from "../parts/state-badge.tsx";
import { useFilteredPages } from "../parts/use-filtered-pages.ts";
import { useRows } from "../parts/use-rows.ts";
import { Moment } from "../parts/zone.tsx";
import { EventFilter } from "./events-filter.tsx";
import { EventViews } from "./events-views.tsx";

const LIVE_MS = 2_000;
const SLOWER_MS = 15_000;

/** Every event, newest first. New ones wait above the list until they are asked for, so the row one reads stays where it is. */
export function Events() {
  const { filter } = useFilter();
  const [live, setLive] = useState(true);
  const navigate = useNavigate();
  const look = lookFor(filter);
  const { list, searched } = useFilteredPages({
    key: ["events"],
    filter,
    fetchPage: (query) => api.get<EventPage>("/events", query),
    // With no row on the screen there is no place to keep, so the first ones simply appear.
    whileEmptyMs: live && look.everyMs,
  });
  const { rows, newer } = useNewest(
    list.data?.pages ?? NO_PAGES,
    filter,
    live && !list.isPlaceholderData && look.everyMs,
  );
  const open = useCallback((id: string) => void navigate({ to: "/events/$id", params: { id } }), [navigate]);
  const ids = useMemo(() => rows.map(({ id }) => id), [rows]);
  const marked = useRows(ids, open);
  const hasFilter = Object.keys(filter).length > 0;
  // A page may be empty because only a part was looked at: then there is more to look through.
  const isPartSearched = list.data !== undefined && rows.length === 0 && list.hasNextPage;
  return (
    <Page
      title="Events"
      lead="What was verified and recorded, newest first. Each row tells where its deliveries stand."
      actions={look.everyMs === false ? undefined : <LiveButton live={live} onTurn={() => setLive(!live)} />}
    >
      <EventViews />
      <EventFilter />
      {newer > 0 ? (
        <button
          type="button"
          onClick={() => void list.refetch()}
          className="rounded-md border border-accent/40 bg-accent-soft py-1.5 text-[13px] font-medium text-accent"
        >
          {newer >= 50 ? "50 and more" : newer} new {newer === 1 ? "event" : "events"}: show
        </button>
      ) : null}
      {isPartSearched && list.error === null ? null : (
        <Card flush>
          {list.isPending ? <Loading /> : null}
          {list.error === null ? null : <FaultPanel error={list.error} onRetry={() => void list.refetch()} />}
          {list.data !== undefined && rows.length === 0 && !isPartSearched ? (
            <NothingFound filtered={hasFilter} />
          ) : null}
          {rows.length > 0 ? <EventRows rows={rows} marked={marked} /> : null}
        </Card>
      )}
      <Searched searched={searched} of="events" hasMore={list.hasNextPage} />
      {list.hasNextPage ? (
        <Button busy={list.isFetchingNextPage} className="self-center" onClick={() => void list.fetchNextPage()}>
          Show older events
        </Button>
      ) : null}
    </Page>
  );
}

function LiveButton({ live, onTurn }: { live: boolean; onTurn: () => void }) {
  return (
    <Button icon={live ? <Pause size={13} aria-hidden /> : <Play size={13} aria-hidden />} onClick={onTurn}>
      {live ? "Pause live" : "Go live"}
    </Button>
  );
}

/** How often the newest are asked for. A search that reads bodies or deliveries is asked less often, or not at all. */
function lookFor(filter: Readonly<Record<string, string>>): { everyMs: number | false } {
  if (filter["field"] !== undefined) return { everyMs: false };
  return { everyMs: filter["state"] !== undefined || filter["destination"] !== undefined ? SLOWER_MS : LIVE_MS };
}

interface ShownPage {
  readonly items: readonly EventSummary[];
  readonly readAtMs: number;
}
const NO_PAGES: readonly ShownPage[] = [];

/**
 * The rows of the pages in the state that a look at the newest events has found since, and how many events such a look has
 * found that no row shows. Rows keep their places: one that does not fit the filter any more stays until the list is read anew.
 */
function useNewest(
  pages: readonly ShownPage[],
  filter: Readonly<Record<string, string>>,
  everyMs: number | false,
): { rows: readonly EventSummary[]; newer: number } {
  // Whoever has gone on to older ones keeps the place, rows or not.
  const isKept = pages.length > 1 || pages.some(({ items }) => items.length > 0);
  const { data: look, dataUpdatedAt: lookedAtMs } = useQuery({
    queryKey: ["events-newer", filter],
    queryFn: () => api.get<EventPage>("/events", { ...toApiFilter(filter), limit: 50 }),
    refetchInterval: everyMs,
    enabled: everyMs !== false && isKept,
  });
  return useMemo(() => {
    const found = new Map(look?.items.map((event) => [event.id, event]));
    const rows = pages.flatMap(({ items, readAtMs }) =>
      items.map((event) => (lookedAtMs > readAtMs ? (found.get(event.id) ?? event) : event)),
    );
    const shown = new Set(rows.map(({ id }) => id));
    const oldest = rows.at(-1)?.id ?? "";
    // Ids go by time. What is older than every row is not new: it stands on a page that was not asked for.
    const newer = [...found.keys()].filter((id) => id > oldest && !shown.has(id)).length;
    return { rows, newer: isKept ? newer : 0 };
  }, [pages, look, lookedAtMs, isKept]);
}

function NothingFound({ filtered }: { filtered: boolean }) {
  if (filtered)
    return <Empty title="No event fits this filter">Take a part of it away, or look at the rejections.</Empty>;
  return (
    <Empty title="No events yet" command="holdfast send stripe invoice.paid">
      Point a provider at one of your sources, or send a signed sample:
    </Empty>
  );
}

function EventRows({ rows, marked }: { rows: readonly EventSummary[]; marked: string | null }) {
  return (
    <ul>
      {rows.map((event) => (
        <li key={event.id} id={`row-${event.id}`} className="border-b border-line last:border-b-0">
          <Link
            to="/events/$id"
            params={{ id: event.id }}
            className={classNames(
              "grid grid-cols-[1fr_auto] items-center gap-x-4 gap-y-1 px-4 py-2 text-[13px] hover:bg-sunken",
              "md:grid-cols-[92px_minmax(0,1.1fr)_minmax(0,1.4fr)_72px_252px]",
              marked === event.id && "bg-accent-soft",
            )}
          >
            <span className="order-2 text-right text-faint md:order-none md:text-left">
              <Moment at={event.receivedAt} />
            </span>
            <span className="truncate font-medium">{event.eventType ?? "no type"}</span>
            <span className="order-3 flex min-w-0 items-center gap-2 text-soft md:order-none">
              <span className="shrink-0">{event.source}</span>
              <code className="truncate font-mono text-xs text-faint">{event.providerEventId ?? event.id}</code>
            </span>
            <span className="hidden text-right text-faint md:block">{writeBytes(event.bodyBytes)}</span>
            <span className="order-4 flex flex-wrap justify-end gap-1 md:order-none">
              {event.duplicateCount > 0 ? (
                <Badge tone="calm" icon={<CopyIcon size={11} aria-hidden />}>
                  {event.duplicateCount} {event.duplicateCount === 1 ? "duplicate" : "duplicates"}
                </Badge>
              ) : null}
              {Object.keys(event.deliveryStates).length === 0 ? <StateBadge state="recorded" /> : null}
              {inOrder(event.deliveryStates).map(([state, count]) => (
                <StateBadge key={state} state={state} count={count} />
              ))}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

// What wants attention stands first.
const ORDER = ["dead", "held", "scheduled", "leased", "ready", "processed"];

function inOrder(states: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(states).toSorted(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b));
}
