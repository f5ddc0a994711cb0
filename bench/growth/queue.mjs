// A queue on a real database, driven by the gateway's own statements, and filled in bulk for the bench.
// @ts-check: whoever changes what those take is told here.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { placeKey } from "../../gateway/dist/domain/bucket.js";
import { createFairQueue } from "../../gateway/dist/domain/fair-queue.js";
import { newUuid } from "../../gateway/dist/domain/id.js";
import { createClaimFloors } from "../../gateway/dist/engine/claim-floors.js";
import { claim } from "../../gateway/dist/pipeline/claim.js";
import { openLedger } from "../../gateway/dist/pipeline/ledger.js";
import { createBatchRecorder } from "../../gateway/dist/pipeline/record-batch.js";
import { settleDeliveries } from "../../gateway/dist/pipeline/settle.js";

const SOURCE = randomUUID();
const DESTINATION = randomUUID();
const BATCH = 64;
const BODY = Buffer.alloc(1_200, "x");
const BODY_SHA256 = createHash("sha256").update(BODY).digest();
const CHUNK = 200_000;
/** Of what is finished: with few large ones, each in the order of the primary keys, their pages are written once (filling took 191 s for 3M before). */
const HISTORY_CHUNK = 5_000_000;
const CLOCK = { now: () => new Date(), monotonicMs: () => performance.now() };

/**
 * @typedef {import("../../gateway/dist/store/database.js").Database} Database
 * @param {{ db: Database, workDb: Database, settleDb: Database }} pools where events are recorded, claims run, outcomes are settled
 */
export function openQueue({ db, workDb, settleDb }) {
  const ranks = createFairQueue();
  const claims = {
    db: workDb,
    clock: CLOCK,
    // One machine has one time.
    databaseNow: () => new Date(),
    syncTime: () => null,
    leaseMs: 600_000,
    onDoubt: () => {},
    ...createClaimFloors({ clock: CLOCK, db: workDb, ranks }),
  };
  // As the door records what comes in.
  const recorder = createBatchRecorder({ db, ledger: openLedger(), clock: CLOCK });

  /** @param {number} count */
  const record = async (count) => {
    const drafts = Array.from({ length: count }, () => draftEvent({ sourceId: SOURCE, destinationId: DESTINATION }));
    const done = await recorder(drafts, { now: new Date(), isRepeat: false, ranks }, 60_000);
    if (!done.ok) throw new Error(done.message);
  };

  return {
    /**
     * Claims and settles batches while what is settled is replaced, so that the depth stays.
     *
     * @param {number} rounds
     */
    async measureClaims(rounds) {
      const claimMs = [];
      const settleMs = [];
      for (let round = 0; round < rounds; round++) {
        await record(BATCH);
        const claimAt = performance.now();
        const leased = await claim(claims, BATCH);
        claimMs.push(performance.now() - claimAt);
        if (leased.length === 0) throw new Error("nothing was there to claim");
        const settleAt = performance.now();
        const done = await settleDb.transaction(
          (tx) => settleDeliveries(tx, leased.map(toProcessed), "bench", new Date()),
          60_000,
        );
        if (!done.ok) throw new Error(done.message);
        settleMs.push(performance.now() - settleAt);
      }
      return {
        claimP50Ms: quantile(claimMs, 0.5),
        claimP99Ms: quantile(claimMs, 0.99),
        settleP50Ms: quantile(settleMs, 0.5),
      };
    },
    /**
     * Records batches for so many seconds, two at a time.
     *
     * @param {number} seconds
     */
    async measureIngest(seconds) {
      let recorded = 0;
      const began = performance.now();
      const untilMs = began + seconds * 1_000;
      const lane = async () => {
        while (performance.now() < untilMs) {
          await record(BATCH);
          recorded += BATCH;
        }
      };
      await Promise.all([lane(), lane()]);
      return { ingestPerSec: Math.round(recorded / ((performance.now() - began) / 1_000)) };
    },
    /** Everything is in the statistics; what was filled in is written by the checkpoint that follows. */
    async rest() {
      await db.pool.query(
        "VACUUM (ANALYZE) holdfast.delivery, holdfast.finished_delivery, holdfast.attempt, holdfast.event, holdfast.dedupe",
      );
    },
    async empty() {
      await db.pool.query(
        "TRUNCATE holdfast.delivery, holdfast.finished_delivery, holdfast.attempt, holdfast.event, holdfast.dedupe",
      );
    },
    /**
     * Brings the queue to so many ready deliveries. Their events need not be there: nothing is sent.
     *
     * @param {number} count
     */
    async fillReady(count) {
      const { rows } = await db.pool.query("SELECT count(*)::int AS n FROM holdfast.delivery");
      for (let left = count - rows[0].n; left > 0; left -= CHUNK) {
        await db.pool.query(
          `INSERT INTO holdfast.delivery (bucket, id, tenant, event_id, destination_id, key, trigger, priority, lane, rank,
                                          state, attempt, refusals)
           SELECT ${BUCKET}, x.id, 'default', x.id, $2, x.id, 'live', 2, 'default', 1e13 + x.n, 'ready', 0, 0
             FROM (SELECT n, ${UUID} AS id FROM generate_series(1, $1::int) AS n) x`,
          [Math.min(left, CHUNK), DESTINATION],
        );
      }
    },
    /**
     * Adds so many finished deliveries, each with its attempt.
     *
     * @param {number} count
     */
    async fillFinished(count) {
      for (let left = count; left > 0; left -= HISTORY_CHUNK) {
        await db.pool.query(
          `WITH x AS MATERIALIZED (
             SELECT n, id FROM (SELECT n, ${UUID} AS id FROM generate_series(1, $1::int) AS n) made ORDER BY substr(id::text, 16, 3), id),
                f AS (
           INSERT INTO holdfast.finished_delivery (bucket, id, tenant, event_id, destination_id, key, trigger, priority, lane,
                                                   state, attempt, finished_at)
           SELECT ${BUCKET}, x.id, 'default', x.id, $2, x.id, 'live', 2, 'default', 'processed', 1, now() FROM x)
           INSERT INTO holdfast.attempt (bucket, delivery_id, id, event_id, number, outcome, response_truncated, started_at,
                                         duration_ms, next_state, worker, lease)
           SELECT ${BUCKET}, x.id, x.id, x.id, 1, 'succeeded', false, now(), 1, 'processed', 'bench', x.id FROM x`,
          [Math.min(left, HISTORY_CHUNK), DESTINATION],
        );
      }
    },
    async deadRows() {
      const { rows } = await db.pool.query(
        "SELECT n_dead_tup::int AS n FROM pg_stat_user_tables WHERE schemaname = 'holdfast' AND relname = 'delivery'",
      );
      return rows[0]?.n ?? 0;
    },
    async sizes() {
      const { rows } = await db.pool.query(
        `SELECT pg_total_relation_size('holdfast.delivery') AS delivery,
                coalesce(sum(pg_total_relation_size(i.inhrelid)), 0)::bigint AS history
           FROM pg_inherits i WHERE i.inhparent IN ('holdfast.finished_delivery'::regclass, 'holdfast.attempt'::regclass)`,
      );
      const toMb = (/** @type {string} */ bytes) => Math.round(Number(bytes) / 2 ** 20);
      return { deliveryMb: toMb(rows[0].delivery), historyMb: toMb(rows[0].history) };
    },
  };
}

// A UUIDv7 of now, as SQL makes many at once; its bucket is only a number to spread by.
const UUID = `(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
  || substr(gen_random_uuid()::text, 16))::uuid`;
const BUCKET = "('x' || substr(x.id::text, 16, 3))::bit(12)::int";

/**
 * One event as the ingest door drafts it, with one delivery.
 *
 * @param {{ sourceId: string, destinationId: string }} ids
 * @returns {import("../../gateway/dist/pipeline/record-event.js").EventDraft}
 */
export function draftEvent({ sourceId, destinationId }) {
  const eventKey = randomBytes(16);
  const place = placeKey(sourceId, eventKey);
  const receivedAt = new Date();
  const newId = () => newUuid(receivedAt.getTime(), place.bucket, randomBytes(8));
  return {
    id: newId(),
    bucket: place.bucket,
    tenant: "default",
    sourceId,
    keys: [place],
    eventKey,
    providerEventId: eventKey.toString("hex"),
    eventType: "invoice.paid",
    payloadVersion: null,
    occurredAt: receivedAt,
    signedAt: receivedAt,
    receivedAt,
    verifiedBy: "signature",
    secretVersion: "v1",
    method: "POST",
    url: "/in/bench",
    remoteAddress: "127.0.0.1",
    headers: Buffer.from('[["content-type","application/json"]]'),
    body: BODY,
    bodySha256: BODY_SHA256,
    deliveries: [
      {
        id: newId(),
        destinationId,
        trigger: "live",
        priority: 2,
        lane: "default",
        laneWeight: 1,
        heldReason: null,
      },
    ],
  };
}

/**
 * @param {import("../../gateway/dist/pipeline/leased-delivery.js").LeasedDelivery} delivery
 * @returns {import("../../gateway/dist/pipeline/settle.js").Settlement}
 */
function toProcessed(delivery) {
  return {
    delivery,
    attemptId: newUuid(Date.now(), delivery.bucket, randomBytes(8)),
    attempt: {
      outcome: { kind: "answered", status: 200, retryAfterMs: null },
      startedAt: new Date(),
      durationMs: 1,
      response: null,
    },
    decision: { to: "processed" },
    dueAt: null,
  };
}

/**
 * @param {number[]} values
 * @param {number} share
 */
function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 100) / 100;
}
