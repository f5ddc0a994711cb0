import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Catalog, Origin } from "../../src/domain/catalog.ts";
import type { CompleteDefinition, Definition } from "../../src/domain/definition.ts";
import { checkDefinition } from "../../src/domain/definition.ts";
import { disableGone } from "../../src/engine/caretakers/disabler.ts";
import { applyDefinition } from "../../src/pipeline/apply-definition.ts";
import { changeCatalog } from "../../src/pipeline/change-catalog.ts";
import { DISABLED_BY_API, planDestinationState } from "../../src/domain/destination-plan.ts";
import { definitionCheckers } from "../../src/pipeline/definition-checkers.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import { MEASURES } from "../../src/store/alerts/measures.ts";
import { loadCatalog } from "../../src/store/catalog/load-catalog.ts";
import type { Database } from "../../src/store/database.ts";
import { ensurePartitions } from "../../src/store/upkeep/ensure-partitions.ts";
import type { TestDatabase } from "../support/database.ts";
import { openTestPool, testDatabase } from "../support/database.ts";
import { recordOne } from "../support/recorded-events.ts";

const OLD = "whsec_a-secret-of-enough-length-0001";
const NEW = "whsec_a-secret-of-enough-length-0002";
const box = createSecretsBox({ keys: [{ id: "test", key: randomBytes(32) }] });
let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await testDatabase();
  db = openTestPool(database, 6);
  await ensurePartitions(db, Date.now(), 0);
});
beforeEach(() =>
  db.pool.query(
    "TRUNCATE holdfast.route, holdfast.secret_version, holdfast.source, holdfast.destination, holdfast.delivery CASCADE",
  ),
);
afterAll(async () => {
  await db.close();
  await database.drop();
});

const stripe = { provider: "stripe", secrets: [OLD] };
const billing = { url: "https://billing.example.com/in" };
const full = {
  sources: { stripe },
  destinations: { billing },
  routes: [{ source: "stripe", destination: "billing" }],
};

function complete(definition: Definition): CompleteDefinition {
  const checked = checkDefinition(definition, definitionCheckers({ allowCidrs: [] }));
  if (!checked.ok) throw new Error(JSON.stringify(checked.faults));
  return checked.definition;
}

it("refuses batch item at a provider whose requests have one event each, and names those that have several", () => {
  const judge = (source: Definition["sources"]) =>
    checkDefinition({ sources: source ?? {} }, definitionCheckers({ allowCidrs: [] }));
  const refused = judge({ shop: { ...stripe, batch: "item" } });
  expect(refused).toMatchObject({ ok: false, faults: [{ path: "sources.shop.batch" }] });
  expect(JSON.stringify(refused)).toContain("gocardless");
  expect(judge({ direct: { provider: "gocardless", secrets: stripe.secrets, batch: "item" } })).toMatchObject({
    ok: true,
  });
});

async function apply(definition: Definition, origin: Origin = "file") {
  const deps = { db, box, clock: systemClock, random: (size: number): Uint8Array => randomBytes(size) };
  const applied = await applyDefinition(deps, complete(definition), { origin, dryRun: false });
  if (!applied.ok) throw new Error(JSON.stringify(applied));
  return applied.plan;
}

/** Puts the destination out of use, as an operator does. */
async function put(state: "paused" | "disabled", reason: string): Promise<void> {
  const deps = { db, box, clock: systemClock, random: (size: number): Uint8Array => randomBytes(size) };
  const changed = await changeCatalog(deps, ({ destinations }) => ({
    ok: true,
    items: [planDestinationState(destinations[0]!, state, reason)],
  }));
  expect(changed).toMatchObject({ ok: true });
}

function load(): Promise<Catalog> {
  return loadCatalog(db, box);
}

describe("applying a definition", () => {
  it("makes what is missing, with keys and secrets that are kept ever after", async () => {
    const first = await apply(full);
    expect(first.created.map(({ kind, name }) => `${kind}/${name}`)).toEqual([
      "source/stripe",
      "destination/billing",
      "route/stripe-billing",
    ]);
    const made = await load();
    expect(made.sources[0]!.key).toMatch(/^[A-Za-z0-9_-]{32}$/);
    expect(made.sources[0]!.secrets).toEqual([
      { version: "v1", state: "active", value: OLD, notAfter: null, retiredAt: null },
    ]);
    expect(made.destinations[0]!.signingSecret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);

    const again = await apply({ ...full, destinations: { billing: { ...billing, timeoutMs: 5_000 } } });
    expect(again).toMatchObject({
      created: [],
      disabled: [],
      unchanged: 2,
      updated: [{ name: "billing", fields: ["policy"] }],
    });
    const kept = await load();
    expect(kept.sources[0]).toEqual(made.sources[0]);
    expect(kept.destinations[0]!.signingSecret).toBe(made.destinations[0]!.signingSecret);
    expect(kept.destinations[0]!.policy.timeoutMs).toBe(5_000);
    expect(kept.version).toBe(made.version + 1);
  });

  it("puts a new secret before the old one without renaming that, and retires what is not listed", async () => {
    await apply({ sources: { stripe } });
    const notAfter = new Date(Date.now() + 60_000);
    await apply({ sources: { stripe: { provider: "stripe", secrets: [NEW, { value: OLD, notAfter }] } } });
    expect((await load()).sources[0]!.secrets).toEqual([
      { version: "v2", state: "active", value: NEW, notAfter: null, retiredAt: null },
      { version: "v1", state: "retiring", value: OLD, notAfter, retiredAt: null },
    ]);
    await apply({ sources: { stripe: { provider: "stripe", secrets: [NEW] } } });
    expect((await load()).sources[0]!.secrets.map(({ version, state }) => [version, state])).toEqual([
      ["v2", "active"],
      ["v1", "retired"],
    ]);
    expect(await apply({ sources: { stripe: { provider: "stripe", secrets: [NEW] } } })).toMatchObject({
      unchanged: 1,
    });
  });

  it("puts out of use what its origin declares no longer, and nothing of another origin", async () => {
    await apply(full, "file");
    await apply({ destinations: { other: billing } }, "api");
    const { sources, destinations } = await load();
    const declared = destinations.find(({ name }) => name === "billing")!;
    await recordOne(db, { sourceId: sources[0]!.id, destinationIds: [declared.id], providerId: "evt_1" });
    const plan = await apply({}, "file");
    expect(plan.disabled.map(({ kind, name }) => `${kind}/${name}`)).toEqual([
      "source/stripe",
      "destination/billing",
      "route/stripe-billing",
    ]);
    const gone = await load();
    expect(gone.sources[0]!.state).toBe("disabled");
    expect(gone.routes[0]!.state).toBe("disabled");
    expect(gone.destinations.map(({ name, state, stateReason }) => [name, state, stateReason])).toEqual([
      ["billing", "paused", "not_declared"],
      ["other", "active", null],
    ]);
    const waiting = await db.pool.query("SELECT state, held_reason FROM holdfast.delivery");
    expect(waiting.rows).toEqual([{ state: "held", held_reason: "destination_paused" }]);

    await apply(full, "file");
    const back = await load();
    expect([back.sources[0]!.state, back.destinations[0]!.state, back.routes[0]!.state]).toEqual([
      "active",
      "active",
      "active",
    ]);
    expect(back.sources[0]!.key).toBe(sources[0]!.key);
    expect((await db.pool.query("SELECT state FROM holdfast.delivery")).rows).toEqual([{ state: "scheduled" }]);
  });

  it("takes it upon itself that a destination stays away which was disabled by its answers, until it is declared again", async () => {
    await apply(full);
    const id = (await load()).destinations[0]!.id;
    const deps = { db, databaseNow: () => new Date(), refreshCatalog: async () => {}, log: silentLog };
    await disableGone(deps, { id, url: billing.url });
    const alerts = async () => (await db.run(MEASURES.get("destination_disabled")!.statement, [])).rows.length;
    await apply(full);
    expect([(await load()).destinations[0]!.state, await alerts()]).toEqual(["disabled", 1]);
    expect((await apply({})).disabled.map(({ kind }) => kind)).toEqual(["source", "destination", "route"]);
    expect((await load()).destinations[0]).toMatchObject({ state: "disabled", stateReason: "not_declared" });
    expect(await alerts()).toBe(0);
    expect(await apply({})).toMatchObject({ updated: [], disabled: [], unchanged: 0 });
    await apply(full);
    expect((await load()).destinations[0]).toMatchObject({ state: "active", stateReason: null });
  });

  it.each([
    ["paused", "deploy"],
    ["disabled", DISABLED_BY_API],
  ] as const)("leaves a destination %s by somebody as it is when it is declared no longer", async (state, reason) => {
    await apply(full);
    await put(state, reason);
    await apply({});
    expect((await load()).destinations[0]).toMatchObject({ state, stateReason: reason });
  });

  it("leaves a destination paused that somebody has paused", async () => {
    await apply(full);
    await put("paused", "deploy");
    expect(await apply(full)).toMatchObject({ updated: [], unchanged: 3 });
    expect((await load()).destinations[0]).toMatchObject({ state: "paused", stateReason: "deploy" });
  });

  it("makes each thing once when many start at the same moment (F77)", async () => {
    const plans = await Promise.all(Array.from({ length: 5 }, () => apply(full)));
    expect(plans.map(({ created }) => created.length).toSorted()).toEqual([0, 0, 0, 0, 3]);
    const { sources, destinations, routes } = await load();
    expect([sources.length, destinations.length, routes.length]).toEqual([1, 1, 1]);
  });

  it("refuses a key that another source has, and writes nothing", async () => {
    await apply({ sources: { one: { ...stripe, key: "a-key-of-our-own" } } });
    const before = await load();
    const deps = { db, box, clock: systemClock, random: (size: number): Uint8Array => randomBytes(size) };
    const definition = complete({
      sources: { two: { ...stripe, key: "a-key-of-our-own" } },
      destinations: { billing },
    });
    const applied = await applyDefinition(deps, definition, { origin: "api", dryRun: false });
    expect(applied).toMatchObject({ ok: false, cause: "faults", faults: [{ path: "sources.two.key" }] });
    expect(await load()).toEqual(before);
  });

  it("changes nothing at all when the last part of it cannot be stored", async () => {
    await apply({ sources: { stripe } });
    const before = await load();
    await db.pool.query("ALTER TABLE holdfast.alert_channel ADD CONSTRAINT full_up CHECK (name <> 'chat')");
    onTestFinished(() => db.pool.query("ALTER TABLE holdfast.alert_channel DROP CONSTRAINT full_up").then(() => {}));
    const deps = { db, box, clock: systemClock, random: (size: number): Uint8Array => randomBytes(size) };
    const chat = { kind: "slack", url: "https://hooks.slack.com/services/T0/B0/x" } as const;
    const log = {
      source: "stripe",
      connector: { kind: "stripe" },
      eventTypes: ["*"],
      secret: "sk_test_of-the-log",
    } as const;
    const definition = complete({ ...full, reconciliations: { log }, alerts: { channels: { chat } } });
    const applied = await applyDefinition(deps, definition, { origin: "file", dryRun: false });
    expect(applied).toMatchObject({ ok: false, cause: "database", unknown: false });
    expect(await load()).toEqual(before);
    expect((await db.pool.query("SELECT FROM holdfast.reconciliation")).rowCount).toBe(0);
  });

  it("turns a handler into an HTTP destination and back, with a secret where there is one to have", async () => {
    await apply({ destinations: { d: { handler: "onInvoice" } } });
    expect((await load()).destinations[0]).toMatchObject({
      target: { kind: "handler", handler: "onInvoice" },
      signingSecret: null,
    });
    await apply({ destinations: { d: billing } });
    expect((await load()).destinations[0]!.signingSecret).toMatch(/^whsec_/);
    await apply({ destinations: { d: { handler: "onInvoice" } } });
    expect((await load()).destinations[0]!.signingSecret).toBeNull();
  });
});
