import { bodyFor, type Bodies, JSON_TYPE, type Sample } from "./sample.ts";

const bodies: Bodies = {
  "transaction.completed": (fresh) => ({
    id: fresh.id("txn_01", 24).toLowerCase(),
    status: "completed",
    customer_id: fresh.id("ctm_01", 24).toLowerCase(),
    currency_code: "GBP",
    billed_at: fresh.now.toISOString(),
    details: { totals: { subtotal: "2000", tax: "400", total: "2400", grand_total: "2400" } },
  }),
  "subscription.created": (fresh) => ({
    id: fresh.id("sub_01", 24).toLowerCase(),
    status: "active",
    customer_id: fresh.id("ctm_01", 24).toLowerCase(),
    currency_code: "GBP",
    billing_cycle: { interval: "month", frequency: 1 },
    started_at: fresh.now.toISOString(),
  }),
  "subscription.canceled": (fresh) => ({
    id: fresh.id("sub_01", 24).toLowerCase(),
    status: "canceled",
    canceled_at: fresh.now.toISOString(),
  }),
};

export const paddle: Sample = {
  provider: "paddle",
  secretPrefix: "pdl_ntfset_",
  eventTypes: Object.keys(bodies),
  knows: (eventType) => Object.hasOwn(bodies, eventType),
  build: (eventType, fresh) => ({
    headers: [JSON_TYPE, ["user-agent", "Paddle"]],
    body: JSON.stringify({
      event_id: fresh.id("evt_01", 24).toLowerCase(),
      event_type: eventType,
      occurred_at: fresh.now.toISOString(),
      notification_id: fresh.id("ntf_01", 24).toLowerCase(),
      data: bodyFor(bodies, eventType, fresh),
    }),
  }),
};
