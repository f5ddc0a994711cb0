import { publicUrl } from "../engines/public-url.ts";
import type { Arrival } from "../arrival.ts";
import { defineProvider } from "../define-provider.ts";
import { hmacWith, macScheme } from "../engines/mac-scheme.ts";
import type { MacReading } from "../engines/mac-scheme.ts";
import { readSignature, refuseIncomplete } from "../engines/read-parts.ts";
import { methodCheck } from "../handshakes/answers.ts";
import type { Refused } from "../verdict.ts";

const header = "X-Trello-Webhook";

/** Trello: the body, and the callback URL behind it. */
export const trello = defineProvider({
  slug: "trello",
  name: "Trello",
  headers: [{ signature: header }],
  handshakeMethods: ["HEAD"],
  scheme: macScheme({
    engine: "canonical-request",
    secret: { encoding: "utf8", prefix: "", bytesMin: 24 },
    toleranceSec: null,
    signsUrl: true,
    receiverFields: ["secrets", "callbackUrl"],
    mac: hmacWith("sha1"),
    read,
    write: ({ receiver, request }, make) => {
      const url = receiver.callbackUrl ?? receiver.notificationUrl ?? publicUrl({ receiver, request });
      if (url === null)
        throw new Error("Trello signs the receiver's callbackUrl, and it has none, nor the request an absolute url.");
      return {
        url: request.url,
        body: request.body,
        headers: [[header, make([request.body, url]).toString("base64")]],
      };
    },
  }),
  identity: {
    id: [{ body: "action.id" }],
    type: [[{ body: "action.type" }]],
    time: [{ place: { body: "action.date" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  handshakes: [methodCheck("HEAD")],
  facts: {
    identity: "signed",
    signedContent: "{body}{callbackUrl}",
    eventIdFrom: "body `action.id`; the same on every retry and in every webhook that watches the same board",
    dedupeKey: "action id",
    notCovered: "the time of sending (there is none), method and other headers",
    handshakeNote: "HEAD is answered with 200",
    notes: "`callbackUrl` exactly as registered. An answer of 410 makes Trello delete the webhook.",
    source: ["developer.atlassian.com trello webhooks (from memory)"],
    confidence: "medium",
  },
});

function read(arrival: Arrival): MacReading | Refused {
  const signature = readSignature(header, arrival.values.signature, "base64", 20);
  if ("ok" in signature) return signature;
  const { callbackUrl, notificationUrl } = arrival.receiver;
  const url = callbackUrl ?? notificationUrl ?? publicUrl(arrival) ?? "";
  if (url === "") return refuseIncomplete(arrival, "callbackUrl", "signs the URL that is registered there");
  return { ok: true, signatures: [signature], contentsOf: (body, at) => [[body, at]], url, time: null };
}
