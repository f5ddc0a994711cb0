import type { AuditEntry } from "@holdfast/client";
import { keepPreviousData, useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { ShieldCheck } from "lucide-react";
import { api } from "../api/api.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { Exact } from "../parts/copy.tsx";
import { FilterBar, useFilter } from "../parts/filter-bar.tsx";
import { FilterText } from "../parts/filter-text.tsx";
import { Empty, FaultPanel, Loading } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";
import { Searched } from "../parts/searched.tsx";
import { useMay } from "../parts/use-may.ts";
import { Moment } from "../parts/zone.tsx";
import { verifyAll } from "./audit-verify.ts";

/** Who changed what, and whether the account of it is whole. */
export function Audit() {
  const may = useMay("admin");
  const check = useMutation({ mutationFn: verifyAll });
  return (
    <Page
      title="Audit"
      lead="One entry for each change, sign-in and look at a secret. Each carries the hash of the one before it, so an entry that is altered or taken out is found."
      actions={
        may ? (
          <Button icon={<ShieldCheck size={13} aria-hidden />} busy={check.isPending} onClick={() => check.mutate()}>
            Verify the chain
          </Button>
        ) : undefined
      }
    >
      {check.error === null ? null : <FaultPanel error={check.error} onRetry={() => check.mutate()} />}
      {check.data === undefined ? null : <Verified found={check.data} />}
      {may ? (
        <Entries />
      ) : (
        <Card flush>
          <Empty title="This needs the role admin">The audit tells who did what; ask an admin to look.</Empty>
        </Card>
      )}
    </Page>
  );
}

function Verified({ found }: { found: Awaited<ReturnType<typeof verifyAll>> }) {
  if (found.broken !== null)
    return (
      <div role="alert" className="rounded-lg border border-bad/30 bg-bad-soft px-4 py-3 text-[13px]">
        <p className="font-medium text-bad">The chain is broken at entry {found.broken.n}</p>
        <p className="mt-0.5 text-ink">
          {found.broken.detail} The gateway&apos;s log holds the hash of each entry as it was written.
        </p>
      </div>
    );
  return (
    <div role="status" className="rounded-lg border border-good/30 bg-good-soft px-4 py-3 text-[13px]">
      <p className="font-medium text-good">{found.entries.toLocaleString("en-US")} entries, whole</p>
      {found.last === null ? null : (
        <p className="mt-0.5 flex flex-wrap items-center gap-x-1 text-ink">
          Keep this elsewhere, to hold it against the chain later:
          <Exact text={`${found.last.n}:${found.last.hash}`} label="Copy the anchor" />
        </p>
      )}
    </div>
  );
}

function Entries() {
  const { filter, setFilter, clear } = useFilter();
  const isFiltered = Object.keys(filter).length > 0;
  const list = useInfiniteQuery({
    queryKey: ["audit", filter],
    queryFn: ({ pageParam }) =>
      api.audit.page({ ...filter, limit: 50, ...(pageParam === undefined ? {} : { cursor: pageParam }) }),
    placeholderData: keepPreviousData,
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  });
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  // A page may be empty because only a part was looked at: then there is more to look through.
  const isPartSearched = list.data !== undefined && rows.length === 0 && list.hasNextPage;
  return (
    <>
      <FilterBar active={isFiltered} onClear={clear}>
        {(["actor", "action", "target"] as const).map((name) => (
          <FilterText
            key={name}
            {...FIELDS[name]}
            className="w-full sm:w-56"
            whileTyping={false}
            value={filter[name] ?? ""}
            onTake={(value) => setFilter({ [name]: value })}
          />
        ))}
      </FilterBar>
      {list.error === null ? null : <FaultPanel error={list.error} onRetry={() => void list.refetch()} />}
      {isPartSearched ? null : (
        <Card title="What was done" hint="newest first" flush>
          {list.isPending ? <Loading /> : null}
          {list.data !== undefined && rows.length === 0 ? (
            <Empty title={isFiltered ? "No entry fits this filter" : "Nothing was changed yet"} />
          ) : null}
          <ul>
            {rows.map((entry) => (
              <EntryRow key={entry.n} entry={entry} />
            ))}
          </ul>
        </Card>
      )}
      {list.hasNextPage ? (
        <Button busy={list.isFetchingNextPage} className="self-center" onClick={() => void list.fetchNextPage()}>
          Show older entries
        </Button>
      ) : null}
      <Searched searched={list.data?.pages.at(-1)?.searched} of="entries" hasMore={list.hasNextPage} />
    </>
  );
}

const FIELDS = {
  actor: { label: "Who", placeholder: "name or id" },
  action: { label: "What", placeholder: "DELETE /keys/{id}" },
  target: { label: "Of what", placeholder: "destination/billing" },
} as const;

function EntryRow({ entry }: { entry: AuditEntry }) {
  return (
    <li className="border-b border-line last:border-b-0">
      <details className="group">
        <summary className="grid cursor-pointer grid-cols-[1fr_auto] items-baseline gap-x-4 gap-y-1 px-4 py-2 text-[13px] hover:bg-sunken md:grid-cols-[60px_92px_minmax(0,1fr)_minmax(0,2fr)_minmax(0,1.5fr)]">
          <span className="order-2 text-right font-mono text-xs text-faint md:order-none md:text-left">{entry.n}</span>
          <span className="order-4 text-right text-faint md:order-none md:text-left">
            <Moment at={entry.at} />
          </span>
          <span className="order-1 truncate font-medium md:order-none">{entry.actor}</span>
          <code className="order-3 truncate font-mono text-xs md:order-none">{entry.action}</code>
          <span className="order-5 col-span-2 truncate text-soft md:order-none md:col-span-1">
            {entry.target ?? ""}
          </span>
        </summary>
        <div className="flex flex-col gap-2 border-t border-line bg-sunken px-4 py-3 text-xs">
          <p className="flex flex-wrap gap-x-3 text-soft">
            <span>
              <Moment at={entry.at} exact />
            </span>
            {entry.actorId === null ? null : <Exact text={entry.actorId} label="Copy the id" />}
          </p>
          <pre className="font-mono text-xs break-words whitespace-pre-wrap text-ink">
            {JSON.stringify(entry.detail, null, 2)}
          </pre>
          <p className="min-w-0 text-soft">
            Hash <Exact text={entry.hash} label="Copy the hash" />
          </p>
        </div>
      </details>
    </li>
  );
}
