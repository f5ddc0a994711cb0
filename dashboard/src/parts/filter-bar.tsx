import { useNavigate, useSearch } from "@tanstack/react-router";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "./button.tsx";

/** The filter as it stands in the address: plain texts by name. Setting one to the empty text takes it away. */
export function useFilter(): {
  filter: Readonly<Record<string, string>>;
  setFilter: (changes: Readonly<Record<string, string>>) => void;
  clear: () => void;
} {
  const filter: Record<string, string> = useSearch({ strict: false });
  const navigate = useNavigate();
  const go = (search: Record<string, string>): void => {
    void navigate({ to: ".", search: search as never, replace: true });
  };
  return {
    filter,
    setFilter: (changes) => {
      const next = { ...filter, ...changes };
      go(Object.fromEntries(Object.entries(next).filter(([, value]) => value !== "")));
    },
    clear: () => go({}),
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
