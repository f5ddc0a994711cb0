import type { Verified } from "@holdfast/verify";
import type { SelectedEvent } from "../domain/selector.ts";
import type { FilteredEvent } from "../platform/event-filter.ts";
import type { Arrival } from "./arrival.ts";

/** A verified arrival as selectors and filters see it. Nothing is read before it is asked for, and the body once at most. */
export interface EventView extends SelectedEvent {
  filtered(): FilteredEvent;
}

// JSON.parse takes some 10 ms for each MiB, and the process does nothing else meanwhile.
const READ_BYTES_MAX = 1_048_576;

export function viewEvent(sourceName: string, arrival: Arrival, verdict: Verified): EventView {
  let body: { readonly value: unknown } | null = null;
  let filtered: FilteredEvent | null = null;
  const readBody = (): unknown => (body ??= { value: parseBody(arrival.body) }).value;
  return {
    source: sourceName,
    type: verdict.eventType,
    header: (name) => arrival.headers.find(([given]) => given.toLowerCase() === name)?.[1] ?? null,
    body: readBody,
    filtered: () =>
      (filtered ??= {
        type: verdict.eventType,
        source: sourceName,
        id: verdict.eventId,
        occurredAt: verdict.occurredAt,
        headers: joinHeaders(arrival.headers),
        // A property of the object itself, so that the expression finds it, and read only when it does.
        get body() {
          return readBody();
        },
      }),
  };
}

function parseBody(body: Uint8Array): unknown {
  if (body.length > READ_BYTES_MAX) return null;
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8")) as unknown;
  } catch {
    return null;
  }
}

// RFC 9110, 5.3: several fields of one name mean the same as one with their values joined by commas.
function joinHeaders(headers: Arrival["headers"]): Record<string, string> {
  const joined = Object.create(null) as Record<string, string>;
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    joined[lower] = joined[lower] === undefined ? value : `${joined[lower]}, ${value}`;
  }
  return joined;
}
