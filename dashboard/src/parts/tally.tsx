import type { ReactNode } from "react";
import { classNames } from "./class-names.ts";

/** One number with its word; `tone` only where the number asks for attention. */
export interface Figure {
  readonly word: string;
  readonly value: ReactNode;
  readonly tone?: "calm" | "good" | "warn" | "bad";
  readonly hint?: string;
}

const TONES = { calm: "text-ink", good: "text-good", warn: "text-warn", bad: "text-bad" } as const;

/** A row of numbers, as wide as the page lets them be. */
export function Tally({ figures, label }: { figures: readonly Figure[]; label: string }) {
  return (
    <dl
      aria-label={label}
      className="grid grid-cols-2 gap-px overflow-hidden rounded-lg border border-line bg-line sm:grid-cols-[repeat(auto-fit,minmax(128px,1fr))]"
    >
      {figures.map(({ word, value, tone = "calm", hint }) => (
        <div
          key={word}
          className="flex flex-col-reverse justify-end bg-raised px-4 py-3 last:odd:col-span-2 sm:last:odd:col-span-1"
          title={hint}
        >
          <dt className="text-xs text-faint">{word}</dt>
          <dd className={classNames("text-lg leading-7 font-semibold tracking-tight tabular-nums", TONES[tone])}>
            {value}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** How far something has come, from 0 to 1. */
export function Progress({ part, whole, label }: { part: number; whole: number; label: string }) {
  const share = whole === 0 ? 0 : Math.min(1, part / whole);
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={whole}
      aria-valuenow={Math.min(part, whole)}
      className="h-1.5 overflow-hidden rounded-full bg-line"
    >
      <div className="h-full rounded-full bg-accent" style={{ width: `${String(Math.round(share * 1_000) / 10)}%` }} />
    </div>
  );
}
