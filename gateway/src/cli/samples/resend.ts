import { jsonSample } from "./json-sample.ts";
import type { Fresh, JsonObject } from "./sample.ts";

const email = (fresh: Fresh, more: JsonObject = {}): JsonObject => ({
  email_id: fresh.uuid(),
  created_at: fresh.now.toISOString(),
  from: "Shop <shop@mail.example.com>",
  to: ["ada@example.com"],
  subject: "Your receipt",
  ...more,
});

/** Resend, sent by Svix. */
export const resend = jsonSample({
  provider: "resend",
  secretPrefix: "whsec_",
  userAgent: "Svix-Webhooks/1.84.0",
  bodies: {
    "email.delivered": (fresh) => email(fresh),
    "email.opened": (fresh) =>
      email(fresh, { open: { ipAddress: "192.0.2.7", timestamp: fresh.now.toISOString(), userAgent: "Mozilla/5.0" } }),
    "email.bounced": (fresh) =>
      email(fresh, { bounce: { type: "Permanent", subType: "General", message: "There is no such mailbox." } }),
  },
  wrap: (type, data, fresh) => ({ type, created_at: fresh.now.toISOString(), data }),
});
