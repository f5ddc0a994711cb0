import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Catalog } from "../../src/domain/catalog.ts";
import type { Definition } from "../../src/domain/definition.ts";
import { checkDefinition } from "../../src/domain/definition.ts";
import { applyDefinition } from "../../src/pipeline/apply-definition.ts";
import { definitionCheckers } from "../../src/pipeline/definition-checkers.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { SecretsBox } from "../../src/platform/secrets-box.ts";
import { createSecretsBox } from "../../src/platform/secrets-box.ts";
import { loadChannels } from "../../src/store/alerts/channels.ts";
import { loadCatalog } from "../../src/store/catalog/load-catalog.ts";
import type { Database } from "../../src/store/database.ts";
import { loadSetups } from "../../src/store/reconciliations/setups.ts";
import type { TestDatabase } from "../support/database.ts";
import { openTestPool, testDatabase } from "../support/database.ts";

const SECRET = "whsec_a-secret-of-enough-length-0001";
const SLACK = "https://hooks.slack.com/services/T0/B0/of-the-chat";
const SIGNING = `whsec_${Buffer.alloc(32, 5).toString("base64")}`;
const random = (size: number): Uint8Array => randomBytes(size);
const box = (id: string): SecretsBox => createSecretsBox({ keys: [{ id, key: randomBytes(32) }] });
/** The boxes of the processes that serve, and of one that was started with another key. */
const [own, stranger] = [box("own"), box("stranger")];

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await testDatabase();
  db = openTestPool(database, 2);
});
beforeEach(() => db.pool.query("TRUNCATE holdfast.source, holdfast.destination, holdfast.alert_channel CASCADE"));
afterAll(async () => {
  await db.close();
  await database.drop();
});

const headers = { Authorization: "Bearer of-the-receiver" };
const file = (secrets: readonly unknown[] = [SECRET]) => ({
  sources: { stripe: { provider: "stripe", secrets, password: "pass-a" } } as unknown as Definition["sources"],
  destinations: { billing: { url: "https://billing.example.com/in", signingSecret: SIGNING, headers } },
  routes: [{ source: "stripe", destination: "billing" }],
  reconciliations: {
    log: { source: "stripe", connector: { kind: "stripe" }, eventTypes: ["*"], secret: "sk_test_of-the-log" },
  },
  alerts: { channels: { chat: { kind: "slack", url: SLACK } } },
});

/** A start with this file and this key. */
async function start(with_: SecretsBox, definition: object = file()) {
  const checked = checkDefinition(definition, definitionCheckers({ allowCidrs: [] }));
  if (!checked.ok) throw new Error(JSON.stringify(checked.faults));
  const deps = { db, box: with_, clock: systemClock, random };
  const applied = await applyDefinition(deps, checked.definition, { origin: "file", dryRun: false });
  if (!applied.ok) throw new Error(JSON.stringify(applied));
  return applied.plan;
}

/** The secrets of the comparison with the provider's log and of the channel. */
async function readOthers(with_: SecretsBox): Promise<unknown[]> {
  const others = [
    ...(await loadSetups(db, with_, { tenant: "default" })),
    ...(await loadChannels(db, with_, "default")),
  ];
  return others.map(({ secret }) => secret);
}

const load = (with_: SecretsBox): Promise<Catalog> => loadCatalog(db, with_);
const versions = ({ sources }: Catalog): unknown[] =>
  sources[0]!.secrets.map(({ version, state, value }) => [version, state, value]);

describe("a process that is started with another master key", () => {
  it("leaves every secret to those that can read it, and adds what it is given beside them", async () => {
    await start(own);
    const before = await load(own);
    expect((await start(stranger)).updated).toEqual([{ kind: "source", name: "stripe", fields: ["secrets"] }]);
    const after = await load(own);
    expect(versions(after)).toEqual([
      ["v1", "active", SECRET],
      ["v2", "active", null],
    ]);
    expect(after.sources[0]!.receiver).toEqual(before.sources[0]!.receiver);
    expect(after.sources[0]!.receiver).toEqual({ password: "pass-a" });
    expect(after.destinations).toEqual(before.destinations);
    expect(after.destinations[0]).toMatchObject({ signingSecret: SIGNING, headers: Object.entries(headers) });
    expect(await readOthers(own)).toEqual(["sk_test_of-the-log", SLACK]);
    expect(versions(await load(stranger))).toEqual([
      ["v1", "active", null],
      ["v2", "active", SECRET],
    ]);
  });

  it("changes nothing when it starts again, nor do the others", async () => {
    await start(own);
    await start(stranger);
    const { version } = await load(own);
    for (const one of [stranger, own, stranger])
      expect(await start(one)).toMatchObject({ created: [], updated: [], disabled: [], unchanged: 5 });
    expect((await load(own)).version).toBe(version);
  });

  it("does not write over a version that the file names, nor retires one that it lists no longer", async () => {
    const named = (name: string) => file([{ version: name, value: SECRET }]);
    await start(own, named("first"));
    expect(await start(stranger, named("first"))).toMatchObject({ updated: [], unchanged: 5 });
    await start(stranger, named("second"));
    expect(versions(await load(own))).toEqual([
      ["first", "active", SECRET],
      ["second", "active", null],
    ]);
  });

  it("stores anew what is taken out of the file and declared again: the key may be lost for good", async () => {
    await start(own);
    await start(stranger, {});
    await start(stranger);
    const { sources, destinations } = await load(stranger);
    expect(sources[0]!.receiver).toEqual({ password: "pass-a" });
    expect(destinations[0]).toMatchObject({ signingSecret: SIGNING, headers: Object.entries(headers) });
    expect(await readOthers(stranger)).toEqual(["sk_test_of-the-log", SLACK]);
  });
});

it("ten versions and one that cannot be read keep to the places that there are", async () => {
  await start(own);
  const ten = Array.from({ length: 10 }, (_, i) => `${SECRET}-${i}`);
  await start(stranger, file(ten));
  expect(versions(await load(stranger))).toHaveLength(11);
  expect(await start(stranger, file(ten))).toMatchObject({ updated: [], unchanged: 5 });
});
