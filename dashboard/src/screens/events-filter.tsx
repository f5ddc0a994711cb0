import { ChoiceField } from "../parts/field.tsx";
import { FilterBar, useFilter } from "../parts/filter-bar.tsx";
import { FilterText } from "../parts/filter-text.tsx";
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
      <FilterText
        label="Any id of the provider"
        data-filter=""
        placeholder="evt_1QPp… , a GUID, pi_…"
        className="w-56"
        value={filter["providerId"] ?? ""}
        onTake={(providerId) => setFilter({ providerId })}
      />
      <FilterText
        label="Event type"
        placeholder="invoice.*"
        className="w-40"
        value={filter["type"] ?? ""}
        onTake={(type) => setFilter({ type })}
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
      <FilterText
        label="Field of the body (Enter searches)"
        placeholder="/data/object/customer = cus_123"
        className="w-72"
        whileTyping={false}
        judge={judgeBodyField}
        value={filter["field"] ?? ""}
        onTake={(field) => setFilter({ field })}
      />
    </FilterBar>
  );
}

const WHOLE = /^(?:body[.:]?)?(?:\/[^=]*)=\s*\S/;

// Such a search reads bodies, so it is not begun with half a wish.
function judgeBodyField(text: string): string | null {
  return text === "" || WHOLE.test(text)
    ? null
    : "A JSON pointer, = and the exact value: /data/object/customer = cus_123";
}
