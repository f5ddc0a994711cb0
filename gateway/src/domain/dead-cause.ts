import { createHash } from "node:crypto";

/** A dead letter with what its last attempt came to. Ids are UUIDs. */
export interface DeadFacts {
  readonly id: string;
  readonly eventId: string;
  readonly destinationId: string;
  readonly sourceId: string | null;
  readonly eventType: string | null;
  readonly reason: string;
  readonly finishedAt: Date;
  /** The class of the last attempt's outcome, its status, and what was said: a fault's words, or how the answer's body begins. */
  readonly outcome: string | null;
  readonly status: number | null;
  readonly detail: string | null;
}

/** Dead letters that most likely have one cause. */
export interface DeadGroup {
  /** The same cause gives the same id, today and tomorrow. */
  readonly id: string;
  readonly destinationId: string;
  readonly eventType: string | null;
  readonly reason: string;
  readonly outcome: string | null;
  readonly status: number | null;
  /** What was said, without what differs from letter to letter. */
  readonly fingerprint: string;
  readonly count: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
  /** The newest of them. */
  readonly sample: DeadFacts;
}

const FINGERPRINT_CHARS = 160;

/**
 * What was said, normalised: ids, numbers, addresses and quoted values are replaced by what they are, so that a thousand
 * letters about a thousand orders are one cause.
 */
export function fingerprintOf(detail: string | null): string {
  if (detail === null) return "";
  return (
    detail
      .slice(0, 512)
      // With a digit or a capital in it: `tls_certificate` and `card_declined` are words.
      .replaceAll(/\b[a-z]{2,10}_(?=[A-Za-z]*\d|[0-9a-z]*[A-Z])[0-9A-Za-z]{8,}\b/g, "<id>")
      .toLowerCase()
      .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "<id>")
      .replaceAll(/\b\d{4}-\d\d-\d\dt\d\d:\d\d(?::\d\d)?[\d.]*(?:z|[+-]\d\d:?\d\d)?/g, "<time>")
      .replaceAll(/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, "<address>")
      .replaceAll(/\b[0-9a-f]{16,}\b/g, "<hex>")
      // Shorter ones where letters and digits are mixed: a word has no digit, and a number no letter.
      .replaceAll(/\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b/g, "<hex>")
      .replaceAll(/\d+/g, "<n>")
      .replaceAll(/\s+/g, " ")
      .trim()
      .slice(0, FINGERPRINT_CHARS)
  );
}

/** The id of a letter's group. */
export function groupIdOf(letter: DeadFacts): string {
  const { destinationId, eventType, reason, outcome, status, detail } = letter;
  const parts = [destinationId, eventType, reason, outcome, status, fingerprintOf(detail)];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}

/** Groups letters by cause, the largest group first. */
export function groupByCause(letters: readonly DeadFacts[]): DeadGroup[] {
  const groups = new Map<string, DeadGroup>();
  for (const letter of letters) {
    const id = groupIdOf(letter);
    const known = groups.get(id);
    const { destinationId, eventType, reason, outcome, status, finishedAt } = letter;
    if (known === undefined) {
      const fingerprint = fingerprintOf(letter.detail);
      const cause = { id, destinationId, eventType, reason, outcome, status, fingerprint };
      groups.set(id, { ...cause, count: 1, firstAt: finishedAt, lastAt: finishedAt, sample: letter });
      continue;
    }
    groups.set(id, {
      ...known,
      count: known.count + 1,
      firstAt: finishedAt < known.firstAt ? finishedAt : known.firstAt,
      lastAt: finishedAt > known.lastAt ? finishedAt : known.lastAt,
      sample: finishedAt > known.sample.finishedAt ? letter : known.sample,
    });
  }
  return [...groups.values()].toSorted((a, b) => b.count - a.count || b.lastAt.getTime() - a.lastAt.getTime());
}

/** What to do next about a cause, and the page that says more. */
export interface NextStep {
  readonly suggestion: string;
  readonly runbook: string;
}

export const DEAD_LETTERS_RUNBOOK = "docs/runbooks/dead-letters-growing.md";

/** Suggests by what is known of the cause; the rules are the table of docs/dead-letters.md. */
export function suggestNextStep(cause: Pick<DeadGroup, "reason" | "outcome" | "status" | "fingerprint">): NextStep {
  return { suggestion: suggestion(cause), runbook: DEAD_LETTERS_RUNBOOK };
}

function suggestion({ reason, outcome, status, fingerprint }: Parameters<typeof suggestNextStep>[0]): string {
  if (reason === "gone")
    return "The destination answered 410 and is disabled. Give it its new URL and activate it, then retry; or dismiss.";
  if (reason === "referent_missing")
    return "The event, its source or its destination is no longer there, so there is nothing to deliver. Export, then dismiss.";
  if (status === 401 || status === 403)
    return "The destination refuses our credentials. Mend its headers, its check of the signature, or a clock there that is minutes off, then retry.";
  if (status === 404) return "Nothing answers at this URL. Correct the destination's URL, then retry.";
  if (status === 413) return "The body is too large for the destination. Raise its limit, then retry.";
  if (status !== null && status >= 300 && status < 400)
    return "The destination redirects, and redirects are never followed. Give it the final URL, then retry.";
  if (fingerprint.startsWith("blocked"))
    return "The address may not be reached by the egress policy. Correct the URL or allow the network, then retry.";
  if (outcome === "refused")
    return "The destination refuses this payload. Look at the sample's answer, mend the consumer, then retry; dismiss what can never succeed.";
  if (outcome === "throttled")
    return "The destination was too slow or asked for room. When it keeps up again, replay with a low rate.";
  if (fingerprint.startsWith("tls_"))
    return "The TLS connection fails. Renew the destination's certificate, then retry.";
  if (fingerprint.startsWith("dns"))
    return "The destination's name cannot be resolved. Correct the name or its DNS entry, then retry.";
  if (fingerprint.startsWith("handler_failed"))
    return "The handler throws. Mend it and deploy, then retry one letter, then the group.";
  if (fingerprint.startsWith("database_lost"))
    return "The database broke off while the handler ran or its work was written. Look at the database's log; when it is sound, retry.";
  if (fingerprint.startsWith("read_failed"))
    return "The database does not read the event. Mend its disk or restore the table, by its own log, then retry.";
  if (fingerprint.startsWith("lease_expired"))
    return "Workers died while they delivered it: it may be what kills them. Look at the sample alone before you retry the group.";
  return "The destination failed. When it answers again, retry one letter, then the group.";
}
