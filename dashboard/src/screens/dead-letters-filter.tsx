import { ChoiceField, TextField } from "../parts/field.tsx";
import { FilterBar, useFilter } from "../parts/filter-bar.tsx";
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
  const text = (name: string) => ({
    value: filter[name] ?? "",
    onChange: (event: { target: { value: string } }) => setFilter({ [name]: event.target.value }),
  });
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
      <TextField label="Event type" placeholder="invoice.*" className="w-40" data-filter="" {...text("type")} />
      <ChoiceField
        label="Last outcome"
        className="w-44"
        value={filter["outcome"] ?? ""}
        onChoose={(outcome) => setFilter({ outcome })}
        choices={OUTCOMES}
      />
      <StatusField
        key={filter["status"] ?? ""}
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

/** A status is taken when it is whole: half of one would be refused. */
function StatusField({ value, onTake }: { value: string; onTake: (status: string) => void }) {
  return (
    <TextField
      label="Status"
      inputMode="numeric"
      placeholder="500"
      className="w-20"
      maxLength={3}
      defaultValue={value}
      onChange={({ target }) => {
        if (target.value === "" || /^[1-5]\d\d$/.test(target.value)) onTake(target.value);
      }}
    />
  );
}
