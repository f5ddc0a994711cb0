import { bodyHmac } from "../body-hmac.ts";
import { defineProvider } from "../define-provider.ts";

/** Jira Cloud: webhooks of administrators and of the REST API with a secret. Connect apps send a JWT and are not meant here. */
export const jira = defineProvider({
  slug: "jira",
  name: "Jira Cloud",
  headers: [{ signature: "X-Hub-Signature", id: "X-Atlassian-Webhook-Identifier" }],
  scheme: bodyHmac("hex", "sha256="),
  identity: {
    id: [{ header: "id" }],
    type: [[{ body: "webhookEvent" }]],
    time: [{ place: { body: "timestamp" }, unit: "ms" }],
    version: [],
    forms: false,
  },
  facts: {
    identity: "unsigned",
    signedContent: "{body}",
    eventIdFrom: "header `X-Atlassian-Webhook-Identifier`; the same on every retry",
    dedupeKey: "webhook identifier, and the body",
    notCovered: "the identifier, the retry header, URL and method",
    handshakeNote: "none",
    notes:
      "Up to five retries. Webhooks of Connect apps are authenticated by a JWT in Authorization, which is another scheme.",
    source: [
      "hookdeck.com how to secure and verify Jira webhooks; developer.atlassian.com jira webhooks (from memory)",
    ],
    confidence: "medium",
  },
});
