import { z } from "@hono/zod-openapi";
import { parsePublicId, toPublicId } from "../../domain/id.ts";
import { ROLES } from "../../domain/role.ts";
import type { ApiKeyRow } from "../../store/access/api-keys.ts";
import { listApiKeys, revokeApiKey } from "../../store/access/api-keys.ts";
import { createApiKey } from "./api-keys.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { pageOf, pageQuery, readCursor, toPage } from "./page.ts";
import { askStore, conflict, invalid, notFound } from "./refusal.ts";

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
  const made = await askStore(() => createApiKey(deps, { tenant: principal.tenant, ...body, expiresAt }));
  if (!made.ok) return made;
  const { id, key, prefix, createdAt } = made.value;
  deps.log.info({ requestId, by: principal.keyId, made: id }, "an API key was made");
  return {
    ok: true,
    value: {
      id: toPublicId("key", id),
      name: body.name,
      prefix,
      role: body.role,
      lastUsedAt: null,
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt?.toISOString() ?? null,
      revokedAt: null,
      key,
    },
  };
}

async function revoke(
  { deps, principal, requestId }: OperationContext,
  id: string,
): Promise<Handled<z.infer<typeof keySchema>>> {
  const keyId = parsePublicId("key", id);
  if (keyId === null) return notFound("API key", id);
  // Whoever revokes the key in hand could not undo it, and may have locked everybody out.
  if (keyId === principal.keyId) return conflict("This is the key of this very request; revoke it with another one.");
  const revoked = await askStore(() => deps.db.run(revokeApiKey, [principal.tenant, keyId, deps.clock.now()]));
  if (!revoked.ok) return revoked;
  const row = revoked.value.rows[0];
  if (row === undefined) return notFound("API key", id);
  deps.log.info({ requestId, by: principal.keyId, revoked: keyId }, "an API key was revoked");
  return { ok: true, value: toKey(row) };
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
    method: "delete",
    path: "/keys/{id}",
    tag,
    summary: "Revoke an API key, at once and for good",
    access: "admin",
    answer: keySchema,
    handle: (context, { id }) => revoke(context, id),
  }),
];
