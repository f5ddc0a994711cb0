import { expect, it, onTestFinished } from "vitest";
import { createFairQueue } from "../../src/domain/fair-queue.ts";
import { openLedger } from "../../src/pipeline/ledger.ts";
import type { RecordBatch } from "../../src/pipeline/record-batch.ts";
import { createBatchRecorder } from "../../src/pipeline/record-batch.ts";
import type { EventDraft } from "../../src/pipeline/record-event.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { openDatabase } from "../../src/store/database.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import { forgetKeys } from "../support/forget-keys.ts";
import { draftEvent } from "../support/ledger.ts";

/** A recorder that has written nothing yet, and the ways that its batches have taken. */
function openRecorder(desk: Desk) {
  const { url } = desk.database;
  const options = { url, connectTimeoutMs: 5_000, statementTimeoutMs: 20_000, log: silentLog, pipelined: true };
  const db = openDatabase({ ...options, connectionsMax: 1, applicationName: "batches" });
  onTestFinished(() => db.close());
  const ways: string[] = [];
  const watched: typeof db = {
    ...db,
    transactionAtOnce: (...given) => (ways.push("at once"), db.transactionAtOnce(...given)),
    transaction: (...given) => (ways.push("ledger first"), db.transaction(...given)),
  };
  const record = createBatchRecorder({ db: watched, ledger: openLedger(), clock: systemClock });
  return { record, ways: () => ways.splice(0) };
}

async function kindsOf(record: RecordBatch, drafts: readonly EventDraft[]): Promise<string[]> {
  const options = { now: new Date(), isRepeat: false, ranks: createFairQueue() };
  const done = await record(drafts, options, 20_000);
  if (!done.ok) throw new Error(done.message);
  return done.value.map(({ kind }) => kind);
}

const drafts = (...ids: string[]): EventDraft[] => ids.map(draftEvent);

it("new events go there and back once; a known one among them keeps none of the others out, and the next go once again", async () => {
  const desk = await openDesk();
  const { record, ways } = openRecorder(desk);
  // The very first on a connection as well: what is made known in a transaction that fails is made known again.
  expect(await kindsOf(record, drafts("a"))).toEqual(["recorded"]);
  const other = openRecorder(desk);
  expect(await kindsOf(other.record, drafts("b", "a", "c"))).toEqual(["recorded", "duplicate", "recorded"]);
  expect(other.ways()).toEqual(["at once", "ledger first"]);
  expect(await kindsOf(other.record, drafts("d", "e"))).toEqual(["recorded", "recorded"]);
  expect([ways(), other.ways()]).toEqual([["at once"], ["at once"]]);
  const found = await desk.query(
    `select count(*)::int as events, (select count(*)::int from holdfast.dedupe d join holdfast.event e
        on e.bucket = d.bucket and e.id = d.event_id) as lines from holdfast.event`,
  );
  expect(found).toEqual([{ events: 5, lines: 5 }]);
});

it("while nearly every batch holds a known event the ledger is asked first, and no longer when they are new again", async () => {
  const desk = await openDesk();
  const { record, ways } = openRecorder(desk);
  await kindsOf(record, drafts("storm"));
  for (let n = 0; n < 40; n++) expect(await kindsOf(record, drafts("storm"))).toEqual(["duplicate"]);
  expect(ways().slice(-3)).toEqual(["ledger first", "ledger first", "ledger first"]);
  for (let n = 0; n < 10; n++) expect(await kindsOf(record, drafts(`calm_${n}`))).toEqual(["recorded"]);
  expect(ways().slice(-3)).toEqual(["at once", "at once", "at once"]);
});

it("a key that an older generation of the ledger holds is known, and a step that is over writes nothing", async () => {
  const desk = await openDesk();
  const { record, ways } = openRecorder(desk);
  await kindsOf(record, drafts("old"));
  await desk.query("create table holdfast.dedupe_g2 partition of holdfast.dedupe for values from (2) to (3)");
  await desk.query("update holdfast.bucket_slot set dedupe_step = 4");
  ways();
  expect(await kindsOf(record, drafts("old", "stale"))).toEqual(["duplicate", "recorded"]);
  expect(await kindsOf(record, drafts("old", "later"))).toEqual(["duplicate", "recorded"]);
  expect(ways()).toEqual(["at once", "ledger first", "at once", "ledger first"]);
  expect(await kindsOf(record, drafts("new"))).toEqual(["recorded"]);
  expect(ways()).toEqual(["at once"]);
  const lines = await desk.query("select gen, count(*)::int as n from holdfast.dedupe where gen > 1 group by gen");
  expect(lines).toEqual([{ gen: 2, n: 3 }]);
});

it("a process that begins when the first generation is gone records, and stays on the short way", async () => {
  const desk = await openDesk();
  await forgetKeys(desk.db, new Date());
  const { record, ways } = openRecorder(desk);
  expect(await kindsOf(record, drafts("first"))).toEqual(["recorded"]);
  expect(await kindsOf(record, drafts("second"))).toEqual(["recorded"]);
  expect(ways()).toEqual(["at once", "ledger first", "at once"]);
  const lines = await desk.query("select gen, count(*)::int as n from holdfast.dedupe group by gen");
  expect(lines).toEqual([{ gen: 2, n: 2 }]);
});
