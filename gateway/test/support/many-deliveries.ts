import type { Desk } from "./delivery-gateway.ts";

/** Copies one waiting delivery, so that hundreds wait without hundreds of transactions. Each copy has an id and a key of its own. */
export async function copyDelivery(desk: Pick<Desk, "query">, id: string, copies: number): Promise<void> {
  await desk.query(
    `INSERT INTO holdfast.delivery (bucket, id, tenant, event_id, destination_id, key, trigger, priority, lane, rank, state,
       attempt, refusals, held_reason)
     SELECT d.bucket, n.id, d.tenant, d.event_id, d.destination_id, n.id, d.trigger, d.priority, d.lane, d.rank, d.state,
       d.attempt, d.refusals, d.held_reason
       FROM holdfast.delivery d
       CROSS JOIN LATERAL (
         SELECT overlay(d.id::text PLACING lpad(to_hex(i), 12, '0') FROM 25)::uuid AS id FROM generate_series(1, $2::int) AS i) n
      WHERE d.id = $1`,
    [id, copies],
  );
}

/** How many deliveries to a destination there are in each state; a held one's state is followed by its reason. */
export async function statesOf(desk: Pick<Desk, "query">, destination: string): Promise<Record<string, number>> {
  const rows = await desk.query<{ state: string; count: number }>(
    `SELECT x.state, count(*)::int AS count
       FROM (SELECT destination_id, concat_ws(' ', state, held_reason) AS state FROM holdfast.delivery
             UNION ALL SELECT destination_id, state FROM holdfast.finished_delivery) x
       JOIN holdfast.destination t ON t.id = x.destination_id
      WHERE t.name = $1 GROUP BY x.state`,
    [destination],
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}
