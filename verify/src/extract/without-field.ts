import type { Arrival } from "../arrival.ts";
import type { Chunk } from "../provider.ts";
import { path, scanJson } from "./json-scan.ts";

/** The body around the value of a field that changes from attempt to attempt; the whole body where the field is not. */
export function withoutField(dotted: string): (arrival: Arrival) => readonly Chunk[] {
  const paths = [path(dotted)];
  return ({ request }) => {
    const { body } = request;
    const [found] = scanJson(body, paths) ?? [];
    if (found === undefined || found.value === null || found.ambiguous) return [body];
    return [body.subarray(0, found.value.start), body.subarray(found.value.end)];
  };
}
