import type { TimelineEntry } from "@holdfast/client";
import { BadgeCheck, CircleCheck, CircleX, Download, Hourglass, RotateCcw, Send, ShieldAlert } from "lucide-react";
import type { ReactNode } from "react";
import { classNames } from "../parts/class-names.ts";
import { Moment, writeSpan } from "../parts/zone.tsx";

const SIZE = { size: 13, strokeWidth: 2.2, "aria-hidden": true } as const;

const STEPS: Record<TimelineEntry["step"], { word: string; look: string; icon: ReactNode }> = {
  received: { word: "Received", look: "bg-sunken text-soft", icon: <Download {...SIZE} /> },
  rejected: { word: "Rejected", look: "bg-bad-soft text-bad", icon: <ShieldAlert {...SIZE} /> },
  replayed: { word: "Replayed", look: "bg-wait-soft text-wait", icon: <RotateCcw {...SIZE} /> },
  validated: { word: "Signature verified", look: "bg-good-soft text-good", icon: <BadgeCheck {...SIZE} /> },
  queued: { word: "Queued", look: "bg-wait-soft text-wait", icon: <Hourglass {...SIZE} /> },
  processing: { word: "Attempt", look: "bg-wait-soft text-wait", icon: <Send {...SIZE} /> },
  processed: { word: "Processed", look: "bg-good-soft text-good", icon: <CircleCheck {...SIZE} /> },
  "failed permanently": { word: "Failed permanently", look: "bg-bad-soft text-bad", icon: <CircleX {...SIZE} /> },
};

/** Each step of the event's way with the time that passed since the one before. */
export function Timeline({ entries }: { entries: readonly TimelineEntry[] }) {
  return (
    <ol className="flex flex-col">
      {entries.map((entry, i) => {
        const step = STEPS[entry.step];
        const failed = entry.step === "processing" && entry.outcome !== undefined && entry.outcome !== "succeeded";
        const before = entries[i - 1];
        const gapMs = before === undefined ? null : Date.parse(entry.at) - Date.parse(before.at);
        return (
          <li
            key={`${entry.at}-${entry.step}-${entry.deliveryId ?? ""}-${entry.attempt ?? ""}`}
            className="relative flex gap-3 pb-4 last:pb-0"
          >
            {i < entries.length - 1 ? (
              <span aria-hidden className="absolute top-6 bottom-0 left-[11px] w-px bg-line" />
            ) : null}
            <span
              className={classNames(
                "z-10 flex size-6 shrink-0 items-center justify-center rounded-full",
                failed ? "bg-bad-soft text-bad" : step.look,
              )}
            >
              {step.icon}
            </span>
            <div className="min-w-0 flex-1 text-[13px]">
              <p className="flex flex-wrap items-baseline gap-x-2">
                <span className="font-medium">
                  {step.word}
                  {entry.attempt === undefined ? "" : ` ${entry.attempt}`}
                </span>
                {entry.destination === undefined ? null : <span className="text-soft">{entry.destination}</span>}
                <span className="ml-auto text-xs text-faint">
                  {gapMs === null ? null : <span className="mr-2">+{writeSpan(Math.max(0, gapMs))}</span>}
                  <Moment at={entry.at} exact />
                </span>
              </p>
              <Told entry={entry} />
            </div>
          </li>
        );
      })}
    </ol>
  );
}

function Told({ entry }: { entry: TimelineEntry }) {
  const parts = [
    typeof entry.status === "number" ? `answered ${entry.status}` : entry.outcome,
    entry.durationMs === undefined ? undefined : `took ${writeSpan(entry.durationMs)}`,
    entry.detail ?? undefined,
  ].filter((part) => part !== undefined);
  if (parts.length === 0 && entry.nextAt === undefined) return null;
  return (
    <p className="mt-0.5 text-xs break-words text-soft">
      {parts.join(", ")}
      {entry.nextAt === undefined || entry.nextAt === null ? null : (
        <>
          ; next try <Moment at={entry.nextAt} exact />
        </>
      )}
    </p>
  );
}
