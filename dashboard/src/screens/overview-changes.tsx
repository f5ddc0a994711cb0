import type { AuditEntry, Configuration } from "@holdfast/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { auditQuery, configurationQuery } from "../api/overview.ts";
import { mayAct, sessionQuery } from "../api/session.ts";
import { capitalize } from "../parts/capitalize.ts";
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
  readonly what: string;
}

/** What was configured last, and by whom where one may see that: the first question of most incidents. */
export function Changes() {
  const session = useQuery(sessionQuery);
  const audit = useQuery({ ...auditQuery, enabled: mayAct(session.data, "admin") });
  const configuration = useQuery(configurationQuery);
  const told = (audit.data?.items ?? []).flatMap(readEntry).slice(0, SHOWN_MAX);
  const known = new Set(told.map(({ kind, name }) => `${kind} ${name}`));
  const rest = configuration.data === undefined ? [] : listChanges(configuration.data);
  const changes = [...told, ...rest.filter(({ kind, name }) => !known.has(`${kind} ${name}`))];
  if (changes.length === 0) return null;
  return (
    <Card title="What changed" hint="the newest changes of the configuration" flush>
      <ul>
        {changes.slice(0, SHOWN_MAX).map((change) => (
          <li key={`${change.at} ${change.kind} ${change.name}`} className="border-b border-line last:border-b-0">
            <Link
              to={change.to as "/events"}
              className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-[13px] hover:bg-sunken"
            >
              <span className="w-20 shrink-0 text-faint">
                <Moment at={change.at} />
              </span>
              <span className="w-20 shrink-0 text-soft">{change.kind}</span>
              <span className="min-w-0 truncate font-medium">{change.name}</span>
              <span className="text-soft">{change.what}</span>
              {change.state === "active" ? null : <StateBadge state={change.state} />}
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** What an entry of the audit changed in the configuration; nothing where it is about something else. */
function readEntry(entry: AuditEntry): readonly Change[] {
  const { changes } = entry.detail;
  if (entry.action === "POST /throttles" || entry.action === "DELETE /throttles/{id}") {
    const what = `${entry.action.startsWith("POST") ? "was set" : "was ended"} by ${entry.actor}`;
    return [{ kind: "Throttle", name: entry.target ?? "", to: "/queue", state: "active", at: entry.at, what }];
  }
  if (!Array.isArray(changes)) return [];
  return changes.flatMap((change: unknown): Change[] => {
    if (typeof change !== "object" || change === null || !("thing" in change) || typeof change.thing !== "string")
      return [];
    const [kind = "", ...name] = change.thing.split("/");
    const action = "action" in change && typeof change.action === "string" ? change.action : "changed";
    const fields = "fields" in change && Array.isArray(change.fields) ? change.fields.map(String) : [];
    const what = `was ${action} by ${entry.actor}${fields.length === 0 ? "" : `: ${fields.join(", ")}`}`;
    const to = PLACES[kind] ?? "/audit";
    return [{ kind: capitalize(kind), name: name.join("/"), to, state: "active", at: entry.at, what }];
  });
}

const PLACES: Readonly<Record<string, string>> = {
  source: "/sources",
  destination: "/destinations",
  route: "/sources",
  reconciliation: "/reconciliations",
};

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
  return { kind, to, name, state, at: updatedAt, what: updatedAt === createdAt ? "was made" : "was changed" };
}
