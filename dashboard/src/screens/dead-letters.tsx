import type { DeadFilter } from "@holdfast/client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { CircleCheck, RotateCw } from "lucide-react";
import { useState } from "react";
import { api } from "../api/api.ts";
import { mayAct, sessionQuery } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { useFilter } from "../parts/filter-bar.tsx";
import { Empty, FaultPanel, Loading } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";
import { Searched } from "../parts/searched.tsx";
import { toApiFilter } from "../parts/span-field.tsx";
import { useFilteredPages } from "../parts/use-filtered-pages.ts";
import { DeadLetterExport } from "./dead-letters-export.tsx";
import { DeadLetterFilter } from "./dead-letters-filter.tsx";
import { DeadGroups } from "./dead-letters-groups.tsx";
import { type Asked, HandleDialog } from "./dead-letters-handle.tsx";
import { Handlings } from "./dead-letters-handlings.tsx";
import { DeadLetterRows } from "./dead-letters-rows.tsx";

/** What was given up on: by cause with the next step, one by one, and what was done with them. */
export function DeadLetters() {
  const { filter } = useFilter();
  const isDismissed = filter["dismissed"] === "true";
  const groups = useQuery({
    queryKey: ["dead-letters", "groups", filter],
    placeholderData: keepPreviousData,
    queryFn: () => api.deadLetters.groups(readDeadQuery(toApiFilter(filter))),
    refetchInterval: 10_000,
  });
  const { list, rows, searched } = useFilteredPages({
    key: ["dead-letters", "list"],
    filter,
    fetchPage: (query) => api.deadLetters.page(readDeadQuery(query)),
  });
  // Asked here and not by the group, which goes when what it stood for is done, and would take the answer with it.
  const [asked, setAsked] = useState<Asked | null>(null);
  const failed = groups.error ?? list.error;
  // A page may be empty because only a part was looked at: then there is more to look through.
  const isEmpty = list.data !== undefined && rows.length === 0 && !list.hasNextPage;
  return (
    <Page
      title="Dead letters"
      lead="Deliveries that were given up, by their cause. Nothing is lost: each is kept with its event until somebody retries or dismisses it."
      actions={list.data === undefined || isEmpty ? undefined : <Actions filter={filter} onAsk={setAsked} />}
    >
      <DeadLetterFilter />
      {failed === null ? null : (
        <FaultPanel error={failed} onRetry={() => void Promise.all([groups.refetch(), list.refetch()])} />
      )}
      {groups.isPending || list.isPending ? <Loading /> : null}
      {isEmpty ? <NothingDead filter={filter} /> : null}
      {(groups.data?.items.length ?? 0) > 0 ? (
        <DeadGroups
          groups={groups.data!}
          onAsk={isDismissed ? null : (kind, group) => setAsked({ kind, filter: { ...readChosen(filter), group } })}
        />
      ) : null}
      {rows.length > 0 ? <DeadLetterRows rows={rows} /> : null}
      {list.hasNextPage ? (
        <Button busy={list.isFetchingNextPage} className="self-center" onClick={() => void list.fetchNextPage()}>
          Show older dead letters
        </Button>
      ) : null}
      {isEmpty ? null : (
        <Searched
          searched={searched ?? groups.data?.searched}
          of="dead letters"
          hasMore={searched !== null && list.hasNextPage}
        />
      )}
      <Handlings />
      {asked === null ? null : <HandleDialog {...asked} onClose={() => setAsked(null)} />}
    </Page>
  );
}

/** The filter of the address as this list takes it. */
function readDeadQuery(query: Readonly<Record<string, string>>): DeadFilter & { dismissed?: boolean } {
  const { dismissed, status, ...rest } = query;
  return {
    ...rest,
    ...(status === undefined ? {} : { status: Number(status) }),
    ...(dismissed === "true" ? { dismissed: true } : {}),
  };
}

/** What the filter of the address chooses of the open ones, as an action takes it. */
function readChosen(filter: Readonly<Record<string, string>>): DeadFilter {
  const { dismissed: _, ...chosen } = readDeadQuery(toApiFilter(filter));
  return chosen;
}

function Actions({ filter, onAsk }: { filter: Readonly<Record<string, string>>; onAsk: (asked: Asked) => void }) {
  const session = useQuery(sessionQuery);
  const chosen = readChosen(filter);
  const isNarrow = Object.keys(chosen).length > 0;
  return (
    <>
      <DeadLetterExport query={readDeadQuery(toApiFilter(filter))} />
      {isNarrow && filter["dismissed"] !== "true" && mayAct(session.data, "responder") ? (
        <Button
          look="primary"
          icon={<RotateCw size={13} aria-hidden />}
          onClick={() => onAsk({ kind: "retry", filter: chosen })}
        >
          Retry all that fit
        </Button>
      ) : null}
    </>
  );
}

function NothingDead({ filter }: { filter: Readonly<Record<string, string>> }) {
  const { dismissed, ...rest } = filter;
  return (
    <Card flush>
      {Object.keys(rest).length > 0 || dismissed === "true" ? (
        <Empty title={dismissed === "true" ? "None of these is dismissed" : "No dead letter fits this filter"}>
          Take a part of the filter away.
        </Empty>
      ) : (
        <Empty
          title="No dead letters"
          icon={<CircleCheck size={18} aria-hidden />}
          command="holdfast deliveries list --state scheduled"
        >
          Every delivery was processed, or is still being tried. To see what is tried again:
        </Empty>
      )}
    </Card>
  );
}
