import type { Replay } from "@holdfast/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Play, TriangleAlert } from "lucide-react";
import { api } from "../api/api.ts";
import { Button } from "../parts/button.tsx";
import { Card, Facts } from "../parts/card.tsx";
import { FormFault } from "../parts/form-fault.tsx";
import { writeBytes, writeCount } from "../parts/numbers.ts";
import { Tally } from "../parts/tally.tsx";
import { useMay } from "../parts/use-may.ts";
import { Moment, writeSpan } from "../parts/zone.tsx";

/** A plan that was not run: what it would do in numbers, and the button that does it. */
export function RunPlan({ replay }: { replay: Replay }) {
  const client = useQueryClient();
  const mayAct = useMay("responder");
  const run = useMutation({
    mutationFn: () => api.replays.run(replay.token ?? ""),
    onSuccess: async (running) => {
      client.setQueryData(["replay", replay.id], running);
      await client.invalidateQueries({ queryKey: ["replays"] });
    },
  });
  const { plan } = replay;
  return (
    <>
      <Tally
        label="What it would do"
        figures={[
          { word: "events gone over", value: `${writeCount(plan.scanned)}${plan.complete ? "" : " and more"}` },
          { word: "would be replayed", value: writeCount(plan.wouldReplay) },
          { word: "would be skipped", value: writeCount(plan.wouldSkip) },
          { word: "deliveries", value: writeCount(plan.deliveries) },
          { word: "would take about", value: writeSpan(plan.estimatedSec * 1_000) },
        ]}
      />
      <Notes notes={plan.notes} />
      <FormFault error={run.error} />
      {mayAct && replay.token !== null ? (
        <div className="flex flex-wrap items-center gap-3">
          <Button
            look="primary"
            busy={run.isPending}
            disabled={plan.wouldReplay === 0}
            icon={<Play size={13} aria-hidden />}
            onClick={() => run.mutate()}
          >
            {plan.wouldReplay === 0 ? "Nothing to replay" : `Replay ${writeCount(plan.wouldReplay)} now`}
          </Button>
          <p className="text-[13px] text-soft">Nothing was delivered yet. A plan holds for an hour.</p>
        </div>
      ) : null}
    </>
  );
}

function Notes({ notes }: { notes: readonly string[] }) {
  if (notes.length === 0) return null;
  return (
    <ul className="flex flex-col gap-2 rounded-lg border border-warn/30 bg-warn-soft px-4 py-3 text-[13px]">
      {notes.map((note) => (
        <li key={note} className="flex items-start gap-2">
          <TriangleAlert size={14} aria-hidden className="mt-0.5 shrink-0 text-warn" />
          {note}
        </li>
      ))}
    </ul>
  );
}

/** What the plan goes over and what it counted, as it was planned. */
export function Plan({ replay }: { replay: Replay }) {
  const { plan, scope } = replay;
  const skipped = Object.entries(plan.notReplayed);
  return (
    <Card title="The plan" hint="as it was counted before the run">
      <Facts
        facts={[
          ["Goes over", scope.of],
          ["Received", <Span key="s" since={scope.since} until={scope.until} />],
          ["Sources", orAll(scope.sources, "every source")],
          ["Types", orAll(scope.types, "every type")],
          ...(scope.of === "events"
            ? ([
                ["Destinations", orAll(scope.destinations, "every destination")],
                ["States", orAll(scope.states, "failed permanently, or waiting for a retry").replaceAll("_", " ")],
              ] as const)
            : ([["Reasons", orAll(scope.reasons, "every reason").replaceAll("_", " ")]] as const)),
          [
            "Deliveries",
            plan.destinations.length === 0
              ? "none"
              : plan.destinations
                  .map(({ destination, deliveries }) => `${writeCount(deliveries)} to ${destination}`)
                  .join(", "),
          ],
          [
            "Left out",
            skipped.length === 0
              ? "none"
              : skipped.map(([reason, count]) => `${writeCount(count)} ${reason.replaceAll("_", " ")}`).join(", "),
          ],
          ["Verified by", describeVerified(plan.verified)],
          ["Bodies", writeBytes(plan.bodyBytes)],
        ]}
      />
    </Card>
  );
}

function orAll(names: readonly string[], word: string): string {
  return names.length === 0 ? word : names.join(", ");
}

function Span({ since, until }: { since: string; until: string }) {
  return (
    <>
      {Date.parse(since) <= 0 ? "from the beginning" : <Moment at={since} exact />} to <Moment at={until} exact />
    </>
  );
}

function describeVerified({
  signature,
  retired_secret: retired,
  recorded_verdict: recorded,
}: Replay["plan"]["verified"]) {
  const parts = [
    ...(signature > 0 ? [`${writeCount(signature)} by a secret in force`] : []),
    ...(retired > 0 ? [`${writeCount(retired)} by a secret that is retired now`] : []),
    ...(recorded > 0 ? [`${writeCount(recorded)} by the verdict of their receipt`] : []),
  ];
  return parts.length === 0 ? "nothing" : parts.join(", ");
}
