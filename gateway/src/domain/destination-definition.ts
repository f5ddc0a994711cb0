import { DEFAULT_TIMEOUT_MS, TIMEOUT_MAX_MS } from "./catalog.ts";
import type { DestinationDefinition, RetryDefinition } from "./definition.ts";
import { LIMIT_FIELD_NAMES, checkLimits } from "./destination-limits.ts";
import type { Fields, Place } from "./field-checks.ts";
import {
  MASKED,
  isPlainObject,
  nameType,
  readFields,
  readInteger,
  readList,
  readText,
  report,
  shown,
  within,
} from "./field-checks.ts";

/** Says whether deliveries may go to a URL; `vetUrl` of the egress room with the operator's policy. */
export type UrlChecker = (url: string) => { readonly ok: true } | { readonly ok: false; readonly message: string };

export const DESTINATION_FIELD_NAMES: readonly string[] = [
  "url",
  "handler",
  "headers",
  "timeoutMs",
  "retry",
  ...LIMIT_FIELD_NAMES,
  "signingSecret",
];

const HEADERS_MAX = 32;
const WAITS_MAX = 64;
const WAIT_MAX_SEC = 7 * 86_400;
const REFUSALS_MAX = 64;
export const TIMEOUT_MIN_MS = 100;

/**
 * Headers that a destination cannot set: they frame the request, belong to the connection (RFC 9110, 7.6.1), or are what
 * Holdfast itself says about a delivery.
 */
const RESERVED_HEADERS =
  /^(host|content-length|content-encoding|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|accept-encoding|http2-settings|proxy-.*|webhook-.*|holdfast-.*|idempotency-key|traceparent|tracestate)$/;

/** Checks one declared destination. Every fault goes to the place's list; the result is null when there was any. */
export function checkDestination(place: Place, input: unknown, vetUrl: UrlChecker): DestinationDefinition | null {
  const before = place.faults.length;
  const fields = readFields(place, input, DESTINATION_FIELD_NAMES);
  if (fields === null) return null;
  const timeoutMs = readInteger(within(place, "timeoutMs"), fields["timeoutMs"], TIMEOUT_MIN_MS, TIMEOUT_MAX_MS);
  const retry = checkRetry(within(place, "retry"), fields["retry"]);
  const policy = {
    ...(typeof timeoutMs === "number" && timeoutMs !== DEFAULT_TIMEOUT_MS ? { timeoutMs } : {}),
    ...(retry === null ? {} : { retry }),
    ...checkLimits(place, fields),
  };
  const target = checkTarget(place, fields, vetUrl);
  return place.faults.length > before || target === null ? null : { ...target, ...policy };
}

type Target = { url: string; headers?: Record<string, string>; signingSecret?: string } | { handler: string };

function checkTarget(place: Place, fields: Fields, vetUrl: UrlChecker): Target | null {
  if (fields["url"] !== undefined && fields["handler"] !== undefined) {
    return report(
      within(place, "handler"),
      "cannot stand beside url: a destination is either an HTTP URL or a handler",
    );
  }
  if (fields["handler"] !== undefined) return checkHandlerTarget(place, fields);
  const url = readText(within(place, "url"), fields["url"], 2_048);
  if (url === undefined)
    return report(within(place, "url"), "is missing; give the URL to deliver to, or the name of a handler");
  const verdict = url === null ? null : vetUrl(url);
  if (verdict?.ok === false) report(within(place, "url"), verdict.message);
  const headers = checkHeaders(within(place, "headers"), fields["headers"]);
  const signingSecret = readText(within(place, "signingSecret"), fields["signingSecret"], 256);
  if (typeof signingSecret === "string" && !isSigningSecret(signingSecret)) {
    report(
      within(place, "signingSecret"),
      "must be whsec_ and the base64 of 24 to 64 random bytes; leave it out to have one made",
    );
  }
  if (url === null) return null;
  return {
    url,
    ...(headers === null ? {} : { headers }),
    ...(typeof signingSecret === "string" ? { signingSecret } : {}),
  };
}

function checkHandlerTarget(place: Place, fields: Fields): Target | null {
  const handler = readText(within(place, "handler"), fields["handler"], 64);
  if (typeof handler === "string" && !/^[A-Za-z0-9_$][A-Za-z0-9_$.-]{0,63}$/.test(handler)) {
    report(within(place, "handler"), "must be the name of a handler: letters, digits, dots, - or _");
  }
  for (const name of ["headers", "signingSecret"]) {
    if (fields[name] !== undefined)
      report(within(place, name), "has no meaning for a handler, which is called and not posted to");
  }
  return typeof handler === "string" ? { handler } : null;
}

// Standard Webhooks 1.0: 24 to 64 bytes. Node's decoder skips what it does not know, so the text must come out again.
function isSigningSecret(text: string): boolean {
  const encoded = text.startsWith("whsec_") ? text.slice("whsec_".length) : "";
  const bytes = Buffer.from(encoded, "base64");
  return bytes.toString("base64") === encoded && bytes.length >= 24 && bytes.length <= 64;
}

function checkHeaders(place: Place, input: unknown): Record<string, string> | null {
  if (input === undefined) return null;
  if (!isPlainObject(input))
    return report(place, `must be an object of header names and values, not ${nameType(input)}`);
  const entries = Object.entries(input);
  if (entries.length > HEADERS_MAX) return report(place, `has more than ${HEADERS_MAX} headers`);
  const headers: Record<string, string> = {};
  const names = new Set<string>();
  for (const [name, value] of entries) {
    const spot = within(place, shown(name));
    const lower = name.toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(name)) report(spot, "is not a header name");
    else if (RESERVED_HEADERS.test(lower)) report(spot, "is set by Holdfast or by HTTP itself and cannot be given");
    else if (names.has(lower)) report(spot, "is given twice, in different letter case");
    names.add(lower);
    const text = readText(spot, value ?? null, 4_096);
    if (text === MASKED)
      report(spot, `is ${MASKED}, which stands for a value that is not shown; give the value itself`);
    else if (typeof text === "string" && !/^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(text)) {
      report(spot, "holds a line break, a control or a non-latin1 character");
    } else if (typeof text === "string" && lower !== "__proto__") headers[name] = text;
  }
  return headers;
}

function checkRetry(place: Place, input: unknown): RetryDefinition | null {
  if (input === undefined) return null;
  const fields = readFields(place, input, ["scheduleSec", "refusalsMax"]);
  if (fields === null) return null;
  const refusalsMax = readInteger(within(place, "refusalsMax"), fields["refusalsMax"], 1, REFUSALS_MAX);
  const spot = within(place, "scheduleSec");
  const waits = readList(spot, fields["scheduleSec"], WAITS_MAX);
  const scheduleSec = waits?.map((wait, i) => readWait(within(spot, i), wait));
  return {
    ...(scheduleSec === undefined ? {} : { scheduleSec }),
    ...(typeof refusalsMax === "number" ? { refusalsMax } : {}),
  };
}

function readWait(place: Place, input: unknown): number {
  const isWait = typeof input === "number" && input >= 1 && input <= WAIT_MAX_SEC;
  if (!isWait) report(place, `must be a number of seconds from 1 to ${WAIT_MAX_SEC}`);
  return isWait ? input : 1;
}
