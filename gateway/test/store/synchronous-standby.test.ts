import { expect, onTestFinished, test } from "vitest";
import { createFairQueue } from "../../src/domain/fair-queue.ts";
import { openLedger } from "../../src/pipeline/ledger.ts";
import { recordEvents } from "../../src/pipeline/record-event.ts";
import { migrate } from "../../src/store/migrate.ts";
import { ensurePartitions } from "../../src/store/upkeep/ensure-partitions.ts";
import { openTestPool } from "../support/database.ts";
import { query, serverOfThisFile, until } from "../support/embedded.ts";
import { draftEvent } from "../support/ledger.ts";

// A server of its own: whoever writes on it waits, while the standby is away.
const server = serverOfThisFile({ wal_level: "replica", max_wal_senders: "2" });

/** How many COMMITs wait for the standby. */
async function waiting(): Promise<number> {
  const [row] = await query<{ count: number }>(
    server().adminUrl,
    "select count(*)::int as count from pg_stat_activity where wait_event = 'SyncRep'",
  );
  return row!.count;
}

async function nameStandby(name: string): Promise<void> {
  await query(server().adminUrl, `alter system set synchronous_standby_names = '${name}'`);
  await query(server().adminUrl, "select pg_reload_conf()");
}

test("a repeat that finds its event there waits for the synchronous standby as the try before did, before anybody is told", async () => {
  const { url } = server();
  expect(await migrate(url)).toMatchObject({ ok: true });
  const db = openTestPool({ url }, 2);
  onTestFinished(() => db.close());
  await ensurePartitions(db, Date.now(), 1);
  const draft = draftEvent("evt_1");
  const record = async (isRepeat: boolean) =>
    await db.transaction(
      (tx) => recordEvents(tx, [draft], { ledger: openLedger(), now: new Date(), isRepeat, ranks: createFairQueue() }),
      120_000,
    );
  expect(await record(false)).toMatchObject({ ok: true });

  await nameStandby("away");
  onTestFinished(() => nameStandby(""));
  const other = query(url, "select pg_logical_emit_message(true, 'test', '')");
  await until(async () => (await waiting()) === 1);
  let isAnswered = false;
  const repeated = record(true).finally(() => (isAnswered = true));
  await until(async () => isAnswered || (await waiting()) === 2);
  expect(isAnswered).toBe(false);

  await nameStandby("");
  expect(await repeated).toMatchObject({ ok: true, value: [{ kind: "recorded", eventId: draft.id }] });
  await other;
});
