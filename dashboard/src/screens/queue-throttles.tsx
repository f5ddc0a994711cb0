import type { Throttle, ThrottleInput } from "@holdfast/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { api } from "../api/api.ts";
import { sourcesQuery } from "../api/setup.ts";
import { mayAct, sessionQuery } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { ChoiceField, TextField } from "../parts/field.tsx";
import { FaultPanel } from "../parts/outcome.tsx";
import { Badge } from "../parts/state-badge.tsx";
import { Moment } from "../parts/zone.tsx";

/** What an operator has slowed down, refused or exempted for a while. */
export function Throttles({ throttles }: { throttles: readonly Throttle[] }) {
  const session = useQuery(sessionQuery);
  const [asks, setAsks] = useState(false);
  const may = mayAct(session.data, "operator");
  return (
    <Card
      title="Throttles"
      hint="set by hand, and only for a while"
      flush
      actions={
        may ? (
          <Button icon={<Plus size={13} aria-hidden />} onClick={() => setAsks(true)}>
            Slow down
          </Button>
        ) : undefined
      }
    >
      {throttles.length === 0 ? (
        <p className="px-4 py-6 text-center text-[13px] text-soft">
          Nothing is slowed down by hand. Overload is met by itself, the least urgent first.
        </p>
      ) : (
        <ul>
          {throttles.map((throttle) => (
            <ThrottleRow key={throttle.id} throttle={throttle} may={may} />
          ))}
        </ul>
      )}
      {asks ? <SetThrottle onClose={() => setAsks(false)} /> : null}
    </Card>
  );
}

const ACTIONS = {
  throttle: { tone: "warn", word: "slowed down" },
  refuse: { tone: "bad", word: "refused" },
  admit: { tone: "good", word: "always admitted" },
} as const;

function nameOf({ scope, class: name, source }: Throttle): string {
  return scope === "all" ? "Everything" : scope === "class" ? `Class ${name ?? ""}` : `Source ${source ?? ""}`;
}

function ThrottleRow({ throttle, may }: { throttle: Throttle; may: boolean }) {
  const client = useQueryClient();
  const clear = useMutation({
    mutationFn: () => api.throttles.clear(throttle.id),
    onSettled: () => client.invalidateQueries({ queryKey: ["throttles"] }),
  });
  const { tone, word } = ACTIONS[throttle.action];
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2 text-[13px] last:border-b-0">
      <span className="font-medium">{nameOf(throttle)}</span>
      <Badge tone={tone}>
        {word}
        {throttle.admitPercent === null ? "" : ` to ${throttle.admitPercent} %`}
      </Badge>
      <span className="text-soft">{throttle.reason ?? ""}</span>
      <span className="ml-auto flex items-center gap-2 text-xs text-faint">
        <span>
          ends <Moment at={throttle.until} />
        </span>
        {may ? (
          <Button busy={clear.isPending} aria-label={`End: ${nameOf(throttle)}`} onClick={() => clear.mutate()}>
            End
          </Button>
        ) : null}
      </span>
      {clear.error === null ? null : <FaultPanel error={clear.error} />}
    </li>
  );
}

const FORM = { target: "class:low", action: "throttle", admitPercent: "20", minutes: "60", reason: "" };

function SetThrottle({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [form, setForm] = useState(FORM);
  const put = (changes: Partial<typeof FORM>): void => setForm({ ...form, ...changes });
  const save = useMutation({
    mutationFn: () => api.throttles.set(toInput(form)),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["throttles"] });
      onClose();
    },
  });
  const isDanger = form.action === "refuse";
  return (
    <Dialog
      open
      onClose={onClose}
      title="Slow down, refuse or exempt"
      lead="In force within half a second in every process, and over by itself. What is refused is not stored: providers send it again for hours, and reconciliation finds what they gave up on."
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <ThrottleFields form={form} put={put} />
        {save.error === null ? null : <FaultPanel error={save.error} />}
        <div className="flex items-center justify-end gap-2">
          {isDanger ? <p className="mr-auto text-[13px] text-bad">All of it will be answered 503.</p> : null}
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look={isDanger ? "danger" : "primary"} busy={save.isPending}>
            {isDanger ? "Refuse" : form.action === "admit" ? "Exempt" : "Slow down"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function ThrottleFields({ form, put }: { form: typeof FORM; put: (changes: Partial<typeof FORM>) => void }) {
  const sources = useQuery(sourcesQuery);
  const targets = [
    ...["low", "normal", "high", "critical"].map((name) => [`class:${name}`, `Class ${name}`] as const),
    ...(sources.data?.items ?? []).map(({ name }) => [`source:${name}`, `Source ${name}`] as const),
    ["all:", "Everything"] as const,
  ];
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <ChoiceField label="What" choices={targets} value={form.target} onChoose={(target) => put({ target })} />
      <ChoiceField
        label="Is to be"
        value={form.action}
        onChoose={(action) => put({ action })}
        choices={[
          ["throttle", "Slowed down (429)"],
          ["refuse", "Refused (503)"],
          ["admit", "Never refused"],
        ]}
      />
      {form.action === "throttle" ? (
        <TextField
          label="Percent that is let in"
          type="number"
          min={0}
          max={99}
          required
          value={form.admitPercent}
          onChange={({ target }) => put({ admitPercent: target.value })}
        />
      ) : null}
      <TextField
        label="For how many minutes"
        type="number"
        min={1}
        max={10_080}
        required
        value={form.minutes}
        onChange={({ target }) => put({ minutes: target.value })}
      />
      <TextField
        label="Why"
        className="sm:col-span-2"
        maxLength={200}
        placeholder="The database is being moved"
        value={form.reason}
        onChange={({ target }) => put({ reason: target.value })}
      />
    </div>
  );
}

function toInput({ target, action, admitPercent, minutes, reason }: typeof FORM): ThrottleInput {
  const at = target.indexOf(":");
  const [scope, name] = [target.slice(0, at), target.slice(at + 1)];
  return {
    ...(scope === "all" ? { all: true as const } : {}),
    ...(scope === "class" ? { class: name as NonNullable<ThrottleInput["class"]> } : {}),
    ...(scope === "source" ? { source: name } : {}),
    action: action as Throttle["action"],
    ...(action === "throttle" ? { admitPercent: Number(admitPercent) } : {}),
    minutes: Number(minutes),
    ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
  };
}
