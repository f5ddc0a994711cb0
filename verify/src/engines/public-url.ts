import type { Arrival } from "../arrival.ts";

/** A URL split where the provider's own library splits it, every character kept. */
interface UrlParts {
  readonly scheme: string;
  readonly userInfo: string;
  readonly host: string;
  /** With its colon, or empty. */
  readonly port: string;
  /** Path and query. */
  readonly rest: string;
}

const absolute = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)(.*)$/is;

function splitUrl(url: string): UrlParts | null {
  const [, scheme, authority, rest] = absolute.exec(url) ?? [];
  if (scheme === undefined || authority === undefined || rest === undefined) return null;
  const hostAt = authority.lastIndexOf("@") + 1;
  const hostAndPort = authority.slice(hostAt);
  // The colons inside an IPv6 literal are no port.
  const colon = hostAndPort.indexOf(":", hostAndPort.lastIndexOf("]") + 1);
  const host = colon < 0 ? hostAndPort : hostAndPort.slice(0, colon);
  return { scheme, userInfo: authority.slice(0, hostAt), host, port: hostAndPort.slice(host.length), rest };
}

/**
 * The URL that the provider addressed. The registered URL of the receiver decides scheme, host and path, because a proxy may
 * have changed all three; the query is the request's own, because the provider adds to it. Null when there is no absolute URL.
 */
export function publicUrl({ receiver, request }: Pick<Arrival, "receiver" | "request">): string | null {
  const registered = receiver.notificationUrl ?? receiver.callbackUrl;
  const seen = withoutFragment(request.url);
  if (registered === undefined) return splitUrl(seen) === null ? null : seen;
  const base = withoutFragment(registered);
  if (splitUrl(base) === null) return null;
  const query = queryOf(seen);
  return query === "" ? base : `${base.split("?", 1)[0] ?? ""}?${query}`;
}

function withoutFragment(url: string): string {
  return url.split("#", 1)[0] ?? "";
}

/** What stands behind the first question mark, before any fragment. */
export function queryOf(url: string): string {
  const bare = withoutFragment(url);
  const mark = bare.indexOf("?");
  return mark < 0 ? "" : bare.slice(mark + 1);
}

/**
 * The spellings of one URL that Twilio's back ends are known to sign (twilio 6.2.0, `webhooks.js`): as it came without and with
 * the port of its scheme, then the same of its normal form, then those with the query written anew.
 */
export function signedSpellings(url: string): string[] {
  const normal = normalUrl(url);
  const plain = [withoutPort(url), withPort(url), withoutPort(normal), withPort(normal)];
  return [...new Set([...plain, rewriteQuery(withoutPort(normal)), rewriteQuery(withPort(normal))])];
}

function withoutPort(url: string): string {
  const parts = splitUrl(url);
  return parts === null ? url : parts.scheme + parts.userInfo + parts.host + parts.rest;
}

function withPort(url: string): string {
  const parts = splitUrl(url);
  if (parts === null || parts.port !== "") return url;
  const port = parts.scheme.toLowerCase() === "https://" ? ":443" : ":80";
  return parts.scheme + parts.userInfo + parts.host + port + parts.rest;
}

/** The path and query in the URL standard's form. Scheme and host stay as they came: one signature, one spelling of them. */
function normalUrl(url: string): string {
  const parts = splitUrl(url);
  if (parts === null || !URL.canParse(url)) return url;
  const { pathname, search } = new URL(url);
  return parts.scheme + parts.userInfo + parts.host + parts.port + pathname + search;
}

/** The query as older back ends write it: fields of one name together, `%20` for a space, `'` and its kin bare. */
function rewriteQuery(url: string): string {
  const query = queryOf(url);
  if (query === "") return url;
  const fields = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const values = fields.get(name);
    if (values === undefined) fields.set(name, [value]);
    else values.push(value);
  }
  const written = [...fields].flatMap(([name, values]) =>
    values.map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
  );
  return `${url.slice(0, url.length - query.length)}${written.join("&")}`;
}
