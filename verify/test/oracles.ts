import { createRequire } from "node:module";
import { LinearWebhookClient } from "@linear/sdk/webhooks";
import { sign as octokitSign, verify as octokitVerify } from "@octokit/webhooks-methods";
import { Environment, Paddle } from "@paddle/paddle-node-sdk";
import { verifyKey } from "discord-interactions";
import { WebhooksHelper } from "square";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Stripe } from "stripe";
import { Webhook as SvixWebhook } from "svix";
import twilio from "twilio";
import "@shopify/shopify-api/adapters/node";
import { ApiVersion, shopifyApi } from "@shopify/shopify-api";
import type { VerifyInput } from "../src/index.ts";
import { ed25519, headerOf, now, pairs, secretOf, withHeader } from "./samples.ts";

/** A provider's own library: whether it accepts an input, and (where it can) how it signs one. */
export interface Oracle {
  readonly provider: string;
  readonly accepts: (input: VerifyInput) => Promise<boolean>;
  readonly signs: ((input: VerifyInput) => Promise<VerifyInput>) | null;
}

function text({ request }: VerifyInput): string {
  return Buffer.from(request.body).toString("utf8");
}

function bytes({ request }: VerifyInput): Buffer {
  return Buffer.from(request.body);
}

function asRecord(input: VerifyInput): Record<string, string> {
  return Object.fromEntries(pairs(input).map(([name, value]) => [name.toLowerCase(), value]));
}

function doesNotThrow(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

const stripe = new Stripe("sk_test_1");
const paddle = new Paddle("key", { environment: Environment.sandbox });

interface SlackRequest {
  signingSecret: string;
  body: string;
  headers: Record<string, string>;
  nowMilliseconds: number;
}
const require = createRequire(import.meta.url);
const slackBolt: {
  isValidSlackRequest: (request: SlackRequest) => boolean;
} = require("@slack/bolt/dist/receivers/verify-request");

function shopifyFor(apiSecretKey: string) {
  return shopifyApi({
    apiKey: "key",
    apiSecretKey,
    hostName: "example.com",
    isEmbeddedApp: false,
    apiVersion: ApiVersion.January26,
    logger: { level: 0 },
  });
}

/** Twilio's library wants parsed parameters; repeated names as lists, as its Express middleware would see them. */
export function twilioParams(body: string): Record<string, string | string[]> {
  const params: Record<string, string | string[]> = {};
  for (const name of new Set(new URLSearchParams(body).keys())) {
    const values = new URLSearchParams(body).getAll(name);
    params[name] = values.length === 1 ? (values[0] ?? "") : values;
  }
  return params;
}

async function twilioAccepts(input: VerifyInput): Promise<boolean> {
  const signature = headerOf(input, "X-Twilio-Signature");
  const { url } = input.request;
  if (url.includes("bodySHA256")) return twilio.validateRequestWithBody(secretOf(input), signature, url, text(input));
  return twilio.validateRequest(secretOf(input), signature, url, twilioParams(text(input)));
}

async function twilioSigns(input: VerifyInput): Promise<VerifyInput> {
  const { url } = input.request;
  const params = url.includes("bodySHA256") ? {} : twilioParams(text(input));
  return withHeader(input, "X-Twilio-Signature", twilio.getExpectedTwilioSignature(secretOf(input), url, params));
}

function seconds(input: VerifyInput): string {
  return String(Math.floor(input.now.getTime() / 1000));
}

/** The providers' libraries as the last word on what is genuine. */
export const oracles: readonly Oracle[] = [
  {
    provider: "stripe",
    accepts: async (input) =>
      doesNotThrow(() =>
        stripe.webhooks.constructEvent(
          bytes(input),
          headerOf(input, "Stripe-Signature"),
          secretOf(input),
          300,
          undefined,
          input.now.getTime(),
        ),
      ),
    signs: async (input) =>
      withHeader(
        input,
        "Stripe-Signature",
        stripe.webhooks.generateTestHeaderString({
          payload: text(input),
          secret: secretOf(input),
          timestamp: Number(seconds(input)),
        }),
      ),
  },
  {
    provider: "github",
    accepts: (input) => octokitVerify(secretOf(input), text(input), headerOf(input, "X-Hub-Signature-256")),
    signs: async (input) => withHeader(input, "X-Hub-Signature-256", await octokitSign(secretOf(input), text(input))),
  },
  {
    provider: "shopify",
    accepts: async (input) => {
      const rawRequest = { method: "POST", url: input.request.url, headers: asRecord(input) };
      const shopify = shopifyFor(secretOf(input));
      return (await shopify.webhooks.validate({ rawBody: text(input), rawRequest })).valid;
    },
    signs: null,
  },
  {
    provider: "slack",
    accepts: async (input) =>
      slackBolt.isValidSlackRequest({
        signingSecret: secretOf(input),
        body: text(input),
        headers: asRecord(input),
        nowMilliseconds: input.now.getTime(),
      }),
    signs: null,
  },
  {
    provider: "standard-webhooks",
    accepts: async (input) =>
      doesNotThrow(() =>
        new StandardWebhook(secretOf(input)).verify(bytes(input), asRecord(input), { jsonParse: false }),
      ),
    signs: async (input) =>
      withHeader(
        withHeader(input, "webhook-timestamp", seconds(input)),
        "webhook-signature",
        new StandardWebhook(secretOf(input)).sign(headerOf(input, "webhook-id"), input.now, text(input)),
      ),
  },
  ...["gitlab-signing", "openai", "anthropic", "replicate", "lithic", "liveblocks"].map((provider) => ({
    provider,
    accepts: async (input: VerifyInput) =>
      doesNotThrow(() =>
        new StandardWebhook(secretOf(input)).verify(bytes(input), asRecord(input), { jsonParse: false }),
      ),
    signs: null,
  })),
  ...["clerk", "resend"].map((provider) => ({
    provider,
    accepts: async (input: VerifyInput) =>
      doesNotThrow(() => new SvixWebhook(secretOf(input)).verify(bytes(input), asRecord(input))),
    signs: null,
  })),
  {
    provider: "meta-whatsapp",
    accepts: (input) => octokitVerify(secretOf(input), text(input), headerOf(input, "X-Hub-Signature-256")),
    signs: null,
  },
  {
    provider: "svix",
    accepts: async (input) =>
      doesNotThrow(() => new SvixWebhook(secretOf(input)).verify(bytes(input), asRecord(input))),
    signs: async (input) =>
      withHeader(
        withHeader(input, "svix-timestamp", seconds(input)),
        "svix-signature",
        new SvixWebhook(secretOf(input)).sign(headerOf(input, "svix-id"), input.now, text(input)),
      ),
  },
  { provider: "twilio", accepts: twilioAccepts, signs: twilioSigns },
  {
    provider: "square",
    accepts: (input) =>
      WebhooksHelper.verifySignature({
        requestBody: text(input),
        signatureHeader: headerOf(input, "x-square-hmacsha256-signature"),
        signatureKey: secretOf(input),
        notificationUrl: input.receiver.notificationUrl ?? "",
      }),
    signs: null,
  },
  {
    provider: "paddle",
    accepts: async (input) =>
      (await paddle.webhooks.isSignatureValid(text(input), secretOf(input), headerOf(input, "Paddle-Signature"))) ??
      false,
    signs: null,
  },
  {
    provider: "linear",
    accepts: async (input) =>
      doesNotThrow(() =>
        new LinearWebhookClient(secretOf(input)).verify(bytes(input), headerOf(input, "Linear-Signature")),
      ),
    signs: null,
  },
  {
    provider: "discord",
    accepts: (input) =>
      verifyKey(
        bytes(input),
        headerOf(input, "X-Signature-Ed25519"),
        headerOf(input, "X-Signature-Timestamp"),
        input.receiver.publicKeys?.[0]?.value ?? ed25519.publicKey,
      ),
    signs: null,
  },
];

/** The moment that libraries with a clock of their own must be shown. */
export const oracleClock = now;
