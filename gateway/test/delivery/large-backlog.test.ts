import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { Destination } from "../../src/domain/catalog.ts";
import { planDestinationState } from "../../src/domain/destination-plan.ts";
import { changeCatalog } from "../../src/pipeline/change-catalog.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { statesOf } from "../support/many-deliveries.ts";
import { startReceiver } from "../support/receiver.ts";

const EACH = 60;
const HELD = "held destination_paused";
const box = createSecretsBox({ keys: [{ id: "test", key: randomBytes(32) }] });

/** Changes both destinations at once, by a clock on which the time for moving is over amid the first one's backlog. */
async function change(desk: Desk, state: Destination["state"]): Promise<void> {
  let ms = 0;
  const clock = { now: () => new Date(), monotonicMs: () => (ms += 190) };
  const changed = await changeCatalog({ db: desk.db, box, clock, random: randomBytes }, ({ destinations }) => ({
    ok: true,
    items: destinations.map((destination) => planDestinationState(destination, state, "by a test")),
  }));
  expect(changed.ok).toBe(true);
}

test("a pause and a resume end in time for all destinations together, and the rest of their backlogs follows", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const destinations = { one: { url: receiver.url }, two: { url: receiver.url } };
  await (await startDeliveries(desk, { destinations })).gateway.drain();
  for (let i = 0; i < EACH; i++) await desk.record({ to: ["one", "two"] });
  await desk.query(
    "UPDATE holdfast.delivery SET state = 'scheduled', due_at = now() + interval '1 h' WHERE bucket % 2 = 0",
  );
  const both = async () => [await statesOf(desk, "one"), await statesOf(desk, "two")];
  const [before] = await both();

  await change(desk, "paused");
  const [part, none] = await both();
  expect(part![HELD]).toBeGreaterThan(0);
  expect(part![HELD]).toBeLessThan(EACH);
  expect(none).toEqual(before);
  const paused = await startDeliveries(desk);
  const hasNo = async (state: string) => (await both()).every((states) => states[state] === undefined);
  await until(() => hasNo("ready"));
  await desk.hurry();
  await until(() => hasNo("scheduled"));
  expect(await both()).toEqual([{ [HELD]: EACH }, { [HELD]: EACH }]);
  expect(receiver.arrivals).toEqual([]);
  await paused.gateway.drain();

  await change(desk, "active");
  const [released, still] = await both();
  expect(released!["scheduled"]).toBeGreaterThan(0);
  expect(released![HELD]).toBeGreaterThan(0);
  expect(still).toEqual({ [HELD]: EACH });
  await startDeliveries(desk);
  await until(async () => (await both()).every(({ processed }) => processed === EACH));
  expect(receiver.arrivals).toHaveLength(2 * EACH);
});
