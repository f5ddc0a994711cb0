import type { Replay } from "@holdfast/client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { CircleCheck, CircleX } from "lucide-react";
import { api } from "../api/api.ts";
import { replayQuery } from "../api/replays.ts";
import { Card, Facts } from "../parts/card.tsx";
import { CancelButton } from "../parts/confirm.tsx";
import { Exact } from "../parts/copy.tsx";
import { writeCount } from "../parts/numbers.ts";
import { Page, UnreadyPage } from "../parts/page.tsx";
import { Badge } from "../parts/state-badge.tsx";
import { Progress, Tally } from "../parts/tally.tsx";
import { Moment } from "../parts/zone.tsx";
import { Plan, RunPlan } from "./replay-plan.tsx";
import { describeCheck, describeScope, REPLAY_STATES } from "./replay-words.ts";

const TRAIL = [["/replays", "Replays"]] as const;

/** One replay: what it goes over, how far it is, what came of it, and whether all of it adds up. */
export function ReplayScreen() {
  const { id } = useParams({ strict: false });
  const replay = useQuery(replayQuery(id ?? ""));
  if (replay.data === undefined) {
    return <UnreadyPage title="Replay" trail={TRAIL} error={replay.error} onRetry={() => void replay.refetch()} />;
  }
  const { data } = replay;
  const { tone, word } = REPLAY_STATES[data.state];
  return (
    <Page
      title={`Replay of ${describeScope(data.scope)}`}
      trail={TRAIL}
      from={[replay]}
      lead={
        <span className="inline-flex flex-wrap items-center gap-2">
          <Badge tone={tone}>{word}</Badge>
          <Exact text={data.id} label="Copy the id" />
        </span>
      }
      actions={<Actions replay={data} />}
    >
      {data.state === "planned" ? <RunPlan replay={data} /> : <Standing replay={data} />}
      <div className="grid min-w-0 items-start gap-4 xl:grid-cols-2">
        <Plan replay={data} />
        <div className="flex min-w-0 flex-col gap-4">
          {data.state === "planned" ? null : <Checks replay={data} />}
          <Failed replay={data} />
          <About replay={data} />
        </div>
      </div>
    </Page>
  );
}

function Actions({ replay }: { replay: Replay }) {
  const client = useQueryClient();
  if (replay.state !== "running") return null;
  return (
    <CancelButton
      title="Cancel this replay?"
      impact={`Nothing more is queued, and of the ${writeCount(replay.summary.still_waiting)} that wait, those that nobody has tried are taken back. What was tried goes on as any delivery does; what is processed stays.`}
      verb="Cancel the replay"
      act={async () => {
        await api.replays.cancel(replay.id);
        await client.invalidateQueries({ queryKey: ["replay", replay.id] });
        await client.invalidateQueries({ queryKey: ["replays"] });
      }}
    />
  );
}

function Standing({ replay }: { replay: Replay }) {
  const { summary } = replay;
  const isSound = summary.integrity_check === "pass";
  const done = summary.processed + summary.failed_permanent;
  return (
    <>
      <Tally
        label="Summary"
        figures={[
          { word: "events scanned", value: writeCount(summary.events_scanned) },
          { word: "replayed", value: writeCount(summary.replayed) },
          { word: "duplicates, skipped", value: writeCount(summary.duplicate_skipped) },
          { word: "processed", value: writeCount(summary.processed), tone: summary.processed > 0 ? "good" : "calm" },
          {
            word: "failed permanently",
            value: writeCount(summary.failed_permanent),
            tone: summary.failed_permanent > 0 ? "bad" : "calm",
          },
          { word: "still waiting", value: writeCount(summary.still_waiting) },
          {
            word: "integrity check",
            value: isSound ? "pass" : "fail",
            tone: isSound ? "good" : "bad",
          },
        ]}
      />
      {replay.state === "running" || summary.still_waiting > 0 ? (
        <div className="text-xs text-soft">
          <Progress
            label="Replayed events that have ended"
            part={done}
            whole={Math.max(summary.replayed, replay.plan.wouldReplay)}
          />
          <p className="mt-1.5">
            {writeCount(done)} of {writeCount(Math.max(summary.replayed, replay.plan.wouldReplay))} have ended; gone
            over up to <Moment at={replay.scannedTo} exact />
          </p>
        </div>
      ) : null}
    </>
  );
}

function Checks({ replay }: { replay: Replay }) {
  return (
    <Card title="Integrity check" hint="counted anew from what is stored" flush>
      <ul>
        {replay.checks.map(({ name, passed, detail }) => (
          <li
            key={name}
            className="flex items-start gap-2.5 border-b border-line px-4 py-2.5 text-[13px] last:border-b-0"
          >
            {passed ? (
              <CircleCheck size={15} aria-hidden className="mt-0.5 shrink-0 text-good" />
            ) : (
              <CircleX size={15} aria-hidden className="mt-0.5 shrink-0 text-bad" />
            )}
            <span className="min-w-0">
              <span className="font-medium">{describeCheck(name)}</span>
              <span className={passed ? "ml-2 text-xs text-good" : "ml-2 text-xs text-bad"}>
                {passed ? "holds" : "does not hold"}
              </span>
              <span className="block text-soft">{detail}</span>
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Failed({ replay }: { replay: Replay }) {
  if (replay.failed.length === 0) return null;
  return (
    <Card title="Failed permanently" hint={`the first ${String(replay.failed.length)}`} flush>
      <ul className="max-h-72 overflow-y-auto">
        {replay.failed.map(({ deliveryId, eventId }) => (
          <li key={deliveryId} className="border-b border-line px-4 py-2 text-[13px] last:border-b-0">
            <Link to="/events/$id" params={{ id: eventId }} className="font-mono text-xs text-accent hover:underline">
              {eventId}
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function About({ replay }: { replay: Replay }) {
  const { options } = replay;
  const reasons = Object.entries(replay.notReplayed);
  return (
    <Card title="Who, when and how">
      <Facts
        facts={[
          ["Planned", <Who key="p" at={replay.plannedAt} by={replay.plannedBy} />],
          [
            "Started",
            replay.startedAt === null ? "not yet" : <Who key="s" at={replay.startedAt} by={replay.startedBy} />,
          ],
          ["Ended", replay.endedAt === null ? "not yet" : <Who key="e" at={replay.endedAt} by={replay.endedBy} />],
          ...(replay.endReason === null ? [] : ([["Because", replay.endReason]] as const)),
          ["Pace", `at most ${String(options.ratePerSec)} a second, ${String(options.inFlightMax)} unfinished at once`],
          ["Priority", options.priority],
          ...(options.copyTo === null ? [] : ([["Copies to", options.copyTo]] as const)),
          [
            "Not replayed",
            reasons.length === 0
              ? "none"
              : reasons.map(([reason, count]) => `${writeCount(count)} ${reason.replaceAll("_", " ")}`).join(", "),
          ],
          [
            "If it was a mistake",
            <code key="r" className="font-mono text-xs">
              {replay.runbook}
            </code>,
          ],
        ]}
      />
    </Card>
  );
}

function Who({ at, by }: { at: string; by: string | null }) {
  return (
    <>
      <Moment at={at} exact />
      {by === null ? null : ` by ${by}`}
    </>
  );
}
