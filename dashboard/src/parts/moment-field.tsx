import type { ComponentProps } from "react";
import { FilterText } from "./filter-text.tsx";

/** A moment of the filter: typed and shown in the browser's own zone, and kept as ISO 8601 in UTC; empty where there is none. */
export function MomentField({
  value = "",
  onTake,
  ...field
}: Omit<ComponentProps<typeof FilterText>, "value"> & { value?: string | undefined }) {
  return (
    <FilterText
      {...field}
      type="datetime-local"
      step={1}
      value={toLocalText(value)}
      onTake={(text) => onTake(readMoment(text, value))}
    />
  );
}

/**
 * The moment of such a field's text in ISO 8601; empty where it is none.
 *
 * @param known the moment that the field was given: it shows whole seconds of it, and is meant as long as it shows them
 */
export function readMoment(text: string, known = ""): string {
  if (known !== "" && toLocalText(known) === text) return known;
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? "" : at.toISOString();
}

// What a datetime-local field takes: local time without a zone.
function toLocalText(iso: string): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return "";
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
