import type { ReactNode } from "react";
import { classNames } from "./class-names.ts";

/** A surface with a title and, at its right, what can be done with it. */
export function Card({
  title,
  hint,
  actions,
  className,
  flush = false,
  children,
}: {
  title?: ReactNode;
  hint?: ReactNode;
  actions?: ReactNode;
  className?: string;
  /** The content reaches the edges: lists and tables. */
  flush?: boolean;
  children: ReactNode;
}) {
  return (
    <section className={classNames("min-w-0 rounded-lg border border-line bg-raised", className)}>
      {title === undefined ? null : (
        <header className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2">
          <h2 className="text-[13px] font-semibold text-ink">{title}</h2>
          {hint === undefined ? null : <p className="text-xs text-faint">{hint}</p>}
          {actions === undefined ? null : <div className="ml-auto flex items-center gap-2">{actions}</div>}
        </header>
      )}
      <div className={flush ? "" : "p-4"}>{children}</div>
    </section>
  );
}

/** A list of facts: names at the left, values at the right, one below the other where it is narrow. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-1 gap-x-6 gap-y-2 text-[13px] sm:grid-cols-[max-content_1fr]">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-faint">{name}</dt>
          <dd className="min-w-0 break-words text-ink">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
