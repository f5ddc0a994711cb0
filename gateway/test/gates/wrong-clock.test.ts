import { expect, it, onTestFinished, vi } from "vitest";
import { BUCKETS } from "../../src/domain/bucket.ts";
import { releaseWaiting } from "../../src/store/catalog/hold-waiting.ts";
import { releaseActive } from "../../src/store/deliveries/release-active.ts";
import { releaseServable } from "../../src/store/deliveries/release-servable.ts";
import { releaseGate } from "../../src/store/gates/feed-gated.ts";
import type { Queryable } from "../../src/store/statement.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { openService, settled, startReplayGateway } from "../support/replay-desk.ts";

const HOUR_MS = 3_600_000;

type Release = (db: Queryable, destination: string) => Promise<unknown>;
const SEALED = "signing_secret_unreadable";

it.each<[words: string, heldReason: string, release: Release]>([
  ["a pause that has ended", "destination_paused", (db) => db.run(releaseActive, [10])],
  ["who ends a pause", "destination_paused", (db, id) => db.run(releaseWaiting, ["default", id, 0, BUCKETS - 1])],
  ["who can serve its destination", SEALED, (db, id) => db.run(releaseServable, [[id], [SEALED], 10])],
  ["a gate that is gone", "destination_gated", (db, id) => db.run(releaseGate, [id, 10])],
])(
  "what is let go by %s is due then, the oldest first, also what came through a door whose clock was ahead",
  async (...row) => {
    const [, heldReason, release] = row;
    const desk = await openDesk();
    const destinations = { billing: { url: "http://127.0.0.1:9/" } };
    await (await startDeliveries(desk, { destinations })).gateway.drain();
    const ids: string[] = [];
    for (const ms of [HOUR_MS, -HOUR_MS, -2 * HOUR_MS])
      ids.push(...(await desk.record({ to: ["billing"], heldReason, at: new Date(Date.now() + ms) })));
    const [destination] = await desk.query<{ id: string }>("SELECT id FROM holdfast.destination");
    await release(desk.db, destination!.id);
    const due =
      "SELECT id FROM holdfast.delivery WHERE state = 'scheduled' AND due_at <= clock_timestamp() ORDER BY due_at";
    expect((await desk.query(due)).map(({ id }) => id)).toEqual(ids.toReversed());
  },
);

it("a retry of what came through a door whose clock was ahead goes out when the pause that held it ends", async () => {
  const desk = await openDesk();
  const service = await openService();
  service.answer = () => 503;
  const destinations = { billing: { url: service.url, retry: { scheduleSec: [], refusalsMax: 1 } } };
  const gateway = await startReplayGateway(desk, { destinations });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + HOUR_MS });
  onTestFinished(() => void vi.useRealTimers());
  expect(await gateway.post("evt_ahead")).toBe(200);
  await settled(desk);
  const letters = (await gateway.call("GET", "/dead-letters")).body["items"] as { id: string }[];
  const turn = async (state: string) =>
    expect((await gateway.call("PATCH", "/destinations/billing", { state })).status).toBe(200);
  await turn("paused");
  expect(await gateway.call("POST", `/deliveries/${letters[0]!.id}/retry`, {})).toMatchObject({ status: 201 });
  expect(await desk.query("SELECT state FROM holdfast.delivery")).toEqual([{ state: "held" }]);
  service.answer = () => 200;
  await turn("active");
  await until(async () => service.effects.size === 1);
});
