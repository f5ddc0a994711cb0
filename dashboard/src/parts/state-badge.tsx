import {
  CircleCheck,
  CircleDashed,
  CirclePause,
  CircleX,
  Clock3,
  Copy,
  Hourglass,
  LoaderCircle,
  ShieldAlert,
  TriangleAlert,
} from "lucide-react";
import type { ReactNode } from "react";
import { classNames } from "./class-names.ts";

export type Tone = "good" | "wait" | "warn" | "bad" | "held" | "calm";

const TONES: Record<Tone, string> = {
  good: "bg-good-soft text-good",
  wait: "bg-wait-soft text-wait",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
  held: "bg-held-soft text-held",
  calm: "bg-sunken text-soft",
};

/** A word with its icon on a soft ground: a state is never told by colour alone. */
export function Badge({ tone, icon, children }: { tone: Tone; icon?: ReactNode; children: ReactNode }) {
  return (
    <span
      className={classNames(
        "inline-flex items-center gap-1 rounded-full px-2 py-px text-xs font-medium whitespace-nowrap",
        TONES[tone],
      )}
    >
      {icon}
      {children}
    </span>
  );
}

const SIZE = { size: 12, strokeWidth: 2.4, "aria-hidden": true } as const;

/** The states of a delivery and of what else has one, in the words that people see. */
const STATES: Record<string, { tone: Tone; word: string; icon: ReactNode }> = {
  ready: { tone: "wait", word: "Ready", icon: <Hourglass {...SIZE} /> },
  scheduled: { tone: "warn", word: "Retry scheduled", icon: <Clock3 {...SIZE} /> },
  held: { tone: "held", word: "Held", icon: <CirclePause {...SIZE} /> },
  leased: { tone: "wait", word: "Processing", icon: <LoaderCircle {...SIZE} /> },
  processed: { tone: "good", word: "Processed", icon: <CircleCheck {...SIZE} /> },
  dead: { tone: "bad", word: "Failed permanently", icon: <CircleX {...SIZE} /> },
  recorded: { tone: "calm", word: "Recorded, no route", icon: <CircleDashed {...SIZE} /> },
  active: { tone: "good", word: "Active", icon: <CircleCheck {...SIZE} /> },
  paused: { tone: "held", word: "Paused", icon: <CirclePause {...SIZE} /> },
  disabled: { tone: "bad", word: "Disabled", icon: <CircleX {...SIZE} /> },
  pending: { tone: "wait", word: "Pending", icon: <Hourglass {...SIZE} /> },
  retiring: { tone: "warn", word: "Retiring", icon: <Clock3 {...SIZE} /> },
  retired: { tone: "calm", word: "Retired", icon: <CircleDashed {...SIZE} /> },
  duplicate: { tone: "calm", word: "Duplicate", icon: <Copy {...SIZE} /> },
  rejected: { tone: "bad", word: "Rejected", icon: <ShieldAlert {...SIZE} /> },
  succeeded: { tone: "good", word: "Succeeded", icon: <CircleCheck {...SIZE} /> },
  transient: { tone: "warn", word: "Failed, may recover", icon: <TriangleAlert {...SIZE} /> },
  throttled: { tone: "warn", word: "Needs room", icon: <Clock3 {...SIZE} /> },
  refused: { tone: "bad", word: "Refused", icon: <CircleX {...SIZE} /> },
  gone: { tone: "bad", word: "Gone", icon: <CircleX {...SIZE} /> },
};

export function StateBadge({ state, count }: { state: string; count?: number }) {
  const known = STATES[state] ?? { tone: "calm" as const, word: state, icon: <CircleDashed {...SIZE} /> };
  return (
    <Badge tone={known.tone} icon={known.icon}>
      {known.word}
      {count !== undefined && count > 1 ? <span className="opacity-80">×{count}</span> : null}
    </Badge>
  );
}
