import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ALERTS_KEY } from "../api/alerts.ts";
import { api } from "../api/api.ts";
import { Confirm } from "../parts/confirm.tsx";
import { ChoiceField, TextField } from "../parts/field.tsx";

type Kind = "slack" | "pagerduty" | "webhook" | "email";

const CHOICES = [
  ["slack", "Slack"],
  ["pagerduty", "PagerDuty"],
  ["webhook", "A signed webhook"],
  ["email", "Email"],
] as const;

/** Asks for what a channel of the chosen kind needs. */
export function AddChannel({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [kind, setKind] = useState<Kind>("slack");
  const [severities, setSeverities] = useState("all");
  const add = async (form: FormData): Promise<void> => {
    await api.post("/alerts/channels", {
      kind,
      ...(severities === "all" ? {} : { severities: [severities] }),
      ...readForm(form),
    });
    await client.invalidateQueries({ queryKey: [ALERTS_KEY] });
  };
  return (
    <Confirm
      open
      onClose={onClose}
      title="Add a channel"
      impact="It hears of every alert that no owner is named for. Secrets are sealed and never shown again."
      verb="Add it"
      look="primary"
      act={add}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField name="name" label="Name" required placeholder="on-call" />
        <ChoiceField
          label="Kind"
          value={kind}
          choices={CHOICES}
          onChoose={(value) => setKind(CHOICES.find(([one]) => one === value)?.[0] ?? "slack")}
        />
        <ChoiceField
          label="Hears of"
          value={severities}
          onChoose={setSeverities}
          choices={[
            ["all", "Pages and tickets"],
            ["page", "Pages alone"],
            ["ticket", "Tickets alone"],
          ]}
        />
      </div>
      <KindFields kind={kind} />
    </Confirm>
  );
}

function KindFields({ kind }: { kind: Kind }) {
  switch (kind) {
    case "slack":
      return (
        <TextField
          name="url"
          type="url"
          label="URL of the incoming webhook"
          required
          placeholder="https://hooks.slack.com/services/…"
        />
      );
    case "pagerduty":
      return <TextField name="routingKey" label="Integration key (Events API v2)" required autoComplete="off" />;
    case "webhook":
      return (
        <>
          <TextField name="url" type="url" label="URL" required />
          <TextField
            name="signingSecret"
            label="Signing secret"
            required
            autoComplete="off"
            hint="whsec_ and the base64 of 24 to 64 random bytes"
          />
        </>
      );
    case "email":
      return (
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField name="host" label="Mail server" required placeholder="smtp.example.com" />
          <TextField name="port" label="Port" type="number" min={1} max={65_535} defaultValue={587} />
          <TextField name="from" label="From" type="email" required />
          <TextField name="to" label="To" required hint="Several with commas" />
          <TextField name="username" label="User name" autoComplete="off" />
          <TextField name="password" label="Password" type="password" autoComplete="new-password" />
        </div>
      );
  }
}

/** The fields that were filled in, each in the form that the API takes. */
function readForm(form: FormData): Record<string, unknown> {
  const given = [...form.entries()].filter(([, value]) => value !== "");
  return Object.fromEntries(
    given.map(([name, value]) => {
      if (name === "port") return [name, Number(value)];
      return [
        name,
        name === "to"
          ? String(value)
              .split(",")
              .map((one) => one.trim())
          : value,
      ];
    }),
  );
}
