import { heldReasonOf } from "../../domain/gate.ts";
import type { CatalogIndex } from "../../pipeline/catalog-index.ts";
import type { Database } from "../../store/database.ts";
import { holdHead } from "../../store/gates/hold-head.ts";

const WINDOW = 5_000;

/**
 * Holds what stands at the head of the ready queue and may not be tried now: what became ready before its destination was
 * gated, paused or disabled. One claim after the other would have to lease it and give it back.
 *
 * @returns how many; while there are any, the next window may hold more
 */
export async function moveHead(deps: { readonly db: Database; readonly catalog: () => CatalogIndex }): Promise<number> {
  const closed = deps.catalog().catalog.destinations.flatMap((destination) => {
    const reason = heldReasonOf(destination, null);
    return reason === null ? [] : [{ id: destination.id, reason }];
  });
  if (closed.length === 0) return 0;
  const values = [closed.map(({ id }) => id), closed.map(({ reason }) => reason), WINDOW];
  return (await deps.db.run(holdHead, values)).rowCount ?? 0;
}
