import { expect, test } from "vitest";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { copyDelivery } from "../support/many-deliveries.ts";
import { startReceiver } from "../support/receiver.ts";

test("the API shows a destination's gate, how its attempts went, since when it fails and what was told of it", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver(() => 503);
  const destinations = { billing: { url: receiver.url, concurrency: 2, retry: { scheduleSec: [600] } } };
  const { gateway } = await startDeliveries(desk, { destinations });
  const ask = async () => {
    const answer = await fetch(`${gateway.adminUrl}/api/v1/destinations/billing`, {
      headers: { authorization: `Bearer ${gateway.adminToken}` },
    });
    return (await answer.json()) as {
      state: string;
      gate: object;
      health: { last5Min: { attempts: number } };
      failingSince: string | null;
      notices: object[];
    };
  };
  expect(await ask()).toMatchObject({
    concurrency: 2,
    gate: { reason: "limit", breaker: "closed", breakerSince: null },
    health: { last24H: { attempts: 0, meanLatencyMs: null } },
    failingSince: null,
    waitsAtGate: false,
    permitsOut: 0,
  });
  const [id] = await desk.record({ to: ["billing"], heldReason: "destination_gated" });
  await copyDelivery(desk, id!, 3);
  await until(async () => (await ask()).health.last5Min.attempts === 4);
  expect(await ask()).toMatchObject({
    health: { last5Min: { succeeded: 0, failed: 4, throttled: 0 }, last24H: { attempts: 4 } },
    failingSince: expect.any(String),
    notices: [],
  });
  receiver.answer = () => 410;
  await desk.record({ to: ["billing"], heldReason: "destination_gated" });
  // Both commit together, but the state is shown from the catalog in memory, which is read again a moment later.
  await until(async () => (await ask()).state === "disabled");
  expect(await ask()).toMatchObject({ notices: [{ kind: "disabled", detail: "answered 410 Gone" }] });
});
