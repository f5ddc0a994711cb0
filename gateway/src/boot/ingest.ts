import type { Server } from "node:http";
import type { GatewayConfig } from "../config.ts";
import { BODY_BYTES_MAX } from "../domain/source-definition.ts";
import { createRecorder } from "../engine/recorder.ts";
import { createRejectionStore } from "../engine/rejection-store.ts";
import { createIngestDoor } from "../http/ingest-door.ts";
import { ingest } from "../pipeline/ingest.ts";
import type { Log } from "../platform/log.ts";
import type { Foundation } from "./foundation.ts";
import { listen } from "./listen.ts";
import type { StartFault } from "./start-fault.ts";

export interface Ingest {
  readonly ok: true;
  readonly url: string;
  /** Refuses new arrivals, answers what was received, then closes. */
  drain(deadlineMs: number): Promise<void>;
}

/** Starts the ingest door: verify and record, with a pool of connections that nothing else uses. */
export async function startIngest(
  config: GatewayConfig,
  log: Log,
  foundation: Foundation,
  onRecorded: () => void,
): Promise<Ingest | StartFault> {
  const { clock, metrics, random, catalog, safety } = foundation;
  const { recordDeadlineMs, queueItemsMax, queueBytesMax, databaseConnections } = config.ingest;
  const db = foundation.openPool("ingest", databaseConnections + 1, recordDeadlineMs, { pipelined: true });
  const recorder = createRecorder({
    db,
    clock,
    metrics,
    lanes: databaseConnections,
    deadlineMs: recordDeadlineMs,
    queueItemsMax,
    queueBytesMax,
    onRecorded,
  });
  const rejections = createRejectionStore({ db: foundation.base, clock, random, metrics });
  const deps = { record: recorder.submit, rejections, random, publicUrl: config.publicUrl, metrics };
  let isDraining = false;
  const door = createIngestDoor(
    {
      findSource: (key) => catalog.index().findSource(key),
      ingest: (ready, arrival) => ingest(deps, ready, arrival),
      closedBecause: () => {
        if (isDraining) return "draining";
        const safe = safety.current();
        return !safe.ok && safe.cause === "unsafe" ? "database_unavailable" : null;
      },
      clock,
      log,
      metrics,
    },
    // Those that are still being read, beside those that wait for the database; room for some of the largest in any case.
    { ...config.ingest, bodiesBytesMax: Math.max(4 * queueBytesMax, 4 * BODY_BYTES_MAX) },
  );
  const bound = await listen(door, config.host, config.port, { host: "--host", port: "--port" });
  if (!bound.ok) return bound;
  return {
    ok: true,
    url: bound.url,
    drain: async (deadlineMs) => {
      isDraining = true;
      await closeDoor(door, deadlineMs);
      await recorder.drain();
      await rejections.drain();
    },
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
