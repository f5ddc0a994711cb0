import { ChoiceField } from "./field.tsx";
import { MomentField } from "./moment-field.tsx";

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
export function SpanField({ filter, setFilter }: { filter: Filter; setFilter: (changes: Filter) => Promise<void> }) {
  const isCustom = filter["last"] === "custom" || filter["since"] !== undefined || filter["until"] !== undefined;
  return (
    <>
      <ChoiceField
        label="When"
        className="w-40"
        choices={SPANS}
        value={isCustom ? "custom" : (filter["last"] ?? "")}
        onChoose={(last) => void setFilter({ last, since: "", until: "" })}
      />
      {isCustom ? (
        <>
          <MomentField
            label="From"
            className="w-52"
            value={filter["since"]}
            onTake={(since) => setFilter({ last: "custom", since })}
          />
          <MomentField
            label="To"
            className="w-52"
            value={filter["until"]}
            onTake={(until) => setFilter({ last: "custom", until })}
          />
        </>
      ) : null}
    </>
  );
}

/** The filter as the API takes it: `last` becomes `since`, counted from now. */
export function toApiFilter(filter: Filter): Record<string, string> {
  const { last, ...rest } = filter;
  const [, amount, unit] = /^(\d{1,3})([mhd])$/.exec(last ?? "") ?? [];
  if (amount === undefined || unit === undefined) return rest;
  return { ...rest, since: new Date(Date.now() - Number(amount) * UNIT_MS[unit]!).toISOString() };
}
