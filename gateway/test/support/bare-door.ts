import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { IngestDoorDeps, IngestDoorOptions } from "../../src/http/ingest-door.ts";
import { createIngestDoor } from "../../src/http/ingest-door.ts";
import { createTurns } from "../../src/http/turns.ts";
import type { IngestResult, ReadySource } from "../../src/pipeline/arrival.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createMetrics } from "../../src/platform/metrics.ts";

export const RECORDED: IngestResult = { kind: "recorded", eventId: "01890000-0000-7000-8000-000000000001" };
export const FORGED: IngestResult = {
  kind: "rejected",
  rejectionId: "01890000-0000-7000-8000-000000000000",
  reason: "signature_mismatch",
  fault: "not_genuine",
};

/** What the door looks at of a source. */
export function sourceNamed(name: string, bodyBytesMax = 1_000): ReadySource {
  return {
    source: { id: name, name, state: "active", bodyBytesMax },
    provider: null,
    routes: [],
  } as unknown as ReadySource;
}

/** A door on a real socket that stores nothing: what becomes of an arrival is up to the test. It is closed after the test. */
export async function openBareDoor(
  more: Partial<IngestDoorDeps> = {},
  options: Partial<IngestDoorOptions> = {},
): Promise<{ readonly url: string; readonly turns: IngestDoorDeps["turns"]; readonly server: Server }> {
  const turns = more.turns ?? createTurns(systemClock);
  const server = createIngestDoor(
    {
      findSource: (key) => sourceNamed(key),
      ingest: async () => RECORDED,
      closedBecause: () => null,
      admit: () => null,
      classOf: () => "normal",
      clock: systemClock,
      log: silentLog,
      metrics: createMetrics("0.0.0-test"),
      ...more,
      turns,
    },
    {
      headersTimeoutMs: 30_000,
      bodyTimeoutMs: 30_000,
      connectionsMax: 1_000,
      bodiesBytesMax: 1_000_000,
      ...options,
    },
  );
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1_000 });
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, turns, server };
}
