import { expect, it } from "vitest";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk, SOURCE_SECRET } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { post, signedWebhook } from "../support/ingest-gateway.ts";
import { startReceiver } from "../support/receiver.ts";
import { startWorkerProcess } from "../support/worker-process.ts";

const NEVER_MS = 3_600_000;

async function send(url: string, id: string): Promise<void> {
  const body = JSON.stringify({ id, object: "event", type: "invoice.paid", created: 1_700_000_000 });
  const answer = await post(
    url,
    signedWebhook({ provider: "stripe", key: "payments-key", body, secret: SOURCE_SECRET }),
  );
  expect(answer.status).toBe(200);
}

const routed = (url: string) => ({
  destinations: { billing: { url } },
  routes: [{ source: "payments", destination: "billing" }],
});

const connectionsOf = async (desk: Desk, which = "true"): Promise<number[]> =>
  (
    await desk.query<{ pid: number }>(
      `select pid from pg_stat_activity
        where application_name = 'holdfast hints' and datname = current_database() and ${which}`,
    )
  ).map(({ pid }) => pid);

/** Those that listen: it is the first that they are asked, and has been answered. Before, a process tells nobody anything. */
const listenersOf = (desk: Desk): Promise<number[]> => connectionsOf(desk, "state = 'idle' and query <> ''");

it("a process that only takes in wakes one that only delivers and would not look for an hour; also after its connection was cut", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const parts = routed(`${receiver.url}/billing`);
  await startWorkerProcess(desk, { ...parts, roles: ["worker"], worker: { pollMs: NEVER_MS } });
  const door = await startWorkerProcess(desk, { ...parts, roles: ["ingest"] });
  await until(async () => (await listenersOf(desk)).length === 2);
  await send(door.ingestUrl, "evt_1");
  await until(() => receiver.arrivals.length === 1);

  const before = await connectionsOf(desk);
  await desk.query("select pg_terminate_backend(pid) from unnest($1::int[]) as pid", [before]);
  await until(async () => {
    const now = await listenersOf(desk);
    return now.length === 2 && now.every((pid) => !before.includes(pid));
  });
  await send(door.ingestUrl, "evt_2");
  await until(() => receiver.arrivals.length === 2);
});

it("events flow while no connection for hints lives (F33)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const parts = routed(`${receiver.url}/billing`);
  await startWorkerProcess(desk, { ...parts, roles: ["worker"], worker: { pollMs: 25 } });
  const door = await startWorkerProcess(desk, { ...parts, roles: ["ingest"] });
  let cuts = 0;
  let isOver = false;
  const cutting = until(async () => {
    const pids = await connectionsOf(desk);
    const cut = await desk.query("select from unnest($1::int[]) as pid where pg_terminate_backend(pid)", [pids]);
    cuts += cut.length;
    return isOver;
  });
  for (let i = 0; i < 10; i++) {
    // Two more since the last one was sent: as many as listen at any time.
    await until(async () => cuts >= 2 * (i + 1));
    await send(door.ingestUrl, `evt_${i}`);
  }
  await until(() => receiver.arrivals.length === 10);
  isOver = true;
  await cutting;
});
