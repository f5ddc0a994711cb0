import { defineProvider } from "../define-provider.ts";
import { standardFacts, standardHeaders, standardIdentity, standardScheme } from "./standard-webhooks.ts";

/** Replicate. The type of an event is the status of the prediction. */
export const replicate = defineProvider({
  slug: "replicate",
  name: "Replicate",
  headers: [standardHeaders],
  // Its library takes what is behind the last underscore.
  scheme: { ...standardScheme, secret: { ...standardScheme.secret, prefixEnd: "_" } },
  identity: {
    ...standardIdentity,
    type: [[{ body: "status" }]],
    time: [
      { place: { body: "completed_at" }, unit: "iso" },
      { place: { body: "created_at" }, unit: "iso" },
    ],
  },
  facts: {
    ...standardFacts,
    notes: `${standardFacts.notes} The body's id is the prediction, which has several events. Its library looks at no clock; here the 300 s of the specification count. Only events of an end are retried, for about a minute.`,
    source: ["replicate@1.4.0 lib/util.js"],
    confidence: "medium",
  },
});
