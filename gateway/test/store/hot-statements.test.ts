import { loadModule } from "libpg-query";
import { beforeAll, describe, expect, it } from "vitest";
import { judgeHotStatement } from "../../../test/support/hot-rules.ts";
import { collectStatements } from "../../../test/support/statements.ts";

beforeAll(() => loadModule());

describe("every statement on the path of an event could run on one shard of a cluster", () => {
  it("by the list of what to avoid", async () => {
    const hot = (await collectStatements()).filter((statement) => statement.hot);
    expect(hot.length).toBeGreaterThan(10);
    const faults = hot.flatMap(({ name, shardText }) =>
      judgeHotStatement(shardText).map((fault) => `${name}: ${fault}`),
    );
    expect(faults).toEqual([]);
  });

  it("and one server runs the same statement without what only a cluster needs, its parameters first", async () => {
    for (const { name, text, shardText, parameters } of (await collectStatements()).filter(({ hot }) => hot)) {
      expect([name, text.includes("/*")]).toEqual([name, false]);
      const numbers = new Set([...text.matchAll(/\$(\d+)/g)].map((match) => Number(match[1])));
      expect([name, numbers.size]).toEqual([name, parameters]);
      const extra = [...shardText.matchAll(/\$(\d+)/g)]
        .map((match) => Number(match[1]))
        .filter((one) => !numbers.has(one));
      expect([name, new Set(extra).size <= 1, extra.every((one) => one === parameters + 1)]).toEqual([
        name,
        true,
        true,
      ]);
    }
  });

  it("and is the only statement of its name", async () => {
    const names = (await collectStatements()).map((statement) => statement.name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    // PostgreSQL cuts longer names, and two cut names could meet.
    expect(names.filter((name) => !/^[a-z][a-z0-9_]{2,62}$/.test(name))).toEqual([]);
  });
});

const CLEAN = [
  "SELECT e.id FROM holdfast.event e JOIN unnest($1::int[], $2::uuid[]) AS u(bucket, id) ON u.bucket = e.bucket AND u.id = e.id WHERE e.bucket = ANY($1::int[])",
  "SELECT id FROM holdfast.delivery WHERE bucket = $1 AND state = 'ready' FOR UPDATE SKIP LOCKED",
  "DELETE FROM holdfast.delivery d USING unnest($1::int[]) AS u(bucket) WHERE d.bucket = ANY($1::int[]) AND d.bucket = u.bucket",
  "INSERT INTO holdfast.dedupe (bucket, k) SELECT b.bucket, u.k FROM holdfast.bucket_slot b JOIN unnest($1::int[], $2::uuid[]) AS u(bucket, k) ON u.bucket = b.bucket WHERE b.bucket = ANY($1::int[]) AND NOT EXISTS (SELECT 1 FROM holdfast.dedupe o WHERE o.bucket = b.bucket AND o.bucket = ANY($1::int[]) AND o.k = u.k) ON CONFLICT DO NOTHING",
  "INSERT INTO holdfast.dedupe (bucket, k) VALUES ($1, $2) ON CONFLICT (bucket, k) DO NOTHING",
  "WITH due AS (SELECT q.bucket, q.id FROM holdfast.delivery q WHERE q.bucket = ANY($1::int[]) LIMIT 9 FOR UPDATE SKIP LOCKED) UPDATE holdfast.delivery d SET rank = extract(epoch FROM d.due_at - timestamptz '1970-01-01 00:00:00+00') FROM due WHERE d.bucket = ANY($1::int[]) AND d.bucket = due.bucket AND d.id = due.id RETURNING d.id",
];

// Each with one fault, and a word of the sentence that must name it.
const PLANTED: readonly (readonly [fault: string, text: string])[] = [
  ["no test of its own", "SELECT id FROM holdfast.event WHERE id = $1"],
  ["no test of its own", "SELECT id FROM holdfast.event WHERE bucket = ANY($1::int[]) OR id = $2"],
  ["no test of its own", "SELECT e.id FROM holdfast.event e WHERE e.bucket = e.other"],
  ["no test of its own", "SELECT e.id FROM holdfast.event e WHERE NOT (e.bucket = ANY($1::int[]))"],
  [
    "d) has no test",
    "UPDATE holdfast.delivery d SET state = 'x' FROM holdfast.event e WHERE e.bucket = ANY($1::int[]) AND d.bucket = e.bucket",
  ],
  [
    "a) has no test",
    "SELECT d.id FROM holdfast.delivery d JOIN holdfast.attempt a ON a.bucket = d.bucket WHERE d.bucket = ANY($1::int[])",
  ],
  [
    "o) has no test",
    "SELECT d.id FROM holdfast.delivery d WHERE d.bucket = ANY($1::int[]) AND NOT EXISTS (SELECT 1 FROM holdfast.dedupe o WHERE o.bucket = d.bucket)",
  ],
  [
    "q) has no test",
    "WITH c AS (SELECT q.bucket, q.id FROM holdfast.delivery q LIMIT 9) DELETE FROM holdfast.delivery d USING c WHERE d.bucket = ANY($1::int[]) AND d.bucket = c.bucket AND d.id = c.id",
  ],
  [
    "s) has no test",
    "SELECT x.id FROM unnest($1::int[]) g(b) CROSS JOIN LATERAL (SELECT s.id FROM holdfast.delivery s WHERE s.bucket = g.b LIMIT 3) x",
  ],
  [
    "b) has no test",
    "SELECT a.id FROM holdfast.event a WHERE a.bucket = $1 UNION ALL SELECT b.id FROM holdfast.event b",
  ],
  ["no test of its own", "SELECT d.id FROM holdfast.delivery d FOR UPDATE SKIP LOCKED"],
  [
    "not joined on bucket",
    "SELECT d.id FROM holdfast.delivery d JOIN holdfast.event e ON e.id = d.event_id AND e.bucket = ANY($1::int[]) WHERE d.bucket = ANY($1::int[])",
  ],
  [
    "a subquery is not joined",
    "SELECT d.id FROM holdfast.delivery d WHERE d.bucket = ANY($1::int[]) AND EXISTS (SELECT 1 FROM holdfast.event e WHERE e.bucket = ANY($1::int[]) AND e.id = d.event_id)",
  ],
  [
    "gen_random_uuid()",
    "INSERT INTO holdfast.dedupe (bucket, k) SELECT b.bucket, gen_random_uuid() FROM holdfast.bucket_slot b WHERE b.bucket = ANY($1::int[])",
  ],
  ["random()", "UPDATE holdfast.delivery SET rank = random() WHERE bucket = ANY($1::int[])"],
  ["clock_timestamp()", "UPDATE holdfast.delivery SET due_at = clock_timestamp() WHERE bucket = ANY($1::int[])"],
  ["now()", "SELECT id FROM holdfast.delivery WHERE bucket = ANY($1::int[]) AND due_at <= now()"],
  ["a clock", "SELECT id FROM holdfast.delivery WHERE bucket = ANY($1::int[]) AND due_at <= current_timestamp"],
  [
    "nextval()",
    "INSERT INTO holdfast.dedupe (bucket, k) SELECT b.bucket, nextval('s') FROM holdfast.bucket_slot b WHERE b.bucket = ANY($1::int[])",
  ],
  ["extract()", "UPDATE holdfast.delivery d SET rank = extract(epoch FROM d.due_at) WHERE d.bucket = ANY($1::int[])"],
  ["pg_advisory_xact_lock()", "SELECT pg_advisory_xact_lock(1)"],
  ["count(…)", "SELECT count(*) FROM holdfast.delivery WHERE bucket = ANY($1::int[])"],
  [
    "INSERT in a CTE",
    "WITH i AS (INSERT INTO holdfast.dedupe (bucket, k) VALUES ($1, $2) RETURNING bucket) SELECT i.bucket FROM i",
  ],
  [
    "data-modifying CTE",
    "WITH g AS (DELETE FROM holdfast.delivery d WHERE d.bucket = ANY($1::int[]) RETURNING d.bucket, d.id) INSERT INTO holdfast.finished_delivery (bucket, id) SELECT b.bucket, g.id FROM holdfast.bucket_slot b JOIN g ON g.bucket = b.bucket WHERE b.bucket = ANY($1::int[])",
  ],
  [
    "anchor it",
    "INSERT INTO holdfast.dedupe (bucket, k) SELECT u.bucket, u.k FROM unnest($1::int[], $2::uuid[]) AS u(bucket, k)",
  ],
  ["does not name bucket", "INSERT INTO holdfast.dedupe (k) VALUES ($1)"],
  ["a key without bucket", "INSERT INTO holdfast.dedupe (bucket, k) VALUES ($1, $2) ON CONFLICT (k) DO NOTHING"],
  ["never updated", "UPDATE holdfast.delivery SET bucket = 3 WHERE bucket = ANY($1::int[])"],
  [
    "never updated",
    "INSERT INTO holdfast.dedupe (bucket, k) VALUES ($1, $2) ON CONFLICT (bucket, k) DO UPDATE SET bucket = 4",
  ],
  [
    "MergeStmt",
    "MERGE INTO holdfast.delivery d USING holdfast.event e ON d.bucket = e.bucket WHEN MATCHED THEN DELETE",
  ],
  ["recursive", "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 9) SELECT n FROM r"],
  [
    "GROUPING SETS",
    "SELECT state FROM holdfast.delivery WHERE bucket = ANY($1::int[]) GROUP BY GROUPING SETS ((state), ())",
  ],
  [
    "outer join",
    "SELECT d.id FROM holdfast.delivery d LEFT JOIN holdfast.event e ON e.bucket = d.bucket AND e.bucket = ANY($1::int[]) WHERE d.bucket = ANY($1::int[])",
  ],
  ["old or new", "UPDATE holdfast.delivery SET state = 'x' WHERE bucket = ANY($1::int[]) RETURNING old.state"],
  ["NotifyStmt", "NOTIFY wake"],
  ["TruncateStmt", "TRUNCATE holdfast.delivery"],
  ["VariableSetStmt", "SET synchronous_commit = off"],
  ["several commands", "SELECT 1; SELECT 2"],
];

describe("the judge of hot statements", () => {
  it("finds nothing in statements that are clean", () => {
    for (const text of CLEAN) expect([text, judgeHotStatement(text)]).toEqual([text, []]);
  });

  it.each(PLANTED)("finds %s", (fault, text) => {
    expect(judgeHotStatement(text).join("; ")).toContain(fault);
  });
});
