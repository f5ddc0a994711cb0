import { expect, it, onTestFinished } from "vitest";
import { checkMoves } from "../../../proof/checker/check-moves.mjs";
import type { Move } from "../../../proof/checker/check-moves.mjs";
import { RECORD_MOVES, readMoves } from "../../../proof/checker/moves-log.mjs";
import { LEGAL_MOVES } from "../../src/domain/delivery.ts";
import { toPublicId } from "../../src/domain/id.ts";
import type { CrashPoint } from "../support/crash-points.ts";
import { heal, strikeAt } from "../support/crash-points.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk, startDeliveries } from "../support/delivery-gateway.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { startReceiver } from "../support/receiver.ts";
import { startWorkerProcess } from "../support/worker-process.ts";

const movesOf = (desk: Desk): Promise<Move[]> => readMoves((text) => desk.query(text));

it.each<[when: string, point: CrashPoint, arrivals: number]>([
  ["before its claim (F37)", { pool: "worker", at: "claim_ready" }, 1],
  ["after its claim, before it has read the event (F37)", { pool: "worker", at: "find_events" }, 1],
  ["before it settles what was answered (F37, F38)", { pool: "settler", at: "insert_attempts" }, 2],
  ["between the attempt's row and the history's (F37)", { pool: "settler", at: "copy_finished" }, 2],
  ["between the history's row and the end of the queue's (F37)", { pool: "settler", at: "delete_finished" }, 2],
  ["before the settlement's COMMIT (F37)", { pool: "settler", at: "COMMIT" }, 2],
  ["after the settlement's COMMIT, before its answer (F37)", { pool: "settler", at: "COMMIT", answered: true }, 1],
])(
  "a worker that is killed %s delays and never loses; whatever comes again has the same key and bytes",
  async (_when, point, arrivals) => {
    const desk = await openDesk();
    await desk.query(RECORD_MOVES);
    const proxy = await startFaultProxy(desk.database.url);
    onTestFinished(() => proxy.close());
    const receiver = await startReceiver();
    const destinations = { billing: { url: receiver.url, timeoutMs: 5_000, retry: { scheduleSec: [1, 1, 1] } } };
    const worker = { leaseMs: 4_000 };
    const victim = await startWorkerProcess(desk, { destinations, worker, databaseUrl: proxy.url });
    const { struck } = strikeAt(proxy, point, () => victim.signal("SIGKILL"));
    const [id] = await desk.record({ to: ["billing"] });
    await struck;
    await victim.ended;
    heal(proxy);
    await startDeliveries(desk);
    expect(await desk.finished(id!)).toMatchObject({ state: "processed", reason: null });
    expect(receiver.arrivals.length).toBe(arrivals);
    const sent = new Set(receiver.arrivals.map(({ key, body }) => `${key} ${body.toString("hex")}`));
    expect(sent.size).toBe(1);
    const [row] = await desk.query<{ tenant: string; event_id: string; attempt: number; attempts: number }>(
      `SELECT f.tenant, f.event_id, f.attempt, (SELECT count(*)::int FROM holdfast.attempt a WHERE a.delivery_id = f.id) AS attempts
       FROM holdfast.finished_delivery f`,
    );
    const moves = await movesOf(desk);
    const verdict = checkMoves(
      {
        moves,
        rows: [
          {
            id: id!,
            tenant: row!.tenant,
            event: row!.event_id,
            destination: "billing",
            key: toPublicId("dlv", id!),
            state: "processed",
            replay: null,
            claims: row!.attempt,
            attempts: row!.attempts,
          },
        ],
        arrivals: receiver.arrivals.map(({ key }) => ({ key, tenant: row!.tenant, destination: "billing", t: 0 })),
        ordered: [],
        changes: [],
        account: [],
      },
      { legal: LEGAL_MOVES.map(({ from, to }) => [from, to] as const), leaseMaxMs: 60_000 },
      { moves: 3, edges: 3, arrivals: 1 },
    );
    expect(verdict).toMatchObject({ verdict: "holds", unseen: [] });
  },
);
