import type { Arrival } from "../arrival.ts";
import type { CodedScheme } from "../coded-scheme.ts";
import { defineProvider } from "../define-provider.ts";
import { checkTime } from "../engines/check-time.ts";
import { isKid } from "../engines/jwt-scheme.ts";
import { makeJws, parseJws, textOf, verifyJws } from "../engines/jws.ts";
import type { Jws } from "../engines/jws.ts";
import { fitsAlgorithm } from "../engines/jws.ts";
import { keysFor, usableKeys } from "../engines/key-set.ts";
import type { Finding } from "../engines/proof.ts";
import { joinChunks } from "../engines/public-key.ts";
import { readHeader, readIsoMoment, refuseIncomplete, refuseSpelling } from "../engines/read-parts.ts";
import { privateKeyOf } from "../engines/signing-key.ts";
import { refuse } from "../refuse.ts";
import { headerValues } from "../request.ts";
import type { VerifyInput } from "../verify.ts";

const header = "Tl-Signature";
const timeHeader = "X-Tl-Webhook-Timestamp";
const namesMax = 32;

/** The only places from which a key is ever asked for, whatever the request says. */
const keySets = [
  "https://webhooks.truelayer.com/.well-known/jwks",
  "https://webhooks.truelayer-sandbox.com/.well-known/jwks",
];

const scheme: CodedScheme = {
  engine: "jws",
  secret: null,
  readsPublicKeys: true,
  receiverFields: [],
  toleranceSec: 300,
  signsUrl: true,
  prove,
  sign,
};

/** TrueLayer: a detached ES512 signature over method, path, listed headers and body. */
export const truelayer = defineProvider({
  slug: "truelayer",
  name: "TrueLayer",
  headers: [{ signature: header, time: timeHeader }],
  scheme,
  identity: {
    id: [{ body: "event_id" }],
    type: [[{ body: "type" }]],
    time: [{ place: { header: "time" }, unit: "iso" }],
    version: [{ body: "event_version" }],
    forms: false,
  },
  facts: {
    identity: "signed",
    signedContent: "{method} {path}\\n{listed headers}\\n{body}",
    eventIdFrom: "body `event_id`; the same on every retry",
    dedupeKey: "event id",
    notCovered: "the host, and headers that the list leaves out",
    handshakeNote: "none",
    notes:
      "The time must be among the listed headers. Keys are asked for at TrueLayer's two addresses only (`environment: \"sandbox\"` for the second), never where a request points. The path counts with and without a slash at its end, as in TrueLayer's library.",
    source: ["truelayer-signing@0.2.3 lib/lib.js"],
    confidence: "medium",
  },
});

function prove(arrival: Arrival): Finding {
  const text = readHeader(arrival, header);
  if (typeof text !== "string") return text;
  const jws = parseJws(text);
  if (typeof jws === "string") return refuseSpelling(header, text, jws);
  if (jws.payloadText !== "") return refuseSpelling(header, text, "its payload is not left out");
  if (jws.header["alg"] !== "ES512" || jws.header["tl_version"] !== "2")
    return refuseSpelling(header, text, "only ES512 and version 2 count");
  const lines = headerLines(arrival, textOf(jws.header, "tl_headers") ?? "");
  if (lines === null)
    return refuseSpelling(
      header,
      text,
      `its tl_headers must list ${timeHeader} and other headers once, all of which came once`,
    );
  const time = readHeader(arrival, timeHeader);
  if (typeof time !== "string") return time;
  const signedAtMs = readIsoMoment(timeHeader, time);
  if (typeof signedAtMs !== "number") return signedAtMs;
  const version = matchKey(arrival, jws, lines);
  if (typeof version !== "string") return version;
  const late = checkTime(arrival, { at: "header", unit: "ms", toleranceSec: 300 }, signedAtMs);
  return late ?? { ok: true, secretVersion: version, signedAt: new Date(signedAtMs), signed: [arrival.request.body] };
}

function matchKey(arrival: Arrival, jws: Jws, lines: string): string | Exclude<Finding, { ok: true }> {
  const { receiver, request } = arrival;
  const kid = textOf(jws.header, "kid");
  if (kid === null || !isKid(kid)) return refuseSpelling(header, kid ?? "", "it names no key");
  const keys = keysFor(usableKeys(receiver), kid).filter(({ key }) => fitsAlgorithm(key, "ES512"));
  const path = pathOf(receiver.notificationUrl ?? request.url);
  const other = path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
  for (const at of [path, other]) {
    const content = contentOf(jws.headerText, request.method, at, lines, request.body);
    const match = keys.find(({ key }) => verifyJws("ES512", key, content, jws.signature));
    if (match !== undefined) return match.version;
  }
  if (keys.some((key) => key.kid === kid || key.kid === null))
    return refuse("signature_mismatch", {
      step: "signature",
      summary: `The signature is well formed, but none of the ${keys.length} public keys makes it over method, path, listed headers and the ${request.body.length} bytes that came.`,
      evidence: { header, keysTried: keys.length, bodyBytes: request.body.length, path: path.slice(0, 128) },
      likelyCause: "body_or_secret_differs",
    });
  const claimed = textOf(jws.header, "jku");
  const own = receiver.environment === "sandbox" ? keySets[1] : keySets[0];
  const url = keySets.find((one) => one === claimed) ?? own;
  if (url === undefined || (claimed !== null && claimed !== url))
    return refuseIncomplete(arrival, "publicKeys", "signs with a key whose address is not TrueLayer's");
  return { ok: false, reason: "key_needed", need: { kind: "jwks", url, kid } };
}

function contentOf(headerText: string, method: string, path: string, lines: string, body: Uint8Array): Buffer {
  const payload = joinChunks([`${method.toUpperCase()} ${path}\n${lines}`, body]);
  return Buffer.from(`${headerText}.${payload.toString("base64url")}`, "latin1");
}

function pathOf(url: string): string {
  return (url.split(/[?#]/, 1)[0] ?? "").replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, "") || "/";
}

function headerLines({ request }: Arrival, list: string): string | null {
  const names = list.split(",").filter((name) => name !== "");
  const lower = names.map((name) => name.toLowerCase());
  if (!lower.includes(timeHeader.toLowerCase()) || names.length > namesMax || new Set(lower).size !== lower.length)
    return null;
  let lines = "";
  for (const name of names) {
    const [value, ...more] = headerValues(request.headers, name.toLowerCase());
    if (value === undefined || more.length > 0) return null;
    lines += `${name}: ${value}\n`;
  }
  return lines;
}

function sign(input: VerifyInput) {
  const { request, receiver, now } = input;
  const time = now.toISOString();
  const path = pathOf(receiver.notificationUrl ?? request.url);
  const fields = { alg: "ES512", kid: receiver.keyId ?? "key", tl_version: "2", tl_headers: timeHeader } as const;
  const payload = joinChunks([`${request.method.toUpperCase()} ${path}\n${timeHeader}: ${time}\n`, request.body]);
  const [head, , signature] = makeJws("ES512", privateKeyOf(input), fields, payload).split(".");
  const headers: [string, string][] = [
    [timeHeader, time],
    [header, `${head}..${signature}`],
  ];
  return { url: request.url, body: request.body, headers };
}
