import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createArrivalTally } from "../../src/engine/arrival-tally.ts";
import { newUuid, toPublicId } from "../../src/domain/id.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createRandom } from "../../src/platform/random.ts";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";

let gateway: AdminGateway;
const random = createRandom();
const sourceId = newUuid(Date.now(), 0, random(8));
const other = newUuid(Date.now(), 0, random(8));

beforeAll(async () => {
  gateway = await startAdminGateway();
});
afterAll(() => gateway.close());

interface Minute {
  at: string;
  recorded: number;
  duplicates: number;
  rejected: number;
  unavailable: number;
}

async function rates(query = "", key?: string): Promise<Minute[]> {
  const answer = await gateway.call("GET", `/rates${query}`, undefined, key);
  expect(answer.status).toBe(200);
  return (answer.body as { minutes: Minute[] }).minutes;
}

const sum = (minutes: readonly Minute[], field: "recorded" | "duplicates" | "rejected" | "unavailable"): number =>
  minutes.reduce((total, minute) => total + minute[field], 0);

describe("the tally of arrivals", () => {
  it("is added up by minute over processes, by what became of them, and shown to its tenant alone", async () => {
    const clock = { now: () => new Date(), monotonicMs: () => performance.now() };
    const tallies = [1, 2].map(() => createArrivalTally({ db: gateway.db, clock, log: silentLog }));
    for (const tally of tallies) {
      const source = { id: sourceId, tenant: "default" };
      for (const kind of [
        "recorded",
        "recorded",
        "duplicate",
        "rejected",
        "refused",
        "unavailable",
        "handshake",
      ] as const)
        tally.note(source, kind);
      tally.note({ id: other, tenant: "default" }, "recorded");
    }
    await Promise.all(tallies.map((tally) => tally.drain()));
    const all = await rates();
    expect(all).toHaveLength(60);
    expect([sum(all, "recorded"), sum(all, "duplicates"), sum(all, "rejected"), sum(all, "unavailable")]).toEqual([
      6, 2, 2, 4,
    ]);
    expect(sum(await rates(`?source=${toPublicId("src", sourceId)}`), "recorded")).toBe(4);
    expect(sum(await rates("", await gateway.keyOf("other")), "recorded")).toBe(0);
  });

  it("counts by the minute in which they came, and keeps what the database could not take", async () => {
    let nowMs = Date.UTC(2026, 0, 1, 12, 0, 59, 999);
    const clock = { now: () => new Date(nowMs), monotonicMs: () => performance.now() };
    let isAway = true;
    const db = {
      run: (...args: Parameters<typeof gateway.db.run>) =>
        isAway ? Promise.reject(new Error("away")) : gateway.db.run(...args),
    } as Pick<typeof gateway.db, "run">;
    const tally = createArrivalTally({ db, clock, log: silentLog });
    const id = newUuid(Date.now(), 0, random(8));
    tally.note({ id, tenant: "default" }, "recorded");
    nowMs += 1;
    tally.note({ id, tenant: "default" }, "recorded");
    tally.note({ id, tenant: "default" }, "recorded");
    await tally.drain();
    isAway = false;
    await tally.drain();
    const rows = await gateway.db.pool.query(
      "SELECT minute, recorded FROM holdfast.arrival_minute WHERE source_id = $1 ORDER BY minute",
      [id],
    );
    expect(rows.rows).toEqual([
      { minute: new Date("2026-01-01T12:00:00Z"), recorded: 1 },
      { minute: new Date("2026-01-01T12:01:00Z"), recorded: 2 },
    ]);
  });

  it("says what is wrong with a question", async () => {
    for (const query of ["?minutes=0", "?minutes=1441", "?source=nothing", "?destination=nothing", "?hours=1"])
      expect([query, (await gateway.call("GET", `/rates${query}`)).status]).toEqual([query, 422]);
  });
});
