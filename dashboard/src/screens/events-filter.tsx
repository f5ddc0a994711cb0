import { useState } from "react";
import { ChoiceField, TextField } from "../parts/field.tsx";
import { FilterBar, useFilter } from "../parts/filter-bar.tsx";
import { DestinationChoice, SourceChoice } from "../parts/name-choice.tsx";
import { SpanField } from "../parts/span-field.tsx";

const STATES = [
  ["", "Every state"],
  ["ready", "Ready"],
  ["leased", "Processing"],
  ["scheduled", "Retry scheduled"],
  ["held", "Held"],
  ["processed", "Processed"],
  ["dead", "Failed permanently"],
] as const;

/** What events are chosen by; all of it stands in the address and combines. */
export function EventFilter() {
  const { filter, setFilter, clear } = useFilter();
  return (
    <FilterBar active={Object.keys(filter).length > 0} onClear={clear}>
      <TextField
        label="Any id of the provider"
        data-filter=""
        placeholder="evt_1QPp… , a GUID, pi_…"
        className="w-56"
        value={filter["providerId"] ?? ""}
        onChange={(event) => setFilter({ providerId: event.target.value })}
      />
      <TextField
        label="Event type"
        placeholder="invoice.*"
        className="w-40"
        value={filter["type"] ?? ""}
        onChange={(event) => setFilter({ type: event.target.value })}
      />
      <SourceChoice />
      <DestinationChoice />
      <ChoiceField
        label="State of a delivery"
        className="w-44"
        value={filter["state"] ?? ""}
        onChoose={(state) => setFilter({ state })}
        choices={STATES}
      />
      <SpanField filter={filter} setFilter={setFilter} />
      <BodyField key={filter["field"] ?? ""} value={filter["field"] ?? ""} onTake={(field) => setFilter({ field })} />
    </FilterBar>
  );
}

const WHOLE = /^(?:body[.:]?)?(?:\/[^=]*)=\s*\S/;

/** A place in the body and its value. Searching reads bodies, so it begins with Enter and not with every letter. */
function BodyField({ value, onTake }: { value: string; onTake: (field: string) => void }) {
  const [text, setText] = useState(value);
  const [fault, setFault] = useState<string | null>(null);
  const take = (): void => {
    const field = text.trim();
    const isWhole = field === "" || WHOLE.test(field);
    setFault(isWhole ? null : "A JSON pointer, = and the exact value: /data/object/customer = cus_123");
    if (isWhole && field !== value) onTake(field);
  };
  return (
    <TextField
      label="Field of the body (Enter searches)"
      placeholder="/data/object/customer = cus_123"
      className="w-72"
      fault={fault}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onBlur={take}
      onKeyDown={(event) => {
        if (event.key === "Enter") take();
      }}
    />
  );
}
