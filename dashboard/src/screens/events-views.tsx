import { useQuery } from "@tanstack/react-query";
import { Bookmark, X } from "lucide-react";
import { useState } from "react";
import { attentionQuery } from "../api/attention.ts";
import { statusQuery } from "../api/overview.ts";
import { Button } from "../parts/button.tsx";
import { classNames } from "../parts/class-names.ts";
import { Dialog } from "../parts/dialog.tsx";
import { TextField } from "../parts/field.tsx";
import { useFilter } from "../parts/filter-bar.tsx";
import { writeCounted } from "../parts/numbers.ts";

type Filter = Readonly<Record<string, string>>;
interface View {
  readonly name: string;
  readonly filter: Filter;
}

const KEPT_AS = "holdfast.views";
const VIEWS_MAX = 30;
const EVERYTHING: View = { name: "Everything", filter: {} };
const FAILED: View = { name: "Failed permanently", filter: { state: "dead" } };
const RETRYING: View = { name: "Retrying", filter: { state: "scheduled" } };
const HELD: View = { name: "Held", filter: { state: "held" } };

/** Nothing where there is none. */
function writeSome(count = 0, countedMax = Number.POSITIVE_INFINITY): string {
  return count === 0 ? "" : writeCounted(count, countedMax);
}

/** Filters by name: those that everybody needs, and one's own, which this browser keeps. */
export function EventViews() {
  const { filter, replaceFilter } = useFilter();
  const [own, setOwn] = useState<readonly View[]>(readViews);
  const [isNaming, setNaming] = useState(false);
  const waiting = useQuery(statusQuery).data?.deliveries;
  const dead = useQuery(attentionQuery).data?.["/dead-letters"];
  const counts = new Map([
    [FAILED, writeSome(dead)],
    [RETRYING, writeSome(waiting?.depth?.["scheduled"], waiting?.counted.ofEachState)],
    [HELD, writeSome(waiting?.depth?.["held"], waiting?.counted.ofEachState)],
  ]);
  const keep = (next: readonly View[]): void => {
    setOwn(next);
    localStorage.setItem(KEPT_AS, JSON.stringify(next));
  };
  const standard = [EVERYTHING, FAILED, RETRYING, HELD];
  const isKnown = [...standard, ...own].some((view) => isSame(view.filter, filter));
  const show = (view: View): void => replaceFilter(view.filter);
  return (
    <div className="flex flex-wrap items-center gap-1.5" role="group" aria-label="Views">
      {standard.map((view) => (
        <Chip key={view.name} view={view} count={counts.get(view)} isOn={isSame(view.filter, filter)} onShow={show} />
      ))}
      {own.map((view) => (
        <Chip
          key={view.name}
          view={view}
          isOn={isSame(view.filter, filter)}
          onShow={show}
          onForget={() => keep(own.filter((one) => one !== view))}
        />
      ))}
      {isKnown || own.length >= VIEWS_MAX ? null : (
        <Button look="quiet" icon={<Bookmark size={13} aria-hidden />} onClick={() => setNaming(true)}>
          Save this view
        </Button>
      )}
      {isNaming ? (
        <NameView
          taken={[...standard, ...own].map(({ name }) => name)}
          onClose={() => setNaming(false)}
          onName={(name) => {
            keep([...own, { name, filter }]);
            setNaming(false);
          }}
        />
      ) : null}
    </div>
  );
}

function Chip({
  view,
  count = "",
  isOn,
  onShow,
  onForget,
}: {
  view: View;
  count?: string | undefined;
  isOn: boolean;
  onShow: (view: View) => void;
  onForget?: () => void;
}) {
  return (
    <span
      className={classNames(
        "inline-flex h-7 items-center rounded-full border text-[13px]",
        isOn ? "border-accent/50 bg-accent-soft text-ink" : "border-line bg-raised text-soft",
      )}
    >
      <button
        type="button"
        aria-pressed={isOn}
        onClick={() => onShow(view)}
        className="inline-flex h-full items-center gap-1.5 rounded-full px-3 hover:text-ink"
      >
        {view.name}
        {count === "" ? null : <span className="font-semibold tabular-nums">{count}</span>}
      </button>
      {onForget === undefined ? null : (
        <button
          type="button"
          aria-label={`Forget the view ${view.name}`}
          onClick={onForget}
          className="inline-flex size-7 items-center justify-center rounded-full hover:bg-sunken"
        >
          <X size={12} aria-hidden />
        </button>
      )}
    </span>
  );
}

function NameView({
  taken,
  onName,
  onClose,
}: {
  taken: readonly string[];
  onName: (name: string) => void;
  onClose: () => void;
}) {
  const [name, setName] = useState("");
  const isTaken = taken.includes(name.trim());
  return (
    <Dialog open onClose={onClose} title="Save this view" lead="This browser keeps it. To share it, send the address.">
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isTaken && name.trim() !== "") onName(name.trim());
        }}
      >
        <TextField
          label="Name"
          autoFocus
          required
          maxLength={40}
          placeholder="Failed invoices"
          value={name}
          fault={isTaken ? "There is a view of this name." : null}
          onChange={(event) => setName(event.target.value)}
        />
        <Button type="submit" look="primary" className="self-end" disabled={isTaken || name.trim() === ""}>
          Save
        </Button>
      </form>
    </Dialog>
  );
}

function isSame(a: Filter, b: Filter): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}

// What a browser keeps may be of another version, or of somebody's hand.
function readViews(): readonly View[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT_AS) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isView).slice(0, VIEWS_MAX) : [];
  } catch {
    return [];
  }
}

function isView(one: unknown): one is View {
  if (typeof one !== "object" || one === null || !("name" in one) || !("filter" in one)) return false;
  const { name, filter } = one;
  return (
    typeof name === "string" &&
    typeof filter === "object" &&
    filter !== null &&
    Object.values(filter).every((value) => typeof value === "string")
  );
}
