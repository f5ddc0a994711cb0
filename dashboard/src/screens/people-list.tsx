import type { AccessRole, Person } from "@holdfast/client";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { UserPlus } from "lucide-react";
import { useState } from "react";
import { api } from "../api/api.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { ChoiceField, TextField } from "../parts/field.tsx";
import { Empty, FaultPanel, Loading } from "../parts/outcome.tsx";
import { Badge, StateBadge } from "../parts/state-badge.tsx";
import { Moment } from "../parts/zone.tsx";
import { PASSWORD_HINT, ROLE_CHOICES } from "./role-words.ts";

const CHANGE_IMPACT = "A role counts from their next request on. A new password ends all their sessions.";
const PROVIDER_IMPACT =
  "They come through the OpenID provider: where groups give roles, the next sign-in sets the role again.";

type Asked =
  | { readonly what: "add" }
  | { readonly what: "change" | "disable" | "enable"; readonly person: Person }
  | null;

/** People who may sign in, by email address. */
export function PeopleList() {
  const [asked, setAsked] = useState<Asked>(null);
  const client = useQueryClient();
  const people = useInfiniteQuery({
    queryKey: ["people"],
    queryFn: ({ pageParam }) =>
      api.people.page({ limit: 50, ...(pageParam === undefined ? {} : { cursor: pageParam }) }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  });
  const rows = people.data?.pages.flatMap((page) => page.items) ?? [];
  const close = (): void => {
    setAsked(null);
    void client.invalidateQueries({ queryKey: ["people"] });
  };
  return (
    <Card
      title="People"
      hint="who sign in to this dashboard"
      flush
      actions={
        <Button icon={<UserPlus size={13} aria-hidden />} onClick={() => setAsked({ what: "add" })}>
          Add somebody
        </Button>
      }
    >
      {people.isPending ? <Loading rows={3} /> : null}
      {people.error === null ? null : <FaultPanel error={people.error} onRetry={() => void people.refetch()} />}
      {people.data !== undefined && rows.length === 0 ? (
        <Empty title="Nobody has an account yet" command="npx holdfast people add ada@example.com --role operator">
          Until then keys and one-time links open this dashboard.
        </Empty>
      ) : null}
      <ul>
        {rows.map((person) => (
          <PersonRow key={person.id} person={person} ask={(what) => setAsked({ what, person })} />
        ))}
      </ul>
      {people.hasNextPage ? (
        <div className="flex justify-center border-t border-line p-2">
          <Button busy={people.isFetchingNextPage} onClick={() => void people.fetchNextPage()}>
            Show more
          </Button>
        </div>
      ) : null}
      {asked?.what === "add" ? <AddPerson close={close} /> : null}
      {asked !== null && asked.what !== "add" ? <ChangePerson {...asked} close={close} /> : null}
    </Card>
  );
}

function PersonRow({ person, ask }: { person: Person; ask: (what: "change" | "disable" | "enable") => void }) {
  const isActive = person.state === "active";
  return (
    <li className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-1.5 text-[13px] last:border-b-0 lg:grid lg:grid-cols-[minmax(0,1fr)_minmax(0,1.2fr)_90px_130px_minmax(0,1.2fr)_190px]">
      <span className="min-w-0 truncate font-medium">{person.name}</span>
      <span className="min-w-0 truncate text-soft">{person.email}</span>
      <span>
        <Badge tone="calm">{person.role}</Badge>
      </span>
      <span>
        <StateBadge state={person.state} />
      </span>
      <span className="text-xs text-soft">
        {person.issuer === null ? null : `by ${person.issuer}, `}
        seen <Moment at={person.lastSeenAt} />
      </span>
      <span className="ml-auto flex items-center gap-2">
        <Button aria-label={`Change: ${person.email}`} onClick={() => ask("change")}>
          Change
        </Button>
        <Button
          look={isActive ? "danger" : "plain"}
          aria-label={`${isActive ? "Disable" : "Let in again"}: ${person.email}`}
          onClick={() => ask(isActive ? "disable" : "enable")}
        >
          {isActive ? "Disable" : "Let in again"}
        </Button>
      </span>
    </li>
  );
}

function AddPerson({ close }: { close: () => void }) {
  const [role, setRole] = useState<AccessRole>("viewer");
  return (
    <Confirm
      open
      onClose={close}
      title="Add somebody"
      impact="They sign in with the address and this password, and can change it then."
      verb="Add them"
      look="primary"
      act={(form) => {
        const name = String(form.get("name")).trim();
        return api.people.add({
          email: String(form.get("email")),
          password: String(form.get("password")),
          role,
          ...(name === "" ? {} : { name }),
        });
      }}
    >
      <TextField label="Email address" name="email" type="email" required maxLength={254} autoFocus />
      <TextField label="Name" name="name" maxLength={100} hint="Empty: the address's first part" />
      <ChoiceField label="Role" choices={ROLE_CHOICES} value={role} onChoose={(next) => setRole(next as AccessRole)} />
      <TextField
        label="Password"
        name="password"
        type="password"
        required
        autoComplete="new-password"
        hint={PASSWORD_HINT}
      />
    </Confirm>
  );
}

function ChangePerson({
  what,
  person,
  close,
}: {
  what: "change" | "disable" | "enable";
  person: Person;
  close: () => void;
}) {
  const [role, setRole] = useState<AccessRole>(person.role);
  if (what !== "change") {
    const isDisabling = what === "disable";
    return (
      <Confirm
        open
        onClose={close}
        title={isDisabling ? `Disable ${person.email}` : `Let ${person.email} in again`}
        impact={
          isDisabling
            ? "All their sessions end at once, and they cannot sign in any more. What they did stays in the audit."
            : `They may sign in again, as ${person.role}.`
        }
        verb={isDisabling ? "Disable them" : "Let them in"}
        look={isDisabling ? "danger" : "primary"}
        act={() => api.people.update(person.id, { state: isDisabling ? "disabled" : "active" })}
      />
    );
  }
  return (
    <Confirm
      open
      onClose={close}
      title={`Change ${person.email}`}
      impact={person.issuer === null ? CHANGE_IMPACT : `${CHANGE_IMPACT} ${PROVIDER_IMPACT}`}
      verb="Change"
      look="primary"
      act={async (form) => {
        const name = String(form.get("name")).trim();
        const password = String(form.get("password"));
        // What was not touched here may have been changed by somebody else since.
        const changes = {
          ...(name === person.name ? {} : { name }),
          ...(role === person.role ? {} : { role }),
          ...(password === "" ? {} : { password }),
        };
        if (Object.keys(changes).length > 0) await api.people.update(person.id, changes);
      }}
    >
      <TextField label="Name" name="name" required maxLength={100} defaultValue={person.name} />
      <ChoiceField label="Role" choices={ROLE_CHOICES} value={role} onChoose={(next) => setRole(next as AccessRole)} />
      <TextField
        label="New password"
        name="password"
        type="password"
        autoComplete="new-password"
        hint={`${PASSWORD_HINT}. Empty: it stays`}
      />
    </Confirm>
  );
}
