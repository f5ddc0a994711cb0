import { jsonSample } from "./json-sample.ts";
import type { Fresh } from "./sample.ts";

const order = (fresh: Fresh, status: string) => ({
  id: Number(fresh.digits(5)),
  number: fresh.digits(5),
  status,
  currency: "EUR",
  total: "49.90",
  billing: { first_name: "Ada", last_name: "Example", email: "ada@example.com", country: "DE" },
  line_items: [{ id: Number(fresh.digits(3)), name: "Enamel mug", product_id: 93, quantity: 2, total: "49.90" }],
  date_created_gmt: local(fresh),
  date_modified_gmt: local(fresh),
});

/** WooCommerce: the object itself is the body; its topic and the webhook stand in headers. */
export const woocommerce = jsonSample({
  provider: "woocommerce",
  userAgent: "WooCommerce/9.4.1 Hookshot (WordPress/6.7.0)",
  bodies: {
    "order.created": (fresh) => order(fresh, "processing"),
    "order.updated": (fresh) => order(fresh, "completed"),
    "customer.created": (fresh) => ({
      id: Number(fresh.digits(5)),
      email: "ada@example.com",
      first_name: "Ada",
      last_name: "Example",
      role: "customer",
      date_created_gmt: local(fresh),
      date_modified_gmt: local(fresh),
    }),
  },
  headers: (topic, fresh) => [
    ["x-wc-webhook-source", "https://shop.example.com/"],
    ["x-wc-webhook-topic", topic],
    ["x-wc-webhook-resource", topic.split(".")[0] ?? topic],
    ["x-wc-webhook-event", topic.split(".")[1] ?? topic],
    ["x-wc-webhook-id", fresh.digits(2)],
    ["x-wc-webhook-delivery-id", fresh.hex(32)],
  ],
  wrap: (_topic, object) => object,
});

/** Times that end in `_gmt` are UTC without saying so. */
function local(fresh: Fresh): string {
  return fresh.now.toISOString().slice(0, 19);
}
