import type { DeadFilter, HandledDeadLetters } from "@holdfast/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { useState } from "react";
import { api } from "../api/api.ts";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { TextField } from "../parts/field.tsx";
import { FaultPanel, Loading } from "../parts/outcome.tsx";
import { Searched } from "../parts/searched.tsx";
import { UndoButton } from "./dead-letters-handlings.tsx";

/** What is to be done with which dead letters. */
export interface Asked {
  readonly kind: "retry" | "dismiss";
  readonly filter: DeadFilter;
}

const WORDS = {
  retry: {
    title: "Retry dead letters",
    lead: "Each becomes a new delivery with the same idempotency key, so that a receiver which acted on it before can tell. They queue behind what is live.",
    verb: "Retry",
    done: "retried",
  },
  dismiss: {
    title: "Dismiss dead letters",
    lead: "They leave this list. Nothing is deleted: the events stay, and for seven days it can be undone.",
    verb: "Dismiss",
    done: "dismissed",
  },
} as const;

/** Counts what a filter fits, asks again with that number, and does it only while the number still holds. */
export function HandleDialog({ kind, filter, onClose }: Asked & { onClose: () => void }) {
  const client = useQueryClient();
  const { title, lead } = WORDS[kind];
  // Counting is the same for both: a retry without an expected number does nothing but count.
  const impact = useQuery({
    queryKey: ["dead-impact", filter],
    queryFn: () => api.deadLetters.retry({ filter }),
    gcTime: 0,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
  const handle = useMutation({
    mutationFn: ({ expected, reason }: { expected: number; reason: string }) =>
      kind === "retry"
        ? api.deadLetters.retry({ filter, expected })
        : api.deadLetters.dismiss({ filter, expected, reason }),
    onSettled: () =>
      void Promise.all([
        client.invalidateQueries({ queryKey: ["dead-letters"] }),
        client.invalidateQueries({ queryKey: ["attention"] }),
      ]),
  });
  return (
    <Dialog open onClose={onClose} title={title} lead={lead}>
      <div className="flex flex-col gap-4">
        {impact.error === null ? null : <FaultPanel error={impact.error} onRetry={() => void impact.refetch()} />}
        {impact.isPending ? <Loading rows={2} /> : null}
        {handle.error === null ? null : (
          <FaultPanel
            error={handle.error}
            onRetry={() => {
              handle.reset();
              void impact.refetch();
            }}
          />
        )}
        {handle.data === undefined && handle.error === null && impact.data !== undefined ? (
          <Ask
            kind={kind}
            impact={impact.data}
            busy={handle.isPending}
            onClose={onClose}
            onDo={(reason) => handle.mutate({ expected: impact.data.impact, reason })}
          />
        ) : null}
        {handle.data === undefined ? null : <Done kind={kind} handled={handle.data} onClose={onClose} />}
      </div>
    </Dialog>
  );
}

function Ask({
  kind,
  impact: { impact, searched },
  busy,
  onDo,
  onClose,
}: {
  kind: keyof typeof WORDS;
  impact: HandledDeadLetters;
  busy: boolean;
  onDo: (reason: string) => void;
  onClose: () => void;
}) {
  const [reason, setReason] = useState("");
  const letters = `${impact.toLocaleString("en-US")} ${impact === 1 ? "delivery" : "deliveries"}`;
  const needsReason = kind === "dismiss";
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        onDo(reason.trim());
      }}
    >
      <p className="text-[15px]">
        <strong>{letters}</strong> will be {WORDS[kind].done}.
      </p>
      <Searched searched={searched} of="dead letters" />
      {needsReason ? (
        <TextField
          label="Why nothing is to be done for them"
          placeholder="Test orders of the old shop"
          required
          minLength={3}
          maxLength={500}
          autoFocus
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      ) : null}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button
          type="submit"
          look={needsReason ? "danger" : "primary"}
          busy={busy}
          disabled={impact === 0 || (needsReason && reason.trim().length < 3)}
        >
          {WORDS[kind].verb} {letters}
        </Button>
      </div>
    </form>
  );
}

function Done({
  kind,
  handled: { handled, handlingId },
  onClose,
}: {
  kind: keyof typeof WORDS;
  handled: HandledDeadLetters;
  onClose: () => void;
}) {
  return (
    <div className="flex flex-wrap items-center gap-3">
      <p role="status" className="flex items-center gap-2 text-[13px] font-medium text-good">
        <CircleCheck size={16} aria-hidden />
        {handled.toLocaleString("en-US")} {handled === 1 ? "was" : "were"} {WORDS[kind].done}.
      </p>
      <div className="ml-auto flex gap-2">
        {handlingId === null ? null : <UndoButton handlingId={handlingId} />}
        <Button look="primary" onClick={onClose}>
          Close
        </Button>
      </div>
    </div>
  );
}
