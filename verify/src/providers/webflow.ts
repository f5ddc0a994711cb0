import { chosenSecret } from "../body-hmac.ts";
import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** Webflow. The time in milliseconds in a header of its own, a colon between time and body. */
export const webflow = defineProvider({
  slug: "webflow",
  name: "Webflow",
  headers: [{ signature: "x-webflow-signature", timestamp: "x-webflow-timestamp" }],
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "plain", prefix: "", encoding: "hex" },
    timestamp: { at: "header", unit: "ms", toleranceSec: 300 },
    content: template("{timestamp}:{body}"),
    secret: chosenSecret,
  },
  identity: {
    id: [],
    type: [[{ body: "triggerType" }]],
    time: [
      { place: { body: "payload.createdOn" }, unit: "iso" },
      { place: { body: "payload.submittedAt" }, unit: "iso" },
    ],
    version: [],
    forms: false,
  },
  facts: {
    identity: "none",
    signedContent: "{timestamp}:{body}",
    eventIdFrom: "none",
    dedupeKey: "the body",
    notCovered: "URL, method and other headers",
    handshakeNote: "none",
    notes:
      "Only webhooks that an OAuth application made are signed, with its client secret. Three retries, ten minutes apart.",
    source: ["developers.webflow.com/data/v1.0.0/docs/verifying-webhook-signatures"],
    confidence: "medium",
  },
});
