import { defineProvider } from "../define-provider.ts";
import { standardFacts, standardHeaders, standardIdentity, standardScheme } from "./standard-webhooks.ts";

/** Lithic. */
export const lithic = defineProvider({
  slug: "lithic",
  name: "Lithic",
  headers: [standardHeaders],
  scheme: standardScheme,
  identity: {
    ...standardIdentity,
    type: [[{ body: "event_type" }]],
    time: [{ place: { body: "created" }, unit: "iso" }],
  },
  facts: {
    ...standardFacts,
    notes: `${standardFacts.notes} Eight attempts over about 28 hours.`,
    source: ["lithic@0.145.0 resources/webhooks.js"],
    confidence: "medium",
  },
});
