import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api/api.ts";
import { sourcesQuery } from "../api/setup.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { ChoiceField, TextField } from "../parts/field.tsx";
import { faultOf, FormFault } from "../parts/form-fault.tsx";
import { Ready } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";
import { CONNECTORS } from "./reconciliation-words.ts";

const SCHEDULES = [
  ["*/15 * * * *", "Every 15 minutes"],
  ["0 * * * *", "Every hour"],
  ["0 3 * * *", "Every day at 03:00 UTC"],
  ["", "Only when asked"],
] as const;

const TRAIL = [["/reconciliations", "Reconciliation"]] as const;

/** Names a source and its provider's log, so that the two are compared. */
export function ReconciliationCreate() {
  const sources = useQuery(sourcesQuery);
  return (
    <Page
      title="Compare a source"
      trail={TRAIL}
      lead="With its provider's own log. The secret of the provider's API is sealed, and never shown."
    >
      <Ready query={sources}>
        {({ items }) => <CreateForm sources={items.map(({ name, provider }) => ({ name, provider }))} />}
      </Ready>
    </Page>
  );
}

function CreateForm({ sources }: { sources: readonly { name: string; provider: string }[] }) {
  const [source, setSource] = useState(sources[0]?.name ?? "");
  const [chosenKind, setKind] = useState<string | null>(null);
  const [schedule, setSchedule] = useState<string>(SCHEDULES[0][0]);
  const client = useQueryClient();
  const navigate = useNavigate();
  const provider = sources.find(({ name }) => name === source)?.provider ?? "";
  // The provider's own log where we know it.
  const kind = chosenKind ?? (Object.hasOwn(CONNECTORS, provider) ? provider : "http");
  const create = useMutation({
    mutationFn: (form: FormData) => api.reconciliations.create(readForm(form, { source, kind, schedule })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["reconciliations"] });
      await navigate({ to: "/reconciliations" as "/events" });
    },
  });
  return (
    <Card className="max-w-2xl">
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate(new FormData(event.currentTarget));
        }}
      >
        <div className="grid gap-4 sm:grid-cols-2">
          <ChoiceField
            label="Source"
            value={source}
            onChoose={setSource}
            choices={sources.map(({ name }) => [name, name])}
          />
          <ChoiceField
            label="Against"
            value={kind}
            onChoose={setKind}
            choices={Object.entries(CONNECTORS).map(([name, { word }]) => [name, word])}
          />
        </div>
        <TextField
          key={source}
          name="name"
          label="Name"
          required
          defaultValue={source === "" ? "" : `${source}-log`}
          fault={faultOf(create.error, "name")}
        />
        <ConnectorFields kind={kind} error={create.error} />
        <WhenFields schedule={schedule} onChoose={setSchedule} error={create.error} />
        <FormFault error={create.error} shown={fieldsOf(kind)} />
        <div className="flex justify-end">
          <Button type="submit" look="primary" busy={create.isPending} disabled={source === ""}>
            Compare it
          </Button>
        </div>
      </form>
    </Card>
  );
}

/** The fields that show their own faults. */
function fieldsOf(kind: string): string[] {
  const own = (CONNECTORS[kind]?.fields ?? []).map(([name]) => `connector.${name}`);
  return ["name", "secret", "eventTypes", ...own];
}

function ConnectorFields({ kind, error }: { kind: string; error: unknown }) {
  const connector = CONNECTORS[kind];
  return (
    <>
      {connector?.secret === null || connector === undefined ? null : (
        <TextField
          name="secret"
          type="password"
          autoComplete="off"
          label={connector.secret}
          fault={faultOf(error, "secret")}
        />
      )}
      <div className="grid gap-4 sm:grid-cols-2">
        {connector?.fields.map(([name, label, required]) => (
          <TextField
            key={`${kind}-${name}`}
            name={`connector.${name}`}
            label={label}
            required={required}
            fault={faultOf(error, `connector.${name}`)}
          />
        ))}
      </div>
    </>
  );
}

function WhenFields({
  schedule,
  onChoose,
  error,
}: {
  schedule: string;
  onChoose: (schedule: string) => void;
  error: unknown;
}) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <TextField
        name="eventTypes"
        label="Event types that it is subscribed to"
        placeholder="invoice.*, charge.*"
        hint="Others of the log are none of ours. Empty: all."
        fault={faultOf(error, "eventTypes")}
      />
      <ChoiceField label="When" value={schedule} onChoose={onChoose} choices={SCHEDULES} />
    </div>
  );
}

function readForm(form: FormData, chosen: { source: string; kind: string; schedule: string }) {
  const text = (name: string): string => String(form.get(name) ?? "").trim();
  const fields = (CONNECTORS[chosen.kind]?.fields ?? [])
    .map(([name]): [string, string] => [name, text(`connector.${name}`)])
    .filter(([, value]) => value !== "");
  const eventTypes = text("eventTypes")
    .split(",")
    .map((type) => type.trim())
    .filter((type) => type !== "");
  return {
    name: text("name"),
    source: chosen.source,
    connector: { kind: chosen.kind, ...Object.fromEntries(fields) },
    ...(text("secret") === "" ? {} : { secret: text("secret") }),
    ...(eventTypes.length === 0 ? {} : { eventTypes }),
    ...(chosen.schedule === "" ? {} : { schedule: chosen.schedule }),
  };
}
