import type { Destination, DestinationPolicy, Origin } from "./catalog.ts";
import { DEFAULT_TIMEOUT_MS } from "./catalog.ts";
import type { PlannedAction } from "./catalog-plan.ts";
import { compareFields } from "./catalog-plan.ts";
import type { DestinationDefinition } from "./definition.ts";
import { toLimits, toLimitsDefinition } from "./destination-limits.ts";
import { DEFAULT_RETRY_POLICY } from "./retry-policy.ts";
import type { Declared } from "./source-plan.ts";

/** A destination as it shall be, and what that changes. */
export interface DestinationPlan extends Pick<Destination, "id" | "tenant" | "name" | "target" | "headers" | "policy"> {
  readonly kind: "destination";
  readonly action: PlannedAction;
  readonly fields: readonly string[];
  readonly state: Destination["state"];
  readonly stateReason: string | null;
  readonly origin: Origin;
  /** Null: none for a handler; for HTTP, the stored one stays although it cannot be read. */
  readonly signingSecret: string | null;
  /** True when the stored headers stay although they cannot be read. */
  readonly keepHeaders: boolean;
  /** What becomes of the deliveries that wait. */
  readonly waiting: "hold" | "release" | "leave";
}

/** Why a destination is out of use that nobody put out of use: its origin does not declare it any more. */
export const NOT_DECLARED = "not_declared";
/** Why a destination is disabled that somebody has disabled. */
export const DISABLED_BY_API = "disabled through the API";

/** True of one that only failed or said that it is gone, and about which nobody has decided since. */
export function isDisabledByAnswers({ state, stateReason }: Pick<Destination, "state" | "stateReason">): boolean {
  return state === "disabled" && stateReason !== DISABLED_BY_API && stateReason !== NOT_DECLARED;
}

/**
 * Plans a destination: everything as declared, the signing secret kept once it was made. A destination that somebody paused
 * stays paused; one that was put out of use because it was not declared is active again. What a file declares is not written over
 * sealed values whose key this process lacks, for others may be delivering with them; unless it declares the destination anew.
 *
 * @param newSigningSecret for an HTTP destination that has and declares none
 */
export function planDestination(
  present: Destination | null,
  definition: DestinationDefinition,
  declared: Declared & { readonly newSigningSecret: string },
): DestinationPlan {
  const returns = present !== null && present.stateReason === NOT_DECLARED;
  const known = present?.isKeyMissing === true && declared.origin !== "api" && !returns ? present : null;
  const target = toTarget(definition);
  const keepsNames = known?.headersUnreadable === true && isSame(known.headers, withoutValues(target.headers));
  const wanted = {
    target: target.target,
    headers: keepsNames ? known.headers : target.headers,
    policy: toPolicy(definition),
    state: returns ? ("active" as const) : (present?.state ?? "active"),
    stateReason: returns ? null : (present?.stateReason ?? null),
    origin: declared.origin,
    signingSecret: known?.signingSecret === null ? null : chooseSecret(present, definition, declared.newSigningSecret),
  };
  return {
    kind: "destination",
    id: present?.id ?? declared.newId,
    tenant: declared.tenant,
    name: declared.name,
    ...wanted,
    keepHeaders: present?.headersUnreadable === true && isSame(present.headers, wanted.headers),
    waiting: returns ? "release" : "leave",
    ...compareFields(present, wanted),
  };
}

// As headers stand that cannot be read.
function withoutValues(headers: Destination["headers"]): Destination["headers"] {
  return headers.map(([name]) => [name, ""]);
}

function isSame(some: Destination["headers"], others: Destination["headers"]): boolean {
  return JSON.stringify(some) === JSON.stringify(others);
}

function toTarget(definition: DestinationDefinition): Pick<Destination, "target" | "headers"> {
  if (definition.handler !== undefined)
    return { target: { kind: "handler", handler: definition.handler }, headers: [] };
  return { target: { kind: "http", url: definition.url }, headers: Object.entries(definition.headers ?? {}) };
}

function toPolicy({ retry, timeoutMs, ...limits }: DestinationDefinition): DestinationPolicy {
  return {
    retry: {
      scheduleMs: retry?.scheduleSec?.map((sec) => Math.round(sec * 1_000)) ?? DEFAULT_RETRY_POLICY.scheduleMs,
      refusalsMax: retry?.refusalsMax ?? DEFAULT_RETRY_POLICY.refusalsMax,
    },
    timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS,
    ...toLimits(limits),
  };
}

function chooseSecret(present: Destination | null, definition: DestinationDefinition, made: string): string | null {
  if (definition.handler !== undefined) return null;
  if (definition.signingSecret !== undefined) return definition.signingSecret;
  return present?.target.kind === "http" ? present.signingSecret : made;
}

/**
 * Plans that a destination is paused, resumed or disabled, as it is otherwise: what waits is held, or released.
 *
 * @param reason why it is not active; ignored when it is
 */
export function planDestinationState(
  present: Destination,
  state: Destination["state"],
  reason: string,
): DestinationPlan {
  const unchanged = planDestination({ ...present, stateReason: null }, toDefinition(present), {
    tenant: present.tenant,
    name: present.name,
    origin: present.origin,
    newId: present.id,
    newSigningSecret: "",
  });
  return withDestinationState(unchanged, present, state, reason);
}

/** The same plan with another state. */
export function withDestinationState(
  plan: DestinationPlan,
  present: Destination,
  state: Destination["state"],
  reason: string,
): DestinationPlan {
  const { target, headers, policy, origin, signingSecret } = plan;
  const stateReason = state === "active" ? null : reason;
  const wanted = { target, headers, policy, origin, signingSecret, state, stateReason };
  return { ...plan, ...wanted, waiting: state === "active" ? "release" : "hold", ...compareFields(present, wanted) };
}

/** The declaration that a destination came from, for a change that gives only some of its fields. */
export function toDefinition(destination: Destination): DestinationDefinition {
  const { target, policy, headers } = destination;
  const scheduleSec = policy.retry.scheduleMs.map((ms) => ms / 1_000);
  const retry = { scheduleSec, refusalsMax: policy.retry.refusalsMax };
  const shared = { timeoutMs: policy.timeoutMs, retry, ...toLimitsDefinition(policy) };
  if (target.kind === "handler") return { handler: target.handler, ...shared };
  return { url: target.url, headers: Object.fromEntries(headers), ...shared };
}
