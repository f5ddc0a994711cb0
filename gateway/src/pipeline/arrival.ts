import type { Provider, Receiver } from "@holdfast/verify";
import type { Refusal } from "../domain/admission.ts";
import type { Source } from "../domain/catalog.ts";
import { REDACTED } from "../domain/passed-headers.ts";
import type { Selector } from "../domain/selector.ts";
import type { EventFilter } from "../platform/event-filter.ts";

/** One HTTP request at a source, whatever becomes of it: the bytes that came, untouched. */
export interface Arrival {
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  /** Headers in order, names and values as they came (latin-1), duplicates kept. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  readonly remoteAddress: string;
  readonly receivedAt: Date;
}

/** The events of one arrival in their order, and how many of them were known. */
export interface RecordedItems {
  readonly eventIds: readonly string[];
  readonly duplicates: number;
}

/** What a rejection is answered with. `source_incomplete`: it may be genuine, and shall come again. */
export type RejectionFault = "not_genuine" | "method_not_allowed" | "source_incomplete";

/** What became of an arrival, which the door turns into an answer. A handshake's is the provider's own rule, and comes whole. */
export type IngestResult =
  /** `items` where the arrival was several events; `recorded` when one of them is new. */
  | { readonly kind: "recorded" | "duplicate"; readonly eventId: string; readonly items?: RecordedItems }
  | {
      readonly kind: "handshake";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Uint8Array;
    }
  | {
      readonly kind: "rejected";
      readonly rejectionId: string;
      readonly reason: string;
      readonly fault: RejectionFault;
    }
  /** Genuine, and not taken now: it may come again. */
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | {
      readonly kind: "unavailable";
      readonly cause: UnavailableCause;
    };

type UnavailableCause = "queue_full" | "deadline" | "database" | "draining" | "key" | "secrets";

const IS_VERIFIED: Readonly<Record<UnavailableCause, boolean>> = {
  queue_full: true,
  deadline: true,
  database: true,
  draining: true,
  key: false,
  secrets: false,
};

/**
 * Whether it was genuine and went on to be recorded, with or without success. All else, such as a key that cannot be had, is what
 * anybody who knows the URL can be answered, as often and as fast as they like.
 */
export function cameToRecord(result: IngestResult): boolean {
  if (result.kind === "unavailable") return IS_VERIFIED[result.cause];
  return result.kind === "recorded" || result.kind === "duplicate";
}

/** A source with what verification needs, built once per catalog version. */
export interface ReadySource {
  readonly source: Source;
  readonly routes: readonly ReadyRoute[];
  /** Null for a provider that this build does not know: everything is then refused. */
  readonly provider: Provider | null;
  readonly receiver: Receiver;
  /** What divides its events into lanes; null: the tenant is one. */
  readonly lane: Selector | null;
}

/** A route joined with what its destination's state means for new deliveries. */
export interface ReadyRoute {
  readonly id: string;
  readonly name: string;
  readonly destinationId: string;
  readonly eventTypes: readonly string[];
  readonly priority: number;
  /** Null: every event of the types is meant. */
  readonly filter: EventFilter | null;
  /** What keeps its deliveries in order; null: nothing. */
  readonly orderBy: Selector | null;
  /** Why new deliveries wait, or null when they are ready at once. One that keeps an order waits for its turn first. */
  readonly heldReason: string | null;
}

const SECRET_HEADERS = new Set(["authorization", "cookie", "proxy-authorization", "set-cookie"]);

/**
 * The headers as they are stored: in order, as JSON pairs. Values that are credentials in themselves (the provider's static
 * token, Authorization, cookies) are never written to disk.
 */
export function toStoredHeaders(headers: Arrival["headers"], secretHeaders: readonly string[]): Buffer {
  const kept = headers.map(([name, value]) => {
    const lower = name.toLowerCase();
    return SECRET_HEADERS.has(lower) || secretHeaders.includes(lower) ? [name, REDACTED] : [name, value];
  });
  return Buffer.from(JSON.stringify(kept));
}

/**
 * The path and query as they are stored: without the values of the query that are credentials in themselves.
 *
 * @param secretQuery the names of those parameters; `*`: all, since nobody knows which
 */
export function toStoredUrl(url: string, secretQuery: readonly string[]): string {
  const start = url.indexOf("?");
  if (secretQuery.length === 0 || start < 0) return url;
  const fields = url.slice(start + 1).split("&");
  const kept = fields.map((field) => {
    const [name] = field.split("=", 1) as [string];
    const isSecret = secretQuery.includes("*") ? field !== "" : secretQuery.includes(decodeName(name));
    if (!isSecret) return field;
    return field.includes("=") ? `${name}=${REDACTED}` : REDACTED;
  });
  return `${url.slice(0, start)}?${kept.join("&")}`;
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

/** Text for a text column: well-formed, without NUL, at most `lengthMax` characters. The exact bytes are kept elsewhere. */
export function toColumnText(text: string, lengthMax: number): string {
  // Nearly all texts are fit as they are.
  if (text.length <= lengthMax && text.isWellFormed() && !text.includes("\u0000")) return text;
  return text.slice(0, lengthMax).toWellFormed().replaceAll("\u0000", "\uFFFD");
}
