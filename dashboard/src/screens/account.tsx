import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { accountQuery, changePassword, sessionQuery } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { Card, Facts } from "../parts/card.tsx";
import { TextField } from "../parts/field.tsx";
import { faultOf, FormFault } from "../parts/form-fault.tsx";
import { Empty, FaultPanel, Loading } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";
import { Moment } from "../parts/zone.tsx";
import { ProviderCard } from "./account-provider.tsx";
import { PASSWORD_HINT } from "./role-words.ts";

/** Who is signed in, the own password, and the connection with the OpenID provider. */
export function AccountScreen() {
  const account = useQuery(accountQuery);
  const session = useQuery(sessionQuery);
  const person = account.data?.person ?? null;
  return (
    <Page title="Your account" lead="Who you are here, and how you sign in.">
      {account.isPending ? <Loading /> : null}
      {account.error === null ? null : <FaultPanel error={account.error} onRetry={() => void account.refetch()} />}
      {account.data !== undefined && person === null ? (
        <Card flush>
          <Empty
            title={`Signed in as ${session.data?.name ?? "a key"}, with the role ${session.data?.role ?? ""}`}
            icon={<KeyRound size={18} aria-hidden />}
            command="npx holdfast people add you@example.com --role operator --password-file ./first-password"
          >
            A key or a one-time link has no account, and so no password. An admin adds an account for you on the screen
            Keys and people, or by the command line:
          </Empty>
        </Card>
      ) : null}
      {person === null ? null : (
        <>
          <Card title="You">
            <Facts
              facts={[
                ["Name", person.name],
                ["Email address", person.email],
                ["Role", person.role],
                ["Account since", <Moment key="since" at={person.createdAt} />],
              ]}
            />
          </Card>
          {person.hasPassword ? <PasswordCard /> : null}
          <ProviderCard person={person} />
        </>
      )}
    </Page>
  );
}

function PasswordCard() {
  const client = useQueryClient();
  const [differs, setDiffers] = useState(false);
  const change = useMutation({
    mutationFn: ({ current, next }: { current: string; next: string }) => changePassword(current, next),
    onSuccess: () => client.invalidateQueries({ queryKey: ["session"] }),
  });
  const submit = (form: HTMLFormElement): void => {
    const given = new FormData(form);
    const text = (name: string): string => String(given.get(name) ?? "");
    setDiffers(text("next") !== text("again"));
    if (text("next") !== text("again")) return change.reset();
    change.mutate({ current: text("current"), next: text("next") }, { onSuccess: () => form.reset() });
  };
  return (
    <Card title="Password" hint="a new one ends all your other sessions at once">
      <form
        className="flex max-w-sm flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          submit(event.currentTarget);
        }}
      >
        <PasswordFields error={change.error} differs={differs} />
        <FormFault error={change.error} shown={["current", "next"]} />
        {change.isSuccess ? (
          <p role="status" className="text-[13px] text-good">
            Your password is changed. All your other sessions have ended.
          </p>
        ) : null}
        <Button look="primary" type="submit" className="self-start" busy={change.isPending}>
          Change the password
        </Button>
      </form>
    </Card>
  );
}

function PasswordFields({ error, differs }: { error: unknown; differs: boolean }) {
  return (
    <>
      <TextField
        label="Present password"
        name="current"
        type="password"
        autoComplete="current-password"
        required
        fault={faultOf(error, "current")}
      />
      <TextField
        label="New password"
        name="next"
        type="password"
        autoComplete="new-password"
        required
        hint={PASSWORD_HINT}
        fault={faultOf(error, "next")}
      />
      <TextField
        label="New password, once more"
        name="again"
        type="password"
        autoComplete="new-password"
        required
        fault={differs ? "is not the same as above" : null}
      />
    </>
  );
}
