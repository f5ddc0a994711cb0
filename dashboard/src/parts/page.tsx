import { Link } from "@tanstack/react-router";
import { ChevronRight, CloudOff } from "lucide-react";
import type { ReactNode } from "react";
import { useEffect } from "react";
import { describeFault } from "../api/api.ts";
import { FaultPanel, Loading } from "./outcome.tsx";
import { Moment } from "./zone.tsx";

/** The lists that a screen belongs to, the outermost first: where each stands, and its name. */
export type Trail = readonly (readonly [to: string, word: string])[];

/** An answer that a screen is drawn from, as `useQuery` gives it. */
interface Answer {
  readonly data: unknown;
  readonly error: unknown;
  /** In milliseconds since 1970. */
  readonly dataUpdatedAt: number;
}

/** A screen's frame: its title, which is also the tab's, what it is for, and what can be done here. */
export function Page({
  title,
  trail = [],
  lead,
  actions,
  from = [],
  children,
}: {
  title: string;
  trail?: Trail;
  lead?: ReactNode;
  actions?: ReactNode;
  /** What the screen is drawn from, where it does not say itself that it was not refreshed. */
  from?: readonly Answer[];
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Holdfast`;
  }, [title]);
  return (
    <div className="mx-auto flex w-full max-w-[1400px] flex-col gap-4 px-4 py-5 sm:px-6">
      <header className="flex flex-wrap items-end gap-x-4 gap-y-3">
        <div className="min-w-0">
          {trail.length === 0 ? null : (
            <nav aria-label="Breadcrumb" className="mb-1 flex items-center gap-1 text-xs text-faint">
              {trail.map(([to, word]) => (
                <span key={to} className="flex items-center gap-1">
                  <Link to={to as "/events"} className="hover:text-ink">
                    {word}
                  </Link>
                  <ChevronRight size={12} aria-hidden />
                </span>
              ))}
            </nav>
          )}
          <h1 className="text-xl font-semibold tracking-tight break-words">{title}</h1>
          {lead === undefined ? null : <p className="mt-1 max-w-[75ch] text-[13px] text-soft">{lead}</p>}
        </div>
        {actions === undefined ? null : <div className="ml-auto flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      <NotRefreshed from={from} />
      {children}
    </div>
  );
}

/** Old news look like new ones, so the screen says when the last answer came once asking again has failed. */
function NotRefreshed({ from }: { from: readonly Answer[] }) {
  const stale = from.filter(({ data, error }) => data !== undefined && error !== null);
  if (stale.length === 0) return null;
  const since = Math.min(...stale.map(({ dataUpdatedAt }) => dataUpdatedAt));
  return (
    <p
      role="status"
      className="flex items-start gap-2 rounded-lg border border-warn/30 bg-warn-soft px-4 py-2.5 text-[13px]"
    >
      <CloudOff size={14} aria-hidden className="mt-0.5 shrink-0 text-warn" />
      <span>
        Not refreshed since <Moment at={new Date(since).toISOString()} exact />: {describeFault(stale[0]?.error).title}
      </span>
    </p>
  );
}

/** The frame while what it is to show is not there: on its way, or the fault and a way to ask again. */
export function UnreadyPage({
  title,
  trail,
  error,
  onRetry,
}: {
  title: string;
  trail: Trail;
  error: unknown;
  onRetry: () => void;
}) {
  return (
    <Page title={title} trail={trail}>
      {error === null ? <Loading /> : <FaultPanel error={error} onRetry={onRetry} />}
    </Page>
  );
}
