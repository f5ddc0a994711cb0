import { useSyncExternalStore } from "react";

const KEPT_AS = "holdfast.theme";
const listeners = new Set<() => void>();

function isDark(): boolean {
  return document.documentElement.classList.contains("dark");
}

/** Whether the screen is dark, and a way to turn it; the choice is kept, and until one is made the system decides. */
export function useTheme(): { dark: boolean; toggle: () => void } {
  const dark = useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, isDark);
  return {
    dark,
    toggle: () => {
      const next = !isDark();
      document.documentElement.classList.toggle("dark", next);
      localStorage.setItem(KEPT_AS, next ? "dark" : "light");
      for (const listener of listeners) listener();
    },
  };
}
