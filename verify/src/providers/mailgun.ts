import { noHeader } from "../arrival.ts";
import { defineProvider } from "../define-provider.ts";
import { hmacWith, macScheme } from "../engines/mac-scheme.ts";
import type { MacReading } from "../engines/mac-scheme.ts";
import type { Arrival } from "../arrival.ts";
import { readMoment, readSignature, refuseBody } from "../engines/read-parts.ts";
import { path } from "../extract/json-scan.ts";
import { selectTexts } from "../extract/select.ts";
import { parseObject } from "../engines/jws.ts";
import { writeTimestamp } from "../timestamp.ts";
import type { Refused } from "../verdict.ts";

/**
 * Retries come with the signature of the first try, the last of them 8 h 5 min later. What is taken so late is taken once: the signed
 * time and token are a key of the ledger.
 */
const toleranceSec = 9 * 3600;
const paths = ["signature.timestamp", "signature.token", "signature.signature"].map(path);

/** Mailgun: the signature is in the body, over a time and a token beside it. The event itself is not signed. */
export const mailgun = defineProvider({
  slug: "mailgun",
  name: "Mailgun",
  headers: [noHeader],
  scheme: macScheme({
    engine: "body-fields",
    secret: { encoding: "utf8", prefix: "", bytesMin: 16 },
    toleranceSec,
    signsUrl: false,
    mac: hmacWith("sha256"),
    read,
    write: ({ request, now }, make) => {
      const timestamp = writeTimestamp(now, "s");
      const token = make([`token ${timestamp} `, request.body])
        .toString("hex")
        .slice(0, 50);
      const signature = { timestamp, token, signature: make([timestamp, token]).toString("hex") };
      const body = { ...parseObject(request.body), signature };
      return { url: request.url, headers: [], body: Buffer.from(JSON.stringify(body)) };
    },
  }),
  identity: {
    id: [{ body: "event-data.id" }],
    type: [[{ body: "event-data.event" }]],
    time: [{ place: { body: "event-data.timestamp" }, unit: "s" }],
    version: [],
    forms: false,
  },
  // The token is fresh for each request: a captured one that comes back around another event is told by it.
  stableContent: (arrival, signed) => (signed.length > 0 ? signed : [arrival.request.body]),
  facts: {
    identity: "unsigned",
    signedContent: "{signature.timestamp}{signature.token}",
    eventIdFrom: "body `event-data.id`; the same on every retry",
    dedupeKey: "event id, and the signed time and token",
    notCovered: "the event: `event-data` and everything else but time and token. Only https protects it",
    handshakeNote: "none",
    notes:
      "`secrets` holds the HTTP webhook signing key. An answer of 406 stops Mailgun's retries. They bring the signature of the first try, 10 minutes to 8 hours later: a shorter `toleranceSec` refuses them.",
    source: ["documentation.mailgun.com securing webhooks (from memory)"],
    confidence: "medium",
  },
});

function read(arrival: Arrival): MacReading | Refused {
  const [timestamp, token, text] = selectTexts(arrival.request.body, paths);
  if (typeof timestamp !== "string" || typeof token !== "string" || typeof text !== "string")
    return refuseBody(arrival, "it has no signature object with timestamp, token and signature, each once");
  if (!/^[!-~]{1,128}$/.test(token)) return refuseBody(arrival, "its signature.token is no token");
  const signedAtMs = readMoment("signature.timestamp", timestamp, "s");
  if (typeof signedAtMs !== "number") return signedAtMs;
  const signature = readSignature("signature.signature", text, "hex", 32);
  if ("ok" in signature) return signature;
  const time = { text: timestamp, signedAtMs, unit: "s" } as const;
  return { ok: true, signatures: [signature], contentsOf: () => [[timestamp, token]], url: "", time };
}
