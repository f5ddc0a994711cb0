import type { IngestGateway } from "../../../gateway/test/support/ingest-gateway.ts";

/** Copies the newest row of a table, so that a list is long without as many requests. Each copy has an id of its own. */
export async function copyNewest(
  gateway: IngestGateway,
  table: "event" | "rejection" | "finished_delivery",
  copies: number,
): Promise<void> {
  await gateway.query(
    `INSERT INTO holdfast.${table}
     SELECT r.* FROM holdfast.${table} t
       CROSS JOIN generate_series(1, $1::int) AS i
       CROSS JOIN LATERAL jsonb_populate_record(
         t, jsonb_build_object('id', overlay(t.id::text PLACING lpad(to_hex(i), 12, '0') FROM 25))) AS r
      WHERE t.id = (SELECT id FROM holdfast.${table} ORDER BY id DESC LIMIT 1)`,
    [copies],
  );
}
