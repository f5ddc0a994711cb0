import { z } from "@hono/zod-openapi";
import { PRIORITIES } from "../../domain/priority.ts";
import type { Level } from "../../domain/saturation.ts";
import { SIGNALS, treat } from "../../domain/saturation.ts";
import type { SaturationRow } from "../../store/saturation/list-saturation.ts";

const cause = z
  .object({ signal: z.enum(SIGNALS), value: z.number(), threshold: z.number() })
  .nullable()
  .openapi({ description: "Which signal is over which threshold; null at level 0" });

const level = z.number().int().min(0).max(4);
const refused = z
  .record(z.string(), z.number().int())
  .openapi({ description: "Arrivals refused since the process began, by class" });

/** How overloaded the gateway is: as its most overloaded process says. */
export const overloadSchema = z
  .object({
    level,
    cause,
    since: z.iso.datetime().nullable().openapi({
      description:
        "Null when no process that takes in has said within 30 s how it stands: none runs, or none reaches the database",
    }),
    classes: z
      .record(z.string(), z.enum(["accepted", "throttled", "shed"]))
      .openapi({ description: "What becomes of each class at this level" }),
    refused,
    processes: z.array(
      z.object({ process: z.string(), level, cause, since: z.iso.datetime(), seenAt: z.iso.datetime(), refused }),
    ),
  })
  .openapi("Overload");

export const OVERLOAD_EXAMPLE = {
  level: 2,
  cause: { signal: "queue", value: 61, threshold: 50 },
  since: "2026-11-21T18:00:00.000Z",
  classes: { critical: "accepted", high: "accepted", normal: "throttled", low: "shed" },
  refused: { critical: 0, high: 0, normal: 40, low: 210 },
  processes: [],
} as const;

/** @param rows the processes that take in, the most overloaded first */
export function toOverload(rows: readonly SaturationRow[]): z.infer<typeof overloadSchema> {
  const processes = rows.map((row) => ({
    process: row.process,
    level: row.level,
    cause: causeOf(row),
    since: row.since.toISOString(),
    seenAt: row.seen_at.toISOString(),
    refused: { ...row.refused },
  }));
  const [worst] = processes;
  const worstLevel: Level = rows[0]?.level ?? 0;
  const sum = (priority: string): number => rows.reduce((total, row) => total + (row.refused[priority] ?? 0), 0);
  return {
    level: worstLevel,
    cause: worst?.cause ?? null,
    since: worst?.since ?? null,
    classes: Object.fromEntries(PRIORITIES.map((priority) => [priority, treat(worstLevel, priority)])),
    refused: Object.fromEntries(PRIORITIES.map((priority) => [priority, sum(priority)])),
    processes,
  };
}

function causeOf({ signal, value, threshold }: SaturationRow) {
  return signal === null || value === null || threshold === null ? null : { signal, value, threshold };
}
