import { defineProvider } from "../define-provider.ts";
import { standardFacts, standardHeaders, standardIdentity, standardScheme } from "./standard-webhooks.ts";

/** The names under which Svix sends. */
export const svixHeaders = { signature: "svix-signature", timestamp: "svix-timestamp", id: "svix-id" } as const;

/** Svix: Standard Webhooks under its own header names, or under the common ones when they are white-labelled. */
export const svix = defineProvider({
  slug: "svix",
  name: "Svix",
  headers: [svixHeaders, standardHeaders],
  scheme: standardScheme,
  identity: standardIdentity,
  facts: {
    ...standardFacts,
    eventIdFrom: "header `svix-id` (or `webhook-id`); signed, and the same on every retry",
    notes: `${standardFacts.notes} Where both sets of headers come, the svix- set counts, and the two are never mixed.`,
    source: ["svix@1.99.1 dist/webhook.js", "svix-webhooks server/svix-server/config.default.toml"],
    confidence: "medium",
  },
});
