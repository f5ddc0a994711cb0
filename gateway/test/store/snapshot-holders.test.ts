import { expect, onTestFinished, test } from "vitest";
import { listSnapshotHolders } from "../../src/store/upkeep/snapshot-holders.ts";
import { openTestPool } from "../support/database.ts";
import { query, serverOfThisFile, until } from "../support/embedded.ts";

// A server of its own: what it gives up is everybody's slots.
const server = serverOfThisFile({ wal_level: "replica", max_replication_slots: "2", max_slot_wal_keep_size: "1MB" });

test("a replication slot that nobody reads holds rows and log, until the server has given up what it kept", async () => {
  const { url, adminUrl } = server();
  const db = openTestPool({ url }, 1);
  onTestFinished(() => db.close());
  const slots = async () => (await listSnapshotHolders(db)).filter(({ kind }) => kind === "replication_slot");
  await query(adminUrl, "select pg_create_physical_replication_slot('forgotten', true)");
  expect(await slots()).toMatchObject([{ name: "forgotten", state: "inactive" }]);
  // Each switch leaves a whole segment behind.
  await until(async () => {
    await query(adminUrl, "select pg_logical_emit_message(false, 'test', ''), pg_switch_wal()");
    await query(adminUrl, "checkpoint");
    const [slot] = await query<{ wal_status: string }>(adminUrl, "select wal_status from pg_replication_slots");
    return slot!.wal_status === "lost";
  });
  expect(await slots()).toEqual([]);
});
