import type { EventDetail, EventSummary } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { GitCompareArrows } from "lucide-react";
import { useState } from "react";
import { api } from "../api/api.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { TextField } from "../parts/field.tsx";
import { useFilter } from "../parts/filter-bar.tsx";
import { JsonDiff, readBody } from "../parts/json-view.tsx";
import { FaultPanel, Loading } from "../parts/outcome.tsx";
import { Moment } from "../parts/zone.tsx";

/** Chooses the event that this one is held against; the choice stands in the address. */
export function CompareButton({ event }: { event: EventDetail }) {
  const { setFilter } = useFilter();
  const [asks, setAsks] = useState(false);
  const choose = (id: string): void => {
    setFilter({ compare: id });
    setAsks(false);
  };
  return (
    <>
      <Button icon={<GitCompareArrows size={13} aria-hidden />} onClick={() => setAsks(true)}>
        Compare
      </Button>
      {asks ? (
        <Dialog open onClose={() => setAsks(false)} title="Compare with" lead="What differs between two bodies.">
          <Choose event={event} onChoose={choose} />
        </Dialog>
      ) : null}
    </>
  );
}

function Choose({ event, onChoose }: { event: EventDetail; onChoose: (id: string) => void }) {
  const [text, setText] = useState("");
  const isId = /^evt_[0-9a-z]{26}$/.test(text.trim());
  const near = useQuery({
    queryKey: ["events-alike", event.source, event.eventType],
    queryFn: () =>
      api.events.page({
        source: event.source,
        ...(event.eventType === null ? {} : { type: event.eventType }),
        limit: 11,
      }),
  });
  const others = (near.data?.items ?? []).filter(({ id }) => id !== event.id);
  return (
    <div className="flex flex-col gap-4">
      <form
        className="flex items-end gap-2"
        onSubmit={(submitted) => {
          submitted.preventDefault();
          if (isId) onChoose(text.trim());
        }}
      >
        <TextField
          label="The id of an event"
          placeholder="evt_…"
          className="flex-1"
          value={text}
          onChange={(changed) => setText(changed.target.value)}
        />
        <Button type="submit" look="primary" disabled={!isId}>
          Compare
        </Button>
      </form>
      {near.error === null ? null : <FaultPanel error={near.error} />}
      {near.isPending ? <Loading rows={3} /> : null}
      {others.length === 0 ? null : (
        <div>
          <p className="mb-1 text-xs text-faint">The newest of the same type</p>
          <ul className="overflow-hidden rounded-md border border-line">
            {others.map((one) => (
              <li key={one.id} className="border-b border-line last:border-b-0">
                <AlikeRow event={one} onChoose={onChoose} />
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function AlikeRow({ event, onChoose }: { event: EventSummary; onChoose: (id: string) => void }) {
  return (
    <button
      type="button"
      onClick={() => onChoose(event.id)}
      className="flex w-full items-center gap-3 px-3 py-1.5 text-left text-[13px] hover:bg-sunken"
    >
      <code className="min-w-0 flex-1 truncate font-mono text-xs">{event.providerEventId ?? event.id}</code>
      <span className="text-faint">
        <Moment at={event.receivedAt} />
      </span>
    </button>
  );
}

/** What this event's body has that the other's has not, and the other way round. */
export function Compared({ event, otherId }: { event: EventDetail; otherId: string }) {
  const { setFilter } = useFilter();
  const bodies = useQuery({
    queryKey: ["compared", event.id, otherId],
    queryFn: async () => {
      const [left, right] = await Promise.all([api.events.raw(otherId), api.events.raw(event.id)]);
      return { left: readBody(left.bodyBase64).text, right: readBody(right.bodyBase64).text };
    },
    staleTime: Infinity,
  });
  return (
    <Card
      title="Differences"
      hint={
        <>
          from{" "}
          <Link to="/events/$id" params={{ id: otherId }} className="text-accent hover:underline">
            {otherId}
          </Link>{" "}
          to this event
        </>
      }
      actions={
        <Button look="quiet" onClick={() => setFilter({ compare: "" })}>
          Stop comparing
        </Button>
      }
    >
      {bodies.error === null ? null : <FaultPanel error={bodies.error} onRetry={() => void bodies.refetch()} />}
      {bodies.isPending ? <Loading rows={4} /> : null}
      {bodies.data === undefined ? null : bodies.data.left === bodies.data.right ? (
        <p className="text-[13px] text-soft">The two bodies are the same.</p>
      ) : (
        <JsonDiff left={bodies.data.left} right={bodies.data.right} />
      )}
    </Card>
  );
}
