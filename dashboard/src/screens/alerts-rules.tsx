import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { AlertRule } from "../api/alerts.ts";
import { ALERTS_KEY } from "../api/alerts.ts";
import { api } from "../api/api.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { TextField } from "../parts/field.tsx";
import { Badge } from "../parts/state-badge.tsx";
import { useMay } from "../parts/use-may.ts";
import { writeSpan } from "../parts/zone.tsx";

/** Every rule with its terms and how it stands. */
export function Rules({ rules }: { rules: readonly AlertRule[] }) {
  const may = useMay("operator");
  const [changing, setChanging] = useState<AlertRule | null>(null);
  return (
    <Card title="Rules" hint={`${rules.filter(({ state }) => state === "active").length} on`} flush>
      <ul>
        {rules.map((rule) => (
          <li
            key={rule.name}
            className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2 text-[13px] last:border-b-0"
          >
            <div className="min-w-0 flex-1 basis-64">
              <p className="flex flex-wrap items-center gap-2 font-medium">
                {rule.name}
                <RuleState rule={rule} />
              </p>
              <p className="break-words text-soft">{rule.summary}</p>
            </div>
            <span className="text-xs text-faint">
              {rule.severity}, {writeTerms(rule)}
            </span>
            {may ? (
              <Button aria-label={`Change ${rule.name}`} onClick={() => setChanging(rule)}>
                Change
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
      {changing === null ? null : <ChangeRule rule={changing} onClose={() => setChanging(null)} />}
    </Card>
  );
}

function RuleState({ rule }: { rule: AlertRule }) {
  if (rule.state === "disabled") return <Badge tone="held">Off</Badge>;
  if (rule.firing > 0) return <Badge tone="bad">Firing: {rule.firing}</Badge>;
  if (rule.pending > 0) return <Badge tone="wait">Begins: {rule.pending}</Badge>;
  return <Badge tone="good">Quiet</Badge>;
}

function writeTerms({ unit, fires, threshold, forSec }: AlertRule): string {
  const words = {
    sec: writeSpan(threshold * 1_000),
    count: String(threshold),
    level: `level ${threshold}`,
    mib: `${threshold} MiB`,
  };
  const beyond = `${fires} ${words[unit]}`;
  return forSec === 0 ? beyond : `${beyond} for ${writeSpan(forSec * 1_000)}`;
}

function ChangeRule({ rule, onClose }: { rule: AlertRule; onClose: () => void }) {
  const client = useQueryClient();
  const change = async (form: FormData): Promise<void> => {
    await api.patch(`/alerts/rules/${rule.name}`, {
      threshold: Number(form.get("threshold")),
      forSec: Number(form.get("forSec")),
      state: form.get("on") === "on" ? "active" : "disabled",
    });
    await client.invalidateQueries({ queryKey: [ALERTS_KEY] });
  };
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Change ${rule.name}`}
      impact={`${rule.summary} While it is off nobody is told of it, and it holds for everybody of this tenant.`}
      verb="Save"
      look="primary"
      act={change}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          name="threshold"
          label={`Threshold (${rule.unit})`}
          type="number"
          min={0}
          step="any"
          required
          defaultValue={rule.threshold}
        />
        <TextField
          name="forSec"
          label="Has to hold for (seconds)"
          type="number"
          min={0}
          max={86_400}
          required
          defaultValue={rule.forSec}
        />
      </div>
      <label className="flex items-center gap-2 text-[13px]">
        <input type="checkbox" name="on" defaultChecked={rule.state === "active"} />
        The rule is on
      </label>
    </Confirm>
  );
}
