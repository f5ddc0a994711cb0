import type { AccessRole, ApiKey } from "@holdfast/client";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, CircleDashed, CircleX, Clock3, Plus } from "lucide-react";
import { useState } from "react";
import { api } from "../api/api.ts";
import { Button } from "../parts/button.tsx";
import { Card } from "../parts/card.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { Exact } from "../parts/copy.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { ChoiceField, TextField } from "../parts/field.tsx";
import { Empty, FaultPanel, Loading } from "../parts/outcome.tsx";
import { Badge } from "../parts/state-badge.tsx";
import { Moment } from "../parts/zone.tsx";
import { ROLE_CHOICES } from "./role-words.ts";

type Asked = { readonly what: "create" } | { readonly what: "rotate" | "revoke"; readonly key: ApiKey } | null;

/** The API keys, newest first, and what can be done with them. */
export function KeyList() {
  const [asked, setAsked] = useState<Asked>(null);
  const [made, setMade] = useState<ApiKey | null>(null);
  const client = useQueryClient();
  const keys = useInfiniteQuery({
    queryKey: ["keys"],
    queryFn: ({ pageParam }) => api.keys.page({ limit: 50, ...(pageParam === undefined ? {} : { cursor: pageParam }) }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  });
  const rows = keys.data?.pages.flatMap((page) => page.items) ?? [];
  const close = (): void => {
    setAsked(null);
    void client.invalidateQueries({ queryKey: ["keys"] });
  };
  return (
    <Card
      title="API keys"
      hint="for programs and the command line"
      flush
      actions={
        <Button icon={<Plus size={13} aria-hidden />} onClick={() => setAsked({ what: "create" })}>
          Make a key
        </Button>
      }
    >
      {keys.isPending ? <Loading rows={3} /> : null}
      {keys.error === null ? null : <FaultPanel error={keys.error} onRetry={() => void keys.refetch()} />}
      {keys.data !== undefined && rows.length === 0 ? <Empty title="There is no key yet" /> : null}
      <ul>
        {rows.map((key) => (
          <KeyRow key={key.id} item={key} ask={(what) => setAsked({ what, key })} />
        ))}
      </ul>
      {keys.hasNextPage ? (
        <div className="flex justify-center border-t border-line p-2">
          <Button busy={keys.isFetchingNextPage} onClick={() => void keys.fetchNextPage()}>
            Show older keys
          </Button>
        </div>
      ) : null}
      <KeyDialogs asked={asked} close={close} show={setMade} />
      <ShownOnce made={made} onClose={() => setMade(null)} />
    </Card>
  );
}

function standingOf({ revokedAt, expiresAt, successorId }: ApiKey): "live" | "revoked" | "expired" | "rotated" {
  if (revokedAt !== null) return "revoked";
  if (expiresAt !== null && Date.parse(expiresAt) <= Date.now()) return "expired";
  return successorId === null ? "live" : "rotated";
}

const ICON = { size: 12, strokeWidth: 2.4, "aria-hidden": true } as const;

const STANDING = {
  live: { tone: "good", word: "Counts", icon: <CircleCheck {...ICON} /> },
  rotated: { tone: "warn", word: "Being replaced", icon: <Clock3 {...ICON} /> },
  expired: { tone: "calm", word: "Expired", icon: <CircleDashed {...ICON} /> },
  revoked: { tone: "bad", word: "Revoked", icon: <CircleX {...ICON} /> },
} as const;

function KeyRow({ item, ask }: { item: ApiKey; ask: (what: "rotate" | "revoke") => void }) {
  const standing = standingOf(item);
  const { tone, word, icon } = STANDING[standing];
  return (
    <li className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-1.5 text-[13px] last:border-b-0 lg:grid lg:grid-cols-[minmax(0,1fr)_120px_90px_130px_minmax(0,1.2fr)_190px]">
      <span className="min-w-0 truncate font-medium">{item.name}</span>
      <code className="font-mono text-xs text-faint">{item.prefix}…</code>
      <span>
        <Badge tone="calm">{item.role}</Badge>
      </span>
      <span>
        <Badge tone={tone} icon={icon}>
          {word}
        </Badge>
      </span>
      <span className="text-xs text-soft">
        used <Moment at={item.lastUsedAt} />
        {item.expiresAt === null || item.revokedAt !== null ? null : (
          <>
            , {standing === "expired" ? "ended" : "ends"} <Moment at={item.expiresAt} />
          </>
        )}
      </span>
      <span className="ml-auto flex items-center justify-end gap-2">
        {standing === "live" ? (
          <Button aria-label={`Rotate: ${item.name}`} onClick={() => ask("rotate")}>
            Rotate
          </Button>
        ) : null}
        {standing === "live" || standing === "rotated" ? (
          <Button look="danger" aria-label={`Revoke: ${item.name}`} onClick={() => ask("revoke")}>
            Revoke
          </Button>
        ) : null}
      </span>
    </li>
  );
}

function KeyDialogs({ asked, close, show }: { asked: Asked; close: () => void; show: (made: ApiKey) => void }) {
  const [role, setRole] = useState<AccessRole>("responder");
  if (asked === null) return null;
  if (asked.what === "create")
    return (
      <Confirm
        open
        onClose={close}
        title="Make an API key"
        impact="It is shown once. Give it the least role that does what it is for."
        verb="Make the key"
        look="primary"
        act={async (form) =>
          show(await api.keys.create({ name: String(form.get("name")).trim(), role, ...lifeOf(form) }))
        }
      >
        <TextField label="Name" name="name" required maxLength={100} placeholder="ci" autoFocus />
        <ChoiceField
          label="Role"
          choices={ROLE_CHOICES}
          value={role}
          onChoose={(next) => setRole(next as AccessRole)}
        />
        <TextField
          label="Ends after days"
          name="days"
          type="number"
          min={1}
          max={3_650}
          hint="Empty: it does not end"
        />
      </Confirm>
    );
  const { key, what } = asked;
  if (what === "revoke")
    return (
      <Confirm
        open
        onClose={close}
        title={`Revoke ${key.name}`}
        impact="Whatever uses this key is refused from the next request on, and sessions that it opened end. This cannot be undone."
        verb="Revoke it"
        act={() => api.keys.revoke(key.id)}
      />
    );
  return (
    <Confirm
      open
      onClose={close}
      title={`Rotate ${key.name}`}
      impact="A new key of the same role is made and shown once. The old one counts until the overlap is over."
      verb="Make the successor"
      look="primary"
      act={async (form) => show(await api.keys.rotate(key.id, { overlapMinutes: Number(form.get("hours")) * 60 }))}
    >
      <TextField label="Overlap in hours" name="hours" type="number" min={0} max={720} defaultValue={24} required />
    </Confirm>
  );
}

function lifeOf(form: FormData): { expiresAt?: string } {
  const days = Number(form.get("days"));
  return days > 0 ? { expiresAt: new Date(Date.now() + days * 86_400_000).toISOString() } : {};
}

function ShownOnce({ made, onClose }: { made: ApiKey | null; onClose: () => void }) {
  return (
    <Dialog
      open={made !== null}
      onClose={onClose}
      title="Keep this key now"
      lead="It is shown this once. Only its hash is stored, so nobody can show it again."
    >
      <div className="rounded-md border border-line bg-sunken p-3 break-all">
        <Exact text={made?.key ?? ""} label="Copy the key" />
      </div>
      <div className="mt-4 flex justify-end">
        <Button look="primary" onClick={onClose}>
          I have kept it
        </Button>
      </div>
    </Dialog>
  );
}
