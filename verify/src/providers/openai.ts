import { defineProvider } from "../define-provider.ts";
import { standardFacts, standardHeaders, standardIdentity, standardScheme } from "./standard-webhooks.ts";

/** OpenAI. A secret without `whsec_` is its text, as in its library. */
export const openai = defineProvider({
  slug: "openai",
  name: "OpenAI",
  headers: [standardHeaders],
  scheme: { ...standardScheme, secret: { encoding: "base64-behind-prefix", prefix: "whsec_", bytesMin: 24 } },
  identity: { ...standardIdentity, time: [{ place: { body: "created_at" }, unit: "s" }] },
  facts: {
    ...standardFacts,
    notes: `${standardFacts.notes} Its library also takes a signature without the label v1, which OpenAI does not send; here it is refused. Retries for 72 hours.`,
    source: ["openai@6.49.0 resources/webhooks/webhooks.js"],
    confidence: "medium",
  },
});
