import { z } from "@hono/zod-openapi";
import type { FieldFault } from "../../domain/field-checks.ts";
import { parsePublicId } from "../../domain/id.ts";
import { PRIORITIES, toPriorityNumber } from "../../domain/priority.ts";
import type { Priority } from "../../domain/priority.ts";
import { REPLAY_DEFAULTS, REPLAY_IDS_MAX, REPLAY_IN_FLIGHT_MAX, REPLAY_RATE_MAX } from "../../domain/replay-scope.ts";
import type { PlanWish } from "../../recovery/plan-replay.ts";
import { momentInput } from "./query-moment.ts";
import type { Refusal } from "./refusal.ts";
import { invalid } from "./refusal.ts";
import { SCOPE_STATES } from "./replay-shape.ts";
import type { TenantCatalog } from "./tenant-catalog.ts";

const names = z.array(z.string().min(1).max(140)).max(100);

/** What a plan is asked for. */
export const replayWishSchema = z.strictObject({
  of: z
    .enum(["events", "rejections"])
    .default("events")
    .openapi({ description: "rejections: arrivals that were refused, to be verified with the secrets of today" }),
  sources: names.optional().openapi({ description: "Ids or names; all when absent" }),
  types: z
    .array(z.string().min(1).max(256))
    .max(100)
    .optional()
    .openapi({ description: "Event types; * stands for any run of characters", example: ["invoice.*"] }),
  since: momentInput
    .optional()
    .openapi({ description: "Received at or after; 24 hours ago when absent, unless ids are given" }),
  until: momentInput.optional().openapi({ description: "Received before; now when absent" }),
  destinations: names.optional().openapi({ description: "Ids or names; all when absent" }),
  states: z
    .array(z.enum(SCOPE_STATES))
    .max(10)
    .optional()
    .openapi({ description: "dead and waiting when absent; missing is what no route ever sent there" }),
  reasons: z
    .array(z.string().regex(/^[a-z_]{1,64}$/))
    .max(50)
    .optional()
    .openapi({ description: "Of rejections alone", example: ["signature_mismatch"] }),
  ids: z
    .array(z.string().max(64))
    .max(REPLAY_IDS_MAX)
    .optional()
    .openapi({ description: "Ids of events or rejections" }),
  again: z.boolean().default(REPLAY_DEFAULTS.again),
  copyTo: z.string().max(140).optional().openapi({ description: "Another destination that gets marked copies" }),
  ratePerSec: z.number().min(0.1).max(REPLAY_RATE_MAX).default(REPLAY_DEFAULTS.ratePerSec),
  inFlightMax: z.number().int().min(1).max(REPLAY_IN_FLIGHT_MAX).default(REPLAY_DEFAULTS.inFlightMax),
  priority: z.enum(PRIORITIES).default("low"),
  trustRecorded: z.boolean().default(REPLAY_DEFAULTS.trustRecorded),
  by: z.string().max(64).optional().openapi({ description: "Who asks, beside the name of the key" }),
});

const DAY_MS = 86_400_000;

/** Reads a wish against the tenant's catalog: every fault at once. */
export function readWish(
  wish: z.infer<typeof replayWishSchema>,
  own: TenantCatalog,
  now: Date,
): { readonly ok: true; readonly wish: PlanWish } | Refusal {
  const faults: FieldFault[] = [];
  const sourceIds = pick(wish.sources, "sources", "source", (name) => own.findSource(name)?.id ?? null, faults);
  const find = (name: string): string | null => own.findDestination(name)?.id ?? null;
  const destinationIds = pick(wish.destinations, "destinations", "destination", find, faults);
  const copyTo = pick(wish.copyTo === undefined ? [] : [wish.copyTo], "copyTo", "destination", find, faults)[0] ?? null;
  const prefix = wish.of === "events" ? "evt" : "rej";
  const kind = wish.of === "events" ? "event" : "rejection";
  const ids = pick(wish.ids, "ids", kind, (id) => parsePublicId(prefix, id), faults);
  if (wish.of === "events" && wish.reasons !== undefined)
    faults.push({ path: "reasons", problem: "are of rejections alone" });
  if (
    wish.of === "rejections" &&
    (wish.states !== undefined || destinationIds.length > 0 || wish.again || copyTo !== null)
  )
    faults.push({
      path: "of",
      problem: "rejections have no deliveries yet: states, destinations, again and copyTo mean nothing for them",
    });
  const untilMs = wish.until === undefined ? now.getTime() + 1 : Date.parse(wish.until);
  const sinceMs = wish.since === undefined ? (ids.length > 0 ? 0 : untilMs - DAY_MS) : Date.parse(wish.since);
  if (sinceMs >= untilMs) faults.push({ path: "since", problem: "is not before until" });
  if (faults.length > 0) return invalid(...faults);
  const { again, ratePerSec, inFlightMax, trustRecorded } = wish;
  return {
    ok: true,
    wish: {
      subject: wish.of,
      scope: {
        sourceIds,
        destinationIds,
        ids,
        sinceMs: Math.max(0, sinceMs),
        untilMs,
        eventTypes: wish.types ?? [],
        standings: wish.states ?? [],
        reasons: wish.reasons ?? [],
      },
      options: {
        again,
        copyTo,
        ratePerSec,
        inFlightMax,
        trustRecorded,
        priority: toPriorityNumber(wish.priority as Priority),
      },
    },
  };
}

function pick(
  wanted: readonly string[] | undefined,
  path: string,
  kind: string,
  find: (text: string) => string | null,
  faults: FieldFault[],
): string[] {
  return (wanted ?? []).flatMap((text, i) => {
    const id = find(text);
    if (id === null) faults.push({ path: `${path}[${i}]`, problem: `there is no such ${kind}` });
    return id === null ? [] : [id];
  });
}
