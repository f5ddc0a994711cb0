import { Crown } from "lucide-react";
import { Card } from "../parts/card.tsx";
import { Badge } from "../parts/state-badge.tsx";
import { Moment } from "../parts/zone.tsx";

interface Process {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly roles: readonly string[];
  readonly version: string;
  readonly startedAt: string;
  readonly seenAt: string;
  readonly leads: boolean;
}

/** Who works: the processes that were seen within the last seconds. */
export function Processes({ processes }: { processes: unknown }) {
  const live = readProcesses(processes);
  const workers = live.filter(({ roles }) => roles.includes("worker")).length;
  const versions = new Set(live.map(({ version }) => version));
  return (
    <Card
      title="Processes"
      hint={`${live.length} alive, ${workers} of them ${workers === 1 ? "works" : "work"}${versions.size > 1 ? `, ${versions.size} versions` : ""}`}
      flush
    >
      {workers === 0 ? (
        <p className="border-b border-line bg-bad-soft px-4 py-2.5 text-[13px] text-bad">
          No worker is alive, so nothing is delivered. Start one: holdfast start --role worker
        </p>
      ) : null}
      <ul>
        {live.map((one) => (
          <li
            key={one.id}
            className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2 text-[13px] last:border-b-0"
          >
            <span className="min-w-0 truncate font-medium">
              {one.host} <span className="font-normal text-faint">pid {one.pid}</span>
            </span>
            <span className="text-soft">{one.roles.join(", ")}</span>
            {one.leads ? (
              <Badge tone="calm" icon={<Crown size={11} aria-hidden />}>
                leads
              </Badge>
            ) : null}
            <span className="ml-auto text-xs text-faint">
              {one.version}, since <Moment at={one.startedAt} />, seen <Moment at={one.seenAt} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

// The status is told by the process as it is, so what comes is looked at before it is believed.
function readProcesses(given: unknown): readonly Process[] {
  if (!Array.isArray(given)) return [];
  return given.filter(
    (one): one is Process =>
      typeof one === "object" && one !== null && typeof one.id === "string" && Array.isArray(one.roles),
  );
}
