import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { AlertChannel, Owners } from "../api/alerts.ts";
import { ALERTS_KEY, ownersQuery } from "../api/alerts.ts";
import { api } from "../api/api.ts";
import { sourcesQuery } from "../api/setup.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { Empty, FaultPanel, Loading } from "../parts/outcome.tsx";
import { useMay } from "../parts/use-may.ts";

/** Stands for every source that has no owner of its own. */
const OTHERS = "*";

/** Which channels are told of which source. */
export function OwnersCard({ channels }: { channels: readonly AlertChannel[] }) {
  const may = useMay("operator");
  const owners = useQuery(ownersQuery);
  const sources = useQuery(sourcesQuery);
  const [changing, setChanging] = useState<string | null>(null);
  const failed = owners.error ?? sources.error;
  const present = owners.data?.owners ?? {};
  // A source may be owned before it is among those that are listed here.
  const names = [...new Set([...(sources.data?.items ?? []).map(({ name }) => name), ...Object.keys(present)])];
  return (
    <Card title="Owners" hint="who is told of which source" flush>
      {failed === null ? null : (
        <FaultPanel error={failed} onRetry={() => void Promise.all([owners.refetch(), sources.refetch()])} />
      )}
      {failed === null && (owners.isPending || sources.isPending) ? <Loading rows={3} /> : null}
      {channels.length === 0 && owners.data !== undefined ? (
        <Empty title="No channel could own a source yet">Add a channel first, then say here what it is told of.</Empty>
      ) : null}
      {channels.length === 0 || owners.data === undefined || sources.data === undefined ? null : (
        <OwnerRows names={names} present={present} {...(may ? { onChange: setChanging } : {})} />
      )}
      {changing === null ? null : (
        <ChangeOwners source={changing} present={present} channels={channels} onClose={() => setChanging(null)} />
      )}
    </Card>
  );
}

function OwnerRows({
  names,
  present,
  onChange,
}: {
  names: readonly string[];
  present: Owners;
  onChange?: (source: string) => void;
}) {
  const rows = [OTHERS, ...names.filter((name) => name !== OTHERS).toSorted()];
  return (
    <ul>
      {rows.map((source) => (
        <OwnerRow
          key={source}
          source={source}
          told={present[source]}
          others={present[OTHERS]}
          {...(onChange === undefined ? {} : { onChange: () => onChange(source) })}
        />
      ))}
    </ul>
  );
}

function OwnerRow({
  source,
  told,
  others,
  onChange,
}: {
  source: string;
  told: readonly string[] | undefined;
  others: readonly string[] | undefined;
  onChange?: () => void;
}) {
  const word = source === OTHERS ? "Everything else" : source;
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2 text-[13px] last:border-b-0">
      <span className="min-w-0 flex-1 basis-40 font-medium break-words">{word}</span>
      <span className="min-w-0 break-words text-soft">{writeTold(source, told, others)}</span>
      {onChange === undefined ? null : (
        <Button aria-label={`Change who is told of ${word}`} onClick={onChange}>
          Change
        </Button>
      )}
    </li>
  );
}

function writeTold(source: string, told: readonly string[] | undefined, others: readonly string[] | undefined): string {
  if (told !== undefined) return told.length === 0 ? "nobody" : told.join(", ");
  if (source === OTHERS || others === undefined) return "every channel";
  return `as everything else: ${others.length === 0 ? "nobody" : others.join(", ")}`;
}

function ChangeOwners({
  source,
  present,
  channels,
  onClose,
}: {
  source: string;
  present: Owners;
  channels: readonly AlertChannel[];
  onClose: () => void;
}) {
  const client = useQueryClient();
  const save = async (form: FormData): Promise<void> => {
    const chosen = form.getAll("channel").map(String);
    const known = new Set(channels.map(({ name }) => name));
    // What is gone meanwhile would be refused, and is told nothing anyway.
    const kept = Object.entries(present).map(([name, told]) => [name, told.filter((one) => known.has(one))] as const);
    const others = kept.filter(([name]) => name !== source);
    const next = chosen.length === 0 ? others : [...others, [source, chosen] as const];
    await api.patch("/alerts/owners", { owners: Object.fromEntries(next) });
    await client.invalidateQueries({ queryKey: [ALERTS_KEY] });
  };
  return (
    <Confirm
      open
      onClose={onClose}
      title={source === OTHERS ? "Who is told of everything else" : `Who is told of ${source}`}
      impact={
        source === OTHERS
          ? "For sources without owners and for the gateway itself. With none chosen, every channel is told."
          : "For the source, and for the destinations that its routes lead to. With none chosen, it goes as everything else does."
      }
      verb="Save"
      look="primary"
      act={save}
    >
      <fieldset className="flex flex-col gap-2 text-[13px]">
        <legend className="mb-2 text-xs font-medium text-soft">Channels</legend>
        {channels.map(({ id, name, state }) => (
          <label key={id} className="flex items-center gap-2">
            <input
              type="checkbox"
              name="channel"
              value={name}
              defaultChecked={present[source]?.includes(name) ?? false}
            />
            <span className="break-words">{name}</span>
            {state === "disabled" ? <span className="text-xs text-faint">switched off</span> : null}
          </label>
        ))}
      </fieldset>
    </Confirm>
  );
}
