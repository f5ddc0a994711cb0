import type { Replay } from "@holdfast/client";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useCallback, useMemo } from "react";
import { api } from "../api/api.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { classNames } from "../parts/class-names.ts";
import { LinkButton } from "../parts/link-button.tsx";
import { writeCount } from "../parts/numbers.ts";
import { Empty, FaultPanel, Loading } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";
import { Badge } from "../parts/state-badge.tsx";
import { Progress } from "../parts/tally.tsx";
import { useMay } from "../parts/use-may.ts";
import { useRows } from "../parts/use-rows.ts";
import { Moment } from "../parts/zone.tsx";
import { describeScope, REPLAY_STATES } from "./replay-words.ts";

const PAGE = 50;

/** Who replays what, since when, and what came of it. */
export function Replays() {
  const list = useInfiniteQuery({
    queryKey: ["replays"],
    queryFn: ({ pageParam }) =>
      api.replays.page({ limit: PAGE, ...(pageParam === undefined ? {} : { cursor: pageParam }) }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
    refetchInterval: 4_000,
  });
  const mayAct = useMay("responder");
  const navigate = useNavigate();
  const rows = useMemo(() => list.data?.pages.flatMap(({ items }) => items) ?? [], [list.data]);
  const open = useCallback((id: string) => void navigate({ to: "/replays/$id", params: { id } }), [navigate]);
  const marked = useRows(
    useMemo(() => rows.map(({ id }) => id), [rows]),
    open,
  );
  return (
    <Page
      title="Replays"
      lead="Recorded events delivered again, through the same verification and the same keys. Nothing goes out before its plan is run."
      actions={
        mayAct ? (
          <LinkButton to="/replays/new" look="primary" icon={<Plus size={14} aria-hidden />}>
            Plan a replay
          </LinkButton>
        ) : undefined
      }
    >
      <Card flush>
        {list.isPending ? <Loading /> : null}
        {list.error === null ? null : <FaultPanel error={list.error} onRetry={() => void list.refetch()} />}
        {list.data !== undefined && rows.length === 0 ? (
          <Empty title="Nothing was replayed yet" command="npx holdfast replay plan --state dead --since 24h">
            Plan one here, or in a terminal. A plan counts what it would do, and does nothing:
          </Empty>
        ) : null}
        <ul>
          {rows.map((replay) => (
            <ReplayRow key={replay.id} replay={replay} marked={marked === replay.id} />
          ))}
        </ul>
      </Card>
      {list.hasNextPage ? (
        <Button busy={list.isFetchingNextPage} className="self-center" onClick={() => void list.fetchNextPage()}>
          Show older replays
        </Button>
      ) : null}
    </Page>
  );
}

function ReplayRow({ replay, marked }: { replay: Replay; marked: boolean }) {
  const { tone, word } = REPLAY_STATES[replay.state];
  const { summary } = replay;
  return (
    <li id={`row-${replay.id}`} className="border-b border-line last:border-b-0">
      <Link
        to="/replays/$id"
        params={{ id: replay.id }}
        className={classNames(
          "grid grid-cols-1 items-center gap-x-4 gap-y-1 px-4 py-2.5 text-[13px] hover:bg-sunken md:grid-cols-[136px_minmax(0,1.6fr)_minmax(0,1fr)_minmax(0,1fr)]",
          marked && "bg-accent-soft",
        )}
      >
        <span>
          <Badge tone={tone}>{word}</Badge>
        </span>
        <span className="min-w-0 truncate font-medium">{describeScope(replay.scope)}</span>
        <span className="text-soft">
          {replay.state === "planned" ? (
            `would replay ${writeCount(replay.plan.wouldReplay)}`
          ) : (
            <Outcome replay={replay} />
          )}
          {replay.state === "running" ? (
            <span className="mt-1 block">
              <Progress
                label="Events processed"
                part={summary.processed + summary.failed_permanent + summary.duplicate_skipped}
                whole={Math.max(replay.plan.scanned, summary.events_scanned)}
              />
            </span>
          ) : null}
        </span>
        <span className="text-faint md:text-right">
          {replay.startedBy ?? replay.plannedBy}, <Moment at={replay.startedAt ?? replay.plannedAt} />
        </span>
      </Link>
    </li>
  );
}

function Outcome({ replay: { summary } }: { replay: Replay }) {
  const parts = [
    `${writeCount(summary.processed)} of ${writeCount(summary.replayed)} processed`,
    ...(summary.failed_permanent > 0 ? [`${writeCount(summary.failed_permanent)} failed`] : []),
    ...(summary.integrity_check === "fail" ? ["integrity check failed"] : []),
  ];
  const isBad = summary.failed_permanent > 0 || summary.integrity_check === "fail";
  return <span className={isBad ? "text-bad" : undefined}>{parts.join(", ")}</span>;
}
