import { defineProvider } from "../define-provider.ts";
import { standardFacts, standardIdentity, standardScheme } from "./standard-webhooks.ts";
import { svixHeaders } from "./svix.ts";

/** Resend, sent by Svix. */
export const resend = defineProvider({
  slug: "resend",
  name: "Resend",
  headers: [svixHeaders],
  scheme: standardScheme,
  identity: { ...standardIdentity, time: [{ place: { body: "created_at" }, unit: "iso" }] },
  facts: {
    ...standardFacts,
    eventIdFrom: "header `svix-id`; signed, and the same on every retry",
    notes: `${standardFacts.notes} Eight attempts over about 28 hours.`,
    source: ["resend@6.38.0 dist/index.cjs"],
    confidence: "medium",
  },
});
