import type { Configuration } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { configurationQuery } from "../api/overview.ts";
import { Card } from "../parts/card.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { Moment } from "../parts/zone.tsx";

const SHOWN_MAX = 6;

interface Change {
  readonly kind: string;
  readonly name: string;
  readonly to: string;
  readonly state: string;
  readonly at: string;
  readonly isNew: boolean;
}

/** What was configured last: the first question of most incidents. */
export function Changes() {
  const configuration = useQuery(configurationQuery);
  const changes = configuration.data === undefined ? [] : listChanges(configuration.data);
  if (changes.length === 0) return null;
  return (
    <Card title="What changed" hint="the newest changes of the configuration" flush>
      <ul>
        {changes.map((change) => (
          <li key={`${change.kind} ${change.name}`} className="border-b border-line last:border-b-0">
            <Link
              to={change.to as "/events"}
              className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-[13px] hover:bg-sunken"
            >
              <span className="w-20 shrink-0 text-faint">
                <Moment at={change.at} />
              </span>
              <span className="w-20 shrink-0 text-soft">{change.kind}</span>
              <span className="min-w-0 truncate font-medium">{change.name}</span>
              <span className="text-soft">{change.isNew ? "was made" : "was changed"}</span>
              {change.state === "active" ? null : <StateBadge state={change.state} />}
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function listChanges({ sources, destinations, routes }: Configuration): readonly Change[] {
  const all = [
    ...sources.map((one) => toChange("Source", `/sources/${one.id}`, one)),
    ...destinations.map((one) => toChange("Destination", `/destinations/${one.id}`, one)),
    ...routes.map((one) => toChange("Route", `/sources/${one.sourceId}`, one)),
  ];
  return all.toSorted((a, b) => (a.at < b.at ? 1 : -1)).slice(0, SHOWN_MAX);
}

function toChange(
  kind: string,
  to: string,
  thing: { readonly name: string; readonly state: string; readonly createdAt: string; readonly updatedAt: string },
): Change {
  const { name, state, updatedAt, createdAt } = thing;
  return { kind, to, name, state, at: updatedAt, isNew: updatedAt === createdAt };
}
