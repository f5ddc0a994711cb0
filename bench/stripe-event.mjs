// What Stripe would send: realistic bodies of 1 to 2 KB and their signatures, cheap enough to make by the ten thousand.
import { createHmac } from "node:crypto";

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const WORDS = ["annual", "plan", "team", "seat", "usage", "credit", "upgrade", "invoice", "period", "north", "river"];

/**
 * A pseudo-random source with a seed (mulberry32): the same seed gives the same run.
 *
 * @param {number} seed
 * @returns {() => number} a number in [0, 1)
 */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * An event id in Stripe's form. The number makes it distinct, the run's mark keeps two runs apart.
 *
 * @param {string} run up to 8 letters and digits
 * @param {number} number
 */
export function eventId(run, number) {
  return `evt_${run}${number.toString(36).padStart(24 - run.length, "0")}`;
}

/**
 * The body of one event, indented as Stripe sends it, 1.1 to 1.9 KB.
 *
 * @param {() => number} random
 * @param {string} id
 * @param {number} createdSec
 * @returns {string} JSON, ASCII only: its length in bytes is its length
 */
export function eventBody(random, id, createdSec) {
  const mark = letters(random, 14);
  const amount = 500 + Math.floor(random() * 200_000);
  const note = words(random, 4 + Math.floor(random() * 90));
  return `{
  "id": "${id}",
  "object": "event",
  "api_version": "2025-09-30.clover",
  "created": ${createdSec},
  "data": {
    "object": {
      "id": "in_${mark}",
      "object": "invoice",
      "account_country": "DE",
      "account_name": "Example GmbH",
      "amount_due": ${amount},
      "amount_paid": ${amount},
      "amount_remaining": 0,
      "attempt_count": 1,
      "attempted": true,
      "auto_advance": false,
      "billing_reason": "subscription_cycle",
      "collection_method": "charge_automatically",
      "created": ${createdSec - 3600},
      "currency": "eur",
      "customer": "cus_${mark}",
      "customer_email": "${mark.toLowerCase()}@example.com",
      "description": "${note}",
      "hosted_invoice_url": "https://invoice.stripe.com/i/acct_1032D82eZvKYlo2C/test_${mark}",
      "livemode": false,
      "metadata": { "order": "${mark}", "shard": "${Math.floor(random() * 16)}" },
      "number": "${mark.slice(0, 8).toUpperCase()}-0001",
      "paid": true,
      "period_end": ${createdSec},
      "period_start": ${createdSec - 2_592_000},
      "status": "paid",
      "subtotal": ${amount},
      "total": ${amount}
    }
  },
  "livemode": false,
  "pending_webhooks": 1,
  "request": { "id": null, "idempotency_key": null },
  "type": "invoice.paid"
}`;
}

/**
 * The value of `Stripe-Signature`: HMAC-SHA256 over `{t}.{body}`, keyed with the whole secret as text.
 *
 * @param {string} secret
 * @param {string | Uint8Array} body
 * @param {number} timeSec
 */
export function signatureHeader(secret, body, timeSec) {
  const mac = createHmac("sha256", secret).update(`${timeSec}.`).update(body).digest("hex");
  return `t=${timeSec},v1=${mac}`;
}

function letters(random, count) {
  let text = "";
  for (let i = 0; i < count; i++) text += LETTERS[Math.floor(random() * LETTERS.length)];
  return text;
}

function words(random, count) {
  let text = WORDS[Math.floor(random() * WORDS.length)];
  for (let i = 1; i < count; i++) text += ` ${WORDS[Math.floor(random() * WORDS.length)]}`;
  return text;
}
