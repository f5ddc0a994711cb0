import { randomUUID } from "node:crypto";
import type { GatewayConfig } from "../config.ts";
import { OWN_CONNECTIONS } from "../config/connections.ts";
import { createClientKeyFetcher } from "../engine/fetch-client-key.ts";
import { createKeyFetcher } from "../engine/fetch-keys.ts";
import { createKeyStore } from "../engine/key-store.ts";
import type { Loop } from "../engine/loop.ts";
import { startLoop } from "../engine/loop.ts";
import { openLedger } from "../pipeline/ledger.ts";
import type { Clock } from "../platform/clock.ts";
import type { Egress } from "../platform/egress/egress-outcome.ts";
import type { Log } from "../platform/log.ts";
import { createRest } from "../platform/rest.ts";
import { replay } from "../recovery/replay.ts";
import { createEndedRound, createSparingSettler } from "../recovery/settle-replays.ts";
import type { Database } from "../store/database.ts";
import { keepStanding, pruneItems } from "../store/replays/items.ts";
import { releaseReplays } from "../store/replays/write-replays.ts";
import type { Foundation } from "./foundation.ts";

export interface Replayer {
  /** Lets the round that runs end, and gives its replays to whoever comes next. */
  stop(): Promise<void>;
}

const LOOK_MS = 250;
/** While one is under way: a few deliveries now and then are less in the way of live ones than many at once (measured). */
const STEP_MS = 100;
/** A replay whose worker was killed goes on elsewhere after so long. */
const LEASE_MS = 10_000;
const PRUNE_MS = 3_600_000;
/** What became of each delivery of an ended replay is remembered for so long; its numbers stay. */
const ITEMS_KEPT_MS = 30 * 86_400_000;
const PRUNED_MAX = 10_000;
const STATEMENT_MS = 15_000;

/**
 * Starts what goes on with replays. Every process with workers has one; a replay is one's at a time, by its lease, and what a
 * late one writes is refused by the cursor.
 */
export function startReplayer(
  config: GatewayConfig,
  log: Log,
  foundation: Foundation,
  links: { readonly egress: Egress; readonly wake: () => void },
): Replayer {
  const { clock, databaseClock, metrics, random, ranks, catalog } = foundation;
  const db = foundation.openPool("replayer", OWN_CONNECTIONS.replayer, STATEMENT_MS);
  const lease = randomUUID();
  const deps = {
    db,
    clock,
    random,
    ranks,
    log,
    metrics,
    lease,
    leaseMs: LEASE_MS,
    databaseNow: () => databaseClock.now(),
    syncTime: () => databaseClock.catchUp(),
    catalog: () => catalog.index(),
    ledger: openLedger(),
    findKey: createKeyStore({
      fetchKeys: createKeyFetcher(links.egress),
      fetchClientKey: createClientKeyFetcher(links.egress),
      clock,
      metrics,
      log,
    }),
    publicUrl: config.publicUrl,
    onReady: links.wake,
    settler: createSparingSettler({ db, clock }),
  };
  let prunedAtMs = -Infinity;
  const prune = async (): Promise<void> => {
    if (clock.monotonicMs() - prunedAtMs < PRUNE_MS) return;
    const endedBefore = new Date(databaseClock.now().getTime() - ITEMS_KEPT_MS);
    await db.run(keepStanding, [endedBefore]);
    await db.run(pruneItems, [PRUNED_MAX]);
    prunedAtMs = clock.monotonicMs();
  };
  let idleMs = LOOK_MS;
  const loop = startLoop({ name: "replayer", log, idleMs: () => idleMs }, async () => {
    const { more, running } = await replay(deps);
    idleMs = running > 0 ? STEP_MS : LOOK_MS;
    await prune();
    return more;
  });
  const ended = startEnded(db, clock, log);
  return {
    stop: async () => {
      await Promise.all([loop.stop(), ended.stop()]);
      await db.run(releaseReplays, [lease]).catch(() => {});
    },
  };
}

/** What was cancelled may wait for its retries for days, and is looked through by each process: it rests after each look. */
function startEnded(db: Database, clock: Clock, log: Log): Loop {
  const round = createEndedRound({ db });
  const rest = createRest(clock);
  const idleMs = (): number => Math.max(LOOK_MS, rest.leftMs());
  return startLoop({ name: "ended replays", log, idleMs }, async () => {
    await rest.during(round);
    return false;
  });
}
