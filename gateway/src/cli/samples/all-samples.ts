import { randomBytes, randomInt, randomUUID } from "node:crypto";
import { calendly } from "./calendly.ts";
import { github } from "./github.ts";
import { gitlab, gitlabSigning } from "./gitlab.ts";
import { hubspot } from "./hubspot.ts";
import { intercom } from "./intercom.ts";
import { linear } from "./linear.ts";
import { mailgun } from "./mailgun.ts";
import { openai } from "./openai.ts";
import { paddle } from "./paddle.ts";
import { pagerduty } from "./pagerduty.ts";
import { resend } from "./resend.ts";
import { type Fresh, JSON_TYPE, type Sample } from "./sample.ts";
import { shopify } from "./shopify.ts";
import { slack } from "./slack.ts";
import { square } from "./square.ts";
import { standardWebhooks, svix } from "./standard-webhooks.ts";
import { stripe } from "./stripe.ts";
import { twilio } from "./twilio.ts";
import { typeform } from "./typeform.ts";
import { woocommerce } from "./woocommerce.ts";
import { zoom } from "./zoom.ts";

/** Every provider that has samples, the best known first. */
export const samples: readonly Sample[] = [
  stripe,
  github,
  shopify,
  slack,
  twilio,
  gitlab,
  gitlabSigning,
  standardWebhooks,
  svix,
  square,
  paddle,
  linear,
  zoom,
  openai,
  hubspot,
  woocommerce,
  intercom,
  mailgun,
  resend,
  typeform,
  calendly,
  pagerduty,
];

/** A provider's samples; for one that has none, a body with the type and an id. */
export function findSample(provider: string): Sample {
  return samples.find((sample) => sample.provider === provider) ?? plainSample(provider);
}

function plainSample(provider: string): Sample {
  return {
    provider,
    eventTypes: [],
    knows: () => false,
    build: (eventType, fresh) => ({
      headers: [JSON_TYPE, ["user-agent", "holdfast-send"]],
      body: JSON.stringify({ id: fresh.id("sample_", 16), type: eventType, created_at: fresh.now.toISOString() }),
    }),
  };
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

export function openFresh(now: Date): Fresh {
  return {
    now,
    id: (prefix, length) => prefix + draw(ALPHABET, length),
    uuid: () => randomUUID(),
    hex: (length) =>
      randomBytes(Math.ceil(length / 2))
        .toString("hex")
        .slice(0, length),
    digits: (length) => draw("123456789", 1) + draw("0123456789", length - 1),
  };
}

function draw(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
}
