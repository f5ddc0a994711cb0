import { Link } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import { useEffect } from "react";
import { FaultPanel, Loading } from "./outcome.tsx";

/** The lists that a screen belongs to, the outermost first: where each stands, and its name. */
export type Trail = readonly (readonly [to: string, word: string])[];

/** A screen's frame: its title, which is also the tab's, what it is for, and what can be done here. */
export function Page({
  title,
  trail = [],
  lead,
  actions,
  children,
}: {
  title: string;
  trail?: Trail;
  lead?: ReactNode;
  actions?: ReactNode;
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
      {children}
    </div>
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
