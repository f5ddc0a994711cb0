import pg from "pg";
import { expect, test } from "vitest";
import { silentLog } from "../../src/platform/log.ts";
import { openStore } from "../../src/store/open-store.ts";
import { testDatabase } from "../support/database.ts";

test("a database that was laid out for another number of buckets is refused", async () => {
  const database = await testDatabase();
  const options = { databaseUrl: database.url, dataDir: "/nonexistent", log: silentLog, onProgress: () => {} };
  try {
    expect(await openStore(options)).toMatchObject({ ok: true, kind: "external" });
    const client = new pg.Client(database.url);
    await client.connect();
    await client.query("UPDATE holdfast.setting SET value = '256' WHERE name = 'buckets'");
    await client.end();
    expect(await openStore(options)).toMatchObject({ ok: false, code: "other_buckets" });
  } finally {
    await database.drop();
  }
});
