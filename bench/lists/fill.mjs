// Events, deliveries, attempts and refusals as a week leaves them, written in bulk into a database of the bench's own.
import { openDatabase } from "../../gateway/dist/store/database.js";
import { silentLog } from "../../gateway/dist/platform/log.js";
import { ensurePartitions } from "../../gateway/dist/store/upkeep/ensure-partitions.js";

const DAY_MS = 86_400_000;
const DAYS = 7;
const CHUNK = 50_000;

/** Which part of a hundred events stands how: the rest is processed. */
const READY = 2;
const SCHEDULED = 4;
const HELD = 6;
const DEAD = 11;

// When event `n` of `$1` came, evenly over the days; what is made of it has the same time, and the bucket of its key.
const AT = `to_timestamp($2::float8 - (($1::float8 - n) / $1) * ${DAYS * 86_400})`;
const HEX_MS = `lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')`;
const idOf = (kind) => `(${HEX_MS} || '7' || substr(digest, 1, 3) || '8' || substr(md5('${kind}' || n), 1, 15))::uuid`;

// Reckoned once a chunk, then read by each insert.
const ROWS = `
  CREATE TEMPORARY TABLE x AS WITH made AS (
    SELECT n, ${AT} AS at, $5::uuid[] AS sources, $6::uuid[] AS destinations,
           ($5::uuid[])[1 + n % cardinality($5::uuid[])] AS source_id,
           ($6::uuid[])[1 + (n / 7) % cardinality($6::uuid[])] AS destination_id,
           'evt_' || n AS provider_id,
           (ARRAY['invoice.paid', 'invoice.created', 'charge.succeeded', 'charge.refunded', 'customer.updated', 'order.paid',
                  'order.shipped', 'payout.paid'])[1 + n % 8] AS type
      FROM generate_series($3::int, $4::int) AS n),
  placed AS (
    SELECT *, encode(sha256(convert_to(source_id::text, 'UTF8') || '\\x00'::bytea || convert_to('id:' || provider_id, 'UTF8')),
                     'hex') AS digest
      FROM made)
    SELECT *, ('x' || substr(digest, 1, 3))::bit(12)::int AS bucket, ${idOf("e")} AS event_id, ${idOf("d")} AS delivery_id,
           ${idOf("a")} AS attempt_id, substr(digest, 4, 32)::uuid AS k, n % 100 AS part
      FROM placed`;

const HEADERS = `convert_to('[["content-type","application/json"],["user-agent","Stripe/1.0 (+https://stripe.com/docs/webhooks)"]]', 'UTF8')`;
const BODY = `convert_to('{"id":"' || x.provider_id || '","object":"event","type":"' || x.type || '","created":' ||
  extract(epoch FROM x.at)::bigint || ',"data":{"object":{"id":"obj_' || x.n || '","customer":"cus_' || x.n % 5000 ||
  '","amount":' || x.n % 100000 || ',"note":"' || repeat(md5(x.n::text), 18) || '"}}}', 'UTF8')`;

/** Statements in the order in which they run, each over the rows of one chunk. */
const INSERTS = [
  `INSERT INTO holdfast.dedupe (bucket, gen, k, event_id) SELECT x.bucket, 1, x.k, x.event_id FROM x`,
  `INSERT INTO holdfast.event (bucket, id, tenant, source_id, event_key, provider_event_id, event_type, occurred_at, signed_at,
     received_at, verified_by, secret_version, method, url, remote_address, headers, body, body_sha256)
   SELECT x.bucket, x.event_id, 'default', x.source_id, convert_to('id:' || x.provider_id, 'UTF8'), x.provider_id, x.type, x.at,
          x.at, x.at, 'signature', 'v1', 'POST', '/in/bench', '203.0.113.7', ${HEADERS}, ${BODY}, sha256(convert_to(x.provider_id, 'UTF8'))
     FROM x ORDER BY x.n`,
  `INSERT INTO holdfast.duplicate (bucket, event_id, count, variants, first_at, last_at)
   SELECT x.bucket, x.event_id, 1, 0, x.at, x.at FROM x WHERE x.n % 50 = 13`,
  `INSERT INTO holdfast.delivery (bucket, id, tenant, event_id, destination_id, key, trigger, priority, lane, rank, state, attempt,
     refusals, due_at, held_reason)
   SELECT x.bucket, x.delivery_id, 'default', x.event_id, x.destination_id, x.delivery_id, 'live', x.n % 4, 'default', 1e13 + x.n,
          CASE WHEN part < ${READY} THEN 'ready' WHEN part < ${SCHEDULED} THEN 'scheduled' ELSE 'held' END,
          CASE WHEN part >= ${READY} AND part < ${SCHEDULED} THEN 1 ELSE 0 END, 0,
          CASE WHEN part >= ${READY} AND part < ${SCHEDULED} THEN x.at + interval '30 days' END,
          CASE WHEN part >= ${SCHEDULED} THEN 'destination_paused' END
     FROM x WHERE part < ${HELD} ORDER BY x.n`,
  `INSERT INTO holdfast.finished_delivery (bucket, id, tenant, event_id, destination_id, key, trigger, priority, lane, state,
     attempt, reason, finished_at)
   SELECT x.bucket, x.delivery_id, 'default', x.event_id, x.destination_id, x.delivery_id, 'live', x.n % 4, 'default',
          CASE WHEN part < ${DEAD} THEN 'dead' ELSE 'processed' END, 1,
          CASE WHEN part < ${DEAD} THEN (ARRAY['refused', 'attempts_exhausted'])[1 + n % 2] END, x.at + interval '1 second'
     FROM x WHERE part >= ${HELD} ORDER BY x.n`,
  `INSERT INTO holdfast.attempt (bucket, delivery_id, id, event_id, number, outcome, status, response_headers, response_body,
     response_truncated, started_at, duration_ms, next_state, next_due_at, worker, lease)
   SELECT x.bucket, x.delivery_id, x.attempt_id, x.event_id, 1, CASE WHEN part < ${DEAD} THEN 'refused' ELSE 'succeeded' END,
          CASE WHEN part < ${DEAD} THEN (ARRAY[422, 410, 500])[1 + n % 3] ELSE 200 END, ${HEADERS},
          convert_to('order ' || x.n || ' is not known', 'UTF8'), false, x.at, 12,
          CASE WHEN part < ${SCHEDULED} THEN 'scheduled' WHEN part < ${DEAD} THEN 'dead' ELSE 'processed' END,
          CASE WHEN part < ${SCHEDULED} THEN x.at + interval '30 days' END, 'bench', x.attempt_id
     FROM x WHERE part >= ${HELD} OR part BETWEEN ${READY} AND ${SCHEDULED - 1} ORDER BY x.n`,
  `INSERT INTO holdfast.rejection (bucket, id, tenant, source_id, received_at, status, reason, diagnosis, method, url,
     remote_address, headers, body, body_sha256)
   SELECT x.bucket, x.event_id, 'default', x.source_id, x.at, 401, (ARRAY['signature_mismatch', 'timestamp_too_old'])[1 + (n / 40) % 2],
          json_build_object('step', 'signature', 'summary', 'The signature is not made with this source''s secret.',
            'likelyCause', (ARRAY['wrong_secret', 'body_changed', 'clock_skew'])[1 + (n / 20) % 3]), 'POST', '/in/bench',
          '203.0.113.7', ${HEADERS}, ${BODY}, sha256(convert_to(x.provider_id, 'UTF8'))
     FROM x WHERE x.n % 20 = 3 ORDER BY x.n`,
  `INSERT INTO holdfast.retry_loop (source_id, kind, fingerprint, tenant, cause, count, first_at, last_at)
   SELECT x.source_id, 'duplicate', x.event_id::text, 'default', 'redelivered', 4, x.at, x.at FROM x WHERE x.n % 1000 = 7`,
  `INSERT INTO holdfast.audit (tenant, n, at, actor, action, target, detail, previous_hash, hash)
   SELECT 'default', 1000000 + x.n / 100, x.at, (ARRAY['ci', 'deploy'])[1 + n / 100 % 2],
          (ARRAY['PATCH /destinations/{id}', 'POST /dead-letters/retry'])[1 + n / 100 % 2], 'destination/app', '{"given":{}}',
          sha256(convert_to('a' || x.n, 'UTF8')), sha256(convert_to('b' || x.n, 'UTF8'))
     FROM x WHERE x.n % 100 = 0`,
  `INSERT INTO holdfast.replay (id, tenant, token, subject, state, scope, options, plan, tally, until_id, cursor_id, is_scanned,
     planned_at, planned_by, started_at, started_by, ended_at, ended_by)
   SELECT x.event_id, 'default', x.event_id::text, r.subject, 'completed', r.scope, r.options, r.plan, r.tally, r.until_id,
          r.cursor_id, true, x.at, 'bench', x.at, 'bench', x.at, 'bench'
     FROM x CROSS JOIN (SELECT * FROM holdfast.replay ORDER BY planned_at LIMIT 1) r WHERE x.n % 5000 = 11`,
];

/**
 * Fills a database whose gateway has made its tables, its catalog and one plan of a replay.
 *
 * @param {{ url: string, events: number, tell: (text: string) => void }} options
 */
export async function fill({ url, events, tell }) {
  const db = openDatabase({
    url,
    connectionsMax: 1,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 600_000,
    applicationName: "bench lists",
    log: silentLog,
  });
  try {
    const nowMs = Date.now();
    for (let back = DAYS; back >= 0; back--) await ensurePartitions(db, nowMs - back * DAY_MS, 0);
    const ids = async (table) =>
      (await db.pool.query(`SELECT id FROM holdfast.${table} ORDER BY name`)).rows.map(({ id }) => id);
    const [sources, destinations] = [await ids("source"), await ids("destination")];
    for (let first = 1; first <= events; first += CHUNK) {
      const values = [events, nowMs / 1_000, first, Math.min(events, first + CHUNK - 1), sources, destinations];
      // A utility statement takes no parameters: the values are numbers and ids of our own.
      await db.pool.query(ROWS.replaceAll(/\$(\d)/g, (_, n) => literal(values[n - 1])));
      for (const insert of INSERTS) await db.pool.query(insert);
      await db.pool.query("DROP TABLE x");
      tell(`${Math.min(events, first + CHUNK - 1)} of ${events} events`);
    }
    await db.pool.query("VACUUM (ANALYZE)");
    await db.pool.query("CHECKPOINT").catch(() => {});
    return await sizeOf(db);
  } finally {
    await db.close();
  }
}

function literal(value) {
  return Array.isArray(value) ? `'{${value.join(",")}}'` : String(value);
}

async function sizeOf(db) {
  const { rows } = await db.pool.query("SELECT pg_database_size(current_database()) AS bytes");
  return Math.round(Number(rows[0].bytes) / 2 ** 20);
}
