import { expect, it, onTestFinished, vi } from "vitest";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { openService, ownByApi, settled, startReplayGateway } from "../support/replay-desk.ts";

const ONE_TRY = { scheduleSec: [], refusalsMax: 1 };
const NEW_SECRET = "whsec_the_one_that_was_rotated_in_without_us";

it("a process whose wall clock jumps a month ahead sends what is retried and replayed once, and finishes it", async () => {
  const { desk, service, staging, gateway } = await outage();
  const since = new Date(Date.now() - 3_600_000).toISOString();
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 30 * 86_400_000 });
  onTestFinished(() => void vi.useRealTimers());
  service.answer = () => 200;

  const letters = (await gateway.call("GET", "/dead-letters")).body["items"] as { id: string }[];
  const [first, second] = letters.map(({ id }) => id);
  expect(letters.length).toBe(4);
  expect(await gateway.call("POST", `/deliveries/${first}/retry`, {})).toMatchObject({ status: 201 });
  const many = await gateway.call("POST", "/dead-letters/retry", { filter: { ids: [second] }, expected: 1 });
  expect(many.body).toMatchObject({ handled: 1 });
  await settled(desk);
  expect(await gateway.replay({ since })).toMatchObject({ summary: { replayed: 2, processed: 2 } });
  expect(await gateway.replay({ since, copyTo: "staging" })).toMatchObject({ summary: { replayed: 4, processed: 4 } });
  expect(await gateway.replay({ since, of: "rejections" })).toMatchObject({ summary: { replayed: 1, processed: 1 } });

  const counts = [service, staging].map(({ effects }) => [...effects.values()]);
  expect(counts).toEqual([
    [1, 1, 1, 1, 1],
    [1, 1, 1, 1],
  ]);
  const processed = await desk.query<{ attempt: number }>(
    "SELECT attempt FROM holdfast.finished_delivery WHERE state = 'processed'",
  );
  expect(processed.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 9 }, () => 1));
});

/** Four dead letters, and an arrival that was refused for a secret which is there by now. */
async function outage() {
  const desk = await openDesk();
  const [service, staging] = [await openService(), await openService()];
  service.answer = () => 503;
  const destinations = { billing: { url: service.url, retry: ONE_TRY }, staging: { url: staging.url } };
  const gateway = await startReplayGateway(desk, { destinations });
  for (let i = 0; i < 4; i++) expect(await gateway.post(`evt_${i}`)).toBe(200);
  expect(await gateway.post("evt_refused", NEW_SECRET)).toBe(401);
  await until(async () => (await countRejections(desk)) === 1);
  await settled(desk);
  await ownByApi(desk, gateway);
  const added = await gateway.call("POST", "/sources/payments/secrets", { value: NEW_SECRET, version: "v2" });
  expect(added.status).toBe(201);
  return { desk, service, staging, gateway };
}

async function countRejections(desk: Desk): Promise<number> {
  return (await desk.query("SELECT FROM holdfast.rejection")).length;
}
