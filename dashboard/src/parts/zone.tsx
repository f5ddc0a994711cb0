import type { ReactNode } from "react";
import { createContext, useContext, useEffect, useMemo, useState } from "react";

type Zone = "local" | "utc";

const ZoneContext = createContext<{ zone: Zone; choose: (zone: Zone) => void }>({ zone: "local", choose: () => {} });
const KEPT_AS = "holdfast.zone";

/** Holds the time zone that every time on the screen is written in. */
export function ZoneProvider({ children }: { children: ReactNode }) {
  const [zone, setZone] = useState<Zone>(() => (localStorage.getItem(KEPT_AS) === "utc" ? "utc" : "local"));
  const value = useMemo(() => {
    const choose = (next: Zone): void => {
      localStorage.setItem(KEPT_AS, next);
      setZone(next);
    };
    return { zone, choose };
  }, [zone]);
  return <ZoneContext value={value}>{children}</ZoneContext>;
}

export function useZone() {
  return useContext(ZoneContext);
}

/** The name of the chosen zone, as it stands beside times. */
export function zoneName(zone: Zone): string {
  return zone === "utc" ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** A moment to the millisecond, the way logs write it. */
export function writeMoment(at: Date, zone: Zone): string {
  const parts = new Intl.DateTimeFormat("sv-SE", {
    ...(zone === "utc" ? { timeZone: "UTC" } : {}),
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).format(at);
  return `${parts}.${String(at.getUTCMilliseconds()).padStart(3, "0")}`;
}

/** A time: how long ago it was, with the exact moment on hover; or the exact moment itself. */
export function Moment({ at, exact = false }: { at: string | null; exact?: boolean }) {
  const { zone } = useZone();
  const now = useNow(exact ? null : 10_000);
  if (at === null) return <span className="text-faint">never</span>;
  const date = new Date(at);
  const moment = writeMoment(date, zone);
  const label = `${moment} ${zoneName(zone)}`;
  return (
    <time dateTime={at} title={label} className="whitespace-nowrap tabular-nums">
      {exact ? moment : writeAgo(now - date.getTime())}
    </time>
  );
}

function useNow(everyMs: number | null): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (everyMs === null) return undefined;
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** A distance in time in words: `just now`, `12 s ago`, `in 5 min`. */
export function writeAgo(ms: number): string {
  if (Math.abs(ms) < 2_000) return "just now";
  // Nobody asks how many tenths of a second ago it was.
  const words = writeSpan(Math.round(Math.abs(ms) / 1_000) * 1_000);
  return ms < 0 ? `in ${words}` : `${words} ago`;
}

/** A span in its largest fitting unit: `340 ms`, `12 s`, `5 min`, `3 h`, `2 d`. */
export function writeSpan(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds)} s`;
  const minutes = seconds / 60;
  if (minutes < 60) return `${Math.round(minutes)} min`;
  const hours = minutes / 60;
  if (hours < 48) return `${hours < 10 ? Math.round(hours * 10) / 10 : Math.round(hours)} h`;
  return `${Math.round(hours / 24)} d`;
}
