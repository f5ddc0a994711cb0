import type { SecretVersionDetail, Source } from "@holdfast/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/api.ts";
import type { ProviderRow } from "../api/setup.ts";
import { Button } from "../parts/button.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { Exact } from "../parts/copy.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { TextField } from "../parts/field.tsx";
import { faultOf, FormFault } from "../parts/form-fault.tsx";
import { guideOf } from "./source-guides.ts";

/** A step of a rotation that somebody has begun. */
export type SecretStep =
  | { readonly kind: "add" }
  | { readonly kind: "promote" | "retire"; readonly version: SecretVersionDetail };

interface Parts {
  readonly source: Source;
  readonly provider: ProviderRow | undefined;
  readonly onClose: () => void;
}

/** The dialog of the step that is under way. */
export function SecretChange({ step, ...parts }: Parts & { step: SecretStep | null }) {
  if (step === null) return null;
  switch (step.kind) {
    case "add":
      return <AddSecret {...parts} />;
    case "promote":
      return <Promote version={step.version} {...parts} />;
    case "retire":
      return <Retire version={step.version} {...parts} />;
  }
}

function useRefresh(source: Source): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await client.invalidateQueries({ queryKey: ["secrets", source.id] });
    await client.invalidateQueries({ queryKey: ["source"] });
  };
}

function AddSecret({ source, provider, onClose }: Parts) {
  const refresh = useRefresh(source);
  const [made, setMade] = useState<SecretVersionDetail | null>(null);
  const add = useMutation({
    mutationFn: (input: { value?: string; generate?: boolean }) => api.secrets.add(source.id, input),
    onSuccess: async (version) => {
      setMade(version);
      await refresh();
    },
  });
  const name = provider?.name ?? source.provider;
  if (made !== null) return <Added made={made} name={name} provider={provider} onClose={onClose} />;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Add a secret"
      lead="It verifies at once, beside the present one. Nothing changes for what comes now."
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate({ value: String(new FormData(event.currentTarget).get("value") ?? "").trim() });
        }}
      >
        <TextField
          name="value"
          type="password"
          autoComplete="off"
          required
          label={`The new secret, as ${name} shows it`}
          hint={provider === undefined ? null : guideOf(provider).secret}
          fault={faultOf(add.error, "value")}
        />
        <FormFault error={add.error} shown={["value"]} />
        <div className="flex flex-wrap justify-end gap-2">
          {provider?.choosesSecret === true ? (
            <Button busy={add.isPending} onClick={() => add.mutate({ generate: true })}>
              Make one for me
            </Button>
          ) : null}
          <Button type="submit" look="primary" busy={add.isPending}>
            Add it
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Added({ made, name, provider, onClose }: Omit<Parts, "source"> & { made: SecretVersionDetail; name: string }) {
  return (
    <Dialog
      open
      onClose={onClose}
      title={`${made.version} verifies from now on`}
      lead="So does the one before: nothing is refused meanwhile."
    >
      <div className="flex flex-col gap-3 text-[13px]">
        {made.value === undefined ? null : (
          <div className="rounded-md border border-line bg-sunken p-3">
            <p className="mb-1 font-medium">The new secret, shown this once</p>
            <Exact text={made.value} label="Copy the secret" />
          </div>
        )}
        <p>
          Now give it to {name}. {provider === undefined ? "" : guideOf(provider).secret}
        </p>
        <p className="text-soft">
          As soon as something comes that it signed, the next step shows here: promote it, and retire the old one once
          nothing uses it any more.
        </p>
        <Button look="primary" className="self-end" onClick={onClose}>
          Understood
        </Button>
      </div>
    </Dialog>
  );
}

function Promote({ version, source, onClose }: Parts & { version: SecretVersionDetail }) {
  const refresh = useRefresh(source);
  const isUsed = version.lastUsedAt !== null;
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Promote ${version.version}?`}
      impact={
        isUsed
          ? "It becomes the active one. The one before goes on verifying until the overlap has passed, and is then retired by itself."
          : "Nothing has come yet that it signed. If the provider does not have it when the overlap ends, everything is refused from then on."
      }
      verb={`Promote ${version.version}`}
      look={isUsed ? "primary" : "danger"}
      act={async (form) => {
        await api.secrets.promote(source.id, version.version, { overlapHours: Number(form.get("overlapHours") ?? 24) });
        await refresh();
      }}
    >
      <TextField
        name="overlapHours"
        type="number"
        min={0}
        max={168}
        defaultValue={24}
        required
        label="Overlap in hours"
        hint="How long the one before goes on verifying: 0 to 168."
      />
    </Confirm>
  );
}

function Retire({ version, source, onClose }: Parts & { version: SecretVersionDetail }) {
  const refresh = useRefresh(source);
  const { safe, reason } = version.safeToRetire;
  return (
    <Confirm
      open
      onClose={onClose}
      title={`Retire ${version.version}?`}
      impact={
        safe
          ? `Nothing uses it: ${reason}. What it signed is rejected from now on.`
          : `It is not safe yet: ${reason}. What it signed is rejected from now on, and the provider gets 401.`
      }
      verb={safe ? `Retire ${version.version}` : `Retire ${version.version} nevertheless`}
      act={async () => {
        await api.secrets.retire(source.id, version.version, { force: !safe });
        await refresh();
      }}
    />
  );
}
