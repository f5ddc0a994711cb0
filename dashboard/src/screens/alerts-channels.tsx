import { useMutation, useQueryClient } from "@tanstack/react-query";
import { BellPlus, Plus } from "lucide-react";
import { useState } from "react";
import type { AlertChannel } from "../api/alerts.ts";
import { ALERTS_KEY } from "../api/alerts.ts";
import { api } from "../api/api.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { Empty, FaultPanel } from "../parts/outcome.tsx";
import { Badge } from "../parts/state-badge.tsx";
import { useMay } from "../parts/use-may.ts";
import { AddChannel } from "./alerts-channel-create.tsx";

const KINDS = { slack: "Slack", pagerduty: "PagerDuty", webhook: "Webhook", email: "Email" } as const;

/** Where notices go, each with a test. */
export function Channels({ channels }: { channels: readonly AlertChannel[] }) {
  const may = useMay("operator");
  const [adds, setAdds] = useState(false);
  const add = (
    <Button icon={<Plus size={13} aria-hidden />} onClick={() => setAdds(true)}>
      Add a channel
    </Button>
  );
  return (
    <Card title="Channels" hint="who is told" flush actions={may ? add : undefined}>
      {channels.length === 0 ? (
        <Empty title="Nobody is told yet" icon={<BellPlus size={18} aria-hidden />}>
          Alerts are shown here and written to the log. Add a channel, or declare one in the configuration file under
          alerts.channels, to hear of them.
        </Empty>
      ) : (
        <ul>
          {channels.map((channel) => (
            <ChannelRow key={channel.id} channel={channel} may={may} />
          ))}
        </ul>
      )}
      {adds ? <AddChannel onClose={() => setAdds(false)} /> : null}
    </Card>
  );
}

function ChannelRow({ channel, may }: { channel: AlertChannel; may: boolean }) {
  const client = useQueryClient();
  const [asks, setAsks] = useState(false);
  const refresh = () => client.invalidateQueries({ queryKey: [ALERTS_KEY] });
  const test = useMutation({
    mutationFn: () => api.post(`/alerts/channels/${channel.id}/test`),
    onSettled: refresh,
  });
  const isOn = channel.state === "active";
  const turn = async (): Promise<void> => {
    await api.patch(`/alerts/channels/${channel.id}`, { state: isOn ? "disabled" : "active" });
    await refresh();
  };
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 border-b border-line px-4 py-2 text-[13px] last:border-b-0">
      <div className="min-w-0 flex-1 basis-56">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          {channel.name}
          <Badge tone={isOn ? "good" : "held"}>{isOn ? "On" : "Off"}</Badge>
          {channel.readable ? null : <Badge tone="bad">Secret unreadable</Badge>}
        </p>
        <p className="break-all text-soft">
          {KINDS[channel.kind]}{" "}
          {channel.url ?? [channel.host, ...channel.to].filter((part) => part !== null).join(", ")}
        </p>
      </div>
      <span className="text-xs text-faint">{channel.severities.join(" and ")}</span>
      {test.isSuccess ? <output className="text-xs text-soft">Test is on its way: see Notices</output> : null}
      {may ? (
        <span className="flex gap-2">
          <Button busy={test.isPending} aria-label={`Test ${channel.name}`} onClick={() => test.mutate()}>
            Test
          </Button>
          {channel.origin === "api" ? (
            <Button aria-label={`${isOn ? "Switch off" : "Switch on"} ${channel.name}`} onClick={() => setAsks(true)}>
              {isOn ? "Switch off" : "Switch on"}
            </Button>
          ) : null}
        </span>
      ) : null}
      {test.error === null ? null : <FaultPanel error={test.error} />}
      <Confirm
        open={asks}
        onClose={() => setAsks(false)}
        title={`${isOn ? "Switch off" : "Switch on"} ${channel.name}`}
        impact={
          isOn
            ? "It hears of no alert any more, and what is still on its way to it is given up."
            : "It hears of alerts again from now on."
        }
        verb={isOn ? "Switch it off" : "Switch it on"}
        look={isOn ? "danger" : "primary"}
        act={turn}
      />
    </li>
  );
}
