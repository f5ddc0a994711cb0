import { defineProvider } from "../define-provider.ts";
import { standardFacts, standardIdentity, standardScheme } from "./standard-webhooks.ts";
import { svixHeaders } from "./svix.ts";

/** Clerk, sent by Svix. */
export const clerk = defineProvider({
  slug: "clerk",
  name: "Clerk",
  headers: [svixHeaders],
  scheme: standardScheme,
  identity: { ...standardIdentity, time: [{ place: { body: "timestamp" }, unit: "ms" }] },
  facts: {
    ...standardFacts,
    eventIdFrom: "header `svix-id`; signed, and the same on every retry",
    notes: `${standardFacts.notes} Eight attempts over about 28 hours; five days of failures switch it off.`,
    source: ["@clerk/backend@3.25.0 dist/webhooks.js"],
    confidence: "medium",
  },
});
