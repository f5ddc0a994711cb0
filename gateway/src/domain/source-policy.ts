import type { Source } from "./catalog.ts";
import type { SourceDefinition } from "./definition.ts";
import type { Fields, Place } from "./field-checks.ts";
import { nameType, readInteger, report, within } from "./field-checks.ts";
import { checkPriority, checkSelector } from "./policy-checks.ts";
import type { Priority } from "./priority.ts";
import { toPriority, toPriorityNumber } from "./priority.ts";

export const BATCH_MODES = ["event", "item"] as const;
export type BatchMode = (typeof BATCH_MODES)[number];

/** How a source's events are recorded and queued. Stored as JSON as it stands here; what is absent there has its default. */
export interface SourcePolicy {
  /** For routes that declare none. */
  readonly priority: number;
  /** The selector of the lane inside the tenant; null: the tenant is the lane. See selector.ts. */
  readonly lane: string | null;
  /** The share of each of its lanes, beside lanes of weight 1. */
  readonly laneWeight: number;
  /** How many arrivals a second it may send, all processes together; null: as many as it likes. */
  readonly ratePerSec: number | null;
  /** How many may come at once; null: as many as in a second. */
  readonly burst: number | null;
  /** What a request of several events becomes: one event, or one an item. */
  readonly batch: BatchMode;
  /** Whether genuine requests to confirm a subscription are; null: where `audience` says whose they must be. */
  readonly confirmSubscriptions: boolean | null;
}

/** The same as it is declared. */
export interface SourcePolicyDefinition {
  /** The priority of its events where the route declares none. Default: normal. */
  readonly priority?: Priority | undefined;
  /** What divides its events into lanes: `source`, `type`, `header:<name>` or `body:/<JSON pointer>`. Default: the tenant is one lane. */
  readonly lane?: string | undefined;
  /** The share of each lane, 1 to 100. Default: 1. */
  readonly laneWeight?: number | undefined;
  /** How many arrivals a second it may send, 1 to 100,000; what is over is answered 429. Default: no limit. */
  readonly ratePerSec?: number | undefined;
  /** How many may come at once. Default: as many as in a second. */
  readonly burst?: number | undefined;
  /** `item`: a request of several events becomes one event an item, at providers that send such. Default: `event`. */
  readonly batch?: BatchMode | undefined;
  /** Visit the URL of a genuine request to confirm a subscription (Amazon SNS). Default: where `audience` names the topic. */
  readonly confirmSubscriptions?: boolean | undefined;
}

export const DEFAULT_SOURCE_POLICY: SourcePolicy = {
  priority: toPriorityNumber("normal"),
  lane: null,
  laneWeight: 1,
  ratePerSec: null,
  burst: null,
  batch: "event",
  confirmSubscriptions: null,
};
export const SOURCE_POLICY_FIELD_NAMES = [
  "priority",
  "lane",
  "laneWeight",
  "ratePerSec",
  "burst",
  "batch",
  "confirmSubscriptions",
] as const;
export const RATE_PER_SEC_MAX = 100_000;
export const LANE_WEIGHT_MAX = 100;

/** Checks the fields of a declared source that say how its events are queued. Every fault goes to the place's list. */
export function checkSourcePolicy(place: Place, fields: Fields): SourcePolicyDefinition {
  const priority = checkPriority(within(place, "priority"), fields["priority"]);
  const lane = checkSelector(within(place, "lane"), fields["lane"]);
  const laneWeight = readInteger(within(place, "laneWeight"), fields["laneWeight"], 1, LANE_WEIGHT_MAX);
  const ratePerSec = readInteger(within(place, "ratePerSec"), fields["ratePerSec"], 1, RATE_PER_SEC_MAX);
  const burst = readInteger(within(place, "burst"), fields["burst"], 1, RATE_PER_SEC_MAX);
  const batch = fields["batch"] === undefined ? undefined : BATCH_MODES.find((mode) => mode === fields["batch"]);
  if (batch === undefined && fields["batch"] !== undefined)
    report(within(place, "batch"), `must be one of ${BATCH_MODES.join(", ")}`);
  const confirm = fields["confirmSubscriptions"];
  if (confirm !== undefined && typeof confirm !== "boolean")
    report(within(place, "confirmSubscriptions"), `must be true or false, not ${nameType(confirm)}`);
  if (burst !== undefined && ratePerSec === undefined)
    report(within(place, "burst"), "says nothing without ratePerSec; give both");
  return {
    ...(priority === null ? {} : { priority }),
    ...(lane === null ? {} : { lane }),
    ...(typeof laneWeight === "number" ? { laneWeight } : {}),
    ...(typeof ratePerSec === "number" ? { ratePerSec } : {}),
    ...(typeof burst === "number" ? { burst } : {}),
    ...(batch === undefined ? {} : { batch }),
    ...(typeof confirm === "boolean" ? { confirmSubscriptions: confirm } : {}),
  };
}

/**
 * Whether a genuine request to confirm a subscription is confirmed without being asked for. Anybody can make a topic at Amazon and
 * have it ask: only where the source says whose topic counts (`audience`) is a genuine request one of its owner's.
 */
export function mayConfirm({ policy, receiver }: Pick<Source, "policy" | "receiver">): boolean {
  return policy.confirmSubscriptions ?? typeof receiver["audience"] === "string";
}

/** The policy that a declaration asks for, and the declaration without it. */
export function splitSourcePolicy(definition: SourceDefinition): {
  readonly policy: SourcePolicy;
  readonly rest: Omit<SourceDefinition, keyof SourcePolicyDefinition>;
} {
  const { priority, lane, laneWeight, ratePerSec, burst, batch, confirmSubscriptions, ...rest } = definition;
  const policy = {
    priority: priority === undefined ? DEFAULT_SOURCE_POLICY.priority : toPriorityNumber(priority),
    lane: lane ?? DEFAULT_SOURCE_POLICY.lane,
    laneWeight: laneWeight ?? DEFAULT_SOURCE_POLICY.laneWeight,
    ratePerSec: ratePerSec ?? null,
    burst: burst ?? null,
    batch: batch ?? DEFAULT_SOURCE_POLICY.batch,
    confirmSubscriptions: confirmSubscriptions ?? null,
  };
  return { policy, rest };
}

/** The declaration that a policy came from. */
export function toSourcePolicyDefinition(policy: SourcePolicy): SourcePolicyDefinition {
  const { priority, lane, laneWeight, ratePerSec, burst, batch, confirmSubscriptions } = policy;
  return {
    priority: toPriority(priority),
    ...(lane === null ? {} : { lane }),
    laneWeight,
    ...(ratePerSec === null ? {} : { ratePerSec }),
    ...(burst === null ? {} : { burst }),
    batch,
    ...(confirmSubscriptions === null ? {} : { confirmSubscriptions }),
  };
}
