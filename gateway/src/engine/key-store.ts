import { createHash } from "node:crypto";
import type { ClientCredentials, FetchedKeys, FindKey, KeyAnswer } from "../pipeline/fetched-keys.ts";
import { pickKeys } from "../pipeline/fetched-keys.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import { createAllowance } from "./allowance.ts";
import type { FetchClientKey } from "./fetch-client-key.ts";
import type { Fetched, FetchKeys } from "./fetch-keys.ts";

export interface KeyStoreDeps {
  readonly fetchKeys: FetchKeys;
  readonly fetchClientKey: FetchClientKey;
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

/** What an arrival asks for, and the name of what would answer it: the URL, or the one key of an id behind these credentials. */
interface Wanted {
  readonly need: KeyNeed;
  readonly name: string;
  readonly ask: () => Promise<Fetched>;
}

/** What is kept, by name. Failures stand apart, so that URLs and ids which somebody made up push out none that are used. */
interface Shelf {
  readonly held: Map<string, Held>;
  readonly failedAtMs: Map<string, number>;
  readonly absentAtMs: Map<string, number>;
  readonly underWay: Map<string, Promise<void>>;
}

/**
 * Keeps the keys and certificates that providers publish, in memory and bounded, and fetches what is missing: once for all
 * that ask for the same at the same time, again after a fixed lifetime, for an unknown key id at most once a minute, and
 * after a failure not before 30 s have passed. What cannot be had in time is `unavailable`. A key that is given for credentials
 * only is kept by its id and for those credentials, so that nobody's wrong ones are in another's way.
 */
export function createKeyStore(deps: KeyStoreDeps): FindKey {
  const { clock, metrics } = deps;
  const shelf: Shelf = { held: new Map(), failedAtMs: new Map(), absentAtMs: new Map(), underWay: new Map() };
  const mayFetchNew = createAllowance(clock, NEW_URLS);
  let waiting = 0;

  const start = (wanted: Wanted, sourceId: string): Promise<void> | null => {
    const { name } = wanted;
    const isLimited = shelf.underWay.size >= FETCHES_MAX || (!shelf.held.has(name) && !mayFetchNew(sourceId));
    if (isLimited) {
      metrics.keyFetches.inc({ result: "limited" });
      return null;
    }
    const fetching = fetchOnto(deps, shelf, wanted).finally(() => shelf.underWay.delete(name));
    shelf.underWay.set(name, fetching);
    return fetching;
  };

  return (need, sourceId, withinMs, credentials) => {
    const wanted = nameWanted(deps, need, credentials);
    if (wanted === null) return UNAVAILABLE;
    const known = look(shelf, wanted, clock.monotonicMs());
    if (known !== null) return known;
    if (waiting >= WAITING_MAX || withinMs <= 0) return UNAVAILABLE;
    const fetching = shelf.underWay.get(wanted.name) ?? start(wanted, sourceId);
    if (fetching === null) return UNAVAILABLE;
    waiting++;
    return waitFor(fetching, withinMs)
      .then((ended) => (ended ? (look(shelf, wanted, clock.monotonicMs()) ?? UNAVAILABLE) : UNAVAILABLE))
      .finally(() => waiting--);
  };
}

function nameWanted(deps: KeyStoreDeps, need: KeyNeed, credentials: ClientCredentials | undefined): Wanted | null {
  const { kind, url, kid } = need;
  if (kind !== "public_key") return { need, name: url, ask: () => deps.fetchKeys(kind, url) };
  if (kid === null || credentials === undefined) return null;
  const { clientId, clientSecret } = credentials;
  const account = createHash("sha256")
    .update(JSON.stringify([clientId, clientSecret]))
    .digest("base64url");
  return { need, name: `${url} ${kid} ${account}`, ask: () => deps.fetchClientKey(url, kid, credentials) };
}

/** What is known already; null when it is worth a fetch, or one is under way that may tell. */
function look(shelf: Shelf, { need, name }: Wanted, nowMs: number): KeyAnswer | null {
  const held = shelf.held.get(name);
  const isFresh = held !== undefined && nowMs - held.atMs < LIFETIME_MS[held.keys.kind];
  const picked = isFresh ? pickKeys(held.keys, need.kid) : null;
  if (picked !== null) {
    if (held !== undefined) keep(shelf.held, name, held);
    return picked;
  }
  if (shelf.underWay.has(name)) return null;
  const failedAtMs = shelf.failedAtMs.get(name);
  const restMs = isFresh ? REFRESH_MS : FAILURE_MS;
  if (failedAtMs !== undefined && nowMs - failedAtMs < restMs) return UNAVAILABLE;
  const absentAtMs = isFresh ? held.atMs : shelf.absentAtMs.get(name);
  return absentAtMs !== undefined && nowMs - absentAtMs < REFRESH_MS ? { kind: "absent" } : null;
}

async function fetchOnto(deps: KeyStoreDeps, shelf: Shelf, { need, name, ask }: Wanted): Promise<void> {
  const { clock, metrics, log } = deps;
  const fetched = await ask().catch((error: unknown): Fetched => {
    return { ok: false, result: "failed", detail: String(error) };
  });
  metrics.keyFetches.inc({ result: fetched.ok ? "fetched" : fetched.result });
  if (fetched.ok || fetched.result === "absent") shelf.failedAtMs.delete(name);
  if (fetched.ok) {
    keep(shelf.held, name, { keys: fetched.keys, atMs: clock.monotonicMs() });
    return;
  }
  keep(fetched.result === "absent" ? shelf.absentAtMs : shelf.failedAtMs, name, clock.monotonicMs());
  const { url } = need;
  log.warn({ url: url.slice(0, 256), detail: fetched.detail.slice(0, 256) }, "a provider's key could not be fetched");
}

/** A map remembers the order in which its entries came, which here is the order of last use. */
function keep<Value>(map: Map<string, Value>, name: string, value: Value): void {
  map.delete(name);
  map.set(name, value);
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
