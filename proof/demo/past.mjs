// Charts of the last hour need an hour. The counters of the minutes before the demonstration are written straight into the
// demonstration's own database; no event, delivery or rejection is made up, those are all real.
import { Client } from "pg";

const MINUTES = 75;

/**
 * @param {string} databaseUrl
 * @param {readonly { id: string, perMinute: number }[]} sources ids as UUIDs
 * @param {readonly { id: string, perMinute: number, tookMs: number, quietMin?: number }[]} destinations
 *   `quietMin`: in the last so many minutes there was little, so that a breaker judges by what really happens
 */
export async function writePast(databaseUrl, sources, destinations) {
  const client = new Client({ connectionString: databaseUrl });
  // The demonstration may be ended in the middle; the query that is under way says so.
  client.on("error", () => {});
  await client.connect();
  try {
    const nowMs = Math.floor(Date.now() / 60_000) * 60_000;
    for (let back = MINUTES; back > 0; back--) {
      const minute = new Date(nowMs - back * 60_000);
      for (const [i, { id, perMinute }] of sources.entries()) {
        const recorded = waver(perMinute, back, i);
        const row = [id, minute, recorded, Math.random() < 0.2 ? 1 : 0];
        await client.query(
          `INSERT INTO holdfast.arrival_minute (source_id, minute, tenant, recorded, duplicates, rejected, unavailable)
           VALUES ($1, $2, 'default', $3, $4, 0, 0) ON CONFLICT DO NOTHING`,
          row,
        );
      }
      for (const [i, { id, perMinute, tookMs, quietMin = 0 }] of destinations.entries()) {
        const succeeded = waver(back <= quietMin ? 2 : perMinute, back, i + 3);
        const meanMs = Math.round(tookMs * (0.9 + Math.random() * 0.3));
        await client.query(
          `INSERT INTO holdfast.destination_health
             (destination_id, minute, succeeded, failed, throttled, latency_ms_sum, latency_ms_max)
           VALUES ($1, $2, $3, 0, 0, $4, $5) ON CONFLICT DO NOTHING`,
          [id, minute, succeeded, succeeded * meanMs, Math.round(meanMs * 2.4)],
        );
      }
    }
  } finally {
    await client.end();
  }
}

function waver(perMinute, minute, phase) {
  const wave = 1 + 0.3 * Math.sin(minute / 9 + phase) + 0.25 * (Math.random() - 0.5);
  return Math.max(0, Math.round(perMinute * wave));
}
