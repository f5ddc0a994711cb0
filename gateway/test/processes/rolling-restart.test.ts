import type { ServerResponse } from "node:http";
import { expect, it } from "vitest";
import { openDesk, SOURCE_SECRET } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { post, signedWebhook } from "../support/ingest-gateway.ts";
import type { Arrival } from "../support/receiver.ts";
import { startReceiver } from "../support/receiver.ts";
import { startWorkerProcess } from "../support/worker-process.ts";

const LEASE_MS = 3_000;

const idOf = ({ body }: Arrival): string => (JSON.parse(body.toString()) as { id: string }).id;

async function send(url: string, id: string): Promise<boolean> {
  const body = JSON.stringify({ id, object: "event", type: "invoice.paid", created: 1_700_000_000 });
  const webhook = signedWebhook({ provider: "stripe", key: "payments-key", body, secret: SOURCE_SECRET });
  return (await post(url, webhook).catch(() => null))?.status === 200;
}

it("two doors and two workers, each restarted under load, one killed and one stopped past its lease: nothing is lost, nothing takes effect twice, and what comes late is refused (F102)", async () => {
  const desk = await openDesk();
  const receiver = await startReceiver();
  const parts = {
    destinations: { billing: { url: `${receiver.url}/billing`, timeoutMs: 1_000 } },
    routes: [{ source: "payments", destination: "billing" }],
  };
  const startDoor = () => startWorkerProcess(desk, { ...parts, roles: ["ingest"] });
  const startWorker = () => startWorkerProcess(desk, { ...parts, worker: { leaseMs: LEASE_MS, pollMs: 50 } });
  const doors = [await startDoor(), await startDoor()];
  const workers = [await startWorker(), await startWorker()];

  const load = new AbortController();
  let sent = 0;
  const sender = async (): Promise<void> => {
    while (!load.signal.aborted) {
      const id = `evt_${sent++}`;
      // As a provider does: again, until it is accepted; by whichever door is open.
      for (let door = sent; !(await send(doors[door % doors.length]!.ingestUrl, id));) door++;
    }
  };
  const sending = Promise.all([sender(), sender()]);
  const more = async (): Promise<void> => {
    const from = sent;
    await until(() => sent > from + 20);
  };

  await more();
  for (const [processes, start] of [
    [doors, startDoor],
    [workers, startWorker],
  ] as const) {
    for (const [i, old] of processes.entries()) {
      processes[i] = await start();
      old.signal("SIGTERM");
      expect(await old.ended).toEqual({ code: 0, signal: null });
      await more();
    }
  }

  workers[0]!.signal("SIGKILL");
  await workers[0]!.ended;
  // Only the other one sends now: it is stopped while it waits for answers, which it finds when its leases are long over.
  const zombie = workers[1]!;
  const unanswered: ServerResponse[] = [];
  receiver.answer = (_arrival, response) => void unanswered.push(response);
  await until(() => unanswered.length > 0);
  zombie.signal("SIGSTOP");
  receiver.answer = () => 200;
  for (const response of unanswered) response.writeHead(200).end();
  workers[0] = await startWorker();
  await more();
  load.abort();
  await sending;
  const finished = async (): Promise<number> =>
    (await desk.query<{ n: number }>("select count(*)::int as n from holdfast.finished_delivery"))[0]!.n;
  await until(async () => (await finished()) === sent);
  zombie.signal("SIGCONT");
  await until(() => zombie.logged.some((line) => line["next"] === "lease_lost"));

  // One event, one key: a service that acts once for a key has acted once for each event.
  const keys = new Map<string, Set<string>>();
  for (const arrival of receiver.arrivals) {
    const id = idOf(arrival);
    keys.set(id, (keys.get(id) ?? new Set()).add(arrival.key));
  }
  expect(keys.size).toBe(sent);
  expect([...keys.values()].filter((own) => own.size !== 1)).toEqual([]);
  expect(await desk.query("select state, count(*)::int as n from holdfast.finished_delivery group by state")).toEqual([
    { state: "processed", n: sent },
  ]);
  expect(await desk.query("select 1 from holdfast.delivery")).toEqual([]);
});
