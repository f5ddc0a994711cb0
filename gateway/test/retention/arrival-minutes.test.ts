import { randomUUID } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { forgetArrivalMinutes } from "../../src/store/rates/arrival-minutes.ts";
import { openTestPool, testDatabase } from "../support/database.ts";

it("minutes of arrivals are forgotten some at a time, each tenant's, without a look at those that stay", async () => {
  const database = await testDatabase();
  const db = openTestPool(database, 2);
  onTestFinished(async () => {
    await db.close();
    await database.drop();
  });
  await db.pool.query("INSERT INTO holdfast.tenant (id, created_at) VALUES ('acme', now())");
  const before = new Date("2026-02-01T00:00:00Z");
  const fill = (tenant: string, from: string, minutes: number) =>
    db.pool.query(
      `INSERT INTO holdfast.arrival_minute (source_id, minute, tenant, recorded, duplicates, rejected, unavailable)
       SELECT $1, $2::timestamptz + make_interval(mins => n), $3, 1, 0, 0, 0 FROM generate_series(0, $4 - 1) n`,
      [randomUUID(), from, tenant, minutes],
    );
  await fill("default", "2026-02-01T00:00:00Z", 20_000);
  await fill("default", "2026-01-31T23:57:00Z", 3);
  await fill("acme", "2026-01-31T23:56:00Z", 4);
  await fill("acme", "2026-02-01T00:00:00Z", 1);
  await db.pool.query("VACUUM ANALYZE holdfast.arrival_minute");

  const { rows } = await db.pool.query(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${forgetArrivalMinutes.text}`);
  const plan = JSON.stringify(rows);
  // The first column of the index is given too: only PostgreSQL 18 could do without.
  expect(plan).toMatch(/"Index Cond":"\(\((?:a\.)?tenant = [^"]*minute < \$1/);
  expect(plan).not.toMatch(/"Node Type":"Seq Scan"[^{}]*"Relation Name":"arrival_minute"/);

  const forgotten: (number | null)[] = [];
  for (let i = 0; i < 4; i++) forgotten.push((await db.run(forgetArrivalMinutes, [before, 3])).rowCount);
  expect(forgotten).toEqual([3, 3, 1, 0]);
  const left = await db.pool.query(
    "SELECT tenant, count(*)::int AS minutes, min(minute) AS oldest FROM holdfast.arrival_minute GROUP BY 1 ORDER BY 1",
  );
  expect(left.rows).toEqual([
    { tenant: "acme", minutes: 1, oldest: before },
    { tenant: "default", minutes: 20_000, oldest: before },
  ]);
});
