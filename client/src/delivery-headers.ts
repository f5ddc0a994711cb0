/**
 * Headers of a request in any form that servers hand them out: a record (Node, Express), `Headers` or a `Map` (fetch, Hono),
 * a list of pairs. Names count without regard to case.
 */
export type HeadersInput =
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** All values of one header. More than one means that the header came more than once, which no signed header may. */
export function valuesOf(headers: HeadersInput, name: string): string[] {
  const pairs = isPairs(headers) ? [...headers] : Object.entries(headers);
  return pairs.flatMap(([key, value]) => {
    if (key.toLowerCase() !== name || value === undefined) return [];
    return typeof value === "string" ? [value] : [...value];
  });
}

function isPairs(headers: HeadersInput): headers is Iterable<readonly [string, string]> {
  return Symbol.iterator in headers;
}
