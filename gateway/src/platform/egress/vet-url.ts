import { isIP } from "node:net";
import { type AddressRules, judgeAddress, readAddressRules } from "./address-rules.ts";
import type { EgressPolicy, UrlFault } from "./egress-outcome.ts";
import { isPortOpen } from "./port-rules.ts";

/** A URL that may be saved or dialled, or what to tell the person who gave it. */
export type UrlVerdict = { ok: true; url: URL } | { ok: false; code: UrlFault; message: string };

/** Longer ones are refused: common servers and proxies stop at 2 to 8 KB, and a URL is stored and logged whole. */
export const URL_LENGTH_MAX = 2048;

/**
 * The one sentence for every address that is refused, whichever it is: telling apart "private", "metadata" and "loopback"
 * would turn the check into a map of the network (OWASP ASVS V16.5.1).
 */
export const ADDRESS_REFUSED =
  "the host is, or resolves to, an address that deliveries may not reach; use a public host, or ask the operator to allow its network";

/**
 * Judges the URL of a destination before it is saved. Pure: nothing is resolved, so a host name is accepted here and its
 * addresses are judged each time that it is dialled. Host literals in any spelling (decimal, octal, hex, short, full-width,
 * IPv4 inside IPv6) are judged as the address that the WHATWG parser makes of them, which is also the one that is dialled.
 *
 * Where the operator has allowed networks, the port of a host name is left to the dial too, because only there it is known
 * whether the name leads into one of them.
 */
export function vetUrl(url: string, policy: EgressPolicy): UrlVerdict {
  return vetUrlByRules(url, readAddressRules(policy));
}

/** `vetUrl` for callers that have read the policy once. */
export function vetUrlByRules(text: string, rules: AddressRules): UrlVerdict {
  const textFault = findTextFault(text);
  if (textFault !== null) return textFault;
  const url = parseUrl(text);
  if (url === null) return refuse("malformed", "the URL cannot be parsed; write it as https://host/path");
  return findPartFault(url, rules) ?? { ok: true, url };
}

/** The host as a dial or a resolver takes it: IPv6 without its brackets, a name without the dot of the root. */
export function dialHost(url: URL): string {
  if (url.hostname.startsWith("[")) return url.hostname.slice(1, -1);
  return url.hostname.endsWith(".") ? url.hostname.slice(0, -1) : url.hostname;
}

/** The port that is dialled; the scheme's own when the URL names none. */
export function dialPort(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "https:" ? 443 : 80;
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

/** What the WHATWG parser would silently repair: other parsers read those texts differently, so nobody gets to use them. */
function findTextFault(text: string): UrlVerdict | null {
  if (text.length > URL_LENGTH_MAX)
    return refuse("too_long", `the URL is longer than ${URL_LENGTH_MAX} characters; shorten it`);
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  if (/[\u0000-\u0020\u007f-\u00a0\u2028\u2029]/.test(text))
    return refuse("control_characters", "the URL holds a space or a control character; remove or percent-encode it");
  if (text.includes("\\")) return refuse("malformed", "the URL holds a backslash; write / or %5C");
  if (text.includes("#"))
    return refuse("fragment", "the URL holds a fragment, which is never sent; remove # and what follows");
  return null;
}

function findPartFault(url: URL, rules: AddressRules): UrlVerdict | null {
  if (url.protocol !== "https:" && url.protocol !== "http:")
    return refuse("scheme", "the URL must begin with https:// or http://");
  if (url.username !== "" || url.password !== "")
    return refuse(
      "credentials",
      "the URL holds a user name or password; put credentials into a header of the destination",
    );
  const host = dialHost(url);
  const port = dialPort(url);
  if (isIP(host) !== 0) return findLiteralFault(host, port, rules);
  if (!isHostName(host)) return refuse("malformed", "the host is not a valid DNS name or IP address");
  if (port === 0 || (!isPortOpen(port) && rules.allowed.length === 0)) return refusePort(port);
  return null;
}

function findLiteralFault(address: string, port: number, rules: AddressRules): UrlVerdict | null {
  const standing = judgeAddress(address, rules);
  if (standing === "refused") return refuse("address", ADDRESS_REFUSED);
  return isPortAllowed(port, standing === "allow_listed") ? null : refusePort(port);
}

/** Whether a port may be dialled, given whether the operator's allow-list opened the address. Port 0 cannot be. */
export function isPortAllowed(port: number, allowListed: boolean): boolean {
  return port !== 0 && (allowListed || isPortOpen(port));
}

/** RFC 1035's lengths; letters, digits, hyphens, and the underscore that real names have although RFC 1123 does not. */
function isHostName(host: string): boolean {
  return host.length <= 253 && host.split(".").every((label) => /^[a-z0-9_-]{1,63}$/.test(label));
}

export function portRefused(port: number): string {
  return `deliveries may not go to port ${port}; use 80, 443 or a port from 1024 up that no well-known service has, or ask the operator to allow the network`;
}

function refusePort(port: number): UrlVerdict {
  return refuse("port", portRefused(port));
}

function refuse(code: UrlFault, message: string): UrlVerdict {
  return { ok: false, code, message };
}
