import type { DeadGroup, DeadGroups as Groups } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { BookOpen, RotateCw } from "lucide-react";
import { mayAct, sessionQuery } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { classNames } from "../parts/class-names.ts";
import { useFilter } from "../parts/filter-bar.tsx";
import { writeCount } from "../parts/numbers.ts";
import { StateBadge } from "../parts/state-badge.tsx";
import { Moment } from "../parts/zone.tsx";
import type { Asked } from "./dead-letters-handle.tsx";

/** Asks for what is to be done with those of a group (by its id) that are shown. Null where nothing can be. */
type AskOfGroup = (kind: Asked["kind"], group: string) => void;

/** Dead letters by cause, the largest group first, each with what to do next. */
export function DeadGroups({ groups, onAsk }: { groups: Groups; onAsk: AskOfGroup | null }) {
  const { items, more } = groups;
  return (
    <Card
      title="By cause"
      hint={`${items.length} ${items.length === 1 ? "cause" : "causes"}${more > 0 ? `, and ${more} smaller ones` : ""}`}
      flush
    >
      <ul>
        {items.map((group) => (
          <GroupRow key={group.id} group={group} onAsk={onAsk} />
        ))}
      </ul>
    </Card>
  );
}

function GroupRow({ group, onAsk }: { group: DeadGroup; onAsk: AskOfGroup | null }) {
  const { filter } = useFilter();
  return (
    <li
      className={classNames(
        "grid gap-x-5 gap-y-2 border-b border-line px-4 py-3 text-[13px] last:border-b-0 md:grid-cols-[52px_minmax(0,1fr)_auto]",
        filter["group"] === group.id && "bg-accent-soft",
      )}
    >
      <p className="text-xl leading-6 font-semibold tabular-nums">{writeCount(group.count)}</p>
      <div className="flex min-w-0 flex-col gap-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="font-medium">{group.destination}</span>
          <span className="text-soft">{group.eventType ?? "no type"}</span>
          {group.outcome === null ? null : <StateBadge state={group.outcome} />}
          {group.status === null ? null : <code className="font-mono text-xs">{group.status}</code>}
          <span className="text-faint">{group.reason.replaceAll("_", " ")}</span>
        </p>
        {group.fingerprint === "" ? null : (
          <p className="truncate font-mono text-xs text-faint" title={group.sample.detail ?? group.fingerprint}>
            {group.fingerprint}
          </p>
        )}
        <p>{group.suggestion}</p>
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-faint">
          <span>
            first <Moment at={group.firstAt} />, last <Moment at={group.lastAt} />
          </span>
          <Link to="/events/$id" params={{ id: group.sample.eventId }} className="text-accent hover:underline">
            Look at one of them
          </Link>
          <span className="inline-flex items-center gap-1">
            <BookOpen size={12} aria-hidden />
            {group.runbook}
          </span>
        </p>
      </div>
      <GroupActions group={group} onAsk={onAsk} />
    </li>
  );
}

function GroupActions({ group, onAsk }: { group: DeadGroup; onAsk: AskOfGroup | null }) {
  const { filter, setFilter } = useFilter();
  const session = useQuery(sessionQuery);
  const isChosen = filter["group"] === group.id;
  const about = `${group.destination}, ${group.eventType ?? "no type"}`;
  return (
    <div className="flex flex-wrap items-center gap-2 md:justify-end">
      <Button look="quiet" aria-pressed={isChosen} onClick={() => setFilter({ group: isChosen ? "" : group.id })}>
        {isChosen ? "Show all" : "Only these"}
      </Button>
      {onAsk !== null && mayAct(session.data, "responder") ? (
        <>
          <Button
            look="quiet"
            aria-label={`Dismiss ${group.count}: ${about}`}
            onClick={() => onAsk("dismiss", group.id)}
          >
            Dismiss
          </Button>
          <Button
            icon={<RotateCw size={13} aria-hidden />}
            aria-label={`Retry ${group.count}: ${about}`}
            onClick={() => onAsk("retry", group.id)}
          >
            Retry {writeCount(group.count)}
          </Button>
        </>
      ) : null}
    </div>
  );
}
