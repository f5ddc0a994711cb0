// Records the same keys as its twin does, in batches, through the gateway's own statements. Its arguments: the database, its
// name, how many keys, and the batch size. It waits for a line on standard input, so that both begin together, and ends
// with one line of JSON: for each key the event that it was told of, and how often it was the one that recorded.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { placeKey } from "../../dist/domain/bucket.js";
import { createFairQueue } from "../../dist/domain/fair-queue.js";
import { newUuid } from "../../dist/domain/id.js";
import { openLedger } from "../../dist/pipeline/ledger.js";
import { createBatchRecorder } from "../../dist/pipeline/record-batch.js";
import { systemClock } from "../../dist/platform/clock.js";
import { silentLog } from "../../dist/platform/log.js";
import { openDatabase } from "../../dist/store/database.js";

const [url, name, keys, batch] = process.argv.slice(2);
const SOURCE = "0196c0de-0000-7000-8000-000000000001";
const LANES = 2;
const db = openDatabase({
  url,
  connectionsMax: LANES,
  connectTimeoutMs: 10_000,
  statementTimeoutMs: 20_000,
  applicationName: `recorder ${name}`,
  log: silentLog,
  pipelined: true,
});
const ledger = openLedger();
const ranks = createFairQueue();
const recordBatch = createBatchRecorder({ db, ledger, clock: systemClock });
const told = {};
let recorded = 0;

function draftOf(number) {
  const eventKey = Buffer.from(`evt_${number}`);
  const place = placeKey(SOURCE, eventKey);
  const body = Buffer.from(name);
  return {
    id: newUuid(Date.now(), place.bucket, randomBytes(8)),
    bucket: place.bucket,
    tenant: "default",
    sourceId: SOURCE,
    keys: [place],
    eventKey,
    providerEventId: null,
    eventType: null,
    payloadVersion: null,
    occurredAt: null,
    signedAt: null,
    receivedAt: new Date(),
    verifiedBy: "signature",
    secretVersion: null,
    method: "POST",
    url: "/",
    remoteAddress: "127.0.0.1",
    headers: Buffer.from("[]"),
    body,
    bodySha256: createHash("sha256").update(body).digest(),
    deliveries: [],
  };
}

async function record(numbers) {
  const drafts = numbers.map(draftOf);
  for (let isRepeat = false; ; isRepeat = true) {
    const done = await recordBatch(drafts, { now: new Date(), isRepeat, ranks }, 20_000);
    if (!done.ok) continue;
    for (const [i, result] of done.value.entries()) {
      told[numbers[i]] = result.eventId;
      if (result.kind === "recorded") recorded++;
    }
    return;
  }
}

async function lane(from) {
  for (let first = from * batch; first < keys; first += LANES * batch) {
    const numbers = Array.from({ length: Math.min(batch, keys - first) }, (_, i) => first + i);
    await record(numbers);
    process.stdout.write(`${first}\n`);
  }
}

process.stdout.write("ready\n");
await once(process.stdin, "data");
await Promise.all(Array.from({ length: LANES }, (_, at) => lane(at)));
process.stdout.write(`${JSON.stringify({ recorded, told, step: ledger.step() })}\n`);
await db.close();
process.stdin.destroy();
