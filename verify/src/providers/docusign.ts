import { bodyHmac } from "../body-hmac.ts";
import { withoutField } from "../extract/without-field.ts";
import { defineProvider } from "../define-provider.ts";

/** DocuSign Connect. One header for each active key, numbered; the first ten are read. */
export const docusign = defineProvider({
  slug: "docusign",
  name: "DocuSign Connect",
  headers: [
    {
      signature: "X-DocuSign-Signature-1",
      others: [
        "X-DocuSign-Signature-2",
        "X-DocuSign-Signature-3",
        "X-DocuSign-Signature-4",
        "X-DocuSign-Signature-5",
        "X-DocuSign-Signature-6",
        "X-DocuSign-Signature-7",
        "X-DocuSign-Signature-8",
        "X-DocuSign-Signature-9",
        "X-DocuSign-Signature-10",
      ],
    },
    {
      signature: "X-DocuSign-Signature-2",
      others: [
        "X-DocuSign-Signature-3",
        "X-DocuSign-Signature-4",
        "X-DocuSign-Signature-5",
        "X-DocuSign-Signature-6",
        "X-DocuSign-Signature-7",
        "X-DocuSign-Signature-8",
        "X-DocuSign-Signature-9",
        "X-DocuSign-Signature-10",
      ],
    },
  ],
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
      "`retryCount` changes from attempt to attempt and is left out of the key. DocuSign signs with up to 100 keys; ten of its headers are read. Retries for 15 days.",
    source: ["developers.docusign.com connect"],
    confidence: "medium",
  },
});
