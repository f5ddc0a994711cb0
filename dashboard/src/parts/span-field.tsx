import { ChoiceField, TextField } from "./field.tsx";

const SPANS = [
  ["", "Any time"],
  ["15m", "Last 15 minutes"],
  ["1h", "Last hour"],
  ["6h", "Last 6 hours"],
  ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"],
  ["custom", "From … to …"],
] as const;
const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

type Filter = Readonly<Record<string, string>>;

/** A span of time in a filter: `last=24h`, or `since` and `until` as ISO times. Shown and typed in the browser's own zone. */
export function SpanField({ filter, setFilter }: { filter: Filter; setFilter: (changes: Filter) => void }) {
  const isCustom = filter["last"] === "custom" || filter["since"] !== undefined || filter["until"] !== undefined;
  return (
    <>
      <ChoiceField
        label="When"
        className="w-40"
        choices={SPANS}
        value={isCustom ? "custom" : (filter["last"] ?? "")}
        onChoose={(last) => setFilter({ last, since: "", until: "" })}
      />
      {isCustom ? (
        <>
          <At label="From" name="since" filter={filter} setFilter={setFilter} />
          <At label="To" name="until" filter={filter} setFilter={setFilter} />
        </>
      ) : null}
    </>
  );
}

function At({
  label,
  name,
  filter,
  setFilter,
}: {
  label: string;
  name: "since" | "until";
  filter: Filter;
  setFilter: (changes: Filter) => void;
}) {
  return (
    <TextField
      label={label}
      type="datetime-local"
      step={1}
      className="w-52"
      value={toLocalInput(filter[name])}
      onChange={(event) => {
        const at = new Date(event.target.value);
        setFilter({ last: "custom", [name]: Number.isNaN(at.getTime()) ? "" : at.toISOString() });
      }}
    />
  );
}

// What a datetime-local field takes: local time without a zone.
function toLocalInput(iso: string | undefined): string {
  const at = iso === undefined ? Number.NaN : Date.parse(iso);
  if (Number.isNaN(at)) return "";
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** The filter as the API takes it: `last` becomes `since`, counted from now. */
export function toApiFilter(filter: Filter): Record<string, string> {
  const { last, ...rest } = filter;
  const [, amount, unit] = /^(\d{1,3})([mhd])$/.exec(last ?? "") ?? [];
  if (amount === undefined || unit === undefined) return rest;
  return { ...rest, since: new Date(Date.now() - Number(amount) * UNIT_MS[unit]!).toISOString() };
}
