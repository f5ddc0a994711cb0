import { bodyFor, type Bodies, JSON_TYPE, type Sample } from "./sample.ts";

const bodies: Bodies = {
  "user.created": (fresh) => ({
    id: fresh.id("usr_", 16),
    email: "ada@example.com",
    created_at: fresh.now.toISOString(),
  }),
  "invoice.paid": (fresh) => ({
    id: fresh.id("inv_", 16),
    amount: 2900,
    currency: "usd",
    customer: fresh.id("cus_", 14),
  }),
  "order.shipped": (fresh) => ({ id: fresh.id("ord_", 16), carrier: "Example Post", tracking: fresh.digits(12) }),
};

function sampleFor(provider: string, userAgent: string): Sample {
  return {
    provider,
    secretPrefix: "whsec_",
    eventTypes: Object.keys(bodies),
    knows: (eventType) => Object.hasOwn(bodies, eventType),
    build: (eventType, fresh) => ({
      headers: [JSON_TYPE, ["user-agent", userAgent]],
      body: JSON.stringify({
        type: eventType,
        timestamp: fresh.now.toISOString(),
        data: bodyFor(bodies, eventType, fresh),
      }),
    }),
  };
}

export const standardWebhooks = sampleFor("standard-webhooks", "Example-Webhooks/1.0");
export const svix = sampleFor("svix", "Svix-Webhooks/1.84.0");
