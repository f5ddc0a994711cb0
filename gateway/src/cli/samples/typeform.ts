import { jsonSample } from "./json-sample.ts";
import type { Fresh } from "./sample.ts";

const answers = (fresh: Fresh) => ({
  form_id: fresh.id("", 8),
  token: fresh.hex(32),
  landed_at: fresh.now.toISOString(),
  submitted_at: fresh.now.toISOString(),
  definition: {
    title: "How was it?",
    fields: [
      { id: "QkN4pX1vT0aa", type: "email", title: "Your address", ref: "address" },
      { id: "QkN4pX1vT0bb", type: "opinion_scale", title: "Would you come again?", ref: "again" },
    ],
  },
  answers: [
    { type: "email", email: "ada@example.com", field: { id: "QkN4pX1vT0aa", type: "email", ref: "address" } },
    { type: "number", number: 9, field: { id: "QkN4pX1vT0bb", type: "opinion_scale", ref: "again" } },
  ],
});

/** Typeform: the questions and what was answered. */
export const typeform = jsonSample({
  provider: "typeform",
  userAgent: "Typeform Webhooks",
  bodies: { form_response: answers, form_response_partial: answers },
  wrap: (event_type, form_response, fresh) => ({ event_id: fresh.id("", 26), event_type, form_response }),
});
