import type { ReplayOptions, ReplayScope, Standing } from "./replay-scope.ts";

/** One delivery of an event, as far as a replay has to know it. */
export interface KnownDelivery {
  readonly id: string;
  readonly destinationId: string;
  readonly key: string;
  readonly state: string;
  readonly trigger: string;
  readonly retriedAs: string | null;
  readonly isDismissed: boolean;
}

/** How an event stands at one destination, and the delivery that says so; null where there is none. */
export interface PairStanding {
  readonly destinationId: string;
  readonly standing: Standing;
  readonly delivery: KnownDelivery | null;
}

/**
 * What a replay does for one event at one destination. `retry` follows a dead delivery with the same key, `pull` lets a
 * waiting retry go now, `create` makes a delivery with a key of its own, `skip` leaves alone what is done or under way.
 */
export type Choice =
  | { readonly do: "retry"; readonly destinationId: string; readonly of: KnownDelivery }
  | { readonly do: "pull"; readonly destinationId: string; readonly of: KnownDelivery }
  /** `isFirst`: the event was never sent there. */
  | { readonly do: "create"; readonly destinationId: string; readonly isFirst: boolean }
  | { readonly do: "skip" }
  | { readonly do: "leave"; readonly why: "dismissed" | "missing" | "not_selected" };

/** The destinations that matter for an event: those that it was sent to, and those that its routes name today. */
export function standingsOf(
  deliveries: readonly KnownDelivery[],
  routed: readonly string[],
  scope: Pick<ReplayScope, "destinationIds">,
  copyTo: string | null,
): PairStanding[] {
  // Copies are nobody's original: they neither count as one, nor do originals count as copies.
  const own = deliveries.filter(({ trigger }) => (trigger === "copy") === (copyTo !== null));
  const wanted = copyTo === null ? [...new Set([...own.map((one) => one.destinationId), ...routed])] : [copyTo];
  return wanted
    .filter((id) => copyTo !== null || scope.destinationIds.length === 0 || scope.destinationIds.includes(id))
    .map((destinationId) =>
      standingOf(
        destinationId,
        own.filter((one) => one.destinationId === destinationId),
      ),
    );
}

function standingOf(destinationId: string, deliveries: readonly KnownDelivery[]): PairStanding {
  const unfinished = deliveries.find(({ state }) => state !== "processed" && state !== "dead");
  if (unfinished !== undefined) {
    const standing = unfinished.state === "scheduled" ? "waiting" : "under_way";
    return { destinationId, standing, delivery: unfinished };
  }
  const processed = deliveries.findLast(({ state }) => state === "processed");
  if (processed !== undefined) return { destinationId, standing: "processed", delivery: processed };
  const dead = deliveries.findLast(({ retriedAs }) => retriedAs === null);
  if (dead === undefined) {
    // Retried, and what became of the retry is not kept any more: it may have been processed, so it was not never sent.
    const retried = deliveries.at(-1);
    if (retried !== undefined) return { destinationId, standing: "processed", delivery: retried };
    return { destinationId, standing: "missing", delivery: null };
  }
  return { destinationId, standing: dead.isDismissed ? "dismissed" : "dead", delivery: dead };
}

/** Chooses for one destination of an event. Pure: the plan and the run choose by the same rule. */
export function choose(
  { destinationId, standing, delivery }: PairStanding,
  scope: Pick<ReplayScope, "standings">,
  options: Pick<ReplayOptions, "again" | "copyTo">,
): Choice {
  const isAsked = scope.standings.includes(standing);
  // A selection that leaves the standing out is a wish not to touch it; what is done stays a duplicate all the same.
  if (scope.standings.length > 0 && !isAsked && standing !== "processed" && standing !== "under_way")
    return { do: "leave", why: standing === "missing" || standing === "dismissed" ? standing : "not_selected" };
  switch (standing) {
    case "dismissed":
      return { do: "leave", why: "dismissed" };
    case "missing":
      return isAsked || options.copyTo !== null
        ? { do: "create", destinationId, isFirst: true }
        : { do: "leave", why: "missing" };
    case "dead":
      return { do: "retry", destinationId, of: delivery! };
    case "waiting":
      return { do: "pull", destinationId, of: delivery! };
    case "under_way":
      return { do: "skip" };
    case "processed":
      if (!options.again || (scope.standings.length > 0 && !isAsked)) return { do: "skip" };
      return { do: "create", destinationId, isFirst: false };
  }
}
