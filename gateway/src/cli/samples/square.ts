import { bodyFor, type Bodies, type Fresh, JSON_TYPE, type Sample } from "./sample.ts";

const payment = (fresh: Fresh, status: string) => ({
  type: "payment",
  id: fresh.id("", 22),
  object: {
    payment: {
      id: fresh.id("", 22),
      amount_money: { amount: 1250, currency: "USD" },
      created_at: fresh.now.toISOString(),
      location_id: "S8GWD5R9QB376",
      source_type: "CARD",
      status,
    },
  },
});

const bodies: Bodies = {
  "payment.created": (fresh) => payment(fresh, "APPROVED"),
  "payment.updated": (fresh) => payment(fresh, "COMPLETED"),
  "refund.created": (fresh) => ({
    type: "refund",
    id: fresh.id("", 22),
    object: { refund: { id: fresh.id("", 40), amount_money: { amount: 1250, currency: "USD" }, status: "PENDING" } },
  }),
};

export const square: Sample = {
  provider: "square",
  signsUrl: true,
  eventTypes: Object.keys(bodies),
  knows: (eventType) => Object.hasOwn(bodies, eventType),
  build: (eventType, fresh) => ({
    headers: [JSON_TYPE, ["user-agent", "Square Connect v2"], ["square-environment", "Sandbox"]],
    body: JSON.stringify({
      merchant_id: "6SSW7HV8K2ST5",
      location_id: "S8GWD5R9QB376",
      type: eventType,
      event_id: fresh.uuid(),
      created_at: fresh.now.toISOString(),
      data: bodyFor(bodies, eventType, fresh),
    }),
  }),
};
