import { z } from "@hono/zod-openapi";
import { parsePublicId, toPublicId } from "../../domain/id.ts";
import type { Role } from "../../domain/role.ts";
import { ROLES } from "../../domain/role.ts";
import type { ApiKeyRow } from "../../store/access/api-keys.ts";
import { endApiKey, listApiKeys, lockApiKey, revokeApiKey } from "../../store/access/api-keys.ts";
import { createApiKey } from "./api-keys.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { pageOf, pageQuery, readCursor, toPage } from "./page.ts";
import { askStore, conflict, invalid, notFound, notStored, tellStore } from "./refusal.ts";

const moment = z.iso.datetime();

const keySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    prefix: z.string(),
    role: z.enum(ROLES),
    lastUsedAt: moment.nullable().openapi({ description: "To the minute" }),
    createdAt: moment,
    expiresAt: moment.nullable(),
    revokedAt: moment.nullable(),
    successorId: z.string().nullable().openapi({ description: "The key that takes its place" }),
    key: z.string().optional().openapi({ description: "The key itself, only in the answer that created it" }),
  })
  .openapi("ApiKey", {
    example: {
      id: "key_01jdaqt3k0e0080000000000zz",
      name: "ci",
      prefix: "hfk_0a1b2c3d",
      role: "operator",
      lastUsedAt: null,
      createdAt: "2026-11-21T18:00:00.000Z",
      expiresAt: null,
      revokedAt: null,
      successorId: null,
    },
  });

const keyInput = z.strictObject({
  name: z.string().min(1).max(100),
  role: z.enum(ROLES).default("operator").openapi({
    description: "viewer looks, responder retries and replays, operator configures, admin also gives out keys",
  }),
  expiresAt: z.iso.datetime({ offset: true }).nullable().default(null),
});

function toKey(row: ApiKeyRow): z.infer<typeof keySchema> {
  return {
    id: toPublicId("key", row.id),
    name: row.name,
    prefix: row.prefix,
    role: row.role,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
    successorId: row.successor_id === null ? null : toPublicId("key", row.successor_id),
  };
}

async function listPage({ deps, principal }: OperationContext, query: { limit: number; cursor?: string | undefined }) {
  const start = readCursor(["keys"], query.cursor, 1);
  if (!start.ok) return start;
  const read = await askStore(() =>
    deps.db.run(listApiKeys, [principal.tenant, start.after?.[0] ?? null, query.limit + 1]),
  );
  if (!read.ok) return read;
  return { ok: true, value: toPage(["keys"], read.value.rows, query.limit, ({ id }) => [id], toKey) } as const;
}

async function create(
  { deps, principal, requestId }: OperationContext,
  body: z.infer<typeof keyInput>,
): Promise<Handled<z.infer<typeof keySchema>>> {
  const expiresAt = body.expiresAt === null ? null : new Date(body.expiresAt);
  if (expiresAt !== null && expiresAt <= deps.clock.now())
    return invalid({ path: "expiresAt", problem: "is in the past" });
  const made = await tellStore(() => createApiKey(deps, { tenant: principal.tenant, ...body, expiresAt }));
  if (!made.ok) return made;
  deps.log.info({ requestId, by: principal.keyId, made: made.value.id }, "an API key was made");
  return { ok: true, value: showMade(made.value, { ...body, expiresAt }) };
}

async function revoke(
  { deps, principal, requestId }: OperationContext,
  id: string,
): Promise<Handled<z.infer<typeof keySchema>>> {
  const keyId = parsePublicId("key", id);
  if (keyId === null) return notFound("API key", id);
  // Whoever revokes the key in hand could not undo it, and may have locked everybody out.
  if (keyId === principal.keyId) return conflict("This is the key of this very request; revoke it with another one.");
  const revoked = await tellStore(() => deps.db.run(revokeApiKey, [principal.tenant, keyId, deps.clock.now()]));
  if (!revoked.ok) return revoked;
  const row = revoked.value.rows[0];
  if (row === undefined) return notFound("API key", id);
  deps.log.info({ requestId, by: principal.keyId, revoked: keyId }, "an API key was revoked");
  return { ok: true, value: toKey(row) };
}

const OVERLAP_MINUTES_MAX = 30 * 24 * 60;

const rotateInput = z.strictObject({
  overlapMinutes: z
    .number()
    .int()
    .min(0)
    .max(OVERLAP_MINUTES_MAX)
    .default(24 * 60)
    .openapi({
      description: "How long the old key still counts; at most 30 days",
    }),
});

/** A new key of the same name and role, and of the same life; the old one ends after the overlap. */
async function rotate(
  { deps, principal, requestId }: OperationContext,
  id: string,
  { overlapMinutes }: z.infer<typeof rotateInput>,
): Promise<Handled<z.infer<typeof keySchema>>> {
  const keyId = parsePublicId("key", id);
  if (keyId === null) return notFound("API key", id);
  const now = deps.clock.now();
  const done = await deps.db.transaction(async (tx) => {
    const old = (await tx.run(lockApiKey, [principal.tenant, keyId])).rows[0];
    if (old === undefined) return notFound("API key", id);
    const refusal = refuseRotation(old, now);
    if (refusal !== null) return conflict(refusal);
    const lifeMs = old.expires_at === null ? null : old.expires_at.getTime() - old.created_at.getTime();
    const expiresAt = lifeMs === null ? null : new Date(now.getTime() + lifeMs);
    const { tenant, name, role } = old;
    const made = await createApiKey({ ...deps, db: tx }, { tenant, name, role, expiresAt });
    await tx.run(endApiKey, [tenant, keyId, made.id, new Date(now.getTime() + overlapMinutes * 60_000)]);
    return { ok: true, made, name, role, expiresAt } as const;
  }, ROTATE_MS);
  if (!done.ok) return notStored(done);
  if (!done.value.ok) return done.value;
  const { made, name, role, expiresAt } = done.value;
  deps.log.info({ requestId, by: principal.keyId, rotated: keyId, made: made.id }, "an API key was rotated");
  return { ok: true, value: showMade(made, { name, role, expiresAt }) };
}

const ROTATE_MS = 5_000;

function refuseRotation(old: ApiKeyRow, now: Date): string | null {
  if (old.revoked_at !== null) return "The key is revoked; make a new one.";
  if (old.expires_at !== null && old.expires_at <= now) return "The key has expired; make a new one.";
  return old.successor_id === null
    ? null
    : `The key was rotated; ${toPublicId("key", old.successor_id)} took its place.`;
}

function showMade(
  made: Awaited<ReturnType<typeof createApiKey>>,
  { name, role, expiresAt }: { readonly name: string; readonly role: Role; readonly expiresAt: Date | null },
): z.infer<typeof keySchema> {
  return {
    id: toPublicId("key", made.id),
    name,
    prefix: made.prefix,
    role,
    lastUsedAt: null,
    createdAt: made.createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    revokedAt: null,
    successorId: null,
    key: made.key,
  };
}

const tag = "Keys";

export const keyOperations = [
  operation({
    method: "get",
    path: "/keys",
    tag,
    access: "admin",
    summary: "API keys, newest first; never the keys themselves",
    query: z.strictObject(pageQuery),
    answer: pageOf(keySchema),
    handle: (context, { query }) => listPage(context, query),
  }),
  operation({
    method: "post",
    path: "/keys",
    tag,
    summary: "Make an API key; the answer shows it, this once",
    access: "admin",
    status: 201,
    body: { schema: keyInput, example: { name: "ci", role: "responder", expiresAt: "2027-01-01T00:00:00Z" } },
    answer: keySchema,
    handle: (context, { body }) => create(context, body),
  }),
  operation({
    method: "post",
    path: "/keys/{id}/rotate",
    tag,
    summary: "Make a key's successor, shown this once; the old one counts until the overlap is over",
    access: "admin",
    status: 201,
    body: { schema: rotateInput, example: { overlapMinutes: 1_440 }, optional: true },
    answer: keySchema,
    handle: (context, { id, body }) => rotate(context, id, body),
  }),
  operation({
    method: "delete",
    path: "/keys/{id}",
    tag,
    summary: "Revoke an API key, at once and for good",
    access: "admin",
    answer: keySchema,
    handle: (context, { id }) => revoke(context, id),
  }),
];
