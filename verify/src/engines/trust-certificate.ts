import { X509Certificate } from "node:crypto";
import type { Arrival } from "../arrival.ts";
import { checkStrength } from "../public-key.ts";
import { excerpt } from "../encoding.ts";
import { refuse } from "../refuse.ts";
import type { KeyNeeded, Refused } from "../verdict.ts";

/** Certificates of one bundle at most, and steps of one chain. */
const certificatesMax = 8;
const bundleCharsMax = 64 * 1024;

/** Where a provider's certificates lie. */
export interface CertificatePlace {
  /** What a host must be, whole. Replaced by the receiver's certHostPattern. */
  readonly host: RegExp;
  /** What follows the host, as it is written, a query included. */
  readonly path: RegExp;
}

/** True for an https URL of the provider's place, on the usual port, without anything that could mean another place. */
export function isPinned(url: string, { host, path }: CertificatePlace, pattern: string | undefined): boolean {
  if (url.length > 2048 || !/^https:\/\/[!-~]+$/.test(url) || /[\\@#]/.test(url) || !URL.canParse(url)) return false;
  const parsed = new URL(url);
  const [written, rest] = [url.slice(8, 8 + parsed.hostname.length), url.slice(8 + parsed.hostname.length)];
  if (parsed.port !== "" || parsed.username !== "" || written.toLowerCase() !== parsed.hostname) return false;
  const own = pattern === undefined ? host : compile(pattern);
  return own !== null && own.test(parsed.hostname) && path.test(rest);
}

/** The receiver's own pattern, anchored at both ends; null when it cannot be read, and then nothing is trusted. */
function compile(pattern: string): RegExp | null {
  if (pattern === "" || pattern.length > 256) return null;
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch {
    return null;
  }
}

/**
 * The certificate behind a URL that a request names: fetched by the caller, from the provider's host only, in date, and with a
 * chain to the receiver's trustedRoots where it has any. Without trustedRoots the https fetch from the pinned host is the trust.
 */
export function findCertificate(
  arrival: Arrival,
  url: string,
  place: CertificatePlace,
): X509Certificate | Refused | KeyNeeded {
  const { receiver, now } = arrival;
  if (!isPinned(url, place, receiver.certHostPattern))
    return refuseCertificate(
      arrival,
      `its URL (${excerpt(url, 96)}) is no place of the provider's certificates by https`,
    );
  const held: Readonly<Record<string, unknown>> = { ...receiver.certificates };
  const pem = Object.hasOwn(held, url) ? held[url] : undefined;
  if (typeof pem !== "string")
    return { ok: false, reason: "key_needed", need: { kind: "certificate", url, kid: null } };
  const bundle = readBundle(pem);
  const [leaf] = bundle;
  if (leaf === undefined) return refuseCertificate(arrival, "what was fetched from its URL is no certificate as PEM");
  const fault = findFault(leaf, bundle.slice(1), receiver.trustedRoots, now);
  return fault === null ? leaf : refuseCertificate(arrival, fault);
}

/** The certificates of an answer that begins with one: what stands somewhere in a page, anybody may have written there. */
function readBundle(pem: string): X509Certificate[] {
  if (pem.length > bundleCharsMax || !/^\s*-----BEGIN CERTIFICATE-----/.test(pem)) return [];
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.slice(0, certificatesMax).flatMap((block) => readCertificate(block) ?? []);
}

/** A certificate from PEM or DER, or null. */
export function readCertificate(given: string | Uint8Array): X509Certificate | null {
  try {
    return new X509Certificate(given);
  } catch {
    return null;
  }
}

function findFault(
  leaf: X509Certificate,
  more: readonly X509Certificate[],
  roots: readonly string[] | undefined,
  now: Date,
): string | null {
  const strength = checkStrength(leaf.publicKey);
  if (typeof strength === "string") return `its key ${strength}`;
  if (roots === undefined) return isInDate(leaf, now) ? null : "it is out of date";
  const trusted = roots.slice(0, certificatesMax).flatMap((pem) => readCertificate(pem) ?? []);
  return chainFault(leaf, more, trusted, now);
}

/** Null when the leaf leads, by signatures, names, authority flags and dates, to one of the roots. */
export function chainFault(
  leaf: X509Certificate,
  more: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  now: Date,
): string | null {
  let current = leaf;
  for (let step = 0; step < certificatesMax; step += 1) {
    if (!isInDate(current, now)) return step === 0 ? "it is out of date" : "a certificate above it is out of date";
    if (roots.some((root) => root.raw.equals(current.raw))) return null;
    const at = current;
    const root = roots.find((one) => isIssuedBy(at, one));
    if (root !== undefined) return isInDate(root, now) ? null : "its root is out of date";
    const next = more.find((one) => !one.raw.equals(at.raw) && one.ca && isIssuedBy(at, one));
    if (next === undefined) return "no chain leads from it to a trusted root";
    current = next;
  }
  return "its chain is too long";
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isInDate({ validFrom, validTo }: X509Certificate, now: Date): boolean {
  return now.getTime() >= Date.parse(validFrom) && now.getTime() <= Date.parse(validTo);
}

/** The refusal of a certificate. */
export function refuseCertificate({ entry }: Arrival, fault: string): Refused {
  return refuse("certificate_untrusted", {
    step: "signature",
    summary: `The certificate that ${entry.provider.name}'s signature names is not trusted: ${fault}.`,
    evidence: { provider: entry.provider.slug },
  });
}
