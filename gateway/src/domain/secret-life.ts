import type { SecretState } from "./catalog.ts";

export const SECRET_STATES = ["pending", "active", "retiring", "retired"] as const satisfies readonly SecretState[];

/** Versions of one source that verify at once, at most: each costs an HMAC on every arrival. */
export const LIVE_SECRETS_MAX = 10;
/** How long the old version goes on verifying after a promotion (facts/peers.md, 5: 24 h, 0 to 7 days). */
export const OVERLAP_HOURS_DEFAULT = 24;
export const OVERLAP_HOURS_MAX = 168;
/** A version that was used within this time is still in somebody's hands. */
export const QUIET_MS = 3_600_000;
const HOUR_MS = 3_600_000;

/** Every legal move of a secret version; docs/operate/secrets.md holds the same table. `null` is "not there yet". */
export const SECRET_MOVES: readonly {
  readonly from: SecretState | null;
  readonly to: SecretState;
  readonly by: "add" | "promote" | "retire" | "end" | "declare";
}[] = [
  { from: null, to: "pending", by: "add" },
  { from: null, to: "active", by: "declare" },
  { from: null, to: "retiring", by: "declare" },
  { from: "pending", to: "active", by: "promote" },
  { from: "pending", to: "active", by: "declare" },
  { from: "pending", to: "retiring", by: "declare" },
  { from: "pending", to: "retired", by: "retire" },
  { from: "pending", to: "retired", by: "declare" },
  { from: "active", to: "retiring", by: "promote" },
  { from: "active", to: "retiring", by: "declare" },
  { from: "active", to: "retired", by: "retire" },
  { from: "active", to: "retired", by: "declare" },
  { from: "retiring", to: "active", by: "promote" },
  { from: "retiring", to: "active", by: "declare" },
  { from: "retiring", to: "retired", by: "end" },
  { from: "retiring", to: "retired", by: "retire" },
  { from: "retiring", to: "retired", by: "declare" },
  { from: "retired", to: "active", by: "declare" },
  { from: "retired", to: "retiring", by: "declare" },
];

/** What the rules need to know of a version. */
export interface VersionStanding {
  readonly version: string;
  readonly state: SecretState;
  readonly notAfter: Date | null;
}

/** Whether arrivals verify with it at this moment: the provider may sign with a pending version already, never with a retired one. */
export function isLive({ state, notAfter }: VersionStanding, now: Date): boolean {
  return state !== "retired" && (notAfter === null || notAfter.getTime() >= now.getTime());
}

/** A version in its place after a change. */
export interface SecretMove extends VersionStanding {
  /** What it was; null for a new one. */
  readonly from: SecretState | null;
  /** The order in which versions are tried and, the first one, signed with. */
  readonly position: number;
}

export type SecretChange =
  | { readonly ok: true; readonly moves: readonly SecretMove[] }
  | { readonly ok: false; readonly cause: "missing" | "conflict"; readonly message: string };

/** Adds a version that verifies at once and waits to be promoted. */
export function addVersion(present: readonly VersionStanding[], version: string, now: Date): SecretChange {
  if (present.some((known) => known.version === version))
    return refuse(`There is a version ${version} already; choose another name.`);
  const live = present.filter((known) => isLive(known, now)).length;
  if (live >= LIVE_SECRETS_MAX)
    return refuse(`${live} versions are live, and ${LIVE_SECRETS_MAX} is the most; retire one first.`);
  return arrange(present, now, (moves) => [...moves, { version, state: "pending", from: null, notAfter: null }]);
}

/** Makes a version the active one; those that were active go on verifying until the overlap has passed. */
export function promoteVersion(
  present: readonly VersionStanding[],
  version: string,
  { overlapHours, now }: { readonly overlapHours: number; readonly now: Date },
): SecretChange {
  const wanted = present.find((known) => known.version === version);
  if (wanted === undefined) return missing(version);
  if (wanted.state === "active") return refuse(`The version ${version} is active already.`);
  if (!isLive(wanted, now)) return refuse(`The version ${version} is retired; add its secret as a new version.`);
  const end = new Date(now.getTime() + overlapHours * HOUR_MS);
  return arrange(present, now, (moves) =>
    moves.map((move) => {
      if (move.version === version) return { ...move, state: "active", notAfter: null };
      return move.state === "active" ? { ...move, state: "retiring", notAfter: end } : move;
    }),
  );
}

/** Ends a version at once. Without `force` only when nothing would be refused by it, as far as its use can tell. */
export function retireVersion(
  present: readonly VersionStanding[],
  version: string,
  { usage, force, now }: { readonly usage: readonly VersionUsage[]; readonly force: boolean; readonly now: Date },
): SecretChange {
  const wanted = present.find((known) => known.version === version);
  if (wanted === undefined) return missing(version);
  if (wanted.state === "retired") return refuse(`The version ${version} is retired already.`);
  const isLast = !present.some((known) => known.version !== version && isLive(known, now));
  const lastUsedAt = usage.find((known) => known.version === version)?.lastUsedAt ?? null;
  const hint = "Retire it nevertheless with force.";
  if (!force && isLast)
    return refuse(`${version} is the only version that verifies; without it everything is refused. ${hint}`);
  if (!force && lastUsedAt !== null && now.getTime() - lastUsedAt.getTime() < QUIET_MS)
    return refuse(`${version} was used within the last hour (${lastUsedAt.toISOString()}). ${hint}`);
  return arrange(present, now, (moves) =>
    moves.map((move) => (move.version === version ? { ...move, state: "retired" } : move)),
  );
}

/** When a version verified an arrival, and how often; null and 0 when it never did. */
export interface VersionUsage {
  readonly version: string;
  readonly lastUsedAt: Date | null;
}

/** Whether a version can go without anything being refused, with the fact that says so. */
export interface Safety {
  readonly safe: boolean;
  readonly reason: string;
}

/**
 * Judges by what has been seen: quiet for an hour is not enough when nothing else has come either. Another version that was
 * used since is the evidence that the provider has moved on.
 */
export function judgeSafety(
  wanted: VersionStanding & VersionUsage,
  others: readonly (VersionStanding & VersionUsage)[],
  now: Date,
): Safety {
  const { state, lastUsedAt } = wanted;
  if (!isLive(wanted, now)) return { safe: true, reason: state === "retired" ? "it is retired" : "its end has passed" };
  const live = others.filter((other) => isLive(other, now));
  if (live.length === 0) return { safe: false, reason: "it is the only version that verifies" };
  if (lastUsedAt !== null && now.getTime() - lastUsedAt.getTime() < QUIET_MS)
    return { safe: false, reason: `it was used within the last hour, at ${lastUsedAt.toISOString()}` };
  if (state === "pending" && lastUsedAt === null) return { safe: true, reason: "it is pending and was never used" };
  // One that is retiring itself is no successor.
  const successor = live
    .filter((other) => other.state !== "retiring")
    .find((other) => other.lastUsedAt !== null && isLater(other.lastUsedAt, lastUsedAt));
  if (successor === undefined) {
    return {
      safe: false,
      reason: "nothing has come since with another version, so the provider may still sign with it",
    };
  }
  const since = lastUsedAt === null ? "it was never used" : `it was last used at ${lastUsedAt.toISOString()}`;
  return { safe: true, reason: `${since}, and ${successor.version} has been used since` };
}

function isLater(moment: Date, than: Date | null): boolean {
  return than === null || moment.getTime() > than.getTime();
}

type Draft = Omit<SecretMove, "position">;

// The active version first: the first one signs samples. What has ended is retired by the way, so that it takes no place.
function arrange(
  present: readonly VersionStanding[],
  now: Date,
  change: (moves: readonly Draft[]) => readonly Draft[],
): SecretChange {
  const drafts = present
    .filter(({ state }) => state !== "retired")
    .map(({ version, state, notAfter }): Draft => {
      const ended = state === "retiring" && !isLive({ version, state, notAfter }, now);
      return { version, from: state, state: ended ? "retired" : state, notAfter };
    });
  const changed = change(drafts);
  const ordered = ORDER.flatMap((state) => changed.filter((draft) => draft.state === state));
  return { ok: true, moves: ordered.map((draft, position) => ({ ...draft, position })) };
}

const ORDER: readonly SecretState[] = ["active", "retiring", "pending", "retired"];

function refuse(message: string): SecretChange {
  return { ok: false, cause: "conflict", message };
}

function missing(version: string): SecretChange {
  return { ok: false, cause: "missing", message: `There is no version ${version}.` };
}
