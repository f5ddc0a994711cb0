import type { DestinationDetail } from "@holdfast/client";
import { ApiFault } from "@holdfast/client";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/api.ts";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { TextField } from "../parts/field.tsx";
import { faultOf, FormFault } from "../parts/form-fault.tsx";
import { useRefresh } from "./destination-refresh.ts";

const LIMITS = ["concurrency", "ratePerSec", "burst", "timeoutMs"] as const;

/** How much a destination is given, to be changed. */
export function LimitsDialog({ destination, onClose }: { destination: DestinationDetail; onClose: () => void }) {
  const refresh = useRefresh();
  // The screen goes on asking; the fields stay as they were when the form was opened.
  const [begun] = useState(destination);
  const save = useMutation({
    mutationFn: (form: FormData) => saveLimits(form, begun),
    onSuccess: async () => {
      await refresh();
      onClose();
    },
  });
  const field = (name: "concurrency" | "ratePerSec" | "burst", label: string, hint: string) => (
    <TextField
      name={name}
      type="number"
      min={name === "ratePerSec" ? 0.001 : 1}
      step={name === "ratePerSec" ? "any" : 1}
      label={label}
      hint={hint}
      defaultValue={begun[name] ?? ""}
      fault={faultOf(save.error, name)}
    />
  );
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Limits of ${destination.name}`}
      lead="They hold over all processes. An empty field is no limit."
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate(new FormData(event.currentTarget));
        }}
      >
        {field("concurrency", "Attempts at once", "How many may be under way.")}
        {field("ratePerSec", "Attempts a second", "How many may begin in a second.")}
        {field("burst", "Burst", "How many may begin at once after a quiet time; with the rate alone.")}
        <TextField
          name="timeoutMs"
          type="number"
          min={100}
          label="An attempt may take, in ms"
          required
          defaultValue={begun.timeoutMs}
          fault={faultOf(save.error, "timeoutMs")}
        />
        <FormFault error={save.error} shown={LIMITS} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Leave them as they are</Button>
          <Button type="submit" look="primary" busy={save.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/**
 * Saves what is other than the form began with: the rest may have been changed by somebody else since, and stays. A field that both
 * have changed is left as it is, and named. Empty takes a limit away.
 */
async function saveLimits(form: FormData, begun: DestinationDetail): Promise<void> {
  const changes = LIMITS.flatMap((name) => {
    const text = String(form.get(name) ?? "").trim();
    const limit = text === "" ? null : Number(text);
    return limit === begun[name] ? [] : [[name, limit] as const];
  });
  if (changes.length === 0) return;
  const path = `/destinations/${begun.id}`;
  const { value: present, tag } = await api.getTagged<DestinationDetail>(path);
  const faults = changes
    .filter(([name, limit]) => present[name] !== begun[name] && present[name] !== limit)
    .map(([name]) => ({ path: name, problem: tellChanged(present[name]) }));
  if (faults.length > 0) throw new ApiFault({ ...CHANGED, faults });
  // By the tag, since it may be changed once more between that look and this.
  await api.patch(path, Object.fromEntries(changes), tag === null ? {} : { ifMatch: tag });
}

/** What the API says of it, told here with the field. */
const CHANGED = {
  type: "urn:holdfast:fault:precondition_failed",
  title: "It has been changed since you read it",
  status: 412,
  id: null,
  detail: null,
};

function tellChanged(limit: number | null): string {
  const what = limit === null ? "Somebody has taken it away" : `Somebody has set it to ${String(limit)}`;
  return `${what} since you opened this. Nothing was saved; open it again to change that.`;
}
