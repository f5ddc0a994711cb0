import { z } from "@hono/zod-openapi";
import type { Source } from "../../domain/catalog.ts";
import type { VersionStanding, VersionUsage } from "../../domain/secret-life.ts";
import { SECRET_STATES, judgeSafety } from "../../domain/secret-life.ts";
import type { SecretVersionRow } from "../../store/views/secrets.ts";

const moment = z.iso.datetime();

export const secretSchema = z
  .object({
    version: z.string(),
    state: z.enum(SECRET_STATES),
    readable: z.boolean().openapi({ description: "Whether the key that sealed it is loaded" }),
    createdAt: moment,
    activatedAt: moment.nullable(),
    notAfter: moment.nullable().openapi({ description: "The last moment at which it verifies" }),
    retiredAt: moment.nullable(),
    uses: z.number().int().openapi({ description: "Arrivals that it verified; at most a few seconds behind" }),
    firstUsedAt: moment.nullable(),
    lastUsedAt: moment.nullable(),
    safeToRetire: z.object({ safe: z.boolean(), reason: z.string() }),
    value: z.string().optional().openapi({ description: "Only in the answer that generated it" }),
  })
  .openapi("SecretVersion", {
    example: {
      version: "v1",
      state: "retiring",
      readable: true,
      createdAt: "2026-06-01T08:00:00.000Z",
      activatedAt: "2026-06-01T08:00:00.000Z",
      notAfter: "2026-11-22T18:00:00.000Z",
      retiredAt: null,
      uses: 18_204,
      firstUsedAt: "2026-06-01T08:02:11.000Z",
      lastUsedAt: "2026-11-21T16:12:40.000Z",
      safeToRetire: { safe: true, reason: "it was last used at 2026-11-21T16:12:40.000Z, and v2 has been used since" },
    },
  });

export const secretListSchema = z
  .object({ sourceId: z.string(), source: z.string(), items: z.array(secretSchema) })
  .openapi("SecretVersions");

export type Secret = z.infer<typeof secretSchema>;

/** The rows as they are shown, each with what its use says about retiring it. */
export function toSecrets(source: Source | null, rows: readonly SecretVersionRow[], now: Date): Secret[] {
  const standings = rows.map((row): VersionStanding & VersionUsage => ({
    version: row.version,
    state: row.state,
    notAfter: row.not_after,
    lastUsedAt: row.last_used_at,
  }));
  return rows.map((row, i) => ({
    version: row.version,
    state: row.state,
    readable: source?.secrets.find(({ version }) => version === row.version)?.value !== null,
    createdAt: row.created_at.toISOString(),
    activatedAt: row.activated_at?.toISOString() ?? null,
    notAfter: row.not_after?.toISOString() ?? null,
    retiredAt: row.retired_at?.toISOString() ?? null,
    uses: row.uses,
    firstUsedAt: row.first_used_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    safeToRetire: judgeSafety(standings[i]!, standings.toSpliced(i, 1), now),
  }));
}
