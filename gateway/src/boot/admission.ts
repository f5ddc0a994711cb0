import { hostname } from "node:os";
import type { GatewayConfig } from "../config.ts";
import type { Admission } from "../engine/admission.ts";
import { createAdmission } from "../engine/admission.ts";
import { measureQueue } from "../engine/caretakers/gauger.ts";
import type { CommitLoad } from "../engine/group-commit.ts";
import type { SaturationWatch } from "../engine/saturation-watch.ts";
import { sparingly } from "../platform/rest.ts";
import { startSaturationWatch } from "../engine/saturation-watch.ts";
import type { Turns } from "../http/turns.ts";
import { createTurns } from "../http/turns.ts";
import type { Log } from "../platform/log.ts";
import type { Foundation } from "./foundation.ts";

/** Who is let in, and what that is judged by. */
export interface AdmissionDesk {
  readonly admission: Admission;
  readonly saturation: SaturationWatch;
  /** Who is read next at the door. */
  readonly turns: Turns;
}

/** Starts to watch how overloaded this process is, and judges arrivals by it. @param load what waits for its commit */
export function openAdmission(
  config: GatewayConfig,
  log: Log,
  foundation: Foundation,
  load: () => CommitLoad,
): AdmissionDesk {
  const { base, clock, databaseClock, metrics, catalog, processes, random, store } = foundation;
  const { queueItemsMax, queueBytesMax } = config.ingest;
  const turns = createTurns(clock);
  const saturation = startSaturationWatch(
    {
      db: base,
      clock,
      metrics,
      log,
      // Containers that share a host's name each begin to count at 1, so the two alone name no process.
      process: `${hostname()}:${process.pid}:${processes.id.slice(0, 8)}`,
      databaseFolder: store.folder,
      processes: config.processes,
      load,
      doorWaitedMs: turns.waitedMs,
      measureQueue: sparingly(clock, () => measureQueue({ db: base, databaseClock })),
      throttles: () => catalog.current().throttles,
    },
    { ...config.overload, queueItemsMax, queueBytesMax },
  );
  const admission = createAdmission({
    clock,
    randomFraction: () => fractionOf(random(4)),
    metrics,
    catalog: () => catalog.current(),
    saturation,
    ingestProcesses: () => processes.countOf("ingest"),
  });
  return { admission, saturation, turns };
}

function fractionOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32;
}
