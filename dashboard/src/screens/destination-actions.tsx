import type { DestinationDetail } from "@holdfast/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Ban, Pause, Play, SlidersHorizontal } from "lucide-react";
import type { ReactNode } from "react";
import { useState } from "react";
import { api } from "../api/api.ts";
import { Button } from "../parts/button.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { Command, Exact } from "../parts/copy.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { TextField } from "../parts/field.tsx";
import { useMay } from "../parts/use-may.ts";
import { FormFault } from "../parts/form-fault.tsx";
import { LimitsDialog } from "./destination-limits.tsx";
import { useRefresh } from "./destination-refresh.ts";

type Shown = "pause" | "resume" | "disable" | "keep" | "limits" | "secret" | null;
const COUNTED_MAX = 200;

/** What can be done with a destination. What is dangerous tells its impact and asks again. */
export function DestinationActions({ destination }: { destination: DestinationDetail }) {
  const [shown, setShown] = useState<Shown>(null);
  if (!useMay("operator")) return null;
  const isActive = destination.state === "active";
  const close = (): void => setShown(null);
  return (
    <>
      {destination.kind === "http" ? (
        <Button look="quiet" onClick={() => setShown("secret")}>
          Signing secret
        </Button>
      ) : null}
      {destination.origin === "api" ? (
        <Button icon={<SlidersHorizontal size={13} aria-hidden />} onClick={() => setShown("limits")}>
          Limits
        </Button>
      ) : null}
      {isActive ? (
        <Button icon={<Pause size={13} aria-hidden />} onClick={() => setShown("pause")}>
          Pause
        </Button>
      ) : (
        <Button look="primary" icon={<Play size={13} aria-hidden />} onClick={() => setShown("resume")}>
          Resume
        </Button>
      )}
      {destination.origin === "api" && destination.state !== "disabled" ? (
        <Button look="danger" icon={<Ban size={13} aria-hidden />} onClick={() => setShown("disable")}>
          Disable
        </Button>
      ) : null}
      {destination.origin === "api" && isDisabledByAnswers(destination) ? (
        <Button look="danger" icon={<Ban size={13} aria-hidden />} onClick={() => setShown("keep")}>
          Keep it disabled
        </Button>
      ) : null}
      {shown === null ? null : <ActionDialog shown={shown} destination={destination} onClose={close} />}
    </>
  );
}

interface Parts {
  readonly destination: DestinationDetail;
  readonly onClose: () => void;
}

function ActionDialog({ shown, ...parts }: Parts & { shown: Exclude<Shown, null> }) {
  switch (shown) {
    case "limits":
      return <LimitsDialog {...parts} />;
    case "secret":
      return <SecretDialog {...parts} />;
    case "pause":
      return <Pausing {...parts} />;
    case "resume":
      return <Resuming {...parts} />;
    case "disable":
      return <Disabling {...parts} />;
    case "keep":
      return <Keeping {...parts} />;
  }
}

/** It was disabled for what it answered, and nobody has decided about it since: as long as that is so, it is alerted of. */
function isDisabledByAnswers({ state, stateReason, notices }: DestinationDetail): boolean {
  return state === "disabled" && notices.some(({ kind, detail }) => kind === "disabled" && detail === stateReason);
}

function Pausing({ destination: { id, name }, onClose }: Parts) {
  const refresh = useRefresh();
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Pause ${name}?`}
      impact={
        <Impact id={id} then="and what comes from now on, are held. Nothing is lost, and waiting costs no attempt." />
      }
      verb="Pause it"
      act={async (form) => {
        const stateReason = String(form.get("reason") ?? "").trim();
        await api.patch(`/destinations/${id}`, { state: "paused", ...(stateReason === "" ? {} : { stateReason }) });
        await refresh();
      }}
    >
      <TextField
        name="reason"
        label="Why"
        maxLength={200}
        placeholder="deploy"
        hint="Shown to everybody who looks here."
      />
    </Confirm>
  );
}

function Resuming({ destination: { id, name }, onClose }: Parts) {
  const refresh = useRefresh();
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Resume ${name}?`}
      impact={<Impact id={id} then="go out from now on, in their order and within its limits." />}
      verb="Resume it"
      look="primary"
      act={async () => {
        await api.destinations.update(id, { state: "active" });
        await refresh();
      }}
    />
  );
}

function Disabling({ destination: { id, name }, onClose }: Parts) {
  const refresh = useRefresh();
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Disable ${name}?`}
      impact={<Impact id={id} then="and what comes from now on, are held until it is resumed. Nothing is deleted." />}
      verb="Disable it"
      act={async () => {
        await api.destinations.disable(id);
        await refresh();
      }}
    />
  );
}

function Keeping({ destination: { id, name }, onClose }: Parts) {
  const refresh = useRefresh();
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Keep ${name} disabled?`}
      impact={<Impact id={id} then="and what comes from now on, stay held until it is resumed. Its alert ends." />}
      verb="Keep it disabled"
      act={async () => {
        await api.destinations.disable(id);
        await refresh();
      }}
    />
  );
}

/** How many deliveries an action touches. Beyond two hundred of a state it is told as at least so many. */
function Impact({ id, then }: { id: string; then: string }): ReactNode {
  const counted = useQuery({
    queryKey: ["unfinished", id],
    queryFn: async () => {
      const states = ["ready", "scheduled", "held", "leased"] as const;
      const pages = await Promise.all(
        states.map((state) => api.deliveries.page({ destination: id, state, limit: COUNTED_MAX })),
      );
      const count = pages.reduce((sum, page) => sum + page.items.length, 0);
      return { count, isAll: pages.every(({ nextCursor }) => nextCursor === null) };
    },
    staleTime: 0,
  });
  if (counted.data === undefined)
    return counted.error === null ? "Counting what waits …" : `What waits could not be counted. All of it, ${then}`;
  const { count, isAll } = counted.data;
  const what =
    count === 1
      ? "1 delivery that is not finished"
      : `${count.toLocaleString("en-US")} deliveries that are not finished`;
  return (
    <>
      <strong className="font-medium text-ink">{isAll ? what : `At least ${what}`}</strong>, {then}
    </>
  );
}

function SecretDialog({ destination: { id, name }, onClose }: Parts) {
  // No query: one of these is asked again by itself, and every look is kept in the audit.
  const secret = useMutation({ mutationFn: () => api.destinations.signingSecret(id), gcTime: 0 });
  return (
    <Dialog
      open
      onClose={onClose}
      title={`What ${name} verifies deliveries with`}
      lead="Deliveries are signed after Standard Webhooks. Every look at the secret is logged."
    >
      <div className="flex flex-col gap-3 text-[13px]">
        {secret.data === undefined ? (
          <Button className="self-start" busy={secret.isPending} onClick={() => secret.mutate()}>
            Show the secret
          </Button>
        ) : (
          <div className="rounded-md border border-line bg-sunken p-3">
            <Exact text={secret.data.signingSecret} label="Copy the secret" />
          </div>
        )}
        <FormFault error={secret.error} />
        <p className="text-soft">In the service, verify and unwrap a delivery with the client:</p>
        <Command text="npm install @holdfast/client" />
      </div>
    </Dialog>
  );
}
