import { jsonSample } from "./json-sample.ts";
import type { Fresh } from "./sample.ts";

function incident(fresh: Fresh, status: string) {
  const id = `Q${fresh.id("", 13).toUpperCase()}`;
  return {
    id,
    type: "incident",
    html_url: `https://example.pagerduty.com/incidents/${id}`,
    number: Number(fresh.digits(4)),
    status,
    title: "Checkout answers slowly",
    urgency: "high",
    created_at: fresh.now.toISOString(),
    service: { id: "PF9KMXH", type: "service_reference", summary: "Checkout" },
  };
}

/** PagerDuty, webhooks V3. */
export const pagerduty = jsonSample({
  provider: "pagerduty",
  userAgent: "PagerDuty-Webhook/V3.0",
  bodies: {
    "incident.triggered": (fresh) => incident(fresh, "triggered"),
    "incident.acknowledged": (fresh) => incident(fresh, "acknowledged"),
    "incident.resolved": (fresh) => incident(fresh, "resolved"),
  },
  headers: (_eventType, fresh) => [["x-webhook-subscription", `P${fresh.id("", 6).toUpperCase()}`]],
  wrap: (event_type, data, fresh) => ({
    event: {
      id: `01${fresh.id("", 24).toUpperCase()}`,
      event_type,
      resource_type: event_type.split(".")[0] ?? event_type,
      occurred_at: fresh.now.toISOString(),
      agent: { id: "PLH1HKV", type: "user_reference", summary: "Ada Example" },
      data,
    },
  }),
});
