import type { Finding, Severity } from "./alert-rules.ts";

/** One rule about one subject, as it stands. */
export interface Alert {
  readonly id: string;
  readonly rule: string;
  readonly subject: string;
  readonly subjectName: string;
  readonly sourceIds: readonly string[];
  readonly severity: Severity;
  readonly state: "pending" | "firing" | "resolved";
  readonly detail: string;
  readonly value: number | null;
  /** Since when it holds without a break. */
  readonly since: Date;
  readonly seenAt: Date;
  readonly firedAt: Date | null;
  /** When somebody was last told that it holds. */
  readonly toldAt: Date | null;
  readonly resolvedAt: Date | null;
}

/** Nobody hears of the same alert more often. */
export const REPEAT_MS = 3_600_000;
/** A rule that does not hold any longer has to stay quiet for so long before it counts as over: what flaps is one alert. */
export const CALM_MS = 60_000;

export type NoticeKind = "fired" | "repeated" | "resolved";

/** What one look changes about alerts. Those to be told are among the saved ones. */
export interface AlertMoves {
  readonly saved: readonly Alert[];
  /** Ids of those that never fired: nobody was told, nothing is kept. */
  readonly dropped: readonly string[];
  readonly told: Readonly<Record<NoticeKind, readonly Alert[]>>;
}

/**
 * Moves the standing alerts on by what was found now.
 *
 * @param standing pending and firing ones, at most one for a rule and subject
 */
export function moveAlerts(
  standing: readonly Alert[],
  findings: readonly Finding[],
  now: Date,
  newId: () => string,
): AlertMoves {
  const moves = { saved: [] as Alert[], dropped: [] as string[] };
  const told = { fired: [] as Alert[], repeated: [] as Alert[], resolved: [] as Alert[] };
  const known = new Map(standing.map((alert) => [keyOf(alert), alert]));
  const found = new Set<string>();
  for (const finding of findings) {
    if (found.has(keyOf(finding))) continue;
    found.add(keyOf(finding));
    const { alert, kind } = hold(known.get(keyOf(finding)) ?? null, finding, now, newId);
    moves.saved.push(alert);
    if (kind !== null) told[kind].push(alert);
  }
  for (const alert of standing) {
    if (found.has(keyOf(alert))) continue;
    if (alert.state === "pending") moves.dropped.push(alert.id);
    else if (now.getTime() - alert.seenAt.getTime() >= CALM_MS) {
      const resolved: Alert = { ...alert, state: "resolved", resolvedAt: now };
      moves.saved.push(resolved);
      if (alert.toldAt !== null) told.resolved.push(resolved);
    }
  }
  return { ...moves, told };
}

function hold(
  known: Alert | null,
  finding: Finding,
  now: Date,
  newId: () => string,
): { readonly alert: Alert; readonly kind: NoticeKind | null } {
  const { rule, subject, subjectName, sourceIds, severity, detail, value, forSec } = finding;
  const since = known?.since ?? now;
  const seen = { rule, subject, subjectName, sourceIds, severity, detail, value, since, seenAt: now, resolvedAt: null };
  const id = known?.id ?? newId();
  if (now.getTime() - since.getTime() < forSec * 1_000 && known?.state !== "firing")
    return { alert: { ...seen, id, state: "pending", firedAt: null, toldAt: null }, kind: null };
  const firedAt = known?.firedAt ?? now;
  const toldAt = known?.toldAt ?? null;
  const kind = toldAt === null ? "fired" : now.getTime() - toldAt.getTime() >= REPEAT_MS ? "repeated" : null;
  return { alert: { ...seen, id, state: "firing", firedAt, toldAt: kind === null ? toldAt : now }, kind };
}

function keyOf({ rule, subject }: Pick<Alert, "rule" | "subject">): string {
  return `${rule}\n${subject}`;
}

/** Where a tenant's notices may go, as far as choosing goes. */
export interface ChannelChoice {
  readonly id: string;
  readonly name: string;
  readonly severities: readonly Severity[];
  readonly state: "active" | "disabled";
}

/** Channels by the name of a source; `*` for what belongs to no source, or to one without an owner. */
export type Owners = Readonly<Record<string, readonly string[]>>;

/**
 * Which channels are told of an alert: those of the owners of its sources, else those of `*`, else every one; at each step only
 * active ones that take its severity count, so that a channel which was switched off leaves the word to the next step.
 *
 * @param sourceNames the names of the alert's sources
 * @returns none when no active channel takes the severity
 */
export function chooseChannels<C extends ChannelChoice>(
  alert: Pick<Alert, "severity">,
  sourceNames: readonly string[],
  channels: readonly C[],
  owners: Owners,
): C[] {
  const fit = channels.filter(({ severities, state }) => state === "active" && severities.includes(alert.severity));
  const listed = (name: string): readonly string[] => (Object.hasOwn(owners, name) ? owners[name]! : []);
  for (const named of [sourceNames.flatMap(listed), listed("*")]) {
    const chosen = fit.filter(({ name }) => named.includes(name));
    if (chosen.length > 0) return chosen;
  }
  return fit;
}
