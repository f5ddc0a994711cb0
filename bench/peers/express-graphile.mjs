// Express, the INSERT and graphile-worker's add_job in one transaction, so that neither is there without the other. The job is
// added in SQL, as https://worker.graphile.org/docs/sql-add-job shows it for callers that have a transaction of their own.
import { makeWorkerUtils } from "graphile-worker";
import { INSERT_EVENT, inTransaction, openPool, serve } from "./express-recipe.mjs";

const pool = await openPool();
const utils = await makeWorkerUtils({ pgPool: pool });
await utils.migrate();
await utils.release();

serve(pool, {
  accept: ({ id, type }, text) =>
    inTransaction(pool, async (client) => {
      const inserted = await client.query(INSERT_EVENT, [id, type, text]);
      if (inserted.rowCount === 0) return false;
      await client.query(
        "select graphile_worker.add_job('webhook', json_build_object('id', $1::text), max_attempts => 5)",
        [id],
      );
      return true;
    }),
  close: async () => {},
});
