import { ChoiceField } from "../parts/field.tsx";
import { FilterBar, useFilter } from "../parts/filter-bar.tsx";
import { FilterText } from "../parts/filter-text.tsx";
import { DestinationChoice, SourceChoice } from "../parts/name-choice.tsx";
import { SpanField } from "../parts/span-field.tsx";
import { Button } from "../parts/button.tsx";

const OUTCOMES = [
  ["", "Every outcome"],
  ["transient", "Failed"],
  ["throttled", "Too slow or busy"],
  ["refused", "Refused"],
  ["gone", "Gone"],
] as const;

/** What dead letters are chosen by. */
export function DeadLetterFilter() {
  const { filter, setFilter, clear } = useFilter();
  return (
    <FilterBar active={Object.keys(filter).length > 0} onClear={clear}>
      <ChoiceField
        label="Show"
        className="w-32"
        value={filter["dismissed"] ?? ""}
        onChoose={(dismissed) => setFilter({ dismissed })}
        choices={[
          ["", "Open"],
          ["true", "Dismissed"],
        ]}
      />
      <DestinationChoice />
      <SourceChoice />
      <FilterText
        label="Event type"
        placeholder="invoice.*"
        className="w-40"
        data-filter=""
        value={filter["type"] ?? ""}
        onTake={(type) => setFilter({ type })}
      />
      <ChoiceField
        label="Last outcome"
        className="w-44"
        value={filter["outcome"] ?? ""}
        onChoose={(outcome) => setFilter({ outcome })}
        choices={OUTCOMES}
      />
      <FilterText
        label="Status"
        inputMode="numeric"
        placeholder="500"
        className="w-20"
        maxLength={3}
        judge={judgeStatus}
        value={filter["status"] ?? ""}
        onTake={(status) => setFilter({ status })}
      />
      <SpanField filter={filter} setFilter={setFilter} />
      {filter["group"] === undefined ? null : (
        <Button onClick={() => setFilter({ group: "" })}>One cause: show every cause</Button>
      )}
    </FilterBar>
  );
}

// Half of one would be refused by the API.
function judgeStatus(text: string): string | null {
  return text === "" || /^[1-5]\d\d$/.test(text) ? null : "From 100 to 599";
}
