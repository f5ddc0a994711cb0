import type { FetchedKeys, FindKey, KeyAnswer } from "../pipeline/fetched-keys.ts";
import { pickKeys } from "../pipeline/fetched-keys.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import { createAllowance } from "./allowance.ts";
import type { Fetched, FetchKeys } from "./fetch-keys.ts";

export interface KeyStoreDeps {
  readonly fetchKeys: FetchKeys;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "keyFetches">;
  readonly log: Pick<Log, "warn">;
}

type KeyNeed = Parameters<FindKey>[0];

const URLS_MAX = 500;
/** A key that its provider has withdrawn is honoured so long at most. Certificates bear an end of their own. */
const LIFETIME_MS = { jwks: 3_600_000, certificate: 86_400_000 } as const;
const FAILURE_MS = 30_000;
const REFRESH_MS = 60_000;
const FETCHES_MAX = 32;
const WAITING_MAX = 1_000;
/** New URLs by source: whoever knows a source's path can name certificates that do not exist, each a fetch. */
const NEW_URLS = { burst: 30, perSecond: 0.5 };

const UNAVAILABLE: KeyAnswer = { kind: "unavailable" };

interface Held {
  readonly keys: FetchedKeys;
  readonly atMs: number;
}

/** What is kept, by URL. Failures stand apart, so that URLs which somebody made up push out none that are used. */
interface Shelf {
  readonly held: Map<string, Held>;
  readonly failedAtMs: Map<string, number>;
  readonly underWay: Map<string, Promise<void>>;
}

/**
 * Keeps the keys and certificates that providers publish, in memory and bounded, and fetches what is missing: once for all
 * that ask for the same URL at the same time, again after a fixed lifetime, for an unknown key id at most once a minute, and
 * after a failure not before 30 s have passed. What cannot be had in time is `unavailable`.
 */
export function createKeyStore(deps: KeyStoreDeps): FindKey {
  const { clock, metrics } = deps;
  const shelf: Shelf = { held: new Map(), failedAtMs: new Map(), underWay: new Map() };
  const mayFetchNew = createAllowance(clock, NEW_URLS);
  let waiting = 0;

  const start = (need: KeyNeed, sourceId: string): Promise<void> | null => {
    const { url } = need;
    const isLimited = shelf.underWay.size >= FETCHES_MAX || (!shelf.held.has(url) && !mayFetchNew(sourceId));
    if (isLimited) {
      metrics.keyFetches.inc({ result: "limited" });
      return null;
    }
    const fetching = fetchOnto(deps, shelf, kindOf(need), url).finally(() => shelf.underWay.delete(url));
    shelf.underWay.set(url, fetching);
    return fetching;
  };

  return (need, sourceId, withinMs) => {
    const known = look(shelf, need, clock.monotonicMs());
    if (known !== null) return known;
    if (waiting >= WAITING_MAX || withinMs <= 0) return UNAVAILABLE;
    const fetching = shelf.underWay.get(need.url) ?? start(need, sourceId);
    if (fetching === null) return UNAVAILABLE;
    waiting++;
    return waitFor(fetching, withinMs)
      .then((ended) => (ended ? (look(shelf, need, clock.monotonicMs()) ?? UNAVAILABLE) : UNAVAILABLE))
      .finally(() => waiting--);
  };
}

function kindOf({ kind }: KeyNeed): FetchedKeys["kind"] {
  return kind === "certificate" ? "certificate" : "jwks";
}

/** What is known already; null when it is worth a fetch, or one is under way that may tell. */
function look(shelf: Shelf, need: KeyNeed, nowMs: number): KeyAnswer | null {
  const { url, kid } = need;
  const held = shelf.held.get(url);
  const isFresh = held !== undefined && nowMs - held.atMs < LIFETIME_MS[held.keys.kind];
  const picked = isFresh ? pickKeys(held.keys, kid) : null;
  if (picked !== null) {
    if (held !== undefined) keep(shelf.held, url, held);
    return picked;
  }
  if (shelf.underWay.has(url)) return null;
  const failedAtMs = shelf.failedAtMs.get(url);
  const restMs = isFresh ? REFRESH_MS : FAILURE_MS;
  if (failedAtMs !== undefined && nowMs - failedAtMs < restMs) return UNAVAILABLE;
  return isFresh && nowMs - held.atMs < REFRESH_MS ? { kind: "absent" } : null;
}

async function fetchOnto(deps: KeyStoreDeps, shelf: Shelf, kind: FetchedKeys["kind"], url: string): Promise<void> {
  const { fetchKeys, clock, metrics, log } = deps;
  const fetched = await fetchKeys(kind, url).catch((error: unknown): Fetched => {
    return { ok: false, result: "failed", detail: String(error) };
  });
  metrics.keyFetches.inc({ result: fetched.ok ? "fetched" : fetched.result });
  if (fetched.ok) {
    shelf.failedAtMs.delete(url);
    keep(shelf.held, url, { keys: fetched.keys, atMs: clock.monotonicMs() });
    return;
  }
  keep(shelf.failedAtMs, url, clock.monotonicMs());
  log.warn({ url: url.slice(0, 256), detail: fetched.detail.slice(0, 256) }, "a provider's key could not be fetched");
}

/** A map remembers the order in which its entries came, which here is the order of last use. */
function keep<Value>(map: Map<string, Value>, url: string, value: Value): void {
  map.delete(url);
  map.set(url, value);
  if (map.size <= URLS_MAX) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

/** Whether it ended in time. */
function waitFor(ending: Promise<void>, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), withinMs);
    void ending.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
