import { Info } from "lucide-react";

/** How far a bounded search looked, said honestly; nothing where it looked at everything there is. */
export function Searched({
  searched,
  of,
  hasMore = false,
}: {
  searched: { readonly newest: number | null; readonly complete: boolean } | null | undefined;
  /** What was searched, in the plural: `events`. */
  of: string;
  /** Whether there is a button that goes on. */
  hasMore?: boolean;
}) {
  if (searched === null || searched === undefined) return null;
  const count = searched.newest === null ? `all ${of}` : `the newest ${searched.newest.toLocaleString("en-US")} ${of}`;
  return (
    <p role="status" className="flex items-center gap-1.5 text-xs text-faint">
      <Info size={13} aria-hidden className="shrink-0" />
      {searched.complete
        ? `Searched ${searched.newest === null ? count : `all ${searched.newest.toLocaleString("en-US")} ${of}`}.`
        : `Searched ${count}; older ones were not looked at${hasMore ? " yet" : ""}.`}
    </p>
  );
}
