import { expect, test } from "vitest";
import { isConnectionLost } from "../../src/store/database.ts";
import { cold } from "../../src/store/statement.ts";
import { openTestPool, testDatabase } from "../support/database.ts";

const readBackend = cold<{ pid: number }>("read_backend", "SELECT pg_backend_pid() AS pid");
const cutBackend = cold("cut_backend", "SELECT pg_terminate_backend($1)");

test("a connection that dies between two statements fails its transaction, and nothing else", async () => {
  const database = await testDatabase();
  const db = openTestPool(database, 2);
  try {
    const result = await db.transaction(async (tx) => {
      const pid = (await tx.run(readBackend, [])).rows[0]?.pid;
      // Not events.once: it would listen for the error itself.
      const ended = new Promise<void>((resolve) => tx.client.once("end", resolve));
      await db.run(cutBackend, [pid]);
      await ended;
      await tx.run(readBackend, []);
    }, 30_000);
    expect(result).toMatchObject({ ok: false, unknown: false });
    expect((await db.run(readBackend, [])).rowCount).toBe(1);
  } finally {
    await db.close();
    await database.drop();
  }
});

test("a connection that is never given back keeps nobody from closing", async () => {
  const database = await testDatabase();
  const db = openTestPool(database, 1);
  const held = await db.pool.connect();
  const ended = new Promise<void>((resolve) => held.once("end", resolve));
  await db.close(1);
  await ended;
  await database.drop();
});

test("is known by what the system calls it, and not taken for what the server answered", () => {
  const codes = ["EPIPE", "ECONNRESET", "08006", "57P01", undefined];
  expect(codes.map((code) => isConnectionLost({ code }))).toEqual(codes.map(() => true));
  const answers = ["23514", "XX001", "P0001", "0A000"];
  expect(answers.map((code) => isConnectionLost({ code }))).toEqual(answers.map(() => false));
});
