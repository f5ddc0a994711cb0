import type { Destination } from "@holdfast/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/api.ts";
import { sourcesQuery } from "../api/setup.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { Exact } from "../parts/copy.tsx";
import { ChoiceField, TextField } from "../parts/field.tsx";
import { faultOf, FormFault } from "../parts/form-fault.tsx";
import { LinkButton } from "../parts/link-button.tsx";
import { Ready } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";

interface Made {
  readonly destination: Destination;
  readonly source: string;
  /** Why the route could not be made, when it could not. */
  readonly routeFault: unknown;
}

const TRAIL = [["/destinations", "Destinations"]] as const;

/** Makes a destination and, where a source is chosen, the route that leads to it. */
export function DestinationCreate() {
  const [made, setMade] = useState<Made | null>(null);
  const sources = useQuery(sourcesQuery);
  return (
    <Page
      title="Create a destination"
      trail={TRAIL}
      lead="An HTTP service of yours. Each delivery is a signed POST of the provider's own bytes, tried again until it answers 2xx."
    >
      <Ready query={sources}>
        {({ items }) => (
          <Card className="max-w-2xl">
            {made === null ? (
              <CreateForm sources={items.map(({ name }) => name)} onMade={setMade} />
            ) : (
              <MadeNote made={made} />
            )}
          </Card>
        )}
      </Ready>
    </Page>
  );
}

function CreateForm({ sources, onMade }: { sources: readonly string[]; onMade: (made: Made) => void }) {
  const client = useQueryClient();
  const [source, setSource] = useState("");
  const create = useMutation({
    mutationFn: async (form: FormData): Promise<Made> => {
      const destination = await api.destinations.create(readForm(form));
      if (source === "") return { destination, source, routeFault: null };
      try {
        await api.routes.create({ source, destination: destination.name });
        return { destination, source, routeFault: null };
      } catch (routeFault) {
        return { destination, source, routeFault };
      }
    },
    onSuccess: async (result) => {
      await client.invalidateQueries({ queryKey: ["destinations"] });
      await client.invalidateQueries({ queryKey: ["routes"] });
      onMade(result);
    },
  });
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate(new FormData(event.currentTarget));
      }}
    >
      <DestinationFields error={create.error} />
      <ChoiceField
        label="Deliver every event of"
        value={source}
        onChoose={setSource}
        choices={[["", "No source yet"], ...sources.map((name) => [name, name] as const)]}
      />
      <FormFault error={create.error} shown={["name", "url", "concurrency", "ratePerSec"]} />
      <div className="flex justify-end">
        <Button type="submit" look="primary" busy={create.isPending}>
          Create it
        </Button>
      </div>
    </form>
  );
}

function DestinationFields({ error }: { error: unknown }) {
  return (
    <>
      <TextField
        name="name"
        label="Name"
        required
        placeholder="billing"
        hint="Small letters, digits and dashes. It stays as it is."
        fault={faultOf(error, "name")}
      />
      <TextField
        name="url"
        type="url"
        label="URL"
        required
        placeholder="https://billing.example.com/webhooks"
        hint="Private addresses are out of reach unless egress.allowCidrs allows them."
        fault={faultOf(error, "url")}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          name="concurrency"
          type="number"
          min={1}
          label="Attempts at once (empty: no limit)"
          fault={faultOf(error, "concurrency")}
        />
        <TextField
          name="ratePerSec"
          type="number"
          min={0.001}
          step="any"
          label="Attempts a second (empty: no limit)"
          fault={faultOf(error, "ratePerSec")}
        />
      </div>
    </>
  );
}

function readForm(form: FormData) {
  const text = (name: string): string => String(form.get(name) ?? "").trim();
  const number = (name: "concurrency" | "ratePerSec") => (text(name) === "" ? {} : { [name]: Number(text(name)) });
  return { name: text("name"), url: text("url"), ...number("concurrency"), ...number("ratePerSec") };
}

function MadeNote({ made: { destination, source, routeFault } }: { made: Made }) {
  return (
    <div className="flex flex-col gap-4 text-[13px]">
      <p role="status" className="text-sm font-medium">
        {destination.name} takes deliveries from now on
        {source === "" || routeFault !== null ? ", as soon as a route leads to it" : `, every event of ${source}`}.
      </p>
      {destination.signingSecret === undefined ? null : (
        <div className="rounded-md border border-line bg-sunken p-3">
          <p className="mb-1 font-medium">The signing secret: give it to the service, which verifies with it</p>
          <Exact text={destination.signingSecret} label="Copy the signing secret" />
        </div>
      )}
      <FormFault error={routeFault} />
      <div className="self-end">
        <LinkButton to={`/destinations/${destination.id}`} look="primary">
          Go to it
        </LinkButton>
      </div>
    </div>
  );
}
