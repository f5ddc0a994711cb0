import { expect, test } from "vitest";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { copyDelivery, statesOf } from "../support/many-deliveries.ts";
import { recordOne } from "../support/recorded-events.ts";
import { countOpen, startReceiver } from "../support/receiver.ts";

const GATED = "destination_gated";

test("fifty destinations of one event that all fail are fifty retries, each by itself, and fifty deliveries in the end (F48)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver(() => 500);
  const names = Array.from({ length: 50 }, (_, n) => `shop-${n}`);
  const destinations = Object.fromEntries(
    names.map((name) => [name, { url: `${receiver.url}/${name}`, retry: { scheduleSec: [3_600] } }]),
  );
  await startDeliveries(desk, { destinations });
  const ids = await desk.record({ to: names });
  for (const id of ids) await desk.waiting(id, "scheduled");
  const rows = await desk.query<{ attempt: number }>("SELECT attempt FROM holdfast.delivery WHERE state = 'scheduled'");
  expect(rows).toEqual(names.map(() => ({ attempt: 1 })));
  receiver.answer = () => 200;
  await desk.hurry();
  for (const id of ids) expect(await desk.finished(id)).toMatchObject({ state: "processed", attempt: 2 });
  expect(new Set(receiver.arrivals.map(({ key, path }) => `${key} ${path}`)).size).toBe(50);
  expect(receiver.arrivals).toHaveLength(100);
});

test("what has waited an hour for a worker goes out when one comes, each once, and within the destination's limit (F52)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const seen = countOpen(receiver, 3);
  const destinations = { billing: { url: receiver.url, concurrency: 3 } };
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  const [id] = await desk.record({ to: ["billing"], heldReason: GATED, at: new Date(Date.now() - 3_600_000) });
  await copyDelivery(desk, id!, 39);
  // Half of them were to be tried again meanwhile.
  await desk.query(
    `UPDATE holdfast.delivery SET state = 'scheduled', held_reason = NULL, due_at = now() - interval '1 hour'
      WHERE id IN (SELECT id FROM holdfast.delivery WHERE id <> $1 LIMIT 20)`,
    [id],
  );
  await startDeliveries(desk, { destinations });
  await until(async () => (await statesOf(desk, "billing"))["processed"] === 40);
  expect(seen.most).toBe(3);
  expect(new Set(receiver.arrivals.map(({ key }) => key)).size).toBe(40);
  expect(receiver.arrivals).toHaveLength(40);
});

test("an event whose ids are older than those of others and that commits after them is delivered like any other (F32)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  await startDeliveries(desk, { destinations: { billing: { url: receiver.url } } });
  const [source] = await desk.query<{ id: string }>("SELECT id FROM holdfast.source");
  const [destination] = await desk.query<{ id: string }>("SELECT id FROM holdfast.destination");
  let commit: () => void = () => {};
  let written: () => void = () => {};
  const mayCommit = new Promise<void>((resolve) => (commit = resolve));
  const isWritten = new Promise<void>((resolve) => (written = resolve));
  const slow: typeof desk.db = {
    ...desk.db,
    transaction: (work, deadlineMs) =>
      desk.db.transaction(async (tx) => {
        const value = await work(tx);
        written();
        await mayCommit;
        return value;
      }, deadlineMs),
  };
  const event = { sourceId: source!.id, destinationIds: [destination!.id], providerId: "evt_early" };
  const early = recordOne(slow, event);
  await isWritten;
  for (let n = 0; n < 5; n++) {
    const [id] = await desk.record({ to: ["billing"] });
    expect(await desk.finished(id!)).toMatchObject({ state: "processed" });
  }
  expect(receiver.arrivals).toHaveLength(5);
  commit();
  const { deliveryIds } = await early;
  expect(await desk.finished(deliveryIds[0]!)).toMatchObject({ state: "processed", attempt: 1 });
  expect(receiver.arrivals).toHaveLength(6);
});
