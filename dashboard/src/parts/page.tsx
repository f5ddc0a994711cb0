import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import { useEffect } from "react";

/** A screen's frame: its title, which is also the tab's, what it is for, and what can be done here. */
export function Page({
  title,
  trail = [],
  lead,
  actions,
  children,
}: {
  title: string;
  trail?: readonly ReactNode[];
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
              {trail.map((step, i) => (
                <span key={`step-${i}`} className="flex items-center gap-1">
                  {step}
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
