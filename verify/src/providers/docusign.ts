import type { HeaderSet } from "../arrival.ts";
import { bodyHmac } from "../body-hmac.ts";
import { withoutField } from "../extract/without-field.ts";
import { defineProvider } from "../define-provider.ts";

/** Headers that are read, at most: DocuSign signs with up to 100 keys. */
const headersMax = 100;
const nameOf = (number: number) => `X-DocuSign-Signature-${number}`;

/** The headers from one number on. The second set is for a first header that is not there. */
function numbered(first: number): HeaderSet {
  const others = Array.from({ length: headersMax - first }, (_, index) => nameOf(first + 1 + index));
  return { signature: nameOf(first), others };
}

/** DocuSign Connect. One header for each active key, numbered. */
export const docusign = defineProvider({
  slug: "docusign",
  name: "DocuSign Connect",
  headers: [numbered(1), numbered(2)],
  stableContent: withoutField("retryCount"),
  scheme: bodyHmac("base64"),
  identity: {
    id: [],
    type: [[{ body: "event" }]],
    time: [{ place: { body: "generatedDateTime" }, unit: "iso" }],
    version: [{ body: "apiVersion" }],
    forms: false,
  },
  facts: {
    identity: "none",
    signedContent: "{body}",
    eventIdFrom: "none",
    dedupeKey: "the body without `retryCount`",
    notCovered: "the time (there is none outside the body), URL and method",
    handshakeNote: "none",
    notes:
      "`retryCount` changes from attempt to attempt and is left out of the key. DocuSign signs with up to 100 keys; all of its headers are read. Retries for 15 days.",
    source: ["developers.docusign.com connect"],
    confidence: "medium",
  },
});
