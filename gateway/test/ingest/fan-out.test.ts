import { expect, it, onTestFinished } from "vitest";
import { post, startIngestGateway, stripeEvent } from "../support/ingest-gateway.ts";

const DESTINATIONS = 10_000;

it("one event for ten thousand destinations is acknowledged with a delivery for each, or refused with none (F109)", async () => {
  const gateway = await startIngestGateway();
  onTestFinished(() => gateway.close());
  const copies = `FROM holdfast.destination d, generate_series(2, ${DESTINATIONS}) n`;
  await gateway.query(
    `INSERT INTO holdfast.destination (id, tenant, name, kind, url, headers, policy, signing_secret, origin, created_at, updated_at)
     SELECT gen_random_uuid(), tenant, name || '-' || n, kind, url, headers, policy, signing_secret, 'api', now(), now() ${copies}`,
  );
  await gateway.query(
    `INSERT INTO holdfast.route (id, tenant, name, source_id, destination_id, event_types, origin, created_at, updated_at)
     SELECT gen_random_uuid(), r.tenant, r.name || '-' || d.name, r.source_id, d.id, r.event_types, 'api', now(), now()
       FROM holdfast.route r, holdfast.destination d WHERE d.name LIKE '%-%'`,
  );
  await gateway.query("UPDATE holdfast.setting SET value = (value::int + 1)::text WHERE name = 'catalog_version'");
  const fanned = "SELECT count(*)::int AS n FROM holdfast.delivery GROUP BY event_id ORDER BY n";
  for (let n = 0, wide = 0; wide === 0; n++) {
    // 503 on a slow machine: the time was over before all of them were written.
    const { status } = await post(gateway.url, stripeEvent(`evt_wide_${n}`));
    expect([200, 503]).toContain(status);
    const found = (await gateway.query<{ n: number }>(fanned)).map((row) => row.n);
    // To one alone as long as the gateway had not read the catalog again.
    expect(found.filter((one) => one !== 1 && one !== DESTINATIONS)).toEqual([]);
    if (status === 200) wide = found.filter((one) => one === DESTINATIONS).length;
  }
});
