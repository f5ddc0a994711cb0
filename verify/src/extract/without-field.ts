import type { Arrival } from "../arrival.ts";
import type { Chunk } from "../provider.ts";
import { path, scanJson } from "./json-scan.ts";

/** The body around the values of those fields that change from attempt to attempt; the whole body where none of them is there. */
export function withoutField(...names: readonly string[]): (arrival: Arrival) => readonly Chunk[] {
  const paths = names.map(path);
  return ({ request }) => {
    const { body } = request;
    const found = scanJson(body, paths) ?? [];
    const cuts = found.flatMap(({ value, ambiguous }) => (value === null || ambiguous ? [] : [value]));
    const chunks: Uint8Array[] = [];
    let at = 0;
    for (const { start, end } of cuts.toSorted((a, b) => a.start - b.start)) {
      chunks.push(body.subarray(at, start));
      at = end;
    }
    return [...chunks, body.subarray(at)];
  };
}
