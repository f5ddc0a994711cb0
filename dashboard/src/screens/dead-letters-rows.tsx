import type { DeadLetter } from "@holdfast/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { RotateCw } from "lucide-react";
import { useCallback, useMemo } from "react";
import { api, describeFault } from "../api/api.ts";
import { mayAct, sessionQuery } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { classNames } from "../parts/class-names.ts";
import { StateBadge } from "../parts/state-badge.tsx";
import { useRows } from "../parts/use-rows.ts";
import { Moment } from "../parts/zone.tsx";

/** Dead letters one by one, each with what its last attempt came to. */
export function DeadLetterRows({ rows }: { rows: readonly DeadLetter[] }) {
  const navigate = useNavigate();
  const ids = useMemo(() => rows.map(({ id }) => id), [rows]);
  const open = useCallback(
    (id: string) => {
      const row = rows.find((one) => one.id === id);
      if (row !== undefined) void navigate({ to: "/events/$id", params: { id: row.eventId } });
    },
    [navigate, rows],
  );
  const marked = useRows(ids, open);
  return (
    <Card title="One by one" hint="the newest deliveries first" flush>
      <ul>
        {rows.map((row) => (
          <li
            key={row.id}
            id={`row-${row.id}`}
            className={classNames(
              "flex flex-wrap items-center gap-x-4 gap-y-1 border-b border-line px-4 py-2 text-[13px] last:border-b-0",
              marked === row.id && "bg-accent-soft",
            )}
          >
            <Letter row={row} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Letter({ row }: { row: DeadLetter }) {
  const { lastAttempt, dismissed } = row;
  return (
    <>
      <span className="w-20 shrink-0 text-faint">
        <Moment at={row.finishedAt} />
      </span>
      <div className="min-w-0 flex-1 basis-64">
        <p className="flex min-w-0 flex-wrap items-center gap-x-2">
          <Link to="/events/$id" params={{ id: row.eventId }} className="font-medium hover:underline">
            {row.eventType ?? "no type"}
          </Link>
          <span className="text-soft">
            {row.source} → {row.destination}
          </span>
        </p>
        <p className="truncate text-xs text-faint">
          {row.attempt} {row.attempt === 1 ? "attempt" : "attempts"}
          {lastAttempt?.detail ? `; ${lastAttempt.detail}` : ""}
          {dismissed === null ? "" : `; dismissed by ${dismissed.by ?? "somebody"}: ${dismissed.reason ?? ""}`}
        </p>
      </div>
      <span className="flex items-center gap-2">
        {lastAttempt === null ? null : <StateBadge state={lastAttempt.outcome} />}
        {lastAttempt?.status ? <code className="font-mono text-xs">{lastAttempt.status}</code> : null}
        {dismissed === null ? <RetryOne row={row} /> : <RestoreOne row={row} />}
      </span>
    </>
  );
}

function RetryOne({ row }: { row: DeadLetter }) {
  return <Act row={row} word="Retry" act={() => api.deliveries.retry(row.id)} />;
}

function RestoreOne({ row }: { row: DeadLetter }) {
  return <Act row={row} word="Open again" act={() => api.deadLetters.restore({ ids: [row.id] })} />;
}

function Act({ row, word, act }: { row: DeadLetter; word: string; act: () => Promise<unknown> }) {
  const client = useQueryClient();
  const session = useQuery(sessionQuery);
  const acting = useMutation({
    mutationFn: act,
    onSettled: () => client.invalidateQueries({ queryKey: ["dead-letters"] }),
  });
  if (!mayAct(session.data, "responder")) return null;
  return (
    <>
      {acting.error === null ? null : (
        <span role="alert" className="text-xs text-bad">
          {describeFault(acting.error).detail ?? describeFault(acting.error).title}
        </span>
      )}
      <Button
        busy={acting.isPending}
        icon={<RotateCw size={12} aria-hidden />}
        aria-label={`${word}: ${row.eventType ?? "no type"} for ${row.destination}`}
        onClick={() => acting.mutate()}
      >
        {word}
      </Button>
    </>
  );
}
