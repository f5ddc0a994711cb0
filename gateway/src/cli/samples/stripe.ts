import { bodyFor, type Bodies, type Fresh, type Sample, unixSeconds } from "./sample.ts";

const customer = (fresh: Fresh) => fresh.id("cus_", 14);

const objects: Bodies = {
  "invoice.paid": (fresh) => ({
    id: fresh.id("in_1", 23),
    object: "invoice",
    amount_due: 2900,
    amount_paid: 2900,
    amount_remaining: 0,
    billing_reason: "subscription_cycle",
    currency: "usd",
    customer: customer(fresh),
    customer_email: "ada@example.com",
    number: `A1B2C3D4-${fresh.digits(4)}`,
    paid: true,
    status: "paid",
    subscription: fresh.id("sub_1", 23),
    lines: {
      object: "list",
      has_more: false,
      data: [
        {
          id: fresh.id("il_1", 23),
          object: "line_item",
          amount: 2900,
          currency: "usd",
          description: "1 × Team plan (at $29.00 / month)",
          quantity: 1,
        },
      ],
    },
  }),
  "payment_intent.succeeded": (fresh) => ({
    id: fresh.id("pi_3", 23),
    object: "payment_intent",
    amount: 4999,
    amount_received: 4999,
    currency: "eur",
    customer: customer(fresh),
    latest_charge: fresh.id("ch_3", 23),
    metadata: { order_id: fresh.digits(6) },
    payment_method_types: ["card"],
    status: "succeeded",
  }),
  "charge.refunded": (fresh) => ({
    id: fresh.id("ch_3", 23),
    object: "charge",
    amount: 4999,
    amount_refunded: 4999,
    currency: "eur",
    payment_intent: fresh.id("pi_3", 23),
    refunded: true,
    status: "succeeded",
  }),
  "checkout.session.completed": (fresh) => ({
    id: fresh.id("cs_test_", 58),
    object: "checkout.session",
    amount_total: 1500,
    currency: "usd",
    customer: customer(fresh),
    customer_details: { email: "ada@example.com", name: "Ada Example" },
    mode: "payment",
    payment_status: "paid",
    status: "complete",
  }),
  "customer.subscription.updated": (fresh) => ({
    id: fresh.id("sub_1", 23),
    object: "subscription",
    cancel_at_period_end: false,
    customer: customer(fresh),
    items: { object: "list", data: [{ id: fresh.id("si_", 14), object: "subscription_item", quantity: 5 }] },
    status: "active",
  }),
};

export const stripe: Sample = {
  provider: "stripe",
  secretPrefix: "whsec_",
  eventTypes: Object.keys(objects),
  knows: (eventType) => Object.hasOwn(objects, eventType),
  build: (eventType, fresh) => ({
    headers: [
      ["content-type", "application/json; charset=utf-8"],
      ["user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)"],
    ],
    // Stripe sends its JSON indented; a handler that parses and prints it again breaks the signature.
    body: JSON.stringify(
      {
        id: fresh.id("evt_1", 23),
        object: "event",
        api_version: "2025-09-30.clover",
        created: unixSeconds(fresh.now),
        data: { object: bodyFor(objects, eventType, fresh) },
        livemode: false,
        pending_webhooks: 1,
        request: { id: fresh.id("req_", 14), idempotency_key: fresh.uuid() },
        type: eventType,
      },
      null,
      2,
    ),
  }),
};
