import type { QueueStanding } from "@holdfast/client";
import { Card } from "../parts/card.tsx";
import { writeCount } from "../parts/numbers.ts";

/** The longest lanes among what is next. A lane that floods waits behind itself. */
export function Lanes({ lanes }: { lanes: QueueStanding["lanes"] }) {
  const longest = Math.max(1, ...lanes.map(({ ready }) => ready));
  return (
    <Card title="Longest lanes" hint="of the next 5,000 of each class" flush>
      <ul className="py-1">
        {lanes.slice(0, 10).map(({ class: name, lane, ready }) => (
          <li
            key={`${name} ${lane}`}
            className="grid grid-cols-[minmax(0,1fr)_64px_88px_48px] items-center gap-3 px-4 py-1 text-[13px]"
          >
            <code className="truncate font-mono text-xs" title={lane}>
              {lane}
            </code>
            <span className="text-xs text-faint">{name}</span>
            <svg viewBox="0 0 100 6" preserveAspectRatio="none" className="h-1.5 w-full" aria-hidden>
              <rect width="100" height="6" rx="3" fill="var(--sunken)" />
              <rect width={(ready / longest) * 100} height="6" rx="3" fill="var(--accent)" />
            </svg>
            <span className="text-right tabular-nums">{writeCount(ready)}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
