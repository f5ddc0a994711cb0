import type { Source } from "@holdfast/client";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useId, useState } from "react";
import type { ProviderRow, TestEvent } from "../api/setup.ts";
import { sendTestEvent } from "../api/setup.ts";
import { Button } from "../parts/button.tsx";
import { Command } from "../parts/copy.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { TextField } from "../parts/field.tsx";
import { FormFault } from "../parts/form-fault.tsx";
import { StateBadge } from "../parts/state-badge.tsx";

/** Sends a signed sample through the source, and says what became of it. */
export function TestEventDialog({
  open,
  onClose,
  source,
  provider,
}: {
  open: boolean;
  onClose: () => void;
  source: Source;
  provider: ProviderRow | undefined;
}) {
  const types = provider?.sampleTypes ?? [];
  const [eventType, setEventType] = useState(types[0] ?? "");
  const listId = useId();
  const send = useMutation({ mutationFn: () => sendTestEvent(source.id, eventType.trim()) });
  return (
    <Dialog
      open={open}
      onClose={() => {
        send.reset();
        onClose();
      }}
      title="Send a test event"
      lead="A sample is signed with this source's own secret and taken in as if the provider had posted it. It is delivered wherever routes lead."
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          send.mutate();
        }}
      >
        <TextField
          label="Event type"
          list={listId}
          value={eventType}
          placeholder="order.created"
          hint={types.length === 0 ? "There is no sample of this provider; a plain body with this type is sent." : null}
          onChange={(event) => setEventType(event.target.value)}
        />
        <datalist id={listId}>
          {types.map((type) => (
            <option key={type} value={type} />
          ))}
        </datalist>
        <FormFault error={send.error} />
        {send.data === undefined ? null : <Outcome result={send.data} />}
        <div className="flex justify-end gap-2">
          <Button type="submit" look="primary" busy={send.isPending}>
            {send.data === undefined ? "Send it" : "Send another"}
          </Button>
        </div>
      </form>
      <p className="mt-4 mb-1.5 text-xs text-faint">The same from a terminal:</p>
      <Command text={`npx holdfast send ${source.provider} ${eventType.trim()} --source ${source.name}`} />
    </Dialog>
  );
}

function Outcome({ result }: { result: TestEvent }) {
  const state = result.outcome === "recorded" ? "succeeded" : result.outcome;
  return (
    <div role="status" className="flex flex-col gap-1.5 rounded-md border border-line bg-sunken p-3 text-[13px]">
      <p className="flex flex-wrap items-center gap-2">
        <StateBadge state={state} /> {result.detail}
      </p>
      {result.eventId === null ? null : (
        <Link to="/events/$id" params={{ id: result.eventId }} className="text-accent hover:underline">
          Follow it
        </Link>
      )}
      {result.rejectionId === null ? null : (
        <Link
          to={"/rejections/$id" as "/events/$id"}
          params={{ id: result.rejectionId }}
          className="text-accent hover:underline"
        >
          See why
        </Link>
      )}
    </div>
  );
}
