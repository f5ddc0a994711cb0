import { namedByConnection } from "../../domain/passed-headers.ts";

/**
 * Headers that belong to one connection and not to the request (RFC 9110, 7.6.1), that frame the request, or that the
 * egress decides alone. An intermediary has to leave them out; the ones that a provider sent to us are no use further on.
 */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const HEADERS_MAX = 256;
const HEADER_BYTES_MAX = 64 * 1024;

/** Headers ready to be written, or why they cannot be. */
export type HeaderVerdict = { ok: true; flat: string[] } | { ok: false; detail: string };

/**
 * Makes the headers of one request: what is hop-by-hop is left out, what could end a header early (CR, LF, NUL, a name
 * that is no RFC 9110 token) refuses the whole request, `accept-encoding: identity` is added so that nothing arrives
 * compressed (100 MB of zeros are 172 bytes of brotli), and a `user-agent` where the caller gave none.
 *
 * Shape of the result: name, value, name, value …
 */
export function makeRequestHeaders(headers: readonly (readonly [string, string])[]): HeaderVerdict {
  const nominated = namedByConnection(headers);
  const flat: string[] = ["accept-encoding", "identity"];
  let bytes = 0;
  let named = false;
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (LEFT_OUT.has(lower) || nominated.has(lower)) continue;
    const fault = findHeaderFault(name, value);
    if (fault !== null) return { ok: false, detail: fault };
    named ||= lower === "user-agent";
    bytes += name.length + value.length + 4;
    flat.push(name, value);
  }
  if (flat.length > HEADERS_MAX * 2) return { ok: false, detail: `more than ${HEADERS_MAX} headers` };
  if (bytes > HEADER_BYTES_MAX) return { ok: false, detail: `more than ${HEADER_BYTES_MAX} bytes of headers` };
  if (!named) flat.push("user-agent", "holdfast");
  return { ok: true, flat };
}

/**
 * Says why a header cannot be sent, or null; also for checking a destination's own headers before they are saved. The
 * value may hold tabs, visible ASCII and latin1 (RFC 9110, 5.5). The sentence names the header and never its value, which
 * may be a secret.
 */
export function findHeaderFault(name: string, value: string): string | null {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/.test(name)) return `"${printable(name)}" is not a header name`;
  if (!/^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value))
    return `the value of header ${name} holds a line break, a control or a non-latin1 character`;
  return null;
}

function printable(text: string): string {
  return text.slice(0, 64).replace(/[^\u0020-\u007e]/g, "?");
}
