import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useId, useState } from "react";
import { api } from "../api/api.ts";
import type { ProviderRow } from "../api/setup.ts";
import { providersQuery } from "../api/setup.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { TextField } from "../parts/field.tsx";
import { faultOf, FormFault } from "../parts/form-fault.tsx";
import { Ready } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";
import { TextArea } from "../parts/text-area.tsx";
import type { AskedField } from "./source-guides.ts";
import { describeField, fieldsOf, guideOf } from "./source-guides.ts";

const TRAIL = [["/sources", "Sources"]] as const;

/** Makes a source: the form asks for what the chosen provider needs, and for nothing else. */
export function SourceCreate() {
  const providers = useQuery(providersQuery);
  return (
    <Page
      title="Create a source"
      trail={TRAIL}
      lead="It gets a URL of its own. Nothing comes in before you have pasted that at the provider."
    >
      <Ready query={providers}>{({ items }) => <CreateForm providers={items} />}</Ready>
    </Page>
  );
}

function CreateForm({ providers }: { providers: readonly ProviderRow[] }) {
  const [typed, setTyped] = useState("");
  const [name, setName] = useState<string | null>(null);
  const provider = findTyped(providers, typed);
  const client = useQueryClient();
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: (form: FormData) => api.sources.create(readForm(form, provider)),
    onSuccess: async (source) => {
      await client.invalidateQueries({ queryKey: ["sources"] });
      await navigate({ to: "/sources/$id" as "/events/$id", params: { id: source.id } });
    },
  });
  return (
    <Card className="max-w-2xl">
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate(new FormData(event.currentTarget));
        }}
      >
        <ProviderField providers={providers} typed={typed} onType={setTyped} provider={provider} />
        <TextField
          name="name"
          label="Name"
          required
          value={name ?? provider?.slug ?? ""}
          onChange={(event) => setName(event.target.value)}
          hint="Small letters, digits and dashes. It stays as it is."
          fault={faultOf(create.error, "name")}
        />
        {provider === undefined ? null : <ReceiverFields provider={provider} error={create.error} />}
        <FormFault
          error={create.error}
          shown={[
            "name",
            "provider",
            ...(provider === undefined ? [] : fieldsOf(provider).map(({ name: field }) => field)),
          ]}
        />
        <div className="flex justify-end gap-2">
          <Button type="submit" look="primary" busy={create.isPending} disabled={provider === undefined}>
            Create it
          </Button>
        </div>
      </form>
    </Card>
  );
}

function findTyped(providers: readonly ProviderRow[], typed: string): ProviderRow | undefined {
  const text = typed.trim().toLowerCase();
  return providers.find(({ slug, name }) => slug === text || name.toLowerCase() === text);
}

function ProviderField({
  providers,
  typed,
  onType,
  provider,
}: {
  providers: readonly ProviderRow[];
  typed: string;
  onType: (typed: string) => void;
  provider: ProviderRow | undefined;
}) {
  const listId = useId();
  return (
    <div>
      <TextField
        label="Provider"
        list={listId}
        required
        autoComplete="off"
        placeholder="Stripe, GitHub, Shopify …"
        value={typed}
        onChange={(event) => onType(event.target.value)}
        hint={
          provider === undefined
            ? `${providers.length} are known. One of your own that signs after Standard Webhooks is standard-webhooks.`
            : provider.notes
        }
      />
      <datalist id={listId}>
        {providers.map(({ slug, name }) => (
          <option key={slug} value={slug}>
            {name}
          </option>
        ))}
      </datalist>
    </div>
  );
}

function ReceiverFields({ provider, error }: { provider: ProviderRow; error: unknown }) {
  const guide = guideOf(provider);
  return (
    <fieldset className="flex flex-col gap-4 border-t border-line pt-4">
      <legend className="sr-only">What {provider.name} is verified with</legend>
      {provider.receiverFields.length === 0 ? <p className="text-[13px] text-soft">{guide.secret}</p> : null}
      {fieldsOf(provider).map((field) => (
        <ReceiverField key={field.key} field={field} provider={provider} fault={faultOf(error, field.name)} />
      ))}
    </fieldset>
  );
}

function ReceiverField({
  field: { key, name, optional },
  provider,
  fault,
}: {
  field: AskedField;
  provider: ProviderRow;
  fault: string | null;
}) {
  if (name === "secrets")
    return (
      <TextField
        name="secrets"
        type="password"
        autoComplete="off"
        label="Secret"
        required
        hint={guideOf(provider).secret}
        fault={fault}
      />
    );
  if (name === "publicKeys")
    return (
      <TextArea
        name="publicKeys"
        label="Public key"
        required
        hint="64 hexadecimal digits, PEM text, or base64: the form is found out."
        fault={fault}
      />
    );
  const words = describeField(key);
  if (words.kind === "list")
    return <TextArea name={name} label={words.label} required hint={words.hint} fault={fault} />;
  return (
    <TextField
      name={name}
      label={words.label}
      required={!optional}
      type={words.kind === "secret" ? "password" : "text"}
      autoComplete="off"
      hint={words.hint}
      fault={fault}
    />
  );
}

/** The form as the API takes a source. */
function readForm(form: FormData, provider: ProviderRow | undefined) {
  const text = (name: string): string => String(form.get(name) ?? "").trim();
  const given = (provider === undefined ? [] : fieldsOf(provider)).filter(
    ({ name, optional }) => !optional || text(name) !== "",
  );
  const fields = given.map(({ name }): [string, unknown] => {
    if (name === "secrets") return [name, [text(name)]];
    if (name === "publicKeys") return [name, [{ format: guessFormat(text(name)), value: text(name) }]];
    if (name === "trustedRoots") return [name, splitPems(text(name))];
    if (describeField(name).kind === "list") return [name, splitLines(text(name))];
    return [name, text(name)];
  });
  return { name: text("name"), provider: provider?.slug ?? "", ...Object.fromEntries(fields) };
}

function splitLines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

function splitPems(text: string): string[] {
  return text.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [];
}

function guessFormat(key: string): string {
  if (/^[0-9a-f]{64}$/i.test(key)) return "ed25519-raw-hex";
  if (key.startsWith("-----BEGIN")) return "spki-pem";
  if (key.startsWith("{")) return "jwk";
  return /^[A-Za-z0-9+/]{43}=$/.test(key) ? "ed25519-raw-base64" : "spki-der-base64";
}
