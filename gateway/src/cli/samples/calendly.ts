import { jsonSample } from "./json-sample.ts";
import type { Fresh, JsonObject } from "./sample.ts";

const API = "https://api.calendly.com";

function invitee(fresh: Fresh, status: string, more: JsonObject = {}): JsonObject {
  const event = `${API}/scheduled_events/${fresh.uuid()}`;
  return {
    uri: `${event}/invitees/${fresh.uuid()}`,
    event,
    email: "ada@example.com",
    name: "Ada Example",
    status,
    timezone: "UTC",
    questions_and_answers: [],
    rescheduled: false,
    created_at: fresh.now.toISOString(),
    ...more,
  };
}

/** Calendly: who was invited to which appointment. There is no id beside the URIs. */
export const calendly = jsonSample({
  provider: "calendly",
  userAgent: "Calendly",
  bodies: {
    "invitee.created": (fresh) => invitee(fresh, "active"),
    "invitee.canceled": (fresh) =>
      invitee(fresh, "canceled", {
        cancellation: { canceled_by: "Ada Example", reason: "another time suits better", canceler_type: "invitee" },
      }),
  },
  wrap: (event, payload, fresh) => ({
    event,
    created_at: fresh.now.toISOString(),
    created_by: `${API}/users/${fresh.uuid()}`,
    payload,
  }),
});
