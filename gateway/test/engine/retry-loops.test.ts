import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ratePerMinute } from "../../src/domain/retry-loop.ts";
import type { Repeat } from "../../src/engine/retry-loops.ts";
import { DRAIN_MS, DUE_MAX, PRUNED_MAX, WRITTEN_MAX, createRetryLoops } from "../../src/engine/retry-loops.ts";
import { startArrivalWatch } from "../../src/engine/watch-arrivals.ts";
import type { Arrival, ReadySource } from "../../src/pipeline/arrival.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { draftEvent } from "../../src/pipeline/draft-event.ts";
import type { RecordOutcome } from "../../src/pipeline/ingest.ts";
import { verifyArrival } from "../../src/pipeline/verify-arrival.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import { loadCatalog } from "../../src/store/catalog/load-catalog.ts";
import type { Database } from "../../src/store/database.ts";
import type { Queryable } from "../../src/store/statement.ts";
import type { TestDatabase } from "../support/database.ts";
import { openTestPool, testDatabase } from "../support/database.ts";
import { SECRET, stripeEvent, until } from "../support/ingest-gateway.ts";

let database: TestDatabase;
let db: Database;
const sourceId = randomUUID();
const otherSourceId = randomUUID();

beforeAll(async () => {
  database = await testDatabase();
  db = openTestPool(database, 2);
  for (const [id, name] of [
    [sourceId, "payments"],
    [otherSourceId, "chat"],
  ]) {
    await query(
      `insert into holdfast.source (id, tenant, name, key, provider, receiver, origin, created_at, updated_at)
       values ($1, 'default', $2, $3, 'stripe', '{}', 'api', now(), now())`,
      [id, name, `${name}-key`],
    );
  }
});
afterAll(async () => {
  await db.close();
  await database.drop();
});
beforeEach(() => query("truncate holdfast.retry_loop"));

async function query<Row extends Record<string, unknown>>(
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  return (await db.pool.query<Row>(text, [...values])).rows;
}

describe("the look-out", () => {
  const repeat = (fingerprint: string, more: Partial<Repeat> = {}): Repeat => ({
    sourceId,
    source: "payments",
    kind: "rejection",
    fingerprint,
    cause: "refused",
    reason: "signature_mismatch",
    at: new Date(),
    ...more,
  });
  const print = (): string => randomBytes(32).toString("hex");
  const stored = async () =>
    await query<{ fingerprint: string; count: number }>("select fingerprint, count::int from holdfast.retry_loop");
  const start = (over: Queryable = db) => createRetryLoops({ db: over, clock: systemClock, log: silentLog });
  const noteTimes = (lookout: ReturnType<typeof start>, times: number, given: Repeat): void => {
    for (let i = 0; i < times; i++) lookout.note(given);
  };

  it("writes down what came in another order than it was noted, and what came again after it was forgotten", async () => {
    const lookout = start();
    const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
    const [swapped, ...others] = Array.from({ length: 241 }, print);
    for (const second of [9, 3, 5]) lookout.note(repeat(swapped!, { at: at(second) }));
    for (const one of others) noteTimes(lookout, 3, repeat(one, { at: at(20) }));
    // Pushes most of them out before they are written.
    for (let i = 0; i < 300; i++) lookout.note(repeat(print()));
    for (const one of others) noteTimes(lookout, 3, repeat(one, { at: at(10) }));
    await lookout.drain();
    const rows = await query(
      `select count::int, first_at, last_at, count(*)::int as loops
         from holdfast.retry_loop group by 1, 2, 3 order by 1`,
    );
    expect(rows).toEqual([
      { count: 3, first_at: at(3), last_at: at(9), loops: 1 },
      { count: 6, first_at: at(10), last_at: at(20), loops: 240 },
    ]);
  });

  it("remembers a bounded number, what is a loop longer than what came once, and each source apart", async () => {
    const lookout = start();
    const [loop, other] = [print(), print()];
    noteTimes(lookout, 3, repeat(loop));
    noteTimes(lookout, 2, repeat(other, { sourceId: otherSourceId, source: "chat" }));
    for (let i = 0; i < 10_000; i++) lookout.note(repeat(print()));
    noteTimes(lookout, 1, repeat(loop));
    noteTimes(lookout, 1, repeat(other, { sourceId: otherSourceId, source: "chat" }));
    await lookout.drain();
    expect((await stored()).toSorted((a, b) => b.count - a.count)).toEqual([
      { fingerprint: loop, count: 4 },
      { fingerprint: other, count: 3 },
    ]);
  });

  it("adds up over processes and restarts", async () => {
    const loop = print();
    for (let i = 0; i < 3; i++) {
      const lookout = start();
      noteTimes(lookout, 3, repeat(loop));
      await lookout.drain();
    }
    expect(await stored()).toEqual([{ fingerprint: loop, count: 9 }]);
  });

  it("keeps what the database did not take, and writes it later, once", async () => {
    let down = true;
    let tries = 0;
    const flaky: Queryable = {
      run: (statement, values) => {
        if (statement.name === "raise_loops") tries++;
        return down ? Promise.reject(new Error("the database is away")) : db.run(statement, values);
      },
    };
    const lookout = start(flaky);
    const loop = print();
    noteTimes(lookout, 3, repeat(loop));
    await until(() => tries > 0);
    noteTimes(lookout, 2, repeat(loop));
    down = false;
    await lookout.drain();
    expect(await stored()).toEqual([{ fingerprint: loop, count: 5 }]);
  });

  it("holds a bounded number while the database is away, and says of each source that it has loops a few times only", async () => {
    let isAway = true;
    let written = 0;
    const flaky: Queryable = {
      run: async (statement, values) => {
        if (isAway) throw new Error("the database is away");
        if (statement.name === "raise_loops") written += (values[0] as readonly unknown[]).length;
        return { rows: [], rowCount: 0 } as never;
      },
    };
    const warned: unknown[] = [];
    const warn = (fields: unknown, words: string) => void (words.includes("rejected") && warned.push(fields));
    const lookout = createRetryLoops({ db: flaky, clock: systemClock, log: { ...silentLog, warn } });
    for (let i = 0; i < 3 * DUE_MAX; i++) noteTimes(lookout, 3, repeat(print()));
    noteTimes(lookout, 3, repeat(print(), { sourceId: otherSourceId, source: "chat" }));
    isAway = false;
    await until(() => written >= DUE_MAX);
    await lookout.drain();
    expect(written).toBe(DUE_MAX);
    expect(warned.length).toBeLessThan(50);
    expect(warned.at(-1)).toMatchObject({ source: "chat" });
  });

  it("writes at the end all that is left, batch by batch, and begins none when its time is over", async () => {
    for (const [tookMs, written] of [
      [0, 3 * WRITTEN_MAX + 9],
      [DRAIN_MS / 2, 2 * WRITTEN_MAX],
    ] as const) {
      let nowMs = 0;
      const slow: Queryable = {
        run: (statement, values) => {
          if (statement.name === "raise_loops") nowMs += tookMs;
          return db.run(statement, values);
        },
      };
      await query("truncate holdfast.retry_loop");
      const clock = { now: () => new Date(), monotonicMs: () => nowMs };
      const lookout = createRetryLoops({ db: slow, clock, log: silentLog });
      for (let i = 0; i < 3 * WRITTEN_MAX + 9; i++) noteTimes(lookout, 3, repeat(print()));
      await lookout.drain();
      expect(await stored()).toHaveLength(written);
    }
  });

  it("goes on writing while the old ones are being pruned, however long that takes", async () => {
    let fail = (_error: Error): void => {};
    const pruning = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    const stuck: Queryable = {
      run: (statement, values) => (statement.name.startsWith("prune") ? pruning : db.run(statement, values)),
    };
    const lookout = start(stuck);
    for (let round = 1; round <= 2; round++) {
      noteTimes(lookout, 3, repeat(print()));
      await until(async () => (await stored()).length === round);
    }
    fail(new Error("the statement took too long"));
    await lookout.drain();
  });

  it("forgets what came last a month ago, and of one source all but the newest 500", async () => {
    const insert =
      "insert into holdfast.retry_loop select $1, 'rejection', lpad(to_hex(n), 64, '0'), 'default', 'refused', 'x', 3, $2, $2::timestamptz + n * interval '1 s' from generate_series(1, $3::int) n";
    await query(insert, [sourceId, new Date(Date.now() - 40 * 86_400_000), 10]);
    await query(insert.replace("to_hex(n)", "to_hex(n + 1000)"), [sourceId, new Date(), 500 + PRUNED_MAX + 10]);
    const lookout = start();
    await until(async () => (await stored()).length === 500);
    await lookout.drain();
    expect(
      (await stored()).map(({ fingerprint }) => Number.parseInt(fingerprint, 16)).toSorted((a, b) => a - b)[0],
    ).toBe(1000 + PRUNED_MAX + 11);
  });
});

describe("the cause of a duplicate", () => {
  let ready: ReadySource;
  beforeAll(async () => {
    const box = createSecretsBox({ keys: [{ id: "test", key: randomBytes(32) }] });
    const catalog = await loadCatalog(db, box);
    const secrets = [{ version: "v1", state: "active", value: SECRET, notAfter: null, retiredAt: null } as const];
    const sources = catalog.sources.map((source) => ({ ...source, secrets }));
    ready = indexCatalog({ ...catalog, sources }).findSource("payments-key")!;
  });

  /** Arrivals of one event, each with what became of it and how long it took; the causes that the loop had. */
  async function causes(steps: readonly (readonly [outcome: RecordOutcome, tookMs: number])[]): Promise<string[]> {
    const webhook = stripeEvent(`evt_${randomUUID()}`);
    const url = webhook.path;
    const arrival: Arrival = { ...webhook, method: "POST", url, remoteAddress: "192.0.2.1", receivedAt: new Date() };
    const verification = verifyArrival(ready, arrival, null);
    if (verification.kind !== "verified") throw new Error("it is signed");
    const seen: string[] = [];
    let nowMs = 0;
    const clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs };
    const watch = startArrivalWatch({ db, clock, metrics: createMetrics("test"), log: silentLog });
    for (const [outcome, tookMs] of steps) {
      const draft = draftEvent(ready, arrival, verification.verdict, randomBytes);
      nowMs = draft.receivedAt.getTime() + tookMs;
      watch.observe(ready, arrival, draft, outcome);
    }
    await watch.drain();
    for (const { cause } of await query<{ cause: string }>("select cause from holdfast.retry_loop")) seen.push(cause);
    return seen;
  }

  const eventId = randomUUID();
  const recorded: RecordOutcome = { ok: true, value: { kind: "recorded", eventId } };
  const duplicate: RecordOutcome = { ok: true, value: { kind: "duplicate", eventId } };
  const unavailable: RecordOutcome = { ok: false, cause: "deadline" };

  it.each([
    [
      "redelivered",
      "every answer was in time",
      [
        [recorded, 5],
        [duplicate, 5],
        [duplicate, 5],
        [duplicate, 5],
      ],
    ],
    [
      "answered_late",
      "the answer before took two seconds",
      [
        [recorded, 5],
        [duplicate, 5],
        [duplicate, 2_000],
        [duplicate, 5],
      ],
    ],
    [
      "answered_late",
      "the answer before was 503",
      [
        [recorded, 5],
        [duplicate, 5],
        [duplicate, 5],
        [unavailable, 5],
        [duplicate, 5],
      ],
    ],
    [
      "redelivered",
      "a late answer was long ago",
      [
        [recorded, 9_000],
        [duplicate, 5],
        [duplicate, 5],
        [duplicate, 5],
      ],
    ],
  ] as const)("is %s when %s", async (cause, _what, steps) => {
    expect(await causes(steps)).toEqual([cause]);
  });
});

it("the rate is that of the time between the first and the last", () => {
  const at = (ms: number): Date => new Date(ms);
  expect(ratePerMinute({ count: 3, firstAt: at(0), lastAt: at(60_000) })).toBe(2);
  expect(ratePerMinute({ count: 3, firstAt: at(0), lastAt: at(0) })).toBeNull();
});
