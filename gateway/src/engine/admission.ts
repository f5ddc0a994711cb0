import type { Refusal, RefusalCause } from "../domain/admission.ts";
import type { Catalog } from "../domain/catalog.ts";
import { matchesEventType } from "../domain/event-type.ts";
import type { Priority } from "../domain/priority.ts";
import { PRIORITIES, toPriority } from "../domain/priority.ts";
import type { Saturation } from "../domain/saturation.ts";
import { spreadRetryAfterSec, treat } from "../domain/saturation.ts";
import { weighThrottles } from "../domain/throttle.ts";
import type { RateLimit, TokenBucket } from "../domain/token-bucket.ts";
import { divideLimit, fullBucket, takeToken } from "../domain/token-bucket.ts";
import type { ReadyRoute, ReadySource } from "../pipeline/arrival.ts";
import type { EventDraft } from "../pipeline/record-event.ts";
import type { Clock } from "../platform/clock.ts";
import type { Metrics } from "../platform/metrics.ts";

/** Decides who is let in: by the source's own limit, by what operators have set, and by how overloaded the gateway is. */
export interface Admission {
  /** The most urgent class that an arrival of this source can have. */
  classOf(ready: ReadySource): Priority;
  /**
   * Before the body is read: what is refused whichever of the source's classes it turns out to have, and where the source's
   * rate is used up. The gateway's own overload lets the most urgent class through most; a throttle may be for that class
   * alone. It takes nothing of the rate: a forger who knows the URL would use it up for the genuine sender.
   */
  arrive(ready: ReadySource): Refusal | null;
  /** After verification: takes its part of the source's rate, and decides by the event's own class, now that it is known. */
  record(ready: ReadySource, draft: Pick<EventDraft, "deliveries">): Refusal | null;
}

export interface AdmissionDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly randomFraction: () => number;
  readonly metrics: Metrics;
  readonly catalog: () => Catalog;
  readonly saturation: { current(): Saturation; noteRefused(priority: Priority): void };
  /** How many processes take in at present; each uses its part of a source's limit. */
  readonly ingestProcesses: () => number;
}

/** What part of a class is let in, and what those that are not are told. */
interface Decision {
  /** 0 to 1. */
  readonly share: number;
  readonly cause: RefusalCause;
  readonly isThrottled: boolean;
  readonly retryAfterSec: () => number;
}

export function createAdmission(deps: AdmissionDeps): Admission {
  const known = new WeakMap<ReadySource, readonly [Priority, ...Priority[]]>();
  const classesOf = (ready: ReadySource): readonly [Priority, ...Priority[]] => {
    const classes = known.get(ready) ?? listClasses(ready);
    known.set(ready, classes);
    return classes;
  };
  const limiter = createSourceLimiter(deps);
  const refuse = (decision: Decision, priority: Priority): Refusal => {
    const { cause, isThrottled } = decision;
    deps.metrics.ingestRefused.inc({ priority, cause });
    deps.saturation.noteRefused(priority);
    return { cause, isThrottled, retryAfterSec: decision.retryAfterSec(), priority };
  };
  return {
    classOf: (ready) => classesOf(ready)[0],
    arrive: (ready) => {
      const [priority] = classesOf(ready);
      const decision = limiter.look(ready) ?? decideAtDoor(deps, ready, classesOf(ready)).decision;
      if (decision === null || deps.randomFraction() < decision.share) return null;
      return refuse(decision, priority);
    },
    record: (ready, { deliveries }) => {
      const priority = mostUrgent(ready, deliveries);
      const limited = limiter.take(ready);
      if (limited !== null) return refuse(limited, priority);
      const classes = classesOf(ready);
      // As nearly always: the door has decided by this very class.
      if (priority === classes[0] && deps.catalog().throttles.length === 0) return null;
      const door = decideAtDoor(deps, ready, classes);
      if (priority === door.priority) return null;
      const decision = decide(deps, ready, priority);
      if (decision === null) return null;
      // It has passed once, as the class of which most is let in: both times together let this class's share through.
      const passed = door.decision?.share ?? 1;
      if (passed > 0 && deps.randomFraction() < decision.share / passed) return null;
      return refuse(decision, priority);
    },
  };
}

/** What goes nowhere has the source's own priority. */
function mostUrgent({ source }: ReadySource, ends: readonly { readonly priority: number }[]): Priority {
  const numbers = ends.map(({ priority }) => priority);
  return toPriority(numbers.length === 0 ? source.policy.priority : Math.min(...numbers));
}

/** The classes that an arrival of this source can have, the most urgent first. */
function listClasses({ source, routes }: ReadySource): readonly [Priority, ...Priority[]] {
  // What no route takes has the source's own class, which may be more urgent than that of any route.
  const own = routes.every(mayLeaveOut) ? [source.policy.priority] : [];
  const classes = new Set([...routes.map(({ priority }) => priority), ...own].map(toPriority));
  const [first = toPriority(source.policy.priority), ...others] = PRIORITIES.filter((one) => classes.has(one));
  return [first, ...others];
}

function mayLeaveOut({ filter, eventTypes }: ReadyRoute): boolean {
  // A pattern that means an event without a type means every one.
  return filter !== null || !matchesEventType(eventTypes, null);
}

/** What is decided while the class is not known yet: by the one of which most is let in, so that none loses more than its own. */
function decideAtDoor(
  deps: AdmissionDeps,
  ready: ReadySource,
  [best, ...others]: readonly [Priority, ...Priority[]],
): { readonly priority: Priority; readonly decision: Decision | null } {
  const first = { priority: best, decision: decide(deps, ready, best) };
  // Without a throttle the most urgent class is always let in most.
  if (first.decision === null || deps.catalog().throttles.length === 0) return first;
  return others
    .map((priority) => ({ priority, decision: decide(deps, ready, priority) }))
    .reduce((most, one) => ((one.decision?.share ?? 1) > (most.decision?.share ?? 1) ? one : most), first);
}

function decide(deps: AdmissionDeps, { source }: ReadySource, priority: Priority): Decision | null {
  const { throttles } = deps.catalog();
  const now = deps.clock.now();
  const subject = { tenant: source.tenant, sourceId: source.id, priority };
  const set = throttles.length === 0 ? null : weighThrottles(throttles, subject, now);
  const own = set?.isExempt === true ? null : decideBySaturation(deps, priority);
  if (set === null || set.share === 1 || (own !== null && own.share <= set.share)) return own;
  return {
    share: set.share,
    cause: "throttle",
    isThrottled: !set.isRefusal,
    retryAfterSec: () => retryWithThrottle(deps, set.until.getTime() - now.getTime(), set.isRefusal),
  };
}

const RETRY_AFTER_MAX_SEC = 3_600;

/** Where all is refused, it is of no use to come before that ends; spread after the end, as many would come at once. */
function retryWithThrottle(deps: AdmissionDeps, leftMs: number, isRefusal: boolean): number {
  const spread = spreadRetryAfterSec(2, deps.randomFraction());
  return isRefusal ? Math.min(RETRY_AFTER_MAX_SEC, Math.ceil(leftMs / 1_000) + spread) : spread;
}

function decideBySaturation(deps: AdmissionDeps, priority: Priority): Decision | null {
  const { level, share } = deps.saturation.current();
  const treatment = treat(level, priority);
  if (treatment === "accepted") return null;
  const isThrottled = treatment === "throttled";
  const retryAfterSec = () => spreadRetryAfterSec(level, deps.randomFraction());
  return { share: isThrottled ? share : 0, cause: "overload", isThrottled, retryAfterSec };
}

interface SourceLimiter {
  /** What an arrival of this source would be told now. */
  look(ready: ReadySource): Decision | null;
  /** The same, and lets it have its part where there is one. */
  take(ready: ReadySource): Decision | null;
}

/** A token bucket for each source that has a limit. Sources are of the catalog, so there are only so many. */
function createSourceLimiter(deps: AdmissionDeps): SourceLimiter {
  const buckets = new Map<string, TokenBucket>();
  const weigh = ({ source }: ReadySource, takes: boolean): Decision | null => {
    const whole = limitOf(source.policy);
    if (whole === null) return null;
    const limit = divideLimit(whole, deps.ingestProcesses());
    const nowMs = deps.clock.monotonicMs();
    const { bucket, waitMs } = takeToken(buckets.get(source.id) ?? fullBucket(limit, nowMs), limit, nowMs);
    if (takes) buckets.set(source.id, bucket);
    if (waitMs === 0) return null;
    const retryAfterSec = () => Math.max(1, Math.ceil(waitMs / 1_000));
    return { share: 0, cause: "source_rate", isThrottled: true, retryAfterSec };
  };
  return { look: (ready) => weigh(ready, false), take: (ready) => weigh(ready, true) };
}

function limitOf(policy: { readonly ratePerSec: number | null; readonly burst: number | null }): RateLimit | null {
  if (policy.ratePerSec === null) return null;
  return { perSec: policy.ratePerSec, burst: policy.burst ?? Math.max(1, policy.ratePerSec) };
}
