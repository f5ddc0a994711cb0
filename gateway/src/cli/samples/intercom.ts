import { jsonSample } from "./json-sample.ts";
import { type Fresh, unixSeconds } from "./sample.ts";

const conversation = (fresh: Fresh, state: string) => ({
  type: "conversation",
  id: fresh.digits(15),
  created_at: unixSeconds(fresh.now),
  updated_at: unixSeconds(fresh.now),
  state,
  read: false,
  contacts: { type: "contact.list", contacts: [{ type: "contact", id: fresh.hex(24) }] },
});

/** Intercom: a notification whose topic is the event's type, around the item that changed. */
export const intercom = jsonSample({
  provider: "intercom",
  userAgent: "intercom-webhooks/1.0",
  bodies: {
    "conversation.user.created": (fresh) => conversation(fresh, "open"),
    "conversation.admin.closed": (fresh) => conversation(fresh, "closed"),
    "contact.created": (fresh) => ({
      type: "contact",
      id: fresh.hex(24),
      role: "user",
      email: "ada@example.com",
      name: "Ada Example",
      created_at: unixSeconds(fresh.now),
    }),
  },
  wrap: (topic, item, fresh) => ({
    type: "notification_event",
    app_id: fresh.id("", 8),
    id: `notif_${fresh.uuid()}`,
    topic,
    created_at: unixSeconds(fresh.now),
    delivery_attempts: 1,
    first_sent_at: unixSeconds(fresh.now),
    delivery_status: "pending",
    data: { type: "notification_event_data", item },
  }),
});
