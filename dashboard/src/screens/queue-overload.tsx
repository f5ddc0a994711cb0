import type { Overload, OverloadCause } from "@holdfast/client";
import { CircleCheck, Gauge } from "lucide-react";
import { Card } from "../parts/card.tsx";
import { classNames } from "../parts/class-names.ts";
import { writeCount } from "../parts/numbers.ts";
import { Moment, writeSpan } from "../parts/zone.tsx";

const LEVELS = [
  "Everything is accepted",
  "Low and normal are slowed down",
  "Low is refused, normal is slowed down",
  "Low and normal are refused, high is slowed down",
  "All but critical is refused",
] as const;

interface SignalWords {
  readonly word: string;
  readonly unit: (value: number) => string;
  readonly remedy: string;
}

const percent = (value: number): string => `${Math.round(value)} %`;
const SIGNALS: Readonly<Record<string, SignalWords>> = {
  commits: {
    word: "Commits to the database take",
    unit: writeSpan,
    remedy: "Give the database a faster disk, or less other work.",
  },
  queue: {
    word: "The queue before the database is full by",
    unit: percent,
    remedy: "Start more processes, or raise ingest.databaseConnections.",
  },
  loop: { word: "The process is late by", unit: writeSpan, remedy: "Start more processes, or use a bigger machine." },
  memory: { word: "Memory is used by", unit: percent, remedy: "Give it more memory, or lower ingest.queueBytesMax." },
  disk: {
    word: "Free on the database's disk:",
    unit: (value) => `${Math.round(value)} MiB`,
    remedy: "Make room, or shorten retention.*.",
  },
  oldest_ready: {
    word: "The oldest ready delivery waits for",
    unit: (value) => writeSpan(value * 1_000),
    remedy: "Start more workers, and look at slow destinations below.",
  },
  depth: {
    word: "Ready deliveries:",
    unit: writeCount,
    remedy: "Start more workers, and look at slow destinations below.",
  },
};

/** A cause of overload as a sentence, with what helps. */
export function describeOverload({ signal, value, threshold }: OverloadCause): { why: string; remedy: string } {
  const words = SIGNALS[signal];
  if (words === undefined) return { why: `${signal} is ${value}; the level begins at ${threshold}.`, remedy: "" };
  const { word, unit, remedy } = words;
  return { why: `${word} ${unit(value)}; this level begins at ${unit(threshold)}.`, remedy };
}

/** How overloaded the gateway is, and why. */
export function Overloaded({ overload }: { overload: Overload }) {
  const { level, cause, since } = overload;
  const isKnown = since !== null;
  const isWell = level === 0 && isKnown;
  const refused = Object.entries(overload.refused).filter(([, count]) => count > 0);
  return (
    <Card>
      <div className="flex flex-wrap items-center gap-x-5 gap-y-3 text-[13px]">
        <div className="flex items-center gap-3">
          {isWell ? (
            <CircleCheck size={18} aria-hidden className="shrink-0 text-good" />
          ) : (
            <Gauge size={18} aria-hidden className="shrink-0 text-bad" />
          )}
          <div>
            <h2 className="text-[15px] font-semibold">
              {isKnown ? (LEVELS[level] ?? `Level ${level}`) : "No process says how it takes in"}
            </h2>
            <p className="text-xs text-faint">
              {isKnown ? (
                <>
                  Saturation level {level} of 4, since <Moment at={since} />
                </>
              ) : (
                "For 30 s none has. Where none runs, start one: holdfast start --role ingest; one that runs does not reach the database"
              )}
            </p>
          </div>
        </div>
        {isKnown ? <Meter level={level} /> : null}
        {cause === null ? null : (
          <p className="min-w-0 flex-1 basis-72">
            {describeOverload(cause).why} <span className="text-soft">{describeOverload(cause).remedy}</span>
          </p>
        )}
        {refused.length === 0 ? null : (
          <p className="text-xs text-faint">
            Refused since the processes began:{" "}
            {refused.map(([name, count]) => `${writeCount(count)} ${name}`).join(", ")}
          </p>
        )}
      </div>
    </Card>
  );
}

function Meter({ level }: { level: number }) {
  return (
    <div aria-hidden className="flex gap-1">
      {[1, 2, 3, 4].map((step) => (
        <span
          key={step}
          className={classNames("h-2 w-8 rounded-full", step > level ? "bg-line" : level === 1 ? "bg-warn" : "bg-bad")}
        />
      ))}
    </div>
  );
}
