/** Headers as Node's list of pairs, or as a record (any letter case, arrays for repeated headers). */
export type HeaderList =
  | readonly (readonly [string, string])[]
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** One HTTP request as it came. */
export interface WebhookRequest {
  readonly method: string;
  /** Absolute, as the provider addressed it; or the path and query alone when the receiver names the public URL. */
  readonly url: string;
  readonly headers: HeaderList;
  /** The bytes that came, neither decoded nor parsed. */
  readonly body: Uint8Array;
}

/** Bytes of one header that a scheme reads, at most: 100,000 signatures in one header cost nothing (faults F127). */
export const headerCharsMax = 4096;

/** True for headers as a list of pairs. */
export function isPairs(headers: HeaderList): headers is readonly (readonly [string, string])[] {
  return Array.isArray(headers);
}

function isNamed(found: unknown, name: string): boolean {
  return typeof found === "string" && found.length === name.length && (found === name || found.toLowerCase() === name);
}

/** Every value of a header, in order of arrival. `name` is lower case. Anything that is no text is passed over. */
export function headerValues(headers: HeaderList, name: string): string[] {
  const values: string[] = [];
  if (isPairs(headers)) {
    for (const pair of headers) {
      if (Array.isArray(pair) && isNamed(pair[0], name) && typeof pair[1] === "string") values.push(pair[1]);
    }
    return values;
  }
  for (const key of Object.keys(headers)) {
    if (!isNamed(key, name)) continue;
    const value = headers[key];
    for (const one of Array.isArray(value) ? value : [value]) if (typeof one === "string") values.push(one);
  }
  return values;
}

/** The headers as pairs, in order. */
export function listHeaders(headers: HeaderList): (readonly [string, string])[] {
  if (isPairs(headers)) return [...headers];
  return Object.entries(headers).flatMap(([name, value]) =>
    (typeof value === "string" ? [value] : (value ?? [])).map((one): [string, string] => [name, one]),
  );
}

/** The value when the header is there exactly once, else null. */
export function onlyHeader(headers: HeaderList, name: string): string | null {
  const values = headerValues(headers, name);
  return values.length === 1 ? (values[0] ?? null) : null;
}
