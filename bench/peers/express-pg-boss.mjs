// Express, the INSERT and pg-boss's send in one transaction: its `db` option runs the statement on the transaction's own
// connection (https://github.com/timgit/pg-boss/blob/10.4.2/docs/api/jobs.md, "send", and …/docs/api/utils.md, "executeSql").
import PgBoss from "pg-boss";
import { INSERT_EVENT, inTransaction, openPool, serve } from "./express-recipe.mjs";

const QUEUE = "webhooks";
const pool = await openPool();
// A process that only sends: what supervises and schedules runs beside the workers.
const boss = new PgBoss({
  connectionString: process.env.BENCH_DATABASE_URL,
  max: 2,
  supervise: false,
  schedule: false,
});
boss.on("error", (error) => process.stderr.write(`${error.message}\n`));
await boss.start();
await boss.createQueue(QUEUE);

serve(pool, {
  accept: ({ id, type }, text) =>
    inTransaction(pool, async (client) => {
      const inserted = await client.query(INSERT_EVENT, [id, type, text]);
      if (inserted.rowCount === 0) return false;
      const db = { executeSql: (sql, values) => client.query(sql, values) };
      await boss.send(QUEUE, { id }, { db, retryLimit: 4 });
      return true;
    }),
  close: () => boss.stop({ graceful: false }),
});
