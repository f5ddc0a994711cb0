import type { Fresh, Sample } from "./sample.ts";

const STATUSES = ["delivered", "received", "sent", "failed", "undelivered"].map((status) => `message.${status}`);

/** Twilio posts forms: a status callback for a message, or an incoming message (`message.received`). */
export const twilio: Sample = {
  provider: "twilio",
  eventTypes: STATUSES,
  knows: (eventType) => STATUSES.includes(eventType),
  build: (eventType, fresh) => ({
    headers: [
      ["content-type", "application/x-www-form-urlencoded; charset=UTF-8"],
      ["user-agent", "TwilioProxy/1.1"],
      ["i-twilio-idempotency-token", fresh.uuid()],
    ],
    body: new URLSearchParams(fields(eventType.replace(/^message\./, ""), fresh)).toString(),
  }),
};

function fields(status: string, fresh: Fresh): Record<string, string> {
  const sid = `SM${fresh.hex(32)}`;
  const common = {
    AccountSid: `AC${fresh.hex(32)}`,
    ApiVersion: "2010-04-01",
    From: "+15550100001",
    MessageSid: sid,
    SmsSid: sid,
    To: "+15550100002",
  };
  if (status === "received")
    return { ...common, Body: "Is it there yet? Grüße", NumMedia: "0", NumSegments: "1", SmsStatus: "received" };
  return { ...common, MessageStatus: status, SmsStatus: status };
}
