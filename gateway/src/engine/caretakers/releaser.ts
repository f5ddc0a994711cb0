import type { Destination } from "../../domain/catalog.ts";
import type { HeldReason } from "../../domain/gate.ts";
import type { Handler } from "../../domain/handler.ts";
import { readDeliverySecret } from "../../platform/delivery-signature.ts";
import type { Database } from "../../store/database.ts";
import { releaseActive } from "../../store/deliveries/release-active.ts";
import { releaseServable } from "../../store/deliveries/release-servable.ts";

const BATCH = 1_000;
const UNSERVABLE = ["handler_missing", "signing_secret_unreadable"] as const satisfies readonly HeldReason[];

/**
 * Lets go what is held without need: for a destination that is active again, and for one that the process which held it
 * could not serve (no such handler, no key for its signing secret) while this one can.
 *
 * @returns how many
 */
export async function release(deps: {
  readonly db: Database;
  readonly destinations: readonly Destination[];
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly onReady: () => void;
}): Promise<number> {
  const active = (await deps.db.run(releaseActive, [BATCH])).rowCount ?? 0;
  const servable = deps.destinations.filter((destination) => isServable(destination, deps.handlers));
  // Both of each: what held a delivery may be of the kind that its destination was then.
  const ids = servable.flatMap(({ id }) => UNSERVABLE.map(() => id));
  const reasons = servable.flatMap(() => UNSERVABLE);
  const mended = (await deps.db.run(releaseServable, [ids, reasons, BATCH])).rowCount ?? 0;
  if (active + mended > 0) deps.onReady();
  return active + mended;
}

function isServable(
  { target, signingSecret, state }: Destination,
  handlers: Readonly<Record<string, Handler>>,
): boolean {
  if (state !== "active") return false;
  if (target.kind === "handler") return handlers[target.handler] !== undefined;
  return signingSecret !== null && readDeliverySecret(signingSecret) !== null;
}
