import { createHmac } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type Receiver, signRequest } from "@holdfast/verify";

export const now = "2026-03-01T12:00:00.000Z";
export const stripe = "whsec_5WcEb1FdTQYzQ3pLrXnMk8uH2vJ9aS7d";
export const other = "whsec_Zq81xkLmN0pQrStUvWxYz23456789abc";
export const shared = "c2VjcmV0LW9mLXRoaXJ0eS10d28tYnl0ZXMhISEhISE";
const event = '{"id":"evt_1Qz","type":"invoice.paid","livemode":true,"data":{"object":{"name":"Zoë & Söhne"}}}';

interface Signing {
  readonly provider?: string;
  readonly secret?: string;
  readonly body?: string | Buffer;
  readonly url?: string;
  readonly at?: string;
}

interface Saved {
  readonly headers: (readonly [string, string])[];
  readonly body: Buffer;
}

/** What the provider sends, before anything happens to it. */
export function sent({
  provider = "stripe",
  secret = stripe,
  body = event,
  url = "https://example.com/in/k",
  at = now,
}: Signing = {}): Saved {
  const receiver: Receiver = { secrets: [secret], notificationUrl: url };
  const request = { method: "POST", url, headers: [], body: Buffer.from(body) };
  const signed = signRequest({ provider, receiver, request, now: new Date(at) });
  return { headers: [...signed.headers], body: Buffer.from(signed.body) };
}

const withBody = (saved: Saved, body: string | Buffer): Saved => ({ ...saved, body: Buffer.from(body) });
const mapHeaders = (saved: Saved, change: (name: string, value: string) => readonly [string, string]): Saved => ({
  ...saved,
  headers: saved.headers.map(([name, value]) => change(name, value)),
});
const mapValues = (saved: Saved, change: (value: string) => string) =>
  mapHeaders(saved, (name, value) => [name, change(value)]);

export function toHttp({ headers, body }: Saved, eol = "\r\n"): Buffer {
  const lines = ["POST /in/k HTTP/1.1", "Host: example.com", ...headers.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.concat([Buffer.from(`${lines.join(eol)}${eol}${eol}`, "latin1"), body]);
}

export interface Broken {
  readonly what: string;
  readonly saved: Saved;
  readonly cause: string;
  /** What the text must say. */
  readonly says: RegExp;
  readonly provider?: string;
  readonly secret?: string;
  readonly secrets?: readonly object[];
  readonly flags?: readonly string[];
}

const retiredAt = "2026-02-01T00:00:00Z";
export const square = {
  provider: "square",
  secret: "square-signature-key-0123456789",
  body: '{"merchant_id":"M","type":"payment.created","event_id":"e1"}',
};
const registered = (url: string) => ["--notification-url", url];
const github = { provider: "github", secret: shared };
const hexOf = (base64: string) => Buffer.from(base64, "base64").toString("hex");

/** Requests that do not verify, each for another reason. */
export const broken: readonly Broken[] = [
  {
    what: "signed with a retired version",
    saved: sent({ secret: other }),
    secrets: [
      { value: stripe, version: "v2", state: "active" },
      { value: other, version: "v1", state: "retired", retiredAt },
    ],
    cause: "secret_retired",
    says: /signed with version v1, which was retired on 2026-02-01 00:00:00 UTC\. Either move the sender to v2/,
  },
  {
    what: "signed with another source's secret",
    saved: sent({ secret: other }),
    secrets: [
      { value: stripe, version: "v1", state: "active" },
      { value: other, version: "v4", source: "stripe-eu" },
    ],
    cause: "secret_of_other_source",
    says: /secret of source stripe-eu \(version v4\)/,
  },
  {
    what: "signed with a version whose overlap has ended",
    saved: sent({ secret: other }),
    secrets: [
      { value: stripe, version: "v2" },
      { value: other, version: "v1", state: "retiring", notAfter: retiredAt },
    ],
    cause: "secret_expired",
    says: /version v1, whose notAfter has passed/,
  },
  {
    what: "a body that was parsed and written anew",
    saved: withBody(sent({ body: JSON.stringify(JSON.parse(event), null, 2) }), event),
    cause: "body_reserialized",
    says: /v1 fits the body as JSON indented by two spaces/,
  },
  {
    what: "a line break added at the end",
    saved: withBody(sent(), `${event}\n`),
    cause: "body_newline_changed",
    says: /without the line break at its end/,
  },
  {
    what: "LF made CRLF",
    saved: withBody(sent({ body: "{\n}" }), "{\r\n}"),
    cause: "body_newline_changed",
    says: /with LF where CRLF came/,
  },
  {
    what: "letters lost to a wrong character encoding",
    saved: withBody(sent(), event.replaceAll(/[^ -~]/g, "\ufffd")),
    cause: "body_charset_changed",
    says: /replacement character U\+FFFD 2 times/,
  },
  {
    what: "UTF-8 made Latin-1",
    saved: withBody(sent(), Buffer.from(event, "latin1")),
    cause: "body_charset_changed",
    says: /in UTF-8 where Latin-1 came/,
  },
  {
    what: "compressed on the way",
    saved: withBody(sent(), gzipSync(event)),
    cause: "body_compressed",
    says: /before it was compressed/,
  },
  {
    what: "a body cut off",
    saved: withBody(sent(), event.slice(0, 60)),
    cause: "body_truncated",
    says: /ends in the middle, after 60 bytes/,
  },
  { what: "an empty body", saved: withBody(sent(), ""), cause: "body_empty", says: /The body is empty/ },
  {
    what: "the prefix of the secret left out in the configuration",
    saved: sent(),
    secret: stripe.slice("whsec_".length),
    cause: "secret_prefix_missing",
    says: /with whsec_ in front of it/,
  },
  {
    what: "the prefix of the secret left out at the sender",
    saved: sent({ secret: stripe.slice("whsec_".length) }),
    cause: "secret_prefix_not_removed",
    says: /without whsec_/,
  },
  {
    what: "a secret that the sender decodes first",
    saved: mapValues(
      sent(github),
      () => `sha256=${createHmac("sha256", Buffer.from(shared, "base64")).update(event).digest("hex")}`,
    ),
    provider: "github",
    secret: shared,
    cause: "secret_encoding",
    says: /decoded from base64/,
  },
  {
    what: "hexadecimal for base64",
    saved: mapValues(sent({ provider: "shopify", secret: shared }), hexOf),
    provider: "shopify",
    secret: shared,
    cause: "signature_encoding",
    says: /right length in the other of hexadecimal and base64/,
  },
  {
    what: "the signature without its prefix",
    saved: mapValues(sent(github), (value) => value.replace("sha256=", "")),
    provider: "github",
    secret: shared,
    cause: "signature_prefix_missing",
    says: /without what the provider writes before it/,
  },
  {
    what: "the weaker header alone",
    saved: mapHeaders(sent(github), () => ["X-Hub-Signature", "sha1=0123456789012345678901234567890123456789"]),
    provider: "github",
    secret: shared,
    cause: "legacy_header_only",
    says: /weaker X-Hub-Signature came/,
  },
  {
    what: "another provider's header",
    saved: sent(),
    provider: "github",
    secret: shared,
    cause: "wrong_header",
    says: /X-Hub-Signature-256 is missing; Stripe-Signature came/,
  },
  {
    what: "two signature headers joined by a proxy",
    saved: mapValues(sent(), (value) => `${value}, ${value}`),
    cause: "headers_joined",
    says: /two headers joined with a comma/,
  },
  {
    what: "the signature header twice",
    saved: { ...sent(), headers: [...sent().headers, ...sent({ secret: other }).headers] },
    cause: "headers_repeated",
    says: /came more than once/,
  },
  {
    what: "a clock that is ahead",
    saved: sent({ at: "2026-03-01T11:53:00Z" }),
    cause: "clock_skew",
    says: /made 420 s ago and 300 s is the most/,
  },
  {
    what: "a request of yesterday",
    saved: sent({ at: "2026-02-28T12:00:00Z" }),
    cause: "late_or_replayed",
    says: /86400 s ago/,
  },
  {
    what: "a clock that is behind",
    saved: sent({ at: "2026-03-01T12:10:00Z" }),
    cause: "clock_skew",
    says: /lies 600 s ahead/,
  },
  {
    what: "milliseconds for seconds",
    saved: mapValues(sent(), (value) => value.replace(/t=(\d+)/, "t=$1000")),
    cause: "timestamp_unit",
    says: /in the other unit/,
  },
  {
    what: "http for https",
    saved: sent(square),
    ...square,
    flags: registered("http://example.com/in/k"),
    cause: "url_differs",
    says: /with https instead of http/,
  },
  {
    what: "a port too many",
    saved: sent(square),
    ...square,
    flags: registered("https://example.com:8443/in/k"),
    cause: "url_differs",
    says: /without the port 8443/,
  },
  {
    what: "a slash too many",
    saved: sent(square),
    ...square,
    flags: registered("https://example.com/in/k/"),
    cause: "url_differs",
    says: /without the slash at the end/,
  },
  {
    what: "a sandbox event at a live source",
    saved: sent({ secret: other, body: event.replace("true", "false") }),
    flags: ["--environment", "live"],
    cause: "environment_differs",
    says: /of the sandbox environment \(livemode is false\)/,
  },
  {
    what: "white space around the secret",
    saved: sent(),
    secret: ` ${stripe}`,
    cause: "secret_has_white_space",
    says: /without the white space/,
  },
];
