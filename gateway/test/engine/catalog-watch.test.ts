import { afterAll, beforeAll, expect, it } from "vitest";
import { watchCatalog } from "../../src/engine/catalog-watch.ts";
import { silentLog } from "../../src/platform/log.ts";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";
import { until } from "../support/embedded.ts";

let gateway: AdminGateway;
beforeAll(async () => {
  gateway = await startAdminGateway();
});
afterAll(() => gateway.close());

it("gives who asks for it after a change what was changed, also while a look from before is under way", async () => {
  let look = (): void => {};
  const held = new Promise<void>((resolve) => {
    look = resolve;
  });
  let looks = 0;
  const run: typeof gateway.db.run = async (statement, values) => {
    const found = await gateway.db.run(statement, values);
    // It has read what was there before the change, and is not done with it.
    if (statement.name === "read_catalog_version" && ++looks === 1) await held;
    return found;
  };
  const clock = { now: () => new Date(), monotonicMs: () => 0 };
  const watch = await watchCatalog({ db: { ...gateway.db, run }, box: gateway.box, clock, log: silentLog });
  const before = watch.current().version;
  await until(() => looks === 1);
  await gateway.db.pool.query(
    "UPDATE holdfast.setting SET value = (value::int + 1)::text WHERE name = 'catalog_version'",
  );
  const asked = watch.refresh();
  look();
  expect((await asked).catalog.version).toBe(before + 1);
  watch.stop();
});

it("warns once when the catalog cannot be read for a while, and says once that it can be read again", async () => {
  const said: string[] = [];
  let failures = 0;
  let aheadMs = 0;
  const log = {
    ...silentLog,
    debug: () => void failures++,
    info: (_: object, message: string) => void said.push(message),
    warn: (_: object, message: string) => void said.push(message),
  };
  const clock = { now: () => new Date(), monotonicMs: () => aheadMs };
  const watch = await watchCatalog({ db: gateway.db, box: gateway.box, clock, log });
  const rename = (from: string, to: string) => gateway.db.pool.query(`ALTER TABLE holdfast.${from} RENAME TO ${to}`);
  const failedAgain = async (): Promise<void> => {
    const before = failures;
    await until(() => failures > before + 1);
  };

  await rename("setting", "setting_away");
  await failedAgain();
  expect(said).toEqual([]);
  aheadMs += 10_000;
  await failedAgain();
  await failedAgain();
  expect(said).toEqual([expect.stringContaining("the catalog cannot be read")]);

  await rename("setting_away", "setting");
  await until(() => said.length > 1);
  expect(said.slice(1)).toEqual(["the catalog can be read again"]);
  watch.stop();
});
