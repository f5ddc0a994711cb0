import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";

/** GitHub. Signs the body alone, JSON or form (`payload=…`), as it is sent. */
export const github = defineProvider({
  slug: "github",
  name: "GitHub",
  headers: [{ signature: "X-Hub-Signature-256", id: "X-GitHub-Delivery", type: "X-GitHub-Event" }],
  legacyHeader: "X-Hub-Signature",
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "plain", prefix: "sha256=", encoding: "hex" },
    timestamp: null,
    content: template("{body}"),
    secret: { encoding: "utf8", prefix: "", bytesMin: 24 },
  },
  identity: {
    id: [{ header: "id" }],
    type: [[{ header: "type" }, { body: "action" }]],
    time: [],
    version: [],
    forms: true,
  },
  facts: {
    identity: "unsigned",
    signedContent: "{body}",
    eventIdFrom: "header `X-GitHub-Delivery`; the same when a delivery is sent again by hand",
    dedupeKey: "delivery id, and the body",
    notCovered: "the delivery id, the event name, the time (there is none), URL and method",
    handshakeNote: "none: the `ping` on creation is an ordinary event",
    notes:
      "No automatic retries. The same change reaches a repository's and an organisation's subscription under two ids. Two dispatches with the same inputs can have the same bytes, and then count as one. SHA-1 signatures are never enough.",
    source: ["@octokit/webhooks-methods@6.0.0", "docs.github.com webhooks best practices"],
    confidence: "high",
  },
});
