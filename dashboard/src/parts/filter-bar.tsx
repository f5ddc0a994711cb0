import { useNavigate, useSearch } from "@tanstack/react-router";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "./button.tsx";

type Filter = Readonly<Record<string, string>>;

/**
 * The filter as it stands in the address: plain texts by name. Setting one to the empty text takes it away. Changes are put
 * over what the address has by then, so that none undoes another; they end when it stands there.
 */
export function useFilter(): {
  filter: Filter;
  setFilter: (changes: Filter) => Promise<void>;
  replaceFilter: (filter: Filter) => void;
  clear: () => void;
} {
  const filter: Record<string, string> = useSearch({ strict: false });
  const navigate = useNavigate();
  const go = (search: (present: Filter) => Filter): Promise<void> =>
    // The place on the page stays: what moves under the mouse while a field is left takes no click.
    navigate({ to: ".", search: search as never, replace: true, resetScroll: false });
  return {
    filter,
    setFilter: (changes) =>
      go((present) =>
        Object.fromEntries(Object.entries({ ...present, ...changes }).filter(([, value]) => value !== "")),
      ),
    replaceFilter: (next) => void go(() => next),
    clear: () => void go(() => ({})),
  };
}

/** The row of filter fields above a list. */
export function FilterBar({
  children,
  active,
  onClear,
}: {
  children: ReactNode;
  active: boolean;
  onClear: () => void;
}) {
  return (
    <div role="search" className="flex flex-wrap items-end gap-2">
      {children}
      {active ? (
        <Button look="quiet" icon={<X size={13} aria-hidden />} onClick={onClear}>
          Clear
        </Button>
      ) : null}
    </div>
  );
}
