import type { Arrival } from "../arrival.ts";
import { defineProvider } from "../define-provider.ts";
import { digestOf, macScheme } from "../engines/mac-scheme.ts";
import type { MacReading } from "../engines/mac-scheme.ts";
import { readHeader, readMoment, readSignature } from "../engines/read-parts.ts";
import type { Receiver } from "../receiver.ts";
import { writeTimestamp } from "../timestamp.ts";
import type { Refused } from "../verdict.ts";

const header = "X-Cld-Signature";
const timeHeader = "X-Cld-Timestamp";

/** Cloudinary: a plain hash over body, time and secret; no HMAC. */
export const cloudinary = defineProvider({
  slug: "cloudinary",
  name: "Cloudinary",
  headers: [{ signature: header, timestamp: timeHeader }],
  scheme: macScheme({
    engine: "digest",
    secret: { encoding: "utf8", prefix: "", bytesMin: 16 },
    toleranceSec: 7200,
    signsUrl: false,
    mac: (key, content, receiver) => digestOf(hashOf(receiver), [...content, key]),
    read,
    write: ({ request, now }, make) => {
      const timestamp = writeTimestamp(now, "s");
      const signature = make([request.body, timestamp]).toString("hex");
      return {
        url: request.url,
        body: request.body,
        headers: [
          [timeHeader, timestamp],
          [header, signature],
        ],
      };
    },
  }),
  identity: {
    id: [{ body: "request_id" }],
    idIsUnique: false,
    type: [[{ body: "notification_type" }]],
    time: [{ place: { body: "timestamp" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "none",
    signedContent: "{body}{timestamp}{secret}, hashed without HMAC",
    eventIdFrom: "none: body `request_id` names the upload, which may cause several notifications",
    dedupeKey: "the body",
    notCovered: "URL, method and other headers",
    handshakeNote: "none",
    notes:
      "SHA-1 unless the receiver's `algorithm` is `sha256`. Retries come over hours, hence the wide tolerance, which is Cloudinary's own. Where another API key of the account signs, give its secret too.",
    source: ["cloudinary@2.11.0 lib/utils/index.js"],
    confidence: "medium",
  },
});

function hashOf({ algorithm }: Receiver): "sha1" | "sha256" {
  return typeof algorithm === "string" && /^sha-?256$/i.test(algorithm) ? "sha256" : "sha1";
}

function read(arrival: Arrival): MacReading | Refused {
  const bytes = hashOf(arrival.receiver) === "sha256" ? 32 : 20;
  const signature = readSignature(header, arrival.values.signature, "hex", bytes);
  if ("ok" in signature) return signature;
  const text = readHeader(arrival, timeHeader);
  if (typeof text !== "string") return text;
  const signedAtMs = readMoment(timeHeader, text, "s");
  if (typeof signedAtMs !== "number") return signedAtMs;
  const time = { text, signedAtMs, unit: "s" } as const;
  return { ok: true, signatures: [signature], contentsOf: (body) => [[body, text]], url: "", time };
}
