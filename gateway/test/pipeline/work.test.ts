import { describe, expect, it } from "vitest";
import type { Destination } from "../../src/domain/catalog.ts";
import type { CatalogIndex } from "../../src/pipeline/catalog-index.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { claim } from "../../src/pipeline/claim.ts";
import type { LeasedDelivery, StoredEvent } from "../../src/pipeline/leased-delivery.ts";
import type { Settlement } from "../../src/pipeline/settle.ts";
import type { WorkDeps } from "../../src/pipeline/work.ts";
import { work } from "../../src/pipeline/work.ts";
import type { Queryable } from "../../src/store/statement.ts";
import { NOW, destinationRow, sourceRow } from "../support/catalog-rows.ts";

const LEASE_MS = 60_000;
const SIGNING = { signingSecret: `whsec_${Buffer.alloc(32, 7).toString("base64")}` };
const ID = "01890000-0000-7000-8000-000000000001";
const RETURNED = { decision: { to: "ready" }, attempt: null };

const EVENT: StoredEvent = {
  id: ID,
  sourceId: "pay",
  eventType: null,
  occurredAt: null,
  receivedAt: NOW,
  headers: [],
  body: Buffer.from("{}"),
};

function leased(leaseEndsMs: number): LeasedDelivery {
  return {
    bucket: 5,
    id: ID,
    tenant: "default",
    eventId: ID,
    destinationId: "crm",
    key: ID,
    trigger: "live",
    attempt: 1,
    refusals: 0,
    priority: 2,
    lane: "",
    permit: true,
    orderKey: null,
    lease: "lease",
    leaseEndsMs,
    leaseUntilMs: NOW.getTime() + leaseEndsMs,
  };
}

const catalogOf = (destinations: readonly Destination[]): CatalogIndex =>
  indexCatalog({ version: 1, sources: [sourceRow("pay")], destinations, routes: [], throttles: [] });

/** What one claimed delivery comes to, and how often it was sent or handled, on a clock that stands where it is put. */
async function tryOne(leaseEndsMs: number, more: Partial<WorkDeps> & { readonly destination?: Destination } = {}) {
  const moment = { ms: 0 };
  const settlements: Settlement[] = [];
  let tries = 0;
  const { destination = destinationRow("crm", SIGNING) } = more;
  const answer = { kind: "response", status: 200, headers: [], body: Buffer.alloc(0), truncated: false } as const;
  const deps = {
    clock: { now: () => NOW, monotonicMs: () => moment.ms },
    databaseNow: () => NOW,
    syncTime: () => null,
    random: Buffer.alloc,
    leaseMs: LEASE_MS,
    worker: "w",
    handlers: { mine: async () => void tries++ },
    egress: {
      post: async () => {
        tries++;
        return { ...answer, durationMs: 1, address: "192.0.2.1" };
      },
    },
    // A connection that is had only after a second.
    handlerDb: {
      lateTransaction: async (act: (tx: object) => Promise<unknown>) => {
        moment.ms += 1_000;
        try {
          return { ok: true, value: await act({ hasBegun: () => false }) };
        } catch (error) {
          return { ok: false, unknown: false, code: null, message: String(error) };
        }
      },
    },
    catalog: () => catalogOf([destination]),
    refreshCatalog: async () => catalogOf([destination]),
    settle: async (settlement: Settlement) => {
      settlements.push(settlement);
      return "settled";
    },
    observe: () => {},
    signal: new AbortController().signal,
    ...more,
  } as unknown as WorkDeps;
  await work(deps, { delivery: leased(leaseEndsMs), event: EVENT }, () => {});
  return { settlements, tries };
}

describe("a claimed delivery", () => {
  it("is sent as long as its attempt ends before its lease, and given back uncounted a millisecond later", async () => {
    const sent = await tryOne(1_000);
    expect([sent.tries, sent.settlements]).toMatchObject([1, [{ decision: { to: "processed" } }]]);
    const late = await tryOne(999);
    expect([late.tries, late.settlements]).toMatchObject([0, [RETURNED]]);
  });

  it("is given back, too, after a sleep that its monotonic clock has not counted, before that is known and after", async () => {
    const asleep = { databaseNow: () => new Date(NOW.getTime() + 1) };
    const known = await tryOne(1_000, asleep);
    expect([known.tries, known.settlements]).toMatchObject([0, [RETURNED]]);
    const unknown = await tryOne(1_000, { syncTime: () => Promise.reject(new Error("the database is away")) });
    expect([unknown.tries, unknown.settlements]).toMatchObject([0, [RETURNED]]);
  });

  it("is not handled any more when the wait for a connection has used up its lease", async () => {
    const destination = destinationRow("crm", { target: { kind: "handler", handler: "mine" } });
    const handled = await tryOne(2_000, { destination });
    expect([handled.tries, handled.settlements]).toMatchObject([1, [{ decision: { to: "processed" } }]]);
    const late = await tryOne(1_999, { destination });
    expect([late.tries, late.settlements]).toMatchObject([0, [RETURNED]]);
  });

  it("whose destination is not known here waits where the catalog cannot be read, and ends where it is read and lacks it", async () => {
    const unknown = { catalog: () => catalogOf([]) };
    const away = await tryOne(LEASE_MS, { ...unknown, refreshCatalog: () => Promise.reject(new Error("away")) });
    expect([away.tries, away.settlements]).toMatchObject([0, [RETURNED]]);
    const gone = await tryOne(LEASE_MS, { ...unknown, refreshCatalog: async () => catalogOf([]) });
    expect([gone.tries, gone.settlements]).toMatchObject([
      0,
      [{ decision: { to: "dead", reason: "referent_missing" } }],
    ]);
  });
});

it("reckons a lease from before the claim was sent, so that it never outlasts the database's", async () => {
  const moment = { ms: 5_000 };
  const row = { bucket: 5, id: ID, tenant: "default", event_id: ID, destination_id: "crm", key: ID, priority: 2 };
  const db = {
    run: async () => {
      moment.ms += 8_000;
      return { rows: [row], rowCount: 1 };
    },
  } as unknown as Queryable;
  const clock = { now: () => NOW, monotonicMs: () => moment.ms };
  const deps = { db, clock, databaseNow: () => NOW, syncTime: () => null, leaseMs: LEASE_MS };
  const [claimed] = await claim({ ...deps, claimFloors: () => null, onClaimed: () => {}, onDoubt: () => {} }, 1);
  expect(claimed!.leaseEndsMs).toBe(5_000 + LEASE_MS);
});
