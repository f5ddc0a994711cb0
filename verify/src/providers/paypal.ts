import { sign as signBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Arrival } from "../arrival.ts";
import type { CodedScheme } from "../coded-scheme.ts";
import { defineProvider } from "../define-provider.ts";
import { explainPublicKeyMismatch } from "../diagnose/public-key-mismatch.ts";
import { checkTime } from "../engines/check-time.ts";
import { decodeBase64, verifyRsa } from "../engines/key-pair.ts";
import type { Finding } from "../engines/proof.ts";
import { readHeader, readIsoMoment, refuseIncomplete, refuseSpelling } from "../engines/read-parts.ts";
import { privateKeyOf } from "../engines/signing-key.ts";
import { findCertificate } from "../engines/trust-certificate.ts";
import { onlyHeader } from "../request.ts";

const names = {
  signature: "PAYPAL-TRANSMISSION-SIG",
  id: "PAYPAL-TRANSMISSION-ID",
  time: "PAYPAL-TRANSMISSION-TIME",
  certificate: "PAYPAL-CERT-URL",
  algorithm: "PAYPAL-AUTH-ALGO",
} as const;
const algorithm = "SHA256withRSA";
const place = {
  host: /^api(?:-m)?(?:\.sandbox)?\.paypal\.com$/,
  path: /^\/v1\/notifications\/certs\/\w[\w.-]{0,127}$/,
};

const scheme: CodedScheme = {
  engine: "certificate",
  secret: null,
  readsPublicKeys: false,
  receiverFields: ["webhookId"],
  toleranceSec: 300,
  signsUrl: false,
  prove,
  sign: (input) => {
    const { request, receiver, now } = input;
    const id = onlyHeader(request.headers, names.id.toLowerCase()) ?? `${now.getTime()}-holdfast`;
    const time = now.toISOString().replace(/\.\d+Z$/, "Z");
    const url = Object.keys(receiver.certificates ?? {})[0] ?? "https://api.paypal.com/v1/notifications/certs/CERT-1";
    const content = contentOf(id, time, receiver.webhookId ?? "", request.body);
    return {
      url: request.url,
      body: request.body,
      headers: [
        [names.id, id],
        [names.time, time],
        [names.certificate, url],
        [names.algorithm, algorithm],
        [names.signature, signBytes("sha256", Buffer.from(content), privateKeyOf(input)).toString("base64")],
      ],
    };
  },
};

/** PayPal: RSA over ids, time and the checksum of the body, with a certificate from PayPal's own host. */
export const paypal = defineProvider({
  slug: "paypal",
  name: "PayPal",
  headers: [{ signature: names.signature }],
  securityHeaders: Object.values(names).map((name) => name.toLowerCase()),
  scheme,
  identity: {
    id: [{ body: "id" }],
    type: [[{ body: "event_type" }]],
    time: [{ place: { body: "create_time" }, unit: "iso" }],
    version: [{ body: "event_version" }, { body: "resource_version" }],
    forms: false,
  },
  // The checksum is no hash: another body with the same one can be made. The transmission's id is signed as it is.
  stableContent: ({ request }, signed) => [...signed, "\0", request.body],
  facts: {
    identity: "unsigned",
    signedContent: "{transmission id}|{transmission time}|{webhookId}|{CRC-32 of body}",
    eventIdFrom: "body `id`; the same on every retry and resend",
    dedupeKey: "event id, and the signed transmission with the body",
    notCovered:
      "the body but for 32 bits of checksum: whoever holds one genuine request can make another body that fits it, within the tolerance. URL and method",
    handshakeNote: "none",
    notes:
      "`webhookId` as PayPal shows it. The certificate's URL must be https on api.paypal.com, api-m.paypal.com or one of their sandboxes, below /v1/notifications/certs/ and without a query; with `trustedRoots` its chain must lead to one of them. `certHostPattern` replaces the host.",
    source: ["developer.paypal.com verify webhook signature; the signed text from memory"],
    confidence: "medium",
  },
});

function contentOf(id: string, time: string, webhookId: string, body: Uint8Array): string {
  return `${id}|${time}|${webhookId}|${crc32(body)}`;
}

function prove(arrival: Arrival): Finding {
  const { webhookId } = arrival.receiver;
  if (typeof webhookId !== "string" || webhookId === "")
    return refuseIncomplete(arrival, "webhookId", "signs the id of the webhook");
  const parts = [names.signature, names.id, names.time, names.certificate, names.algorithm].map((name) =>
    readHeader(arrival, name),
  );
  const fault = parts.find((part) => typeof part !== "string");
  if (fault !== undefined && typeof fault !== "string") return fault;
  const [text = "", id = "", time = "", url = "", method = ""] = parts.map(String);
  if (method !== algorithm) return refuseSpelling(names.algorithm, method, `only ${algorithm} counts`);
  if (id.includes("|")) return refuseSpelling(names.id, id, "it has a bar in it");
  const signature = decodeBase64(text);
  if (signature === null) return refuseSpelling(names.signature, text, "it is not standard base64");
  const signedAtMs = readIsoMoment(names.time, time);
  if (typeof signedAtMs !== "number") return signedAtMs;
  const certificate = findCertificate(arrival, url, place);
  if ("ok" in certificate) return certificate;
  const fits = (body: Uint8Array) =>
    verifyRsa("sha256", certificate.publicKey, Buffer.from(contentOf(id, time, webhookId, body)), signature);
  const { body } = arrival.request;
  if (!fits(body)) {
    const claim = { ok: true, signatures: [signature], timestamp: time, signedAtMs, id: "" } as const;
    const makes = (other: Uint8Array) => (fits(other) ? "certificate" : null);
    return explainPublicKeyMismatch({ arrival, claim, keyCount: 1, makes });
  }
  const late = checkTime(arrival, { at: "header", unit: "s", toleranceSec: 300 }, signedAtMs);
  const signed = [contentOf(id, time, webhookId, body)];
  return late ?? { ok: true, secretVersion: null, signedAt: new Date(signedAtMs), signed };
}
