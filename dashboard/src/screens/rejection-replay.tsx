import type { Replay, ReplayWish } from "@holdfast/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { api } from "../api/api.ts";
import { replayQuery } from "../api/replays.ts";
import { Button } from "../parts/button.tsx";
import { Facts } from "../parts/card.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { writeCount } from "../parts/numbers.ts";
import { FaultPanel, Loading } from "../parts/outcome.tsx";
import { Badge } from "../parts/state-badge.tsx";
import { writeWords } from "./rejection-words.ts";
import { REPLAY_STATES } from "./replay-words.ts";

/** Verifies rejections with the secrets of today, says what would come of it, and makes events of them when told to. */
export function RejectionReplay({
  scope,
  note,
  onRun,
  onClose,
}: {
  scope: Omit<ReplayWish, "of">;
  /** What the scope takes in beside what was asked for. */
  note?: string;
  /** Is told the run that has begun; see {@link useReadAfterRun}. */
  onRun: (id: string) => void;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const plan = useQuery({
    queryKey: ["rejection-plan", scope],
    queryFn: () => api.replays.plan({ of: "rejections", ...scope }),
    // A plan is written down: it is made once for each time that the dialog is opened.
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const run = useMutation({
    mutationFn: (token: string) => api.replays.run(token),
    onSuccess: (running) => {
      client.setQueryData(replayQuery(running.id).queryKey, running);
      onRun(running.id);
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Replay into events"
      lead="Each is verified again with the secrets of today. What verifies is recorded and delivered as if it had just come; what does not stays a rejection."
    >
      {note === undefined ? null : <p className="mb-4 text-[13px] text-soft">{note}</p>}
      {plan.error === null ? null : <FaultPanel error={plan.error} onRetry={() => void plan.refetch()} />}
      {plan.isPending ? <Loading rows={3} /> : null}
      {plan.data === undefined || run.data !== undefined ? null : (
        <Planned plan={plan.data} busy={run.isPending} onRun={(token) => run.mutate(token)} onClose={onClose} />
      )}
      {run.error === null ? null : <FaultPanel error={run.error} />}
      {run.data === undefined ? null : <Run id={run.data.id} />}
    </Dialog>
  );
}

function Planned({
  plan: { plan, token },
  busy,
  onRun,
  onClose,
}: {
  plan: Replay;
  busy: boolean;
  onRun: (token: string) => void;
  onClose: () => void;
}) {
  const count = plan.wouldReplay;
  const others = Object.entries(plan.notReplayed).filter(([, number]) => number > 0);
  return (
    <div className="flex flex-col gap-4">
      <Facts
        facts={[
          ["Looked at", writeCount(plan.scanned)],
          ["Verify now", <strong key="n">{writeCount(count)}</strong>],
          ["Deliveries", writeCount(plan.deliveries)],
          ...others.map(([reason, number]) => [writeWords(reason), writeCount(number)] as const),
        ]}
      />
      {plan.notes.map((note) => (
        <p key={note} className="rounded-md bg-warn-soft px-3 py-2 text-[13px] text-ink">
          {note}
        </p>
      ))}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button
          look="primary"
          busy={busy}
          disabled={count === 0 || token === null}
          onClick={() => (token === null ? undefined : onRun(token))}
        >
          {count === 0
            ? "Nothing to replay"
            : `Replay ${writeCount(count)} into ${count === 1 ? "an event" : "events"}`}
        </Button>
      </div>
    </div>
  );
}

/**
 * Reads the rejections anew once the run that makes events of them has ended. Whoever opens the dialog calls it, so that it
 * holds also when the dialog is closed before.
 *
 * @param id the run; null while there is none
 */
export function useReadAfterRun(id: string | null): void {
  const client = useQueryClient();
  const state = useQuery({ ...replayQuery(id ?? ""), enabled: id !== null }).data?.state;
  useEffect(() => {
    if (state === undefined || state === "running") return;
    for (const key of ["rejections", "rejection-groups", "rejection"])
      void client.invalidateQueries({ queryKey: [key] });
  }, [client, state]);
}

function Run({ id }: { id: string }) {
  const replay = useQuery(replayQuery(id));
  const { data } = replay;
  return (
    <div className="flex flex-col gap-3 text-[13px]">
      {replay.error === null ? null : <FaultPanel error={replay.error} onRetry={() => void replay.refetch()} />}
      {data === undefined ? null : (
        <div role="status" className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <Badge tone={REPLAY_STATES[data.state].tone}>{REPLAY_STATES[data.state].word}</Badge>
          <span>
            {writeCount(data.summary.replayed)} replayed, {writeCount(data.summary.processed)} processed so far.
          </span>
          {data.endReason === null ? null : <span className="text-soft">{data.endReason}</span>}
        </div>
      )}
      <Link to={`/replays/${id}` as "/events"} className="text-accent underline underline-offset-2">
        Follow the replay
      </Link>
    </div>
  );
}
