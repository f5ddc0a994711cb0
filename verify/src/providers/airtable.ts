import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";
import { path } from "../extract/json-scan.ts";
import { joinTexts, selectTexts } from "../extract/select.ts";

const keyPaths = ["base.id", "webhook.id", "timestamp"].map(path);

/** Airtable: a ping that something has changed. */
export const airtable = defineProvider({
  slug: "airtable",
  name: "Airtable",
  headers: [{ signature: "X-Airtable-Content-MAC" }],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "plain", prefix: "hmac-sha256=", encoding: "hex" },
    timestamp: null,
    content: template("{body}"),
    secret: { encoding: "base64", prefix: "", bytesMin: 24 },
  },
  identity: {
    id: [],
    type: [],
    time: [{ place: { body: "timestamp" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  stableContent: ({ request }) => {
    const texts = selectTexts(request.body, keyPaths);
    return typeof texts[1] === "string" && typeof texts[2] === "string" ? [joinTexts(texts)] : [request.body];
  },
  facts: {
    identity: "none",
    signedContent: "{body}",
    eventIdFrom: "none",
    dedupeKey: "base, webhook and time",
    notCovered: "the time of sending, URL and method",
    handshakeNote: "none",
    notes: "`secrets` holds `macSecretBase64`. The ping says only that there are payloads to fetch, by their cursor.",
    source: ["airtable.com/developers webhooks overview (from memory)"],
    confidence: "medium",
  },
});
