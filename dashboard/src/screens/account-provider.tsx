import type { Person } from "@holdfast/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { connectWithProvider, disconnectProvider, waysQuery } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { Card, Facts } from "../parts/card.tsx";
import { TextField } from "../parts/field.tsx";
import { faultOf, FormFault } from "../parts/form-fault.tsx";

/** The connection of the own account with the OpenID provider: made and taken away, each with the password. */
export function ProviderCard({ person }: { person: Person }) {
  const provider = useQuery(waysQuery).data?.oidc ?? null;
  if (person.issuer !== null) return <Connected person={person} issuer={person.issuer} />;
  return provider === null ? null : <Unconnected name={provider.name} />;
}

function Connected({ person, issuer }: { person: Person; issuer: string }) {
  const client = useQueryClient();
  const disconnect = useMutation({
    mutationFn: disconnectProvider,
    onSuccess: () => Promise.all(["account", "session"].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  });
  return (
    <Card title="OpenID provider">
      <Facts facts={[["You come through", issuer]]} />
      {person.hasPassword ? (
        <PasswordForm
          hint="You then come in by the password alone, and your other sessions end"
          error={disconnect.error}
          busy={disconnect.isPending}
          word="Disconnect"
          onSubmit={(current) => disconnect.mutate(current)}
        />
      ) : (
        <p className="mt-3 text-[13px] text-soft">
          It is your only way in. Once an admin has given you a password, you can take this one away.
        </p>
      )}
    </Card>
  );
}

function Unconnected({ name }: { name: string }) {
  const connect = useMutation({ mutationFn: connectWithProvider });
  return (
    <Card title="OpenID provider" hint="to sign in either way">
      <PasswordForm
        hint={`You are sent to ${name} and back`}
        error={connect.error}
        busy={connect.isPending || connect.isSuccess}
        word={`Connect with ${name}`}
        onSubmit={(current) => connect.mutate(current)}
      />
    </Card>
  );
}

function PasswordForm({
  hint,
  error,
  busy,
  word,
  onSubmit,
}: {
  hint: string;
  error: unknown;
  busy: boolean;
  word: string;
  onSubmit(current: string): void;
}) {
  return (
    <form
      className="mt-3 flex max-w-sm flex-col gap-4 first:mt-0"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit(String(new FormData(event.currentTarget).get("current") ?? ""));
      }}
    >
      <TextField
        label="Your password"
        name="current"
        type="password"
        autoComplete="current-password"
        required
        hint={hint}
        fault={faultOf(error, "current")}
      />
      <FormFault error={error} shown={["current"]} />
      <Button type="submit" className="self-start" busy={busy}>
        {word}
      </Button>
    </form>
  );
}
