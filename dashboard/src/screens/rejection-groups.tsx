import type { RejectionGroup, RejectionGroups as Groups } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowRight, RotateCcw } from "lucide-react";
import { useState } from "react";
import { mayAct, sessionQuery } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { classNames } from "../parts/class-names.ts";
import { useFilter } from "../parts/filter-bar.tsx";
import { writeCount } from "../parts/numbers.ts";
import { Badge } from "../parts/state-badge.tsx";
import type { Tone } from "../parts/state-badge.tsx";
import { Moment } from "../parts/zone.tsx";
import { RejectionReplay, useReadAfterRun } from "./rejection-replay.tsx";
import type { Mender } from "./rejection-words.ts";
import { describeCause, writeWords } from "./rejection-words.ts";

export const MENDERS: Record<Mender, { word: string; tone: Tone }> = {
  here: { word: "to mend here", tone: "bad" },
  "on the way": { word: "changed on the way", tone: "warn" },
  "the sender": { word: "the sender's", tone: "calm" },
  unknown: { word: "to look into", tone: "warn" },
};

/** Rejections by source, reason and likely cause, the largest group first, each with what to do about it. */
export function RejectionGroups({ groups }: { groups: Groups }) {
  return (
    <Card
      title="By cause"
      hint={`${groups.items.length} ${groups.items.length === 1 ? "cause" : "causes"}${groups.more > 0 ? `, and ${groups.more} smaller ones` : ""}`}
      flush
    >
      <ul>
        {groups.items.map((group) => (
          <GroupRow key={`${group.sourceId} ${group.reason} ${group.cause}`} group={group} />
        ))}
      </ul>
    </Card>
  );
}

function GroupRow({ group }: { group: RejectionGroup }) {
  const { filter, setFilter } = useFilter();
  const session = useQuery(sessionQuery);
  const [asks, setAsks] = useState(false);
  const [runId, setRunId] = useState<string | null>(null);
  useReadAfterRun(runId);
  const { word, remedy, mender } = describeCause(group.cause);
  const open = group.count - group.replayed;
  const chosen = { source: group.source, reason: group.reason, cause: group.cause };
  const isChosen = Object.entries(chosen).every(([name, value]) => filter[name] === value);
  return (
    <li
      className={classNames(
        "grid gap-x-5 gap-y-2 border-b border-line px-4 py-3 text-[13px] last:border-b-0 md:grid-cols-[52px_minmax(0,1fr)_auto]",
        isChosen && "bg-accent-soft",
      )}
    >
      <p className="text-xl leading-6 font-semibold tabular-nums">{writeCount(group.count)}</p>
      <div className="flex min-w-0 flex-col gap-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="font-medium">{group.source}</span>
          <span>{word}</span>
          <Badge tone={MENDERS[mender].tone}>{MENDERS[mender].word}</Badge>
          {group.replayed > 0 ? <Badge tone="good">{writeCount(group.replayed)} replayed</Badge> : null}
        </p>
        <p className="text-soft">{remedy}</p>
        <p className="text-xs text-faint">
          {writeWords(group.reason)}; first <Moment at={group.firstAt} />, last <Moment at={group.lastAt} />
        </p>
      </div>
      <div className="flex flex-wrap items-center gap-2 md:justify-end">
        <Button look="quiet" aria-pressed={isChosen} onClick={() => setFilter(isChosen ? NONE : chosen)}>
          {isChosen ? "Show all" : "Only these"}
        </Button>
        {open > 0 && mayAct(session.data, "responder") ? (
          <Button icon={<RotateCcw size={13} aria-hidden />} onClick={() => setAsks(true)}>
            Replay
          </Button>
        ) : null}
        <Link
          to="/rejections/$id"
          params={{ id: group.sampleId }}
          aria-label={`Diagnosis of the newest: ${group.source}, ${word}`}
          className="inline-flex h-8 items-center gap-1 rounded-md px-2 text-accent hover:bg-sunken"
        >
          Diagnosis
          <ArrowRight size={13} aria-hidden />
        </Link>
      </div>
      {asks ? (
        <RejectionReplay
          scope={toScope(group)}
          note={describeScope(group)}
          onRun={setRunId}
          onClose={() => setAsks(false)}
        />
      ) : null}
    </li>
  );
}

const NONE = { source: "", reason: "", cause: "" };

// A span ends before its end, so a millisecond more takes the newest one in.
function toScope(group: RejectionGroup) {
  const until = new Date(Date.parse(group.lastAt) + 1).toISOString();
  return { sources: [group.source], reasons: [group.reason], since: group.firstAt, until };
}

// A plan goes by the reason that the door gave; the likely cause is what the diagnosis adds to it.
function describeScope({ source, reason }: RejectionGroup): string {
  return `It looks at all that ${source} rejected for this reason (${writeWords(reason)}) from the first to the last of these, whatever its likely cause.`;
}
