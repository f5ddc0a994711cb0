import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  float8Array,
  int4Array,
  int8Array,
  textArray,
  timestamptzArray,
  uuidArray,
} from "../../src/store/binary-array.ts";
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

/** Each element as the server writes it. */
async function readBack(type: string, array: Buffer): Promise<(string | null)[]> {
  const { rows } = await client.query<{ v: string | null }>(
    `SELECT v::text AS v FROM unnest($1::${type}[]) WITH ORDINALITY AS u(v, n) ORDER BY n`,
    [array],
  );
  return rows.map(({ v }) => v);
}

it("numbers come to the server as they are, to the ends of their types", async () => {
  expect(await readBack("int", int4Array([0, -1, 4_095, 2_147_483_647]))).toEqual(["0", "-1", "4095", "2147483647"]);
  const whole = [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 1_772_600_767_000_123, 0, -1];
  expect(await readBack("bigint", int8Array([...whole, null]))).toEqual([...whole.map(String), null]);
  expect(await readBack("float8", float8Array([2e12, 2e12 + 1 / 3, -0.5]))).toEqual([
    "2000000000000",
    String(2e12 + 1 / 3),
    "-0.5",
  ]);
});

it("text comes as it is: empty, null, quotes and braces, and letters of every width", async () => {
  const texts = ["", null, "NULL", '{"a",\\b}', "plain", "ß–漢", "😀".repeat(100), "line\nline", "\ud800 alone"];
  const known = texts.map((text) => text?.toWellFormed() ?? null);
  expect(await readBack("text", textArray(texts))).toEqual(known);
});

it("UUIDs and times come as they are, to the millisecond and from year 1 to 9999", async () => {
  const ids = ["01890000-0000-7000-8000-00000000000f", "ffffffff-ffff-ffff-ffff-ffffffffffff"];
  expect(await readBack("uuid", uuidArray([...ids, "ABCDEF00-0000-4000-8000-0123456789ab"]))).toEqual([
    ...ids,
    "abcdef00-0000-4000-8000-0123456789ab",
  ]);
  expect(() => uuidArray(["not-a-uuid"])).toThrow("not a UUID");
  const times = [
    "2026-03-04T05:06:07.890Z",
    "1999-12-31T23:59:59.999Z",
    "0001-01-01T00:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
  ];
  await client.query("SET timezone = 'UTC'");
  const { rows } = await client.query<{ same: boolean }>("SELECT $1::timestamptz[] = $2::timestamptz[] AS same", [
    timestamptzArray(times.map((time) => new Date(time))),
    times,
  ]);
  expect(rows).toEqual([{ same: true }]);
  expect(await readBack("timestamptz", timestamptzArray([null]))).toEqual([null]);
});

it("an array of nothing is an array", async () => {
  for (const [type, array] of [
    ["int", int4Array([])],
    ["text", textArray([])],
  ] as const)
    expect(await readBack(type, array)).toEqual([]);
});
