import type { IngestGateway } from "./ingest-gateway.ts";

/** What the store holds of one event of a provider. */
export interface Stored {
  readonly events: number;
  readonly deliveries: number;
  /** Lines of the dedupe ledger. */
  readonly lines: number;
}

export const STORED_ONCE: Stored = { events: 1, deliveries: 1, lines: 1 };
export const STORED_NOT: Stored = { events: 0, deliveries: 0, lines: 0 };

/** Counts what is stored of the event that the provider calls `id`. */
export async function countStored({ query }: Pick<IngestGateway, "query">, id: string): Promise<Stored> {
  const [row] = await query<{ events: number; deliveries: number; lines: number }>(
    `select count(*)::int as events,
            (select count(*)::int from holdfast.delivery d join holdfast.event e on e.id = d.event_id
              where e.provider_event_id = $1) as deliveries,
            (select count(*)::int from holdfast.dedupe k join holdfast.event e on e.id = k.event_id
              where e.provider_event_id = $1) as lines
       from holdfast.event where provider_event_id = $1`,
    [id],
  );
  return row!;
}

/** How many lines of the ledger name an event that is not there. */
export async function countStrayLines({ query }: Pick<IngestGateway, "query">): Promise<number> {
  const [row] = await query<{ n: number }>(
    "select count(*)::int as n from holdfast.dedupe d where not exists (select from holdfast.event e where e.id = d.event_id)",
  );
  return row!.n;
}
