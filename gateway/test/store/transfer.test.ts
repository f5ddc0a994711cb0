import { createReadStream, createWriteStream, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { Client } from "pg";
import { expect, onTestFinished, test } from "vitest";
import type { Exported, Imported } from "../../src/store/transfer.ts";
import { exportDatabase, importDatabase } from "../../src/store/transfer.ts";
import { orderByReferences } from "../../src/store/transfer/schema-shape.ts";
import { testDatabase } from "../support/database.ts";
import { query } from "../support/embedded.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { testFolder } from "../support/folder.ts";

async function freshDatabase(): Promise<string> {
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  return database.url;
}

// A table of ours that the tests own: every value that COPY could get wrong, in two partitions, referring to another table.
const OWN_TABLES = `
  create table holdfast.zz_parent (id int primary key, note text, raw bytea, at timestamptz, list int[], doc jsonb,
                                   size int generated always as (octet_length(raw)) stored);
  create table holdfast.aa_child (id int, parent int references holdfast.zz_parent, real float8, primary key (id)) partition by range (id);
  create table holdfast.aa_child_1 partition of holdfast.aa_child for values from (minvalue) to (100);
  create table holdfast.aa_child_2 partition of holdfast.aa_child for values from (100) to (maxvalue);`;
const OWN_ROWS = `
  insert into holdfast.zz_parent (id, note, raw, at, list, doc) values
    (1, E'tab\\tline\\nback\\\\slash \\\\. \\\\N é 😀', decode('00ff5c4e0a0d09', 'hex'), '2026-11-21 10:11:12.123456+02', '{1,NULL,3}', '{"n": 9007199254740993}'),
    (2, null, null, 'infinity', null, null), (3, '', '', '0044-03-15 BC', '{}', '[]');
  insert into holdfast.aa_child select n, 1 + n % 3, 0.1 + n from generate_series(1, 5000) n;`;
const DIGEST = `
  select (select md5(string_agg(t::text, '|' order by id)) from holdfast.zz_parent t) as parent,
         (select md5(string_agg(tableoid::regclass || t::text, '|' order by id)) from holdfast.aa_child t) as child`;

async function run(url: string, ...texts: string[]): Promise<void> {
  for (const text of texts) await query(url, text);
}

async function exported(url: string): Promise<{ file: string; result: Exported }> {
  const file = join(testFolder(), "events.holdfast");
  const result = await exportDatabase({ url, out: createWriteStream(file) });
  return { file, result };
}

const imported = (url: string, file: string): Promise<Imported> => importDatabase({ url, in: createReadStream(file) });

async function countsOf(url: string): Promise<Record<string, number>> {
  const tables = await query<{ name: string }>(
    url,
    "select relname as name from pg_class where relnamespace = 'holdfast'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1",
  );
  const counts: Record<string, number> = {};
  for (const { name } of tables) {
    counts[name] = (await query<{ n: number }>(url, `select count(*)::int as n from holdfast.${name}`))[0]?.n ?? -1;
  }
  return counts;
}

test("what was exported is in another database after the import, value for value and partition for partition", async () => {
  const [from, to] = [await freshDatabase(), await freshDatabase()];
  await run(from, OWN_TABLES, OWN_ROWS);
  await run(to, OWN_TABLES);
  // Another partition than the file's, as a new database has them for today.
  await run(
    to,
    "alter table holdfast.aa_child detach partition holdfast.aa_child_2; drop table holdfast.aa_child_2",
    "create table holdfast.aa_child_today partition of holdfast.aa_child for values from (4000) to (maxvalue)",
  );
  const { file, result } = await exported(from);
  expect(result).toMatchObject({ ok: true });
  expect(await imported(to, file)).toEqual(result);
  expect(await query(to, DIGEST)).toEqual(await query(from, DIGEST));
  expect(await countsOf(to)).toEqual(await countsOf(from));
  expect(result.ok && result.tables.find((table) => table.table === "aa_child")?.rows).toBe(5_000);
  // And out of the copy comes the same again, byte for byte.
  expect((await exported(to)).result).toEqual(result);
});

test("an export is one moment: what is written meanwhile is not in it, and nothing is in it by halves", async () => {
  const url = await freshDatabase();
  await run(url, OWN_TABLES, OWN_ROWS);
  const slow = new PassThrough({ highWaterMark: 1 });
  const running = exportDatabase({ url, out: slow });
  const chunks: Buffer[] = [];
  let written = false;
  for await (const chunk of slow as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    if (written) continue;
    written = true;
    await run(url, "insert into holdfast.zz_parent (id) values (9)", "delete from holdfast.aa_child where id > 10");
  }
  const result = await running;
  const rowsOf = (name: string): unknown => result.ok && result.tables.find((table) => table.table === name)?.rows;
  expect([rowsOf("zz_parent"), rowsOf("aa_child")]).toEqual([3, 5_000]);
});

test("a file that is cut, altered, lengthened or foreign is refused, and nothing of it is imported", async () => {
  const [from, to] = [await freshDatabase(), await freshDatabase()];
  await run(from, OWN_TABLES, OWN_ROWS);
  await run(to, OWN_TABLES);
  const before = await countsOf(to);
  const whole = readFileSync((await exported(from)).file);
  const altered = Buffer.from(whole);
  const at = whole.indexOf("2026-11-21 08:11:12");
  expect(at).toBeGreaterThan(0);
  altered.write("2025", at);
  const text = (of: string, by: string): Buffer => Buffer.from(whole.toString("latin1").replace(of, by), "latin1");
  const files: [string, Buffer][] = [
    ["nothing", Buffer.alloc(0)],
    ["not ours", Buffer.from("PGDMP\n")],
    ["other JSON", Buffer.from("{}\n")],
    ["cut in the rows", whole.subarray(0, whole.length - 3_000)],
    ["without its last line", whole.subarray(0, whole.lastIndexOf("\n", whole.length - 2) + 1)],
    ["one value altered", altered],
    ["another time in the header", text('"exportedAt":"20', '"exportedAt":"21')],
    ["a statement for a bound", text("FOR VALUES FROM (MINVALUE) TO (100)", "FOR VALUES FROM (1) TO (2); drop x")],
    ["something behind it", Buffer.concat([whole, Buffer.from("x")])],
  ];
  for (const [what, bytes] of files) {
    const result = await importDatabase({ url: to, in: Readable.from([bytes]) });
    expect(result, what).toMatchObject({
      ok: false,
      code: "damaged",
      remedy: expect.stringContaining("nothing was imported"),
    });
  }
  expect(await countsOf(to)).toEqual(before);
  // The same database takes the whole file afterwards, byte by byte if need be.
  expect(await importDatabase({ url: to, in: Readable.from([whole.subarray(0, 5), whole.subarray(5)]) })).toMatchObject(
    { ok: true },
  );
});

test("a table of the file that the schema lacks is passed over when it is empty, and refused when it has rows", async () => {
  const [from, to] = [await freshDatabase(), await freshDatabase()];
  // As the partition of a day stands there that was made and is not attached yet.
  await run(from, "create table holdfast.event_p20310102 (like holdfast.event including all)");
  await run(from, "insert into holdfast.tenant (id, created_at) values ('acme', now())");
  expect(await imported(to, (await exported(from)).file)).toMatchObject({ ok: true });
  expect((await countsOf(to))["tenant"]).toBe(2);
  expect(Object.keys(await countsOf(to))).not.toContain("event_p20310102");

  const other = await freshDatabase();
  await run(from, "create table holdfast.foreign_rows as select 1 as n");
  expect(await imported(other, (await exported(from)).file)).toMatchObject({
    code: "damaged",
    message: expect.stringContaining("foreign_rows"),
  });
});

test("a database that is in use is refused, whichever table has the row", async () => {
  const [from, to] = [await freshDatabase(), await freshDatabase()];
  const { file } = await exported(from);
  await run(to, "insert into holdfast.tenant (id, created_at) values ('acme', now())");
  expect(await imported(to, file)).toMatchObject({
    ok: false,
    code: "not_empty",
    message: expect.stringContaining("tenant"),
  });
  await run(to, "delete from holdfast.tenant where id = 'acme'", "update holdfast.tenant set created_at = now()");
  expect(await imported(to, file)).toMatchObject({ ok: false, code: "not_empty" });
});

test("a file from another schema, another format or for a database without any is refused in words", async () => {
  const [from, to, bare] = [await freshDatabase(), await freshDatabase(), await freshDatabase()];
  const { file } = await exported(from);
  const other = join(testFolder(), "other.holdfast");
  writeFileSync(other, readFileSync(file, "latin1").replace('"formatVersion":1', '"formatVersion":2'), "latin1");
  expect(await imported(to, other)).toMatchObject({ ok: false, code: "other_format" });
  await run(
    to,
    "insert into holdfast.migration (number, name, sha256, applied_at) values (9999, '9999_later', '', now())",
  );
  expect(await imported(to, file)).toMatchObject({
    ok: false,
    code: "other_migrations",
    message: expect.stringContaining("9999_later"),
  });
  await run(bare, "drop schema holdfast cascade");
  expect(await imported(bare, file)).toMatchObject({
    ok: false,
    code: "not_migrated",
    remedy: expect.stringContaining("holdfast migrate"),
  });
  expect((await exported(bare)).result).toMatchObject({ ok: false, code: "not_migrated" });
});

test("a database that is away, or goes away in the middle, is said, and no connection is left", async () => {
  const url = await freshDatabase();
  await run(
    url,
    OWN_TABLES,
    OWN_ROWS,
    "insert into holdfast.aa_child select n, 1, n from generate_series(5001, 300000) n",
  );
  const away = new URL(url);
  away.searchParams.set("host", testFolder());
  expect((await exported(away.href)).result).toMatchObject({ ok: false, code: "unreachable" });
  expect(await importDatabase({ url: away.href, in: Readable.from([]) })).toMatchObject({
    ok: false,
    code: "unreachable",
  });

  const transfers =
    "from pg_stat_activity where datname = current_database() and application_name like 'holdfast db %'";
  const out = new PassThrough({ highWaterMark: 1 });
  const running = exportDatabase({ url, out });
  out.once("readable", () => void query(url, `select pg_terminate_backend(pid) ${transfers}`).then(() => out.resume()));
  expect(await running).toMatchObject({ ok: false, code: "failed" });

  const full = new Writable({ write: (_chunk, _encoding, done) => done(new Error("no space left on device")) });
  expect(await exportDatabase({ url, out: full })).toMatchObject({
    ok: false,
    message: expect.stringContaining("no space left"),
  });
  const watcher = new Client({ connectionString: url });
  await watcher.connect();
  onTestFinished(() => watcher.end());
  await expect.poll(async () => (await watcher.query(`select pid ${transfers}`)).rows).toEqual([]);
});

test("tables come after those that they refer to, and a circle is a mistake", () => {
  const table = (name: string) => ({ name, columns: [], partitioned: false, partitions: [] });
  const tables = ["a", "b", "c"].map(table);
  const chain = [
    { from: "a", to: "b" },
    { from: "b", to: "c" },
  ];
  expect(orderByReferences(tables, chain).map((one) => one.name)).toEqual(["c", "b", "a"]);
  expect(() => orderByReferences(tables, [...chain, { from: "c", to: "a" }])).toThrow("circle");
});

test("an import whose COMMIT nobody answered may be there: it says so, and a second one tells", async () => {
  const [from, to] = [await freshDatabase(), await freshDatabase()];
  await run(from, OWN_TABLES, OWN_ROWS);
  await run(to, OWN_TABLES);
  const { file } = await exported(from);
  const proxy = await startFaultProxy(to);
  onTestFinished(() => proxy.close());
  proxy.toClient = (bytes, wire) => {
    if (!bytes.includes("COMMIT\0")) return bytes;
    wire.cutClient();
    return null;
  };
  expect(await imported(proxy.url, file)).toMatchObject({ ok: false, code: "unanswered" });
  expect(await imported(to, file)).toMatchObject({ ok: false, code: "not_empty" });
});
