import type { ReconciliationEntry, ReconciliationRun } from "@holdfast/client";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { CircleAlert } from "lucide-react";
import { api } from "../api/api.ts";
import { Button } from "../parts/button.tsx";
import { Card, Facts } from "../parts/card.tsx";
import { CancelButton } from "../parts/confirm.tsx";
import { Exact } from "../parts/copy.tsx";
import { ChoiceField } from "../parts/field.tsx";
import { useFilter } from "../parts/filter-bar.tsx";
import { Empty, FaultPanel, Loading } from "../parts/outcome.tsx";
import { Page, UnreadyPage } from "../parts/page.tsx";
import { Badge } from "../parts/state-badge.tsx";
import { Tally } from "../parts/tally.tsx";
import { Moment } from "../parts/zone.tsx";
import { ENTRY_STATES, isUnderWay, RECOVERED_BY, RUN_STATES, toFigures } from "./reconciliation-words.ts";

const TRAIL = [["/reconciliations", "Reconciliation"]] as const;

/** One comparison with a provider's log: its seven numbers, and every event behind them. */
export function ReconciliationRunScreen() {
  const { id } = useParams({ strict: false });
  const run = useQuery({
    queryKey: ["reconciliation-run", id],
    queryFn: () => api.reconciliations.runs.get(id ?? ""),
    refetchInterval: ({ state }) => (state.data !== undefined && isUnderWay(state.data) ? 2_000 : false),
  });
  if (run.data === undefined) {
    return <UnreadyPage title="Run" trail={TRAIL} error={run.error} onRetry={() => void run.refetch()} />;
  }
  const { data } = run;
  const { tone, word } = RUN_STATES[data.state];
  return (
    <Page
      title={data.reconciliation}
      trail={TRAIL}
      from={[run]}
      lead={
        <span className="inline-flex flex-wrap items-center gap-2">
          <Badge tone={tone}>{word}</Badge>
          <Exact text={data.id} label="Copy the id" />
        </span>
      }
      actions={<CancelRun run={data} />}
    >
      <Alarm run={data} />
      <Tally label="The report" figures={toFigures(data.report)} />
      <div className="grid min-w-0 items-start gap-4 xl:grid-cols-[minmax(0,1.8fr)_minmax(0,1fr)]">
        <Entries run={data} />
        <About run={data} />
      </div>
    </Page>
  );
}

function Alarm({ run }: { run: ReconciliationRun }) {
  const { unexplained } = run.report;
  const isAlarm = unexplained > 0 || run.state === "failed";
  if (!isAlarm && run.detail === null) return null;
  return (
    <div
      role={isAlarm ? "alert" : "status"}
      className={`flex items-start gap-3 rounded-lg border px-4 py-3 text-[13px] ${isAlarm ? "border-bad/30 bg-bad-soft" : "border-line bg-sunken"}`}
    >
      <CircleAlert
        size={16}
        aria-hidden
        className={isAlarm ? "mt-0.5 shrink-0 text-bad" : "mt-0.5 shrink-0 text-faint"}
      />
      <div>
        {unexplained > 0 ? (
          <p className="font-medium text-bad">
            {unexplained} {unexplained === 1 ? "event is" : "events are"} missing and could not be recovered.
            {run.state === "completed"
              ? " The next run tries again, but leaves alone what may have been processed: each event says why."
              : null}
          </p>
        ) : null}
        {run.detail === null ? null : <p>{run.detail}</p>}
        {isAlarm ? (
          <p className="mt-0.5 text-soft">
            What to do: <code className="font-mono text-xs">{run.runbook}</code>
          </p>
        ) : null}
      </div>
    </div>
  );
}

function CancelRun({ run }: { run: ReconciliationRun }) {
  const client = useQueryClient();
  if (!isUnderWay(run)) return null;
  return (
    <CancelButton
      title="End this run where it is?"
      impact="What it has recovered stays. What it has not looked at is looked at by the next one, which begins where the last completed one ended."
      verb="End the run"
      act={async () => {
        await api.reconciliations.runs.cancel(run.id);
        await client.invalidateQueries({ queryKey: ["reconciliation-run", run.id] });
      }}
    />
  );
}

const EMPTY: Readonly<Record<ReconciliationRun["state"], string>> = {
  started: "Nothing yet",
  listed: "Nothing yet",
  recovered: "Nothing yet",
  completed: "Nothing but matches",
  failed: "It ended before all was compared",
  cancelled: "It ended before all was compared",
};

function Entries({ run }: { run: ReconciliationRun }) {
  const { filter, setFilter } = useFilter();
  const state = filter["state"] as ReconciliationEntry["state"] | undefined;
  const list = useInfiniteQuery({
    queryKey: ["reconciliation-entries", run.id, state, run.state],
    queryFn: ({ pageParam }) =>
      api.reconciliations.runs.entries(run.id, {
        limit: 50,
        ...(state === undefined ? {} : { state }),
        ...(pageParam === undefined ? {} : { cursor: pageParam }),
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  });
  const rows = list.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Card
      title="Events behind the numbers"
      hint={run.state === "completed" ? "all but what matched" : undefined}
      flush
      actions={
        <ChoiceField
          label="State"
          hideLabel
          className="w-44"
          value={state ?? ""}
          onChoose={(value) => setFilter({ state: value })}
          choices={[
            ["", "Every state"],
            ...Object.entries(ENTRY_STATES).map(([name, { word }]) => [name, word] as const),
          ]}
        />
      }
    >
      {list.isPending ? <Loading rows={3} /> : null}
      {list.error === null ? null : <FaultPanel error={list.error} onRetry={() => void list.refetch()} />}
      {list.data !== undefined && rows.length === 0 ? (
        <Empty title={state === undefined ? EMPTY[run.state] : "None of this state"}>
          {state === undefined && run.state === "completed"
            ? "Every event of the provider's log is recorded here."
            : null}
        </Empty>
      ) : null}
      <ul>
        {rows.map((entry) => (
          <EntryRow key={entry.providerEventId} entry={entry} />
        ))}
      </ul>
      {list.hasNextPage ? (
        <div className="flex justify-center border-t border-line p-3">
          <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      ) : null}
    </Card>
  );
}

function EntryRow({ entry }: { entry: ReconciliationEntry }) {
  const { tone, word } = ENTRY_STATES[entry.state];
  const way = entry.recoveredBy === null ? null : RECOVERED_BY[entry.recoveredBy];
  return (
    <li className="flex flex-col gap-0.5 border-b border-line px-4 py-2.5 text-[13px] last:border-b-0">
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Badge tone={tone}>{word}</Badge>
        <span className="font-medium">{entry.eventType ?? "no type"}</span>
        {entry.eventId === null ? (
          <code className="font-mono text-xs break-all text-soft">{entry.providerEventId}</code>
        ) : (
          <Link
            to="/events/$id"
            params={{ id: entry.eventId }}
            className="font-mono text-xs break-all text-accent hover:underline"
          >
            {entry.providerEventId}
          </Link>
        )}
      </p>
      <p className="flex flex-wrap gap-x-4 text-xs text-soft">
        {[way, entry.providerOutcome === null ? null : `the provider calls it ${entry.providerOutcome}`, entry.detail]
          .filter((part) => part !== null)
          .join("; ")}
        {entry.occurredAt === null ? null : (
          <span className="ml-auto text-faint">
            <Moment at={entry.occurredAt} exact />
          </span>
        )}
      </p>
    </li>
  );
}

function About({ run }: { run: ReconciliationRun }) {
  return (
    <Card title="What was compared">
      <Facts
        facts={[
          ["From", <Moment key="f" at={run.windowFrom} exact />],
          ["To", <Moment key="t" at={run.windowTo} exact />],
          ["Started", <Moment key="s" at={run.startedAt} exact />],
          ["By", run.cause === "scheduled" ? "its schedule" : run.startedBy],
          ["Ended", run.finishedAt === null ? "not yet" : <Moment key="e" at={run.finishedAt} exact />],
          ["Pages read", String(run.pages)],
          ...(run.dueAt === null ? [] : ([["Goes on", <Moment key="d" at={run.dueAt} />]] as const)),
        ]}
      />
    </Card>
  );
}
