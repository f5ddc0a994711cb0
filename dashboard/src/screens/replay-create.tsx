import type { ReplayWish, SelectableState } from "@holdfast/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api/api.ts";
import { destinationsQuery } from "../api/overview.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { ChoiceField, TextField } from "../parts/field.tsx";
import { useFilter } from "../parts/filter-bar.tsx";
import { FilterText } from "../parts/filter-text.tsx";
import { FormFault } from "../parts/form-fault.tsx";
import { MomentField, readMoment } from "../parts/moment-field.tsx";
import { DestinationChoice, SourceChoice } from "../parts/name-choice.tsx";
import { Page } from "../parts/page.tsx";
import { SCOPE_WORDS } from "./replay-words.ts";

const SPANS = [
  ["1", "The last hour"],
  ["6", "The last 6 hours"],
  ["24", "The last 24 hours"],
  ["168", "The last 7 days"],
  ["", "Between two moments"],
] as const;

type Filter = Readonly<Record<string, string>>;

const TRAIL = [["/replays", "Replays"]] as const;

/** Chooses what a replay goes over. The scope stands in the address, so other screens can lead here with it. */
export function ReplayCreate() {
  const { filter, setFilter } = useFilter();
  const [wasLacking, setLacking] = useState(false);
  const navigate = useNavigate();
  const plan = useMutation({
    mutationFn: (wish: ReplayWish) => api.replays.plan(wish),
    onSuccess: (replay) => navigate({ to: "/replays/$id" as "/events/$id", params: { id: replay.id } }),
  });
  const of = filter["of"] === "rejections" ? "rejections" : "events";
  return (
    <Page
      title="Plan a replay"
      trail={TRAIL}
      lead="First it is counted what would happen; nothing is delivered before you have seen that and say so."
    >
      <form
        className="flex max-w-3xl flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          const asked = readFields(form, filter);
          setLacking(lacksStart(asked));
          if (!lacksStart(asked)) plan.mutate(readWish(form, asked));
        }}
      >
        <Card title="What">
          <div className="grid gap-4 sm:grid-cols-2">
            <ChoiceField
              label="Go over"
              value={of}
              onChoose={(value) => setFilter({ of: value === "events" ? "" : value })}
              choices={[
                ["events", "Recorded events"],
                ["rejections", "Rejections that were our fault"],
              ]}
            />
            <Scope of={of} />
            <When wasLacking={wasLacking} />
          </div>
        </Card>
        {of === "events" ? <States chosen={filter["states"]} /> : null}
        <Pace of={of} />
        <FormFault error={plan.error} />
        <Button type="submit" look="primary" busy={plan.isPending} className="self-end">
          Count what would happen
        </Button>
      </form>
    </Page>
  );
}

function Scope({ of }: { of: "events" | "rejections" }) {
  const { filter, setFilter } = useFilter();
  return (
    <>
      <SourceChoice className="" />
      {of === "events" ? (
        <DestinationChoice className="" />
      ) : (
        <FilterText
          name="reason"
          label="Reason"
          placeholder="signature_mismatch"
          value={filter["reason"] ?? ""}
          onTake={(reason) => setFilter({ reason })}
        />
      )}
      <FilterText
        name="type"
        label="Event types"
        placeholder="invoice.*, charge.refunded"
        hint="With commas between; * stands for anything. Empty: all."
        value={filter["type"] ?? ""}
        onTake={(type) => setFilter({ type })}
      />
    </>
  );
}

/** Between two moments that the address has or that are to be filled in, and not the last so many hours. */
function isExact({ since, until, hours }: Filter): boolean {
  return since !== undefined || until !== undefined || hours === "exact";
}

/** Without a beginning the API would go by its own, a day before the end. Ids need none: they say all. */
function lacksStart(filter: Filter): boolean {
  return isExact(filter) && filter["since"] === undefined && filter["ids"] === undefined;
}

function When({ wasLacking }: { wasLacking: boolean }) {
  const { filter, setFilter } = useFilter();
  const fault = wasLacking && lacksStart(filter) ? "From when on? Without it nothing is counted." : null;
  return (
    <>
      <ChoiceField
        label="Received"
        value={isExact(filter) ? "" : (filter["hours"] ?? "24")}
        onChoose={(hours) => setFilter({ hours: hours === "" ? "exact" : hours, since: "", until: "" })}
        choices={SPANS}
      />
      {isExact(filter) ? (
        <>
          <MomentField
            name="since"
            label="From (your time zone)"
            fault={fault}
            value={filter["since"]}
            onTake={(since) => setFilter({ hours: "exact", since })}
          />
          <MomentField
            name="until"
            label="To (your time zone; empty: now)"
            value={filter["until"]}
            onTake={(until) => setFilter({ hours: "exact", until })}
          />
        </>
      ) : null}
    </>
  );
}

function States({ chosen }: { chosen: string | undefined }) {
  const wanted = new Set((chosen ?? "dead,waiting").split(","));
  return (
    <Card title="How they stand now">
      <fieldset className="flex flex-col gap-2.5 text-[13px]">
        <legend className="sr-only">How the events stand at their destinations</legend>
        {SCOPE_WORDS.map(([state, word, hint]) => (
          <label key={state} className="flex items-start gap-2.5">
            <input
              type="checkbox"
              name="states"
              value={state}
              defaultChecked={wanted.has(state)}
              className="mt-0.5 size-4 accent-(--accent)"
            />
            <span>
              {word} <span className="text-faint">({hint})</span>
            </span>
          </label>
        ))}
      </fieldset>
    </Card>
  );
}

function Pace({ of }: { of: "events" | "rejections" }) {
  const destinations = useQuery(destinationsQuery);
  const [copyTo, setCopyTo] = useState("");
  return (
    <Card title="How" hint="live traffic of a higher priority goes first">
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          name="ratePerSec"
          type="number"
          min={0.1}
          max={10_000}
          step="any"
          defaultValue={100}
          label="At most a second"
        />
        <TextField
          name="inFlightMax"
          type="number"
          min={1}
          max={5_000}
          defaultValue={200}
          label="Unfinished at once, at most"
        />
        {of === "events" ? (
          <>
            <input type="hidden" name="copyTo" value={copyTo} />
            <ChoiceField
              label="Deliver to"
              value={copyTo}
              onChoose={setCopyTo}
              choices={[
                ["", "The events' own destinations"],
                ...(destinations.data?.items ?? []).map(({ name }) => [name, `Marked copies to ${name}`] as const),
              ]}
            />
          </>
        ) : null}
      </div>
    </Card>
  );
}

const HOUR_MS = 3_600_000;

/** The filter with what stands in the fields by now: the address follows what is typed a moment later. */
function readFields(form: FormData, filter: Filter): Filter {
  const typed = ["type", "reason", "since", "until"].flatMap((name): [string, string][] => {
    if (!form.has(name)) return [];
    const text = String(form.get(name)).trim();
    return [[name, name === "since" || name === "until" ? readMoment(text, filter[name]) : text]];
  });
  const fields = { ...filter, ...Object.fromEntries(typed), ...(form.has("since") ? { hours: "exact" } : {}) };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
}

/** The form and the filter as the API takes a wish. */
function readWish(form: FormData, filter: Filter): ReplayWish {
  const of = filter["of"] === "rejections" ? "rejections" : "events";
  const states = form.getAll("states").map(String) as SelectableState[];
  const copyTo = String(form.get("copyTo") ?? "");
  return {
    of,
    ...readSpan(filter),
    ...give("sources", splitList(filter["source"])),
    ...give("types", splitList(filter["type"])),
    ...give("ids", splitList(filter["ids"])),
    ratePerSec: Number(form.get("ratePerSec")),
    inFlightMax: Number(form.get("inFlightMax")),
    ...(of === "rejections"
      ? give("reasons", splitList(filter["reason"]))
      : {
          states,
          // Whoever asks for what is processed already wants it delivered a second time.
          again: states.includes("processed"),
          ...give("destinations", splitList(filter["destination"])),
          ...(copyTo === "" ? {} : { copyTo }),
        }),
  };
}

function splitList(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** A list under its name; nothing where it is empty, which means all. */
function give<K extends string>(name: K, values: string[]): Partial<Record<K, string[]>> {
  return values.length === 0 ? {} : ({ [name]: values } as Record<K, string[]>);
}

function readSpan(filter: Filter): Pick<ReplayWish, "since" | "until"> {
  const { since, until, hours, ids } = filter;
  if (isExact(filter)) return { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
  if (ids !== undefined) return {};
  return { since: new Date(Date.now() - Number(hours ?? 24) * HOUR_MS).toISOString() };
}
