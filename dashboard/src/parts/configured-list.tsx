import { Link, useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import type { ReactNode } from "react";
import { useCallback, useState } from "react";
import { CONFIGURED_MAX } from "../api/collect-all.ts";
import { Button } from "./button.tsx";
import { Card } from "./card.tsx";
import { classNames } from "./class-names.ts";
import { ChoiceField } from "./field.tsx";
import { FilterBar, useFilter } from "./filter-bar.tsx";
import { FilterText } from "./filter-text.tsx";
import { LinkButton } from "./link-button.tsx";
import { writeCount } from "./numbers.ts";
import { Empty, FaultPanel, Loading } from "./outcome.tsx";
import { Page } from "./page.tsx";
import { useMay } from "./use-may.ts";
import { useRows } from "./use-rows.ts";

/** What a list of configured things says of them: sources, destinations. */
export interface ConfiguredKind {
  /** Where the list stands; `new` and each one's id stand below it. */
  readonly path: "/sources" | "/destinations";
  readonly title: string;
  readonly lead: string;
  /** In the singular: `source`. */
  readonly noun: string;
  readonly filter: {
    readonly label: string;
    readonly placeholder: string;
    readonly choices: readonly (readonly [value: string, word: string])[];
  };
  /** The table's columns as a class of the grid, and what stands above them. */
  readonly columns: string;
  readonly heads: readonly string[];
  /** What to say while there is none at all. */
  readonly none: ReactNode;
}

/** Rows that stand on the page at once. */
const ROWS_AT_ONCE = 100;

interface Listed {
  readonly isPending: boolean;
  readonly error: unknown;
  readonly data: { readonly isCut: boolean } | undefined;
  refetch(): Promise<unknown>;
}

/** A list of what is configured: a filter in the address, rows that are links and walked by j and k, and the way to one more. */
export function ConfiguredList({
  kind,
  list,
  rows,
}: {
  kind: ConfiguredKind;
  list: Listed;
  rows: readonly { readonly id: string; readonly cells: ReactNode }[];
}) {
  const { path, title, lead, noun } = kind;
  const { filter } = useFilter();
  const [shownMax, setShownMax] = useState(ROWS_AT_ONCE);
  const mayChange = useMay("operator");
  return (
    <Page
      title={title}
      lead={lead}
      actions={
        mayChange ? (
          <LinkButton to={`${path}/new`} look="primary" icon={<Plus size={14} aria-hidden />}>
            Create a {noun}
          </LinkButton>
        ) : undefined
      }
    >
      <KindFilter kind={kind} />
      <Card flush>
        {list.isPending ? <Loading /> : null}
        {list.error === null ? null : <FaultPanel error={list.error} onRetry={() => void list.refetch()} />}
        {list.data !== undefined && rows.length === 0 ? (
          <None kind={kind} filtered={Object.keys(filter).length > 0} />
        ) : null}
        {rows.length > 0 ? <Rows kind={kind} rows={rows.slice(0, shownMax)} /> : null}
      </Card>
      {rows.length > shownMax ? (
        <div className="flex flex-wrap items-center justify-center gap-3">
          <p role="status" className="text-xs text-faint">
            {shownMax} of {writeCount(rows.length)} are shown.
          </p>
          <Button look="quiet" onClick={() => setShownMax(shownMax + ROWS_AT_ONCE)}>
            Show more
          </Button>
        </div>
      ) : null}
      {list.data?.isCut === true ? (
        <p role="status" className="text-xs text-faint">
          Only the first {writeCount(CONFIGURED_MAX)} are looked at here; the API lists all of them.
        </p>
      ) : null}
    </Page>
  );
}

function KindFilter({ kind }: { kind: ConfiguredKind }) {
  const { label, placeholder, choices } = kind.filter;
  const { filter, setFilter, clear } = useFilter();
  return (
    <FilterBar active={Object.keys(filter).length > 0} onClear={clear}>
      <FilterText
        label={label}
        data-filter=""
        placeholder={placeholder}
        className="w-56"
        value={filter["text"] ?? ""}
        onTake={(text) => setFilter({ text })}
      />
      <ChoiceField
        label="Show"
        className="w-44"
        value={filter["show"] ?? ""}
        onChoose={(show) => setFilter({ show })}
        choices={[["", "All"], ...choices]}
      />
    </FilterBar>
  );
}

function None({ kind, filtered }: { kind: ConfiguredKind; filtered: boolean }) {
  if (filtered) return <Empty title={`No ${kind.noun} fits this filter`}>Take a part of it away.</Empty>;
  return (
    <Empty title={`No ${kind.noun}s yet`} command="npx holdfast init">
      {kind.none}
    </Empty>
  );
}

function Rows({
  kind: { path, columns, heads },
  rows,
}: {
  kind: ConfiguredKind;
  rows: readonly { readonly id: string; readonly cells: ReactNode }[];
}) {
  const navigate = useNavigate();
  const open = useCallback((id: string) => void navigate({ to: `${path}/$id`, params: { id } }), [navigate, path]);
  const marked = useRows(
    rows.map(({ id }) => id),
    open,
  );
  return (
    <>
      <div
        aria-hidden
        className={classNames(
          "hidden gap-x-4 border-b border-line px-4 py-2 text-xs font-medium text-faint md:grid",
          columns,
        )}
      >
        {heads.map((head) => (
          <span key={head}>{head}</span>
        ))}
      </div>
      <ul>
        {rows.map(({ id, cells }) => (
          <li key={id} id={`row-${id}`} className="border-b border-line last:border-b-0">
            <Link
              to={`${path}/$id`}
              params={{ id }}
              className={classNames(
                "grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 px-4 py-2.5 text-[13px] hover:bg-sunken",
                columns,
                marked === id && "bg-accent-soft",
              )}
            >
              {cells}
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
