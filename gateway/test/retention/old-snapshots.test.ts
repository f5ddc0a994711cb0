import { expect, it } from "vitest";
import { createSnapshotWatch, readSnapshots } from "../../src/engine/caretakers/watch-snapshots.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import { openTransaction } from "../support/ledger.ts";

it("a session that holds a snapshot is found, shown, and told once until it ends (F29)", async () => {
  const desk = await openDesk();
  const told: Readonly<Record<string, unknown>>[] = [];
  const write = (fields: Readonly<Record<string, unknown>>): void => void told.push(fields);
  const log = { debug: write, info: write, warn: write, error: write };
  const metrics = createMetrics("test");
  const watch = createSnapshotWatch({ db: desk.db, metrics, log }, 0);
  const gauge = async (): Promise<number> =>
    (await metrics.oldestSnapshotSeconds.get()).values.reduce((sum, { value }) => sum + value, 0);

  expect((await watch()).alarms).toEqual([]);
  const open = await openTransaction(desk);
  await open.tx.client.query("set transaction isolation level repeatable read");
  await open.tx.client.query("select 1");
  const { alarms } = await watch();
  expect(alarms).toMatchObject([{ kind: "session", state: "idle in transaction" }]);
  expect(alarms[0]!.name).toMatch(/^pid \d+ \(desk\)$/);
  expect(await gauge()).toBeGreaterThan(0);
  await watch();
  expect(told).toHaveLength(1);
  // Young ones do no harm, and every transaction is one for a moment.
  expect((await readSnapshots(desk.db)).alarms).toEqual([]);
  await open.end("COMMIT");
  expect((await watch()).alarms).toEqual([]);
  expect(await gauge()).toBe(0);
});
