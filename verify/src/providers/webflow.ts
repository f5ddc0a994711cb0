import { chosenSecret } from "../body-hmac.ts";
import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";
import { timedBody } from "../extract/timed-body.ts";

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
  // Of what else is told the body may come again: an inventory that goes from 15 to 14 and back to 15.
  stableContent: timedBody("payload.submittedAt"),
  facts: {
    identity: "none",
    signedContent: "{timestamp}:{body}",
    eventIdFrom: "none",
    dedupeKey:
      "the body of a form's submission (it holds the time); of all else what is signed, the time of sending with it",
    notCovered: "URL, method and other headers",
    handshakeNote: "none",
    notes:
      "Webhooks that an OAuth application made are signed with its client secret; those made with a site's token since 14 April 2025 each with a secret of its own, which the answer to their creation shows. Those made in the dashboard are not signed, and are refused. Three retries, ten minutes apart: one that is signed anew counts as a new event, unless it tells a form's submission.",
    source: [
      "developers.webflow.com/data/v1.0.0/docs/verifying-webhook-signatures",
      "developers.webflow.com/data/docs/working-with-webhooks",
    ],
    confidence: "medium",
  },
});
