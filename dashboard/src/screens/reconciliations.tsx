import type { Reconciliation, ReconciliationRun } from "@holdfast/client";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Play, Plus } from "lucide-react";
import type { ReactNode } from "react";
import { useCallback, useMemo } from "react";
import { api } from "../api/api.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { classNames } from "../parts/class-names.ts";
import { ChoiceField } from "../parts/field.tsx";
import { FilterBar, useFilter } from "../parts/filter-bar.tsx";
import { FormFault } from "../parts/form-fault.tsx";
import { LinkButton } from "../parts/link-button.tsx";
import { Empty, FaultPanel, Loading } from "../parts/outcome.tsx";
import { writeCount } from "../parts/numbers.ts";
import { Page } from "../parts/page.tsx";
import { Badge, StateBadge } from "../parts/state-badge.tsx";
import { useMay } from "../parts/use-may.ts";
import { useRows } from "../parts/use-rows.ts";
import { Moment, writeSpan } from "../parts/zone.tsx";
import { CONNECTORS, describeRun, RUN_STATES } from "./reconciliation-words.ts";

/** What is compared with providers' own logs, and what each comparison found. */
export function Reconciliations() {
  const mayChange = useMay("operator");
  const setups = useQuery({
    queryKey: ["reconciliations"],
    queryFn: () => api.reconciliations.page({}),
    refetchInterval: 5_000,
  });
  return (
    <Page
      title="Reconciliation"
      lead="What never reached the door leaves no trace here. Only the provider's own log knows; these runs read it, and recover what is missing."
      actions={
        mayChange ? (
          <LinkButton to="/reconciliations/new" look="primary" icon={<Plus size={14} aria-hidden />}>
            Compare a source
          </LinkButton>
        ) : undefined
      }
    >
      <Card title="What is compared" flush>
        {setups.isPending ? <Loading rows={2} /> : null}
        {setups.error === null ? null : <FaultPanel error={setups.error} onRetry={() => void setups.refetch()} />}
        {setups.data?.items.length === 0 ? (
          <Empty title="Nothing is compared yet" command="npx holdfast reconcile run stripe-log">
            Name a source and its provider&apos;s log, here or in the configuration file. Then this runs it:
          </Empty>
        ) : null}
        <ul>
          {(setups.data?.items ?? []).map((setup) => (
            <SetupRow key={setup.id} setup={setup} />
          ))}
        </ul>
      </Card>
      {(setups.data?.items ?? []).length === 0 ? null : <Runs setups={setups.data?.items ?? []} />}
    </Page>
  );
}

function SetupRow({ setup }: { setup: Reconciliation }) {
  const connector = setup.connector["kind"] ?? "";
  return (
    <li className="grid grid-cols-1 items-center gap-x-4 gap-y-1.5 border-b border-line px-4 py-3 text-[13px] last:border-b-0 md:grid-cols-[minmax(0,1.3fr)_minmax(0,1.2fr)_minmax(0,1.4fr)_auto]">
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          {setup.name} {setup.state === "active" ? null : <StateBadge state={setup.state} />}
        </p>
        <p className="text-xs text-faint">
          {setup.source} against {CONNECTORS[connector]?.word ?? connector}
        </p>
      </div>
      <p className="text-soft">
        {setup.schedule === null ? "only when asked" : <code className="font-mono text-xs">{setup.schedule}</code>}
        {setup.nextDueAt === null || setup.state !== "active" ? null : (
          <>
            , next <Moment at={setup.nextDueAt} />
          </>
        )}
      </p>
      <LastRun setup={setup} />
      <SetupActions setup={setup} />
    </li>
  );
}

function LastRun({ setup }: { setup: Reconciliation }) {
  const { lastRun, currentRun } = setup;
  return (
    <div className="flex min-w-0 flex-col gap-1.5">
      {lastRun === null ? (
        currentRun === null ? (
          <p className="text-faint">never run</p>
        ) : null
      ) : (
        <RunLink run={lastRun} isBad={lastRun.report.unexplained > 0 || lastRun.state === "failed"}>
          {describeRun(lastRun)}
        </RunLink>
      )}
      <Unexplained setup={setup} />
      {currentRun === null ? null : (
        <RunLink run={currentRun} isBad={false}>
          {RUN_STATES[currentRun.state].word} …
        </RunLink>
      )}
    </div>
  );
}

const NAMED_MAX = 3;

/** What is unexplained need not be of the newest run: leads to those that have it. */
function Unexplained({ setup: { name, unexplained, unexplainedIn } }: { setup: Reconciliation }) {
  if (unexplained === 0) return null;
  const named = unexplainedIn.slice(0, NAMED_MAX);
  const older = unexplained - named.reduce((sum, { count }) => sum + count, 0);
  return (
    <p className="flex flex-wrap gap-x-2 gap-y-1.5 text-bad">
      <span>{writeCount(unexplained)} unexplained in all:</span>
      {named.map(({ runId, startedAt, count }) => (
        <Link
          key={runId}
          to={`/reconciliations/runs/${runId}` as "/events"}
          search={{ state: "unexplained" } as never}
          className="hover:underline"
        >
          {writeCount(count)} in the run of <Moment at={startedAt} />
        </Link>
      ))}
      {older === 0 ? null : (
        <Link to="/reconciliations" search={{ reconciliation: name } as never} className="hover:underline">
          {writeCount(older)} in older runs
        </Link>
      )}
    </p>
  );
}

function RunLink({ run, isBad, children }: { run: ReconciliationRun; isBad: boolean; children: ReactNode }) {
  return (
    <Link
      to={`/reconciliations/runs/${run.id}` as "/events"}
      className={classNames("hover:underline", isBad ? "text-bad" : "text-accent")}
    >
      {children}, <Moment at={run.finishedAt ?? run.startedAt} />
    </Link>
  );
}

function SetupActions({ setup }: { setup: Reconciliation }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const mayRun = useMay("responder");
  const mayChange = useMay("operator") && setup.origin === "api";
  const refresh = () => client.invalidateQueries({ queryKey: ["reconciliations"] });
  const start = useMutation({
    mutationFn: () => api.reconciliations.start(setup.id),
    onSuccess: (run) => navigate({ to: `/reconciliations/runs/${run.id}` as "/events" }),
  });
  const turn = useMutation({
    mutationFn: () => api.reconciliations.update(setup.id, { state: setup.state === "active" ? "disabled" : "active" }),
    onSettled: refresh,
  });
  return (
    <div className="flex flex-col items-start gap-2 md:items-end">
      <div className="flex gap-2">
        {mayChange ? (
          <Button look="quiet" busy={turn.isPending} onClick={() => turn.mutate()}>
            {setup.state === "active" ? "Stop" : "Resume"}
            <span className="sr-only"> {setup.name}</span>
          </Button>
        ) : null}
        {mayRun && setup.state === "active" ? (
          <Button
            busy={start.isPending}
            disabled={setup.currentRun !== null}
            icon={<Play size={12} aria-hidden />}
            onClick={() => start.mutate()}
          >
            Run now<span className="sr-only">: {setup.name}</span>
          </Button>
        ) : null}
      </div>
      <FormFault error={start.error ?? turn.error} />
    </div>
  );
}

function Runs({ setups }: { setups: readonly Reconciliation[] }) {
  const { filter, setFilter, clear } = useFilter();
  const wanted = filter["reconciliation"];
  const list = useInfiniteQuery({
    queryKey: ["reconciliation-runs", wanted],
    queryFn: ({ pageParam }) =>
      api.reconciliations.runs.page({
        limit: 25,
        ...(wanted === undefined ? {} : { reconciliation: wanted }),
        ...(pageParam === undefined ? {} : { cursor: pageParam }),
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
    refetchInterval: 5_000,
  });
  const rows = useMemo(() => list.data?.pages.flatMap(({ items }) => items) ?? [], [list.data]);
  const navigate = useNavigate();
  const open = useCallback(
    (id: string) => void navigate({ to: `/reconciliations/runs/${id}` as "/events" }),
    [navigate],
  );
  const marked = useRows(
    useMemo(() => rows.map(({ id }) => id), [rows]),
    open,
  );
  return (
    <>
      <FilterBar active={wanted !== undefined} onClear={clear}>
        <ChoiceField
          label="Runs of"
          className="w-52"
          value={wanted ?? ""}
          onChoose={(reconciliation) => setFilter({ reconciliation })}
          choices={[["", "All"], ...setups.map(({ name }) => [name, name] as const)]}
        />
      </FilterBar>
      <Card title="Runs" flush>
        {list.isPending ? <Loading rows={3} /> : null}
        {list.error === null ? null : <FaultPanel error={list.error} onRetry={() => void list.refetch()} />}
        {list.data !== undefined && rows.length === 0 ? (
          <Empty title="No runs yet">Run one now, or wait for its schedule.</Empty>
        ) : null}
        <ul>
          {rows.map((run) => (
            <RunRow key={run.id} run={run} marked={marked === run.id} />
          ))}
        </ul>
      </Card>
      {list.hasNextPage ? (
        <Button busy={list.isFetchingNextPage} className="self-center" onClick={() => void list.fetchNextPage()}>
          Show older runs
        </Button>
      ) : null}
    </>
  );
}

function RunRow({ run, marked }: { run: ReconciliationRun; marked: boolean }) {
  const { tone, word } = RUN_STATES[run.state];
  const windowMs = Date.parse(run.windowTo) - Date.parse(run.windowFrom);
  return (
    <li id={`row-${run.id}`} className="border-b border-line last:border-b-0">
      <Link
        to={`/reconciliations/runs/${run.id}` as "/events"}
        className={classNames(
          "grid grid-cols-1 items-center gap-x-4 gap-y-1 px-4 py-2.5 text-[13px] hover:bg-sunken md:grid-cols-[136px_minmax(0,1fr)_minmax(0,1.4fr)_minmax(0,1fr)]",
          marked && "bg-accent-soft",
        )}
      >
        <span>
          <Badge tone={tone}>{word}</Badge>
        </span>
        <span className="truncate font-medium">{run.reconciliation}</span>
        <span className={run.report.unexplained > 0 ? "font-medium text-bad" : "text-soft"}>
          {run.state === "completed" ? describeRun(run) : run.detail}
        </span>
        <span className="text-faint md:text-right">
          {writeSpan(windowMs)}, {run.startedBy}, <Moment at={run.startedAt} />
        </span>
      </Link>
    </li>
  );
}
