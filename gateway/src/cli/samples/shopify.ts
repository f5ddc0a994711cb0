import { bodyFor, type Bodies, type Fresh, JSON_TYPE, type Sample } from "./sample.ts";

const order = (fresh: Fresh, status: string) => ({
  id: Number(fresh.digits(13)),
  admin_graphql_api_id: `gid://shopify/Order/${fresh.digits(13)}`,
  created_at: fresh.now.toISOString(),
  currency: "CAD",
  email: "ada@example.com",
  financial_status: status,
  name: `#${fresh.digits(4)}`,
  total_price: "398.00",
  line_items: [{ id: Number(fresh.digits(14)), title: "Lantern", quantity: 2, price: "199.00", sku: "LAN-001" }],
});

const bodies: Bodies = {
  "orders/paid": (fresh) => order(fresh, "paid"),
  "orders/create": (fresh) => order(fresh, "pending"),
  "products/update": (fresh) => ({
    id: Number(fresh.digits(13)),
    title: "Lantern",
    status: "active",
    updated_at: fresh.now.toISOString(),
    variants: [{ id: Number(fresh.digits(14)), price: "199.00", inventory_quantity: 75 }],
  }),
  "app/uninstalled": (fresh) => ({
    id: Number(fresh.digits(11)),
    name: "Example Shop",
    domain: "example.myshopify.com",
    plan_name: "basic",
  }),
};

export const shopify: Sample = {
  provider: "shopify",
  eventTypes: Object.keys(bodies),
  knows: (eventType) => Object.hasOwn(bodies, eventType),
  build: (eventType, fresh) => ({
    headers: [
      JSON_TYPE,
      ["user-agent", "Shopify-Captain-Hook"],
      ["x-shopify-topic", eventType],
      ["x-shopify-shop-domain", "example.myshopify.com"],
      ["x-shopify-api-version", "2025-10"],
      ["x-shopify-event-id", fresh.uuid()],
      ["x-shopify-webhook-id", fresh.uuid()],
      ["x-shopify-triggered-at", fresh.now.toISOString()],
    ],
    body: JSON.stringify(bodyFor(bodies, eventType, fresh)),
  }),
};
