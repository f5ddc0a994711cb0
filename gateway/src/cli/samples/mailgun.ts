import { jsonSample } from "./json-sample.ts";
import type { Fresh, JsonObject } from "./sample.ts";

const sent = (fresh: Fresh, more: JsonObject): JsonObject => ({
  recipient: "ada@example.com",
  "recipient-domain": "example.com",
  tags: ["receipt"],
  message: {
    headers: {
      to: "Ada Example <ada@example.com>",
      from: "Shop <shop@mail.example.com>",
      subject: "Your receipt",
      "message-id": `${fresh.digits(14)}.${fresh.hex(16)}@mail.example.com`,
    },
    attachments: [],
    size: 2048,
  },
  ...more,
});

/** Mailgun: the event beside an object `signature`, which the gateway puts in. */
export const mailgun = jsonSample({
  provider: "mailgun",
  userAgent: "mailgun/treq-22.2.0",
  bodies: {
    delivered: (fresh) => sent(fresh, { "delivery-status": { code: 250, message: "OK", "attempt-no": 1 } }),
    opened: (fresh) => sent(fresh, { "client-info": { "client-type": "browser", "device-type": "desktop" } }),
    failed: (fresh) =>
      sent(fresh, {
        severity: "permanent",
        reason: "bounce",
        "delivery-status": { code: 550, message: "No such mailbox", "attempt-no": 1 },
      }),
  },
  wrap: (event, inner, fresh) => ({
    "event-data": { id: fresh.id("", 22), timestamp: fresh.now.getTime() / 1000, ...inner, event },
  }),
});
