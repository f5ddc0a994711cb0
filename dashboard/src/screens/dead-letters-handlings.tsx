import type { Handling } from "@holdfast/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Undo2 } from "lucide-react";
import { api, describeFault } from "../api/api.ts";
import { mayAct, sessionQuery } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { Moment } from "../parts/zone.tsx";

const UNDO_MS = 7 * 86_400_000;

/** What was done with dead letters, by whom and why, newest first; each can be undone for seven days. */
export function Handlings() {
  const done = useQuery({
    queryKey: ["dead-letters", "handlings"],
    queryFn: () => api.deadLetters.handlings({ limit: 10 }),
  });
  if (done.data === undefined || done.data.items.length === 0) return null;
  return (
    <Card title="What was done" hint="the last ten; undone within seven days" flush>
      <ul>
        {done.data.items.map((handling) => (
          <HandlingRow key={handling.id} handling={handling} />
        ))}
      </ul>
    </Card>
  );
}

function HandlingRow({ handling }: { handling: Handling }) {
  const session = useQuery(sessionQuery);
  const canUndo = handling.undoneAt === null && Date.now() - Date.parse(handling.handledAt) < UNDO_MS;
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2 text-[13px] last:border-b-0">
      <span className="w-24 text-faint">
        <Moment at={handling.handledAt} />
      </span>
      <span className="min-w-0">
        <strong className="font-medium">{handling.handledBy}</strong>{" "}
        {handling.kind === "retry" ? "retried" : "dismissed"} {handling.deliveries.toLocaleString("en-US")}
        {handling.reason === null ? null : <span className="text-soft">: {handling.reason}</span>}
        {handling.undoneAt === null ? null : (
          <span className="text-faint">
            {" "}
            (undone by {handling.undoneBy ?? "somebody"} <Moment at={handling.undoneAt} />)
          </span>
        )}
      </span>
      <span className="ml-auto">
        {canUndo && mayAct(session.data, "responder") ? <UndoButton handlingId={handling.id} /> : null}
      </span>
    </li>
  );
}

/** Takes a retry or a dismissal back, and says what came of it. */
export function UndoButton({ handlingId }: { handlingId: string }) {
  const client = useQueryClient();
  const undo = useMutation({
    mutationFn: () => api.deadLetters.restore({ handling: handlingId }),
    onSettled: () => client.invalidateQueries({ queryKey: ["dead-letters"] }),
  });
  if (undo.data !== undefined) {
    const { restored, tooLate } = undo.data;
    return (
      <span role="status" className="text-[13px] text-soft">
        {restored} undone{tooLate > 0 ? `, ${tooLate} were tried already` : ""}
      </span>
    );
  }
  return (
    <span className="inline-flex items-center gap-2">
      {undo.error === null ? null : (
        <span role="alert" className="text-xs text-bad">
          {describeFault(undo.error).detail ?? describeFault(undo.error).title}
        </span>
      )}
      <Button busy={undo.isPending} icon={<Undo2 size={13} aria-hidden />} onClick={() => undo.mutate()}>
        Undo
      </Button>
    </span>
  );
}
