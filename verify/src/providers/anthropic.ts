import { defineProvider } from "../define-provider.ts";
import { standardFacts, standardHeaders, standardIdentity, standardScheme } from "./standard-webhooks.ts";

/** Anthropic. */
export const anthropic = defineProvider({
  slug: "anthropic",
  name: "Anthropic",
  headers: [standardHeaders],
  scheme: standardScheme,
  identity: { ...standardIdentity, time: [{ place: { body: "created_at" }, unit: "iso" }] },
  facts: {
    ...standardFacts,
    notes: `${standardFacts.notes} Its retries are not documented.`,
    source: ["@anthropic-ai/sdk@1.12.0 resources/beta/webhooks.js"],
    confidence: "medium",
  },
});
