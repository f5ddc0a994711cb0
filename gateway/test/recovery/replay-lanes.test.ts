import { expect, it } from "vitest";
import { openVirtualTime } from "../../src/engine/virtual-time.ts";
import { silentLog } from "../../src/platform/log.ts";
import { replay } from "../../src/recovery/replay.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { openService, settled, startReplayGateway } from "../support/replay-desk.ts";
import { replayer } from "../support/replayer.ts";

it.each([
  { what: "sends again", wish: { again: true }, row: { trigger: "replay", follows: false } },
  { what: "copies", wish: { copyTo: "fresh" }, row: { trigger: "copy", follows: false } },
  { what: "copies after a copy that died", wish: { copyTo: "staging" }, row: { trigger: "copy", follows: true } },
])("the lane of replays stays where it is while what it $what waits in it", async ({ wish, row }) => {
  const desk = await openDesk();
  const service = await openService();
  const broken = await openService();
  broken.answer = () => 503;
  const staging = { url: broken.url, retry: { scheduleSec: [], refusalsMax: 1 } };
  const destinations = { billing: { url: service.url }, staging, fresh: { url: service.url } };
  const worker = await startReplayGateway(desk, { destinations });
  expect(await worker.post("evt_1")).toBe(200);
  await settled(desk);
  const { items } = (await worker.call("GET", "/events")).body as { items: { id: string }[] };
  const ids = [items[0]!.id];
  expect(await worker.replay({ ids, copyTo: "staging" })).toMatchObject({ summary: { replayed: 1 } });
  expect(await desk.query("SELECT trigger FROM holdfast.finished_delivery WHERE state = 'dead'")).toEqual([
    { trigger: "copy" },
  ]);
  await worker.stop();

  const gateway = await startReplayGateway(desk, { destinations, roles: ["admin"] });
  const { token } = (await gateway.call("POST", "/replays", { ids, trustRecorded: true, ...wish })).body;
  expect((await gateway.call("POST", "/replays/run", { token })).status).toBe(200);
  await gateway.stop();
  const ranks = await openVirtualTime({ db: desk.db, log: silentLog });
  // Ahead of where any class stands.
  const start = Math.max(...[0, 1, 2, 3].map((priority) => ranks.next(priority, "first")));
  const last = { next: () => start + 2_999_000 };
  await replay({ ...(await replayer(desk.db)), ranks: last, leaseMs: 60_000 });
  const [queued] = await desk.query<{ priority: number }>(
    "SELECT priority, trigger, retry_of IS NOT NULL AS follows, state, attempt FROM holdfast.delivery",
  );
  expect(queued).toMatchObject({ ...row, state: "ready", attempt: 0 });

  const { priority } = queued!;
  const move = (lane: string, steps: number): void => {
    for (let i = 0; i < steps; i++) ranks.next(priority, lane);
  };
  move("replay:default", 3_000);
  // Looked at after that one, since it is less far ahead.
  move("gone", 2_999);
  await until(async () => {
    await ranks.sync();
    return ranks.next(priority, "gone") - start < 1_000_000;
  });
  expect(ranks.next(priority, "replay:default")).toBeGreaterThanOrEqual(start + 2_999_000);
  await ranks.stop();
});
