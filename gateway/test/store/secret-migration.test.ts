import { randomUUID } from "node:crypto";
import pg from "pg";
import { expect, it, onTestFinished } from "vitest";
import { listMigrations, migrate } from "../../src/store/migrate.ts";
import { emptyDatabase } from "../support/empty-database.ts";

async function connectToEmpty(): Promise<{ url: string; client: pg.Client }> {
  const { url } = await emptyDatabase();
  const client = new pg.Client({ connectionString: url });
  onTestFinished(() => client.end());
  await client.connect();
  return { url, client };
}

it("secrets of every state, and a receiver from before, outlive the migration that gives them a life", async () => {
  const { url, client } = await connectToEmpty();
  const migrations = await listMigrations();
  expect(await migrate(url, migrations.slice(0, 1))).toMatchObject({ ok: true });
  const made = new Date("2026-01-02T03:04:05Z");
  const end = new Date("2026-02-02T03:04:05Z");
  const source = randomUUID();
  await client.query(
    `insert into holdfast.source (id, tenant, name, key, provider, receiver, origin, created_at, updated_at)
     values ($1, 'default', 'a', 'a-source-key', 'postmark', '{"username":"u","password":"p"}', 'api', $2, $2)`,
    [source, made],
  );
  for (const [i, [state, notAfter]] of [
    ["active", null],
    ["retiring", end],
    ["pending", null],
    ["retired", end],
    ["retired", null],
  ].entries()) {
    await client.query("insert into holdfast.secret_version values ($1, $2, 'default', $3, $4, 'sealed', $5, $6)", [
      source,
      `v${i + 1}`,
      i,
      state,
      notAfter,
      made,
    ]);
  }
  expect(await migrate(url, migrations)).toMatchObject({ ok: true });
  const { rows } = await client.query<{ activated_at: Date | null; retired_at: Date | null }>(
    "select version, state, activated_at, retired_at from holdfast.secret_version order by version",
  );
  expect(rows).toEqual([
    { version: "v1", state: "active", activated_at: made, retired_at: null },
    { version: "v2", state: "retiring", activated_at: made, retired_at: null },
    { version: "v3", state: "pending", activated_at: null, retired_at: null },
    { version: "v4", state: "retired", activated_at: made, retired_at: end },
    { version: "v5", state: "retired", activated_at: made, retired_at: expect.any(Date) },
  ]);
  const kept = await client.query("select receiver, sealed_receiver from holdfast.source");
  expect(kept.rows).toEqual([{ receiver: { username: "u", password: "p" }, sealed_receiver: {} }]);
});
