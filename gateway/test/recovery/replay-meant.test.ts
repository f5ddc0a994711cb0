import { expect, it } from "vitest";
import { openDesk } from "../support/delivery-gateway.ts";
import { openService, settled, startReplayGateway } from "../support/replay-desk.ts";

/** What makes an event one that cannot be verified a second time, so that its recorded verdict stands or is trusted. */
const UNVERIFIABLE = [
  ["api", "verified_by = 'provider_api', secret_version = NULL"],
  ["batch", "verified_by = 'batch_signature'"],
  ["lost", "headers = convert_to('[[\"content-type\", \"application/json\"]]', 'UTF8')"],
] as const;

it("sends for the first time only where the routes mean an event, in their order, whatever proves it", async () => {
  const desk = await openDesk();
  const [service, ledger] = [await openService(), await openService()];
  const destinations = { billing: { url: service.url }, ledger: { url: ledger.url } };
  const billing = { source: "payments", destination: "billing" };
  const before = await startReplayGateway(desk, { destinations, routes: [billing] });
  for (const [name, how] of UNVERIFIABLE)
    for (const id of [`evt_${name}_meant`, `evt_${name}_other`]) {
      expect(await before.post(id)).toBe(200);
      await desk.query(`UPDATE holdfast.event SET ${how} WHERE provider_event_id = $1`, [id]);
    }
  await settled(desk);
  await before.stop();

  const filter = 'event.id.endsWith("_meant") && event.body.object == "event" && event.headers["content-type"] != ""';
  const route = { source: "payments", destination: "ledger", when: filter, orderBy: "body:/id" };
  const gateway = await startReplayGateway(desk, { destinations, routes: [billing, route] });
  const wish = { destinations: ["ledger"], states: ["missing"], trustRecorded: true };
  expect(await gateway.replay(wish)).toMatchObject({
    summary: { replayed: 3, processed: 3, integrity_check: "pass" },
    notReplayed: { missing: 3 },
    verified: { recorded_verdict: 3 },
  });
  await settled(desk);
  const ids = UNVERIFIABLE.map(([name]) => `evt_${name}_meant`).toSorted();
  expect(ledger.seen.map(({ body }) => (JSON.parse(body) as { id: string }).id).toSorted()).toEqual(ids);
  const keys = await desk.query<{ order_key: string | null }>(
    "SELECT order_key FROM holdfast.finished_delivery WHERE trigger = 'replay'",
  );
  expect(keys.map((row) => row.order_key).toSorted()).toEqual(ids);
});
