import { recordOne, tryOnce } from "../../../gateway/test/support/recorded-events.ts";
import type { IngestGateway } from "../../../gateway/test/support/ingest-gateway.ts";
import { silentLog } from "../../../gateway/src/platform/log.ts";
import { openDatabase } from "../../../gateway/src/store/database.ts";
import type { Database } from "../../../gateway/src/store/database.ts";

/** A connection of the test's own to a gateway's database; close it before the gateway. */
export function openBeside(gateway: IngestGateway): Database {
  return openDatabase({
    url: gateway.database.url,
    connectionsMax: 2,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 10_000,
    applicationName: "holdfast dashboard test",
    log: silentLog,
  });
}

/** Records an event of the only source for the only destination, and lets its delivery die of an answer. */
export async function recordDead(db: Database, providerId: string, type: string, status: number): Promise<void> {
  const { rows } = await db.pool.query<{ source: string; destination: string }>(
    "SELECT (SELECT id FROM holdfast.source) AS source, (SELECT id FROM holdfast.destination) AS destination",
  );
  const { source, destination } = rows[0]!;
  const { deliveryIds } = await recordOne(db, { sourceId: source, destinationIds: [destination], providerId, type });
  const reason = status < 500 ? "refused" : "attempts_exhausted";
  await tryOnce(
    db,
    deliveryIds[0]!,
    { kind: "answered", status, retryAfterMs: null },
    { to: "dead", reason, disableDestination: false },
    { headers: [["content-type", "text/plain"]], body: `order ${providerId} is not known` },
  );
}
