import { CircleAlert, Inbox, RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { describeFault } from "../api/api.ts";
import { Button } from "./button.tsx";
import { Command, Exact } from "./copy.tsx";

/** Nothing here yet, and the next step. */
export function Empty({
  title,
  children,
  command,
  icon,
}: {
  title: string;
  children?: ReactNode;
  command?: string;
  icon?: ReactNode;
}) {
  return (
    <div className="flex flex-col items-center gap-2 px-4 py-12 text-center">
      <div className="mb-1 flex size-10 items-center justify-center rounded-full bg-sunken text-faint">
        {icon ?? <Inbox size={18} aria-hidden />}
      </div>
      <p className="text-sm font-medium text-ink">{title}</p>
      {children === undefined ? null : <div className="max-w-[60ch] text-[13px] text-soft">{children}</div>}
      {command === undefined ? null : (
        <div className="mt-2 w-full max-w-xl text-left">
          <Command text={command} />
        </div>
      )}
    </div>
  );
}

/** What went wrong, with the id that finds it in the gateway's log and the page that explains it. */
export function FaultPanel({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { title, detail, id, code } = describeFault(error);
  return (
    <div role="alert" className="flex flex-col gap-2 rounded-lg border border-bad/30 bg-bad-soft p-4 text-[13px]">
      <div className="flex items-start gap-2">
        <CircleAlert size={16} aria-hidden className="mt-px shrink-0 text-bad" />
        <div className="min-w-0">
          <p className="font-medium text-bad">{title}</p>
          {detail === null ? null : <p className="mt-0.5 break-words text-ink">{detail}</p>}
          <p className="mt-1 flex flex-wrap items-center gap-x-3 text-xs text-soft">
            <span>
              Fault <code className="font-mono">{code}</code>, explained in docs/errors.md
            </span>
            {id === null ? null : (
              <span className="inline-flex items-center gap-1">
                Request <Exact text={id} label="Copy the request id" />
              </span>
            )}
          </p>
        </div>
        {onRetry === undefined ? null : (
          <Button className="ml-auto" icon={<RotateCw size={13} aria-hidden />} onClick={onRetry}>
            Try again
          </Button>
        )}
      </div>
    </div>
  );
}

/** Rows that are on their way. Shown with a label, so that a screen reader hears more than silence. */
export function Loading({ rows = 6 }: { rows?: number }) {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col gap-px">
      {Array.from({ length: rows }, (_, i) => (
        <div key={`row-${i}`} className="flex h-10 items-center gap-4 px-4">
          <div className="h-2.5 w-24 animate-pulse rounded bg-line" />
          <div className="h-2.5 flex-1 animate-pulse rounded bg-sunken" />
          <div className="h-2.5 w-16 animate-pulse rounded bg-line" />
        </div>
      ))}
    </div>
  );
}

/** What needs an answer to be shown at all: its place while it comes, what went wrong and a way to ask again, then itself. */
export function Ready<T>({
  query,
  rows = 4,
  children,
}: {
  query: { readonly data: T | undefined; readonly error: unknown; refetch(): Promise<unknown> };
  rows?: number;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error !== null) return <FaultPanel error={query.error} onRetry={() => void query.refetch()} />;
  return <Loading rows={rows} />;
}
