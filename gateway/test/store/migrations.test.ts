import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { newUuid } from "../../src/domain/id.ts";
import type { Log } from "../../src/platform/log.ts";
import { silentLog } from "../../src/platform/log.ts";
import type { MigrateResult, Migration } from "../../src/store/migrate.ts";
import { listMigrations, migrate } from "../../src/store/migrate.ts";
import { ensurePartitions } from "../../src/store/upkeep/ensure-partitions.ts";
import { openTestPool } from "../support/database.ts";
import { emptyDatabase, testMigration } from "../support/empty-database.ts";
import { ROW_TIME, VALID_ROWS, insertOf } from "../support/valid-rows.ts";

const COMPILED = fileURLToPath(new URL("../../dist/store/migrate.js", import.meta.url));

let url: string;
let adminUrl: string;

beforeEach(async () => {
  ({ url, adminUrl } = await emptyDatabase());
});

const first = testMigration(1, "CREATE TABLE holdfast.one (id int PRIMARY KEY)");
const second = testMigration(2, "CREATE TABLE holdfast.two (id int PRIMARY KEY)");
const third = testMigration(3, "CREATE TABLE holdfast.three (id int PRIMARY KEY)");

/** Asks the database itself, on a connection of its own. */
async function rowsOf<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

async function tables(): Promise<string[]> {
  const rows = await rowsOf<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'holdfast' ORDER BY 1",
  );
  return rows.map((row) => row.name).filter((table) => table !== "migration");
}

async function recorded(): Promise<number[]> {
  const rows = await rowsOf<{ number: number }>("SELECT number FROM holdfast.migration ORDER BY number");
  return rows.map((row) => row.number);
}

describe("the migrations that this build ships", () => {
  it("make the schema on an empty database, and a second run changes nothing", async () => {
    const shipped = await listMigrations();
    const names = shipped.map((one) => one.name);
    expect(await migrate(url)).toEqual({ ok: true, applied: names, version: shipped.length, ahead: [] });
    const made = await tables();
    expect(made).toContain("delivery");
    expect(await migrate(url)).toEqual({ ok: true, applied: [], version: shipped.length, ahead: [] });
    expect(await tables()).toEqual(made);
  });

  it("are applied once each when five runners start at once", async () => {
    const results = await Promise.all(Array.from({ length: 5 }, () => migrate(url)));
    expect(results.filter((result) => !result.ok)).toEqual([]);
    const applied = results.flatMap((result) => (result.ok ? result.applied : []));
    expect(applied.toSorted()).toEqual((await listMigrations()).map((one) => one.name));
  });

  it("let a rejection keep a 503, in days made before and after, without a look at any row, and take what older processes write", async () => {
    const shipped = await listMigrations();
    const at = shipped.findIndex((one) => one.name === "0022_rejection_status");
    await migrate(url, shipped.slice(0, at));
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const db = openTestPool({ url }, 2);
    const daysFrom = (day: number): Promise<number> => ensurePartitions(db, day, 0);
    const keep = async (status: number, receivedAt: number): Promise<string> => {
      const id = newUuid(receivedAt, 77, randomBytes(8));
      const row = { ...VALID_ROWS.get("rejection"), id, status };
      return client.query(insertOf("rejection", row)).then(
        () => "kept",
        (error: { constraint?: string }) => error.constraint ?? "another error",
      );
    };
    try {
      const before = ROW_TIME.getTime();
      const after = before + 10 * 86_400_000;
      await daysFrom(before);
      expect([await keep(401, before), await keep(503, before)]).toEqual(["kept", "rejection_status_check"]);
      expect(await migrate(url, shipped)).toMatchObject({ ok: true });
      await daysFrom(after);
      for (const day of [before, after]) {
        expect(await Promise.all([401, 405, 503].map((status) => keep(status, day)))).toEqual(["kept", "kept", "kept"]);
        expect([await keep(200, day), await keep(600, day)]).toEqual(Array(2).fill("rejection_status_check"));
      }
      const unlooked = await rowsOf<{ name: string }>(
        `SELECT conrelid::regclass::text AS name FROM pg_constraint
          WHERE conname = 'rejection_status_check' AND NOT convalidated ORDER BY 1`,
      );
      expect(unlooked.map((row) => row.name)).toEqual(
        ["rejection", "rejection_p20260303", "rejection_p20260304"].map((table) => `holdfast.${table}`),
      );
    } finally {
      await db.close();
      await client.end();
    }
  });

  it("are numbered from 1 without a gap", async () => {
    const shipped = await listMigrations();
    expect(shipped.map((one) => one.number)).toEqual(shipped.map((_, i) => i + 1));
    expect(shipped.length).toBeGreaterThan(0);
  });
});

describe("a runner that is killed", () => {
  it("half-way leaves whole migrations only, and the next one goes on (F101)", async () => {
    // The second migration waits for a lock that the test holds, so that the kill surely falls into its middle.
    const lock = 4_711;
    const slow = testMigration(2, `${second.sql}; SELECT pg_advisory_xact_lock(${lock})`);
    const holder = new pg.Client({ connectionString: adminUrl });
    await holder.connect();
    try {
      await holder.query("SELECT pg_advisory_lock($1)", [lock]);
      const runner = spawn(process.execPath, ["--input-type=module", "--eval", runnerOf([first, slow, third])], {
        stdio: "ignore",
      });
      const ended = once(runner, "exit");
      await waitUntilOneWaits(holder, lock);
      runner.kill("SIGKILL");
      await ended;
    } finally {
      await holder.end();
    }
    const result = await migrate(url, [first, second, third]);
    expect(result).toEqual({ ok: true, applied: ["0002_test", "0003_test"], version: 3, ahead: [] });
    expect(await tables()).toEqual(["one", "three", "two"]);
    expect(await recorded()).toEqual([1, 2, 3]);
  });

  it("by its server is told so, and the next one goes on", async () => {
    const lock = 4_712;
    const slow = testMigration(2, `${second.sql}; SELECT pg_advisory_xact_lock(${lock})`);
    const holder = new pg.Client({ connectionString: adminUrl });
    await holder.connect();
    let cut: MigrateResult;
    try {
      await holder.query("SELECT pg_advisory_lock($1)", [lock]);
      const running = migrate(url, [first, slow]);
      await waitUntilOneWaits(holder, lock);
      await holder.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'holdfast migrate'",
      );
      cut = await running;
    } finally {
      await holder.end();
    }
    expect(cut).toMatchObject({ ok: false, code: "unreachable" });
    expect(await tables()).toEqual(["one"]);
    expect(await migrate(url, [first, second])).toMatchObject({ ok: true, applied: ["0002_test"] });
  });
});

function runnerOf(migrations: readonly Migration[]): string {
  return `import { migrate } from ${JSON.stringify(COMPILED)}; await migrate(${JSON.stringify(url)}, ${JSON.stringify(migrations)});`;
}

async function waitUntilOneWaits(client: pg.Client, lock: number): Promise<void> {
  for (;;) {
    const { rows } = await client.query(
      "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
      [lock],
    );
    if (rows.length > 0) return;
  }
}

describe("a migration whose lock somebody else holds", () => {
  const change = testMigration(2, "ALTER TABLE holdfast.one ADD COLUMN later int");

  /** Reads the table in a transaction that stays open, as a dump does. */
  async function startDump(): Promise<pg.Client> {
    await migrate(url, [first]);
    const dump = new pg.Client({ connectionString: url, application_name: "pg_dump" });
    // The database goes before the tests' own endings come.
    dump.on("error", () => {});
    await dump.connect();
    onTestFinished(() => dump.end());
    await dump.query("BEGIN");
    await dump.query("SELECT FROM holdfast.one");
    return dump;
  }

  it("lets those behind it go on, says who is in the way, and is applied when that has ended", async () => {
    const dump = await startDump();
    const told: Record<string, unknown>[] = [];
    let tell = (): void => {};
    const refused = new Promise<void>((resolve) => (tell = resolve));
    const log: Log = { ...silentLog, warn: (fields) => (told.push({ ...fields }), tell()) };
    const running = migrate(url, [first, change], { log, pausesMs: Array.from({ length: 100 }, () => 200) });
    await refused;
    await rowsOf("INSERT INTO holdfast.one VALUES (1)");
    expect(told[0]).toMatchObject({ migration: "0002_test", inTheWay: expect.stringContaining("pg_dump") });
    await dump.query("COMMIT");
    expect(await running).toMatchObject({ ok: true, applied: ["0002_test"] });
    expect(await rowsOf("SELECT id, later FROM holdfast.one")).toEqual([{ id: 1, later: null }]);
  });

  it("ends at last with a message that names who is in the way", async () => {
    await startDump();
    expect(await migrate(url, [first, change], { pausesMs: [1] })).toEqual({
      ok: false,
      code: "busy",
      message: expect.stringMatching(
        /^migration 0002_test did not get its locks in 2 tries: .*pg_dump \(process \d+\)/,
      ),
    });
    expect(await recorded()).toEqual([1]);
  });
});

describe("a database that does not belong to this build", () => {
  it("with an altered migration is refused, and the message names the file and what to do", async () => {
    await migrate(url, [first, second]);
    const altered = testMigration(1, `${first.sql}; SELECT 1`);
    const result = await migrate(url, [altered, second]);
    expect(result).toMatchObject({ ok: false, code: "altered" });
    expect((result as { message: string }).message).toMatch(/0001_test.*restore the file/);
  });

  it("with a migration left out is refused", async () => {
    await migrate(url, [first, third]);
    const result = await migrate(url, [first, second, third]);
    expect(result).toMatchObject({ ok: false, code: "gap" });
    expect((result as { message: string }).message).toContain("0002_test");
    expect(await tables()).toEqual(["one", "three"]);
  });

  it("with later migrations than this build knows is told so (F102)", async () => {
    await migrate(url, [first, second, third]);
    expect(await migrate(url, [first])).toEqual({
      ok: true,
      applied: [],
      version: 1,
      ahead: ["0002_test", "0003_test"],
    });
  });

  it("that cannot be reached is told so, without its password", async () => {
    const away = new URL(url);
    away.port = "1";
    away.password = "do-not-print-me";
    const result = await migrate(away.href);
    expect(result).toMatchObject({ ok: false, code: "unreachable" });
    expect(JSON.stringify(result)).not.toContain("do-not-print-me");
  });
});

it("a migration that fails leaves nothing of itself and says which SQLSTATE", async () => {
  const broken = testMigration(2, `${second.sql}; SELECT 1 / 0`);
  const result = await migrate(url, [first, broken]);
  expect(result).toMatchObject({ ok: false, code: "failed" });
  expect((result as { message: string }).message).toContain("22012");
  expect(await tables()).toEqual(["one"]);
  expect(await recorded()).toEqual([1]);
});
