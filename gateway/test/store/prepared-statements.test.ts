import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collectStatements } from "../../../test/support/statements.ts";
import type { TestDatabase } from "../support/database.ts";
import { testDatabase } from "../support/database.ts";

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await testDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await database?.drop();
});

/** What PostgreSQL says against a text, or null when it takes it. */
async function refusal(text: string): Promise<string | null> {
  try {
    await client.query(`PREPARE candidate AS ${text}`);
    await client.query("DEALLOCATE candidate");
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

describe("every statement fits the migrated schema", () => {
  it("as one server runs it and as a cluster runs it", async () => {
    const statements = await collectStatements();
    expect(statements.length).toBeGreaterThan(20);
    const faults: string[] = [];
    for (const { name, text, shardText } of statements) {
      for (const one of new Set([text, shardText])) {
        const said = await refusal(one);
        if (said !== null) faults.push(`${name}: ${said}`);
      }
    }
    expect(faults).toEqual([]);
  });

  it("and a column that is not there is noticed", async () => {
    expect(await refusal("SELECT colour FROM holdfast.delivery")).toContain("colour");
    expect(await refusal("UPDATE holdfast.delivery SET rank = 'first'::text WHERE id = $1")).toBeTypeOf("string");
  });
});

it("the functions that hot statements may call are immutable on this server", async () => {
  const { rows } = await client.query<{ call: string; kind: string }>(
    `SELECT oid::regprocedure::text AS call, provolatile AS kind FROM pg_proc
      WHERE pronamespace = 'pg_catalog'::regnamespace
        AND (proname IN ('unnest', 'substring') OR oid = 'extract(text, interval)'::regprocedure)`,
  );
  expect(rows.length).toBeGreaterThan(3);
  expect(rows.filter((row) => row.kind !== "i")).toEqual([]);
  const ofTimestamp = await client.query<{ kind: string }>(
    "SELECT provolatile AS kind FROM pg_proc WHERE oid = 'extract(text, timestamptz)'::regprocedure",
  );
  expect(ofTimestamp.rows).toEqual([{ kind: "s" }]);
});
