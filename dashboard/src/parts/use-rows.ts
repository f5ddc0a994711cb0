import { useEffect, useState } from "react";

/**
 * j and k move through rows, Enter opens the one that is marked. The mark follows the row itself and not its place, so new
 * rows above do not take it away.
 */
export function useRows(ids: readonly string[], open: (id: string) => void): string | null {
  const [marked, setMarked] = useState<string | null>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.metaKey || event.ctrlKey || event.altKey || isBusy(event.target)) return;
      const at = marked === null ? -1 : ids.indexOf(marked);
      if (event.key === "j" || event.key === "k") {
        const next = ids[Math.min(ids.length - 1, Math.max(0, at + (event.key === "j" ? 1 : -1)))];
        setMarked(next ?? null);
        document.getElementById(`row-${next}`)?.scrollIntoView({ block: "nearest" });
      }
      if (event.key === "Enter" && at >= 0 && !isControl(event.target)) open(ids[at]!);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [ids, marked, open]);
  return marked;
}

function isBusy(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest("[role=dialog]") !== null;
}

// Enter on a link or a button is that one's.
function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("a, button") !== null;
}
