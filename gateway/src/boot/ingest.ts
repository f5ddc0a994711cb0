import type { Server } from "node:http";
import type { GatewayConfig } from "../config.ts";
import { OWN_CONNECTIONS } from "../config/connections.ts";
import { BODY_BYTES_MAX } from "../domain/source-definition.ts";
import type { Admission } from "../engine/admission.ts";
import { createAllowance } from "../engine/allowance.ts";
import { createSubscriptionConfirmer } from "../engine/confirm-subscriptions.ts";
import { createClientKeyFetcher } from "../engine/fetch-client-key.ts";
import { createKeyFetcher } from "../engine/fetch-keys.ts";
import { createFilterFaults } from "../engine/filter-faults.ts";
import { createKeyStore } from "../engine/key-store.ts";
import { createOrderClock } from "../domain/order-clock.ts";
import { RECORDER_POOL, createRecorder } from "../engine/recorder.ts";
import { createRejectionStore } from "../engine/rejection-store.ts";
import type { ArrivalWatch } from "../engine/watch-arrivals.ts";
import { startArrivalWatch } from "../engine/watch-arrivals.ts";
import type { AdminDeps } from "../http/admin/admin-deps.ts";
import type { IngestDoorDeps } from "../http/ingest-door.ts";
import { createIngestDoor } from "../http/ingest-door.ts";
import type { SignerSearch } from "../pipeline/explain-refusal.ts";
import type { IngestDeps } from "../pipeline/ingest.ts";
import type { EventDraft } from "../pipeline/record-event.ts";
import { ingest } from "../pipeline/ingest.ts";
import { createEgress } from "../platform/egress/create-egress.ts";
import type { Egress } from "../platform/egress/egress-outcome.ts";
import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import { openAdmission } from "./admission.ts";
import type { Foundation } from "./foundation.ts";
import { listen } from "./listen.ts";
import type { StartFault } from "./start-fault.ts";

export interface Ingest {
  readonly ok: true;
  readonly url: string;
  /** Takes an arrival in as the door does, without a connection: for test events. */
  readonly takeIn: NonNullable<AdminDeps["takeIn"]>;
  /** Refuses new arrivals, answers what was received, then closes. */
  drain(deadlineMs: number): Promise<void>;
}

/** Starts the ingest door: verify and record, with a pool of connections that nothing else uses. */
export async function startIngest(
  config: GatewayConfig,
  log: Log,
  foundation: Foundation,
  onRecorded: (quiet: number) => void,
  onHeld: OnHeld,
): Promise<Ingest | StartFault> {
  const { clock, metrics, random } = foundation;
  const recorder = openRecorder(config, log, foundation, {
    onRecorded,
    onCommit: (durationMs) => saturation.noteCommit(durationMs),
  });
  const { admission, saturation, turns } = openAdmission(config, log, foundation, recorder.load);
  const watch = startArrivalWatch({ db: foundation.base, clock, metrics, log });
  const filterFaults = createFilterFaults({ db: foundation.base, clock, metrics, log });
  const kept = { db: foundation.base, clock, random, metrics, log, loops: watch.loops };
  const rejections = createRejectionStore({ ...kept, isDiskLow: saturation.isDiskLow });
  // Of its own: a process that only takes in has no worker's, and slow destinations shall not hold up keys.
  const egress = createEgress({ policy: config.egress, log, clock });
  const confirmer = createSubscriptionConfirmer({ egress, metrics, log });
  const deps: IngestDeps = {
    confirm: confirmer.confirm,
    findKey: openKeyStore(egress, log, foundation),
    clock,
    record: recorder.submit,
    observe: observeBy(watch, foundation.recent, onHeld),
    onFilterFault: filterFaults.note,
    nextOrderAt: createOrderClock(() => foundation.databaseClock.now()),
    admit: admission.record,
    signers: openSignerSearch(foundation),
    rejections,
    random,
    publicUrl: config.publicUrl,
    metrics,
  };
  let isDraining = false;
  const take = ingestBy(deps, watch, foundation.databaseClock);
  const parts = { ingest: take, admission, turns, isDraining: () => isDraining };
  const door = openDoor(config, log, foundation, parts);
  const bound = await listen(door, config.host, config.port, { host: "--host", port: "--port" });
  // In this order: who uses the egress or is told of records, before what is used.
  const ends = [recorder.drain, rejections.drain, saturation.stop, filterFaults.drain, watch.drain];
  const stop = async (): Promise<void> => {
    await confirmer.drain();
    await egress.close();
    for (const end of ends) await end();
  };
  if (!bound.ok) {
    await stop();
    return bound;
  }
  return {
    ok: true,
    url: bound.url,
    takeIn: takeInBy(foundation, parts),
    drain: async (deadlineMs) => {
      isDraining = true;
      await closeDoor(door, deadlineMs);
      await stop();
    },
  };
}

function openKeyStore(egress: Egress, log: Log, { clock, metrics }: Foundation): IngestDeps["findKey"] {
  const [fetchKeys, fetchClientKey] = [createKeyFetcher(egress), createClientKeyFetcher(egress)];
  return createKeyStore({ fetchKeys, fetchClientKey, clock, metrics, log });
}

function ingestBy(
  deps: IngestDeps,
  watch: ArrivalWatch,
  databaseClock: Foundation["databaseClock"],
): IngestDoorDeps["ingest"] {
  return async (ready, arrival) => {
    // Its place in the order of a key goes by that time, for good. Where it cannot be read, nothing can be recorded either.
    const catchingUp = databaseClock.catchUp();
    if (catchingUp !== null) await catchingUp.catch(() => {});
    const result = await ingest(deps, ready, arrival);
    watch.count(ready.source, result.kind);
    return result;
  };
}

function takeInBy(
  { catalog, safety }: Foundation,
  { ingest: take, isDraining }: Pick<IngestDoorDeps, "ingest"> & { readonly isDraining: () => boolean },
): Ingest["takeIn"] {
  return async (key, arrival) => {
    if (isDraining()) return { kind: "unavailable", cause: "draining" };
    const safe = safety.current();
    const ready = catalog.index().findSource(key);
    if (ready === null || (!safe.ok && safe.cause === "unsafe")) return { kind: "unavailable", cause: "database" };
    return await take(ready, arrival);
  };
}

type OnHeld = (destinationId: string, orderKey: string | null) => void;

function observeBy(watch: ArrivalWatch, recent: Foundation["recent"], onHeld: OnHeld): IngestDeps["observe"] {
  return (ready, arrival, draft, outcome) => {
    watch.observe(ready, arrival, draft, outcome);
    if (!outcome.ok || outcome.value.kind !== "recorded") return;
    recent.note(draft);
    tellHeld(draft, onHeld);
  };
}

// What is recorded into a gate can often go straight through it; a look of the feeder's would come a quarter of a second later.
function tellHeld({ deliveries }: EventDraft, onHeld: OnHeld): void {
  for (const { heldReason, destinationId, order } of deliveries)
    if (heldReason === "destination_gated" || heldReason === "ordered") onHeld(destinationId, order?.key ?? null);
}

function openDoor(
  config: GatewayConfig,
  log: Log,
  { catalog, safety, clock, metrics }: Foundation,
  parts: Pick<IngestDoorDeps, "ingest" | "turns"> & {
    readonly admission: Admission;
    readonly isDraining: () => boolean;
  },
): Server {
  return createIngestDoor(
    {
      findSource: (key) => catalog.index().findSource(key),
      ingest: parts.ingest,
      admit: parts.admission.arrive,
      classOf: parts.admission.classOf,
      turns: parts.turns,
      closedBecause: () => {
        if (parts.isDraining()) return "draining";
        const safe = safety.current();
        return !safe.ok && safe.cause === "unsafe" ? "database_unavailable" : null;
      },
      clock,
      log,
      metrics,
    },
    // Those that are still being read, beside those that wait for the database; room for some of the largest in any case.
    { ...config.ingest, bodiesBytesMax: Math.max(4 * config.ingest.queueBytesMax, 4 * BODY_BYTES_MAX) },
  );
}

function openRecorder(
  config: GatewayConfig,
  log: Log,
  foundation: Foundation,
  told: { readonly onRecorded: (quiet: number) => void; readonly onCommit: (durationMs: number) => void },
) {
  const { recordDeadlineMs, queueItemsMax, queueBytesMax, databaseConnections } = config.ingest;
  const { clock, metrics, ranks } = foundation;
  const db = foundation.openPool("ingest", databaseConnections + OWN_CONNECTIONS.ingest, recordDeadlineMs, {
    ...RECORDER_POOL,
    // To make one anew takes 20 ms, which a provider that sends once a minute would wait for each time.
    keptOpen: 1,
  });
  const limits = { lanes: databaseConnections, deadlineMs: recordDeadlineMs, queueItemsMax, queueBytesMax };
  const onThrown = (error: unknown): void => log.error({ error: messageOf(error) }, "arrivals could not be recorded");
  return createRecorder({ db, clock, metrics, ranks, ...limits, ...told, onThrown });
}

/** Searches for the secret that a refused arrival was signed with: at most 20 HMACs each, so 200 a second and source. */
const SIGNER_SEARCHES = { burst: 50, perSecond: 10 };

function openSignerSearch({ catalog, clock }: Foundation): SignerSearch {
  return {
    suspects: (source, now) => catalog.index().findSuspects(source, now),
    mayTry: createAllowance(clock, SIGNER_SEARCHES),
  };
}

const IDLE_LOOK_MS = 50;

/** Stops listening and waits for requests that are under way; keep-alive connections are closed as they fall idle. */
async function closeDoor(door: Server, deadlineMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => door.close(() => resolve()));
  const sweeper = setInterval(() => door.closeIdleConnections(), IDLE_LOOK_MS);
  const timer = setTimeout(() => door.closeAllConnections(), deadlineMs);
  await closed;
  clearInterval(sweeper);
  clearTimeout(timer);
}
