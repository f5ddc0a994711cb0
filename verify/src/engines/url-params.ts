import { createHash, timingSafeEqual } from "node:crypto";
import type { Arrival } from "../arrival.ts";
import { decodeExact } from "../encoding.ts";
import { decodeForm } from "../extract/form.ts";
import type { FormField } from "../extract/form.ts";
import { refuse } from "../refuse.ts";
import type { UrlParamsScheme } from "../scheme.ts";
import type { Refused } from "../verdict.ts";
import { readClaim } from "./claim.ts";
import { decideHmac } from "./hmac-case.ts";
import { hmac } from "./hmac-match.ts";
import { hashBytes } from "./hmac-pads.ts";
import type { Finding } from "./proof.ts";
import { publicUrl, queryOf, signedSpellings } from "./public-url.ts";

/** Verifies an HMAC over the URL and the sorted form parameters, or over a URL that holds the hash of the body. */
export function proveUrlParams(arrival: Arrival, scheme: UrlParamsScheme): Finding {
  const url = publicUrl(arrival);
  if (url === null) return refuseNoUrl(arrival);
  const signatureBytes = hashBytes[scheme.hash];
  const claim = readClaim(arrival, { signature: scheme.signature, timestamp: null, signsId: false, signatureBytes });
  if (!claim.ok) return claim;
  const fault = checkBody(arrival, scheme, url);
  if (fault !== null && fault.reason !== "body_hash_mismatch") return fault;
  const contentsOf = (body: Uint8Array, at: string) => signedContents(body, at, scheme);
  const decided = decideHmac({ arrival, hash: scheme.hash, secret: scheme.secret, claim, contentsOf, url });
  if (!decided.ok) return decided;
  return fault ?? { ok: true, secretVersion: decided.key.version, signedAt: null, signed: decided.content };
}

/** The texts that may have been signed: each spelling of the URL, with the parameters behind it unless it holds the body's hash. */
function signedContents(body: Uint8Array, url: string, scheme: UrlParamsScheme): string[][] {
  const parameters = parameterText(body, url, scheme);
  return signedSpellings(url).map((spelling) => [spelling + parameters]);
}

/** What stands behind the URL in the signed text: nothing when the URL holds the body's hash, else names and values. */
function parameterText(body: Uint8Array, url: string, scheme: UrlParamsScheme): string {
  return bodyHashes(url, scheme).length > 0 ? "" : joinFields(decodeForm(body) ?? []);
}

/** Names in the order of their code units, each value once and in the same order (twilio 6.2.0: `sort`, `Set`). */
function joinFields(fields: readonly FormField[]): string {
  const byName = new Map<string, Set<string>>();
  for (const { name, value } of fields) {
    const values = byName.get(name);
    if (values === undefined) byName.set(name, new Set([value]));
    else values.add(value);
  }
  const names = [...byName.keys()].toSorted(byCodeUnit);
  return names
    .flatMap((name) => [...(byName.get(name) ?? [])].toSorted(byCodeUnit).map((value) => name + value))
    .join("");
}

function byCodeUnit(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function bodyHashes(url: string, { bodyHashParameter }: UrlParamsScheme): string[] {
  const prefix = `${bodyHashParameter}=`;
  const fields = queryOf(url).split("&");
  return fields.filter((field) => field.startsWith(prefix)).map((field) => field.slice(prefix.length));
}

/** Null when what the scheme signs covers this body. */
function checkBody({ request, names }: Arrival, scheme: UrlParamsScheme, url: string): Refused | null {
  const hashes = bodyHashes(url, scheme);
  if (hashes.length > 0) return checkBodyHash(request.body, hashes, scheme.bodyHashParameter);
  const isCovered =
    request.method.toUpperCase() === "POST" ? decodeForm(request.body) !== null : request.body.length === 0;
  if (isCovered) return null;
  const looksLikeForm =
    request.method.toUpperCase() === "POST" && request.body.includes(0x3d) && request.body[0] !== 0x7b;
  return refuse(looksLikeForm ? "body_malformed" : "body_hash_missing", {
    step: "body",
    summary: looksLikeForm
      ? "The body is no form that can be decoded in one way only (percent signs with two upper-case hexadecimal digits, valid UTF-8), and its decoded fields are what is signed. Pass the body on as it came."
      : `The body is no form, and the URL has no ${scheme.bodyHashParameter} parameter, so that ${names.signature} covers nothing of it. Pass the query on as it came.`,
    evidence: { bodyBytes: request.body.length, method: request.method.slice(0, 8) },
  });
}

function checkBodyHash(body: Uint8Array, hashes: readonly string[], parameter: string): Refused | null {
  const claimed = decodeExact(hashes[0] ?? "", "hex", 32);
  const actual = createHash("sha256").update(body).digest();
  if (hashes.length === 1 && claimed !== null && timingSafeEqual(claimed, actual)) return null;
  return refuse("body_hash_mismatch", {
    step: "body",
    summary: `The signed URL is genuine, but its ${parameter} is not the SHA-256 of the ${body.length} bytes that came: the body was changed on the way. Verify the raw body.`,
    evidence: { bodyBytes: body.length, bodySha256: actual.toString("hex"), parameters: hashes.length },
    likelyCause: body.length === 0 ? "body_empty" : "body_not_raw",
  });
}

function refuseNoUrl({ entry }: Arrival): Refused {
  return refuse("receiver_incomplete", {
    step: "receiver",
    summary: `${entry.provider.name} signs the whole URL that it addressed. Give the receiver notificationUrl, or the request an absolute url.`,
    evidence: { field: "notificationUrl" },
    likelyCause: "configuration",
  });
}

/** The signature that the scheme makes, or null when it would not cover the body. */
export function signUrlParams(arrival: Arrival, scheme: UrlParamsScheme, key: string | Buffer): Buffer | null {
  const url = publicUrl(arrival);
  if (url === null || checkBody(arrival, scheme, url) !== null) return null;
  return hmac(scheme.hash, key, [url + parameterText(arrival.request.body, url, scheme)]);
}
