import { setTimeout } from "node:timers/promises";
import type { Egress, EgressOutcome } from "../platform/egress/egress-outcome.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";

/** Visits the URLs that confirm subscriptions, in the background: the provider's own answer does not wait for them. */
export interface SubscriptionConfirmer {
  /** @param source the source's name, for the log */
  confirm(source: string, url: string): void;
  /** Gives up what is under way or waits for its next try; the event of each is recorded. */
  drain(): Promise<void>;
}

const TRIES_WAIT_MS = [0, 2_000, 15_000];
const TOTAL_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 3_000;
const UNDER_WAY_MAX = 16;

/**
 * Amazon's own hosts, and nothing that a signature could not vouch for: a bucket (sns.s3-us-west-2), a port or a name of somebody
 * else's.
 */
const PLACE = /^https:\/\/sns\.[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}\.amazonaws\.com(?:\.cn)?\/\?[\x21-\x7e]{1,2000}$/;

/** True for a URL that may be visited: https, on sns.<region>.amazonaws.com or .com.cn, with a query that confirms. */
export function isConfirmUrl(url: string): boolean {
  if (!PLACE.test(url) || !URL.canParse(url)) return false;
  return new URL(url).searchParams.get("Action") === "ConfirmSubscription";
}

/**
 * Confirms subscriptions through the egress, three tries each, at most 16 at once. Each end is logged and counted:
 * `confirmed`, `failed`, `refused` (a URL that is not the provider's, or too many at once). Call it for genuine requests only.
 */
export function createSubscriptionConfirmer(deps: {
  readonly egress: Pick<Egress, "get">;
  readonly metrics: Pick<Metrics, "subscriptionConfirmations">;
  readonly log: Pick<Log, "info" | "warn">;
  /** Waits between two tries. A seam for tests. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}): SubscriptionConfirmer {
  const { metrics, log } = deps;
  const pause = deps.pause ?? ((ms, signal) => setTimeout(ms, undefined, { ref: false, signal }));
  const giveUp = new AbortController();
  const underWay = new Map<string, Promise<void>>();

  const end = (source: string, url: string, result: "confirmed" | "failed" | "refused", detail: string): void => {
    metrics.subscriptionConfirmations.inc({ result });
    const host = URL.canParse(url) ? new URL(url).host : "";
    if (result === "confirmed") log.info({ source, host }, "a subscription was confirmed");
    else log.warn({ source, host, result, detail: detail.slice(0, 256) }, "a subscription could not be confirmed");
  };

  const run = async (source: string, url: string): Promise<void> => {
    let detail = "the gateway is shutting down";
    for (const ms of TRIES_WAIT_MS) {
      if (ms > 0) await pause(ms, giveUp.signal).catch(() => {});
      if (giveUp.signal.aborted) break;
      const outcome = await visit(deps.egress, url, giveUp.signal);
      if (outcome.kind === "response" && outcome.status === 200) return end(source, url, "confirmed", "");
      detail = outcome.kind === "response" ? `it was answered with status ${outcome.status}` : outcome.detail;
    }
    end(source, url, "failed", detail);
  };

  return {
    confirm: (source, url) => {
      if (underWay.has(url)) return;
      if (!isConfirmUrl(url)) return end(source, url, "refused", "it is not on Amazon's own host");
      if (underWay.size >= UNDER_WAY_MAX || giveUp.signal.aborted)
        return end(source, url, "refused", "too many are under way, or the gateway is shutting down");
      underWay.set(
        url,
        run(source, url).finally(() => underWay.delete(url)),
      );
    },
    drain: async () => {
      giveUp.abort();
      await Promise.allSettled(underWay.values());
    },
  };
}

async function visit(egress: Pick<Egress, "get">, url: string, signal: AbortSignal): Promise<EgressOutcome> {
  const bounds = { totalTimeoutMs: TOTAL_TIMEOUT_MS, connectTimeoutMs: CONNECT_TIMEOUT_MS, responseBytesMax: 16_384 };
  return await egress.get({ url, headers: [["accept", "*/*"]], ...bounds, signal });
}
