import { useQuery } from "@tanstack/react-query";
import { BellOff } from "lucide-react";
import type { Alert } from "../api/alerts.ts";
import { channelsQuery, firingQuery, noticesQuery, pendingQuery, resolvedQuery, rulesQuery } from "../api/alerts.ts";
import { Card } from "../parts/card.tsx";
import { Empty, FaultPanel, Loading } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";
import { Badge } from "../parts/state-badge.tsx";
import { Moment } from "../parts/zone.tsx";
import { Channels } from "./alerts-channels.tsx";
import { OwnersCard } from "./alerts-owners.tsx";
import { Notices } from "./alerts-notices.tsx";
import { Rules } from "./alerts-rules.tsx";

/** What fires, by which rules, who is told, and whether they were. */
export function Alerts() {
  const firing = useQuery(firingQuery);
  const pending = useQuery(pendingQuery);
  const resolved = useQuery(resolvedQuery);
  const rules = useQuery(rulesQuery);
  const channels = useQuery(channelsQuery);
  const notices = useQuery(noticesQuery);
  const all = [firing, pending, resolved, rules, channels, notices];
  const failed = all.find(({ error }) => error !== null)?.error ?? null;
  return (
    <Page
      title="Alerts"
      lead="Rules watch what matters, every fifteen seconds. A channel hears once that something fires, once an hour while it lasts, and once that it is over."
    >
      {failed === null ? null : (
        <FaultPanel error={failed} onRetry={() => void Promise.all(all.map((one) => one.refetch()))} />
      )}
      {failed === null && all.some(({ isPending }) => isPending) ? <Loading /> : null}
      {firing.data === undefined || pending.data === undefined ? null : (
        <Standing alerts={[...firing.data.items, ...pending.data.items]} />
      )}
      {channels.data === undefined ? null : <Channels channels={channels.data.items} />}
      {channels.data === undefined ? null : <OwnersCard channels={channels.data.items} />}
      {rules.data === undefined ? null : <Rules rules={rules.data.items} />}
      {notices.data === undefined ? null : <Notices notices={notices.data.items} />}
      {resolved.data === undefined ? null : <Past alerts={resolved.data.items} />}
    </Page>
  );
}

function Standing({ alerts }: { alerts: readonly Alert[] }) {
  return (
    <Card title="Now" hint={alerts.length === 0 ? "quiet" : `${alerts.length} standing`} flush>
      {alerts.length === 0 ? (
        <Empty title="Nothing fires" icon={<BellOff size={18} aria-hidden />}>
          Every rule that is on looks and finds nothing.
        </Empty>
      ) : (
        <AlertRows alerts={alerts} />
      )}
    </Card>
  );
}

function Past({ alerts }: { alerts: readonly Alert[] }) {
  if (alerts.length === 0) return null;
  return (
    <Card title="Over" hint="newest first" flush>
      <AlertRows alerts={alerts} />
    </Card>
  );
}

const STATES = {
  firing: { tone: "bad", word: "Firing" },
  pending: { tone: "wait", word: "Begins" },
  resolved: { tone: "good", word: "Over" },
} as const;

function AlertRows({ alerts }: { alerts: readonly Alert[] }) {
  return (
    <ul>
      {alerts.map((alert) => {
        const { tone, word } = STATES[alert.state];
        return (
          <li key={alert.id} className="flex flex-col gap-1 border-b border-line px-4 py-3 text-[13px] last:border-b-0">
            <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
              <Badge tone={tone}>{word}</Badge>
              <span className="font-medium">{alert.rule}</span>
              <span className="text-soft">{alert.subject}</span>
              <span className="text-xs text-faint">{alert.severity}</span>
              <span className="text-xs text-faint sm:ml-auto">
                since <Moment at={alert.since} />
                {alert.resolvedAt === null ? null : (
                  <>
                    , over <Moment at={alert.resolvedAt} />
                  </>
                )}
              </span>
            </div>
            <p className="break-words">{alert.summary}</p>
            <p className="break-words text-soft first-letter:uppercase">
              {alert.detail}. What to do stands in <code className="font-mono text-xs">{alert.runbook}</code>.
            </p>
          </li>
        );
      })}
    </ul>
  );
}
