import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";
import type { IdentityRule } from "../extract/identity-rule.ts";
import type { ProviderDefinition } from "../provider.ts";
import type { HmacTemplateScheme } from "../scheme.ts";

/** The scheme of the Standard Webhooks specification 1.0, which many providers share. */
export const standardScheme: HmacTemplateScheme = {
  engine: "hmac-template",
  hash: "sha256",
  signature: { form: "versions", version: "v1", encoding: "base64" },
  timestamp: { at: "header", unit: "s", toleranceSec: 300 },
  content: template("{id}.{timestamp}.{body}"),
  secret: { encoding: "base64", prefix: "whsec_", bytesMin: 24 },
};

/** The specification's header names. */
export const standardHeaders = {
  signature: "webhook-signature",
  timestamp: "webhook-timestamp",
  id: "webhook-id",
} as const;

/** The specification's identity: the id in the header, `type` and `timestamp` in the body. */
export const standardIdentity: IdentityRule = {
  id: [{ header: "id" }],
  type: [[{ body: "type" }]],
  time: [{ place: { body: "timestamp" }, unit: "iso" }],
  version: [],
  forms: false,
};

/** What is true of every provider with this scheme. */
export const standardFacts: ProviderDefinition["facts"] = {
  identity: "signed",
  signedContent: "{id}.{timestamp}.{body}",
  eventIdFrom: "header `webhook-id`; signed, and the same on every retry",
  dedupeKey: "event id",
  notCovered: "URL, method and other headers",
  handshakeNote: "none",
  notes:
    "Several v1 signatures while secrets overlap; other versions are passed over. Each attempt is signed anew. An id with a dot is refused: one signature would stand for two splits.",
  source: ["standardwebhooks@1.1.1 dist/index.js", "standard-webhooks spec/standard-webhooks.md"],
  confidence: "high",
};

/** Any sender that follows Standard Webhooks 1.0. */
export const standardWebhooks = defineProvider({
  slug: "standard-webhooks",
  name: "Standard Webhooks",
  headers: [standardHeaders],
  scheme: standardScheme,
  identity: standardIdentity,
  facts: standardFacts,
});
