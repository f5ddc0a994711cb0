import { cold } from "../statement.ts";

/**
 * One change of the catalog at a time, over all processes: each is planned against what the one before it left. Held to the
 * end of the transaction. The number is arbitrary; it only has to be ours alone.
 */
export const lockCatalog = cold("lock_catalog", "SELECT pg_advisory_xact_lock(7214355902)");

/** Tells every process to read the catalog again. */
export const bumpCatalogVersion = cold<{ version: number }>(
  "move_catalog_version",
  `UPDATE holdfast.setting SET value = (value::bigint + 1)::text
    WHERE name = 'catalog_version'
   RETURNING value::bigint AS version`,
);
