import { defineProvider } from "../define-provider.ts";
import { standardFacts, standardHeaders, standardIdentity, standardScheme } from "./standard-webhooks.ts";

/** Polar. The whole secret is the key, as text: nothing is decoded. */
export const polar = defineProvider({
  slug: "polar",
  name: "Polar",
  headers: [standardHeaders],
  scheme: { ...standardScheme, secret: { encoding: "utf8", prefix: "", bytesMin: 16 } },
  identity: standardIdentity,
  facts: {
    ...standardFacts,
    notes: `${standardFacts.notes} Up to ten retries.`,
    source: ["@polar-sh/sdk@0.49.0 dist/commonjs/webhooks.js"],
    confidence: "medium",
  },
});
