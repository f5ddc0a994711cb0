import { createRequire } from "node:module";
import { WebhookHandler } from "@liveblocks/node";
import { signWebhookPayload, verifyWebhookSignature } from "@notionhq/client";
import { encodeSignatureHeader, isValidSignature } from "@sanity/webhook";
import Mux from "@mux/mux-node";
import Pusher from "pusher";
import { validateWebhook } from "replicate";
import { secretOf, withHeader } from "./samples.ts";
import { bytesOf, recordOf, saysYes, textOf, valueOf } from "./sdk-oracle.ts";
import type { SdkOracle } from "./sdk-oracle.ts";

const require = createRequire(import.meta.url);
/** Libraries whose verifier has no types, or is not at their front door. */
const razorpay: {
  validateWebhookSignature: (body: string, signature: string, secret: string) => boolean;
} = require("razorpay/dist/utils/razorpay-utils.js");
const coinbase: {
  computeSignature: (body: string, secret: string) => string;
  verifyEventBody: (body: string, signature: string, secret: string) => object;
} = require("coinbase-commerce-node/lib/Webhook.js");
const gocardless: {
  parse: (body: string, secret: string, signature: string) => object;
} = require("gocardless-nodejs/webhooks");
const retell: {
  verify: (body: string, key: string, signature: string) => Promise<boolean>;
  sign: (body: string, key: string) => Promise<string>;
} = require("retell-sdk/lib/webhook_auth");
const crisp: {
  Crisp: new () => { verifyWidget: (secret: string, body: object, time: string, signature: string) => boolean };
} = require("crisp-api");
const easypost: new (key: string) => {
  Utils: { validateWebhook: (body: Buffer, headers: object, secret: string) => object };
} = require("@easypost/api");
const adyen: {
  default: new () => {
    calculateHmac: (item: object | string, key: string) => string;
    validateHMACSignature: (key: string, signature: string, body: string) => boolean;
  };
} = require("@adyen/api-library/lib/src/utils/hmacValidator.js");

const mux = new Mux({ tokenId: "id", tokenSecret: "secret" });
const easypostClient = new easypost("key");
const crispClient = new crisp.Crisp();
const adyenValidator = new adyen.default();

function pusherFor(secret: string): Pusher {
  return new Pusher({ appId: "1", key: "k1", secret, cluster: "eu" });
}

/** Libraries of providers that put an HMAC over the body, or body and time, into a header. */
export const hmacOracles: readonly SdkOracle[] = [
  {
    provider: "razorpay",
    library: "razorpay",
    asks: "validateWebhookSignature",
    accepts: (input) =>
      saysYes(() =>
        razorpay.validateWebhookSignature(textOf(input), valueOf(input, "X-Razorpay-Signature"), secretOf(input)),
      ),
    signs: null,
  },
  {
    provider: "coinbase-commerce",
    library: "coinbase-commerce-node",
    asks: "Webhook.verifyEventBody",
    accepts: (input) =>
      saysYes(() => coinbase.verifyEventBody(textOf(input), valueOf(input, "X-CC-Webhook-Signature"), secretOf(input))),
    signs: async (input) =>
      withHeader(input, "X-CC-Webhook-Signature", coinbase.computeSignature(textOf(input), secretOf(input))),
  },
  {
    provider: "gocardless",
    library: "gocardless-nodejs",
    asks: "webhooks.parse",
    accepts: (input) =>
      saysYes(() => gocardless.parse(textOf(input), secretOf(input), valueOf(input, "Webhook-Signature"))),
    signs: null,
  },
  {
    provider: "pusher",
    library: "pusher",
    asks: "webhook().isValid",
    accepts: (input) =>
      saysYes(() =>
        pusherFor(secretOf(input))
          .webhook({ headers: recordOf(input), rawBody: textOf(input) })
          .isValid(),
      ),
    signs: null,
  },
  {
    provider: "notion",
    library: "@notionhq/client",
    asks: "verifyWebhookSignature",
    accepts: (input) =>
      saysYes(() =>
        verifyWebhookSignature({
          body: bytesOf(input),
          signature: valueOf(input, "X-Notion-Signature"),
          verificationToken: secretOf(input),
        }),
      ),
    signs: async (input) => {
      const signature = await signWebhookPayload({ body: bytesOf(input), verificationToken: secretOf(input) });
      return withHeader(input, "X-Notion-Signature", signature);
    },
  },
  {
    provider: "easypost",
    library: "@easypost/api",
    asks: "Utils.validateWebhook",
    accepts: (input) =>
      saysYes(() => easypostClient.Utils.validateWebhook(bytesOf(input), recordOf(input), secretOf(input))),
    signs: null,
  },
  {
    provider: "adyen-platform",
    library: "@adyen/api-library",
    asks: "HmacValidator.validateHMACSignature",
    accepts: (input) =>
      saysYes(() =>
        adyenValidator.validateHMACSignature(secretOf(input), valueOf(input, "HmacSignature"), textOf(input)),
      ),
    signs: async (input) =>
      withHeader(input, "HmacSignature", adyenValidator.calculateHmac(textOf(input), secretOf(input))),
  },
  {
    provider: "mux",
    library: "@mux/mux-node",
    asks: "webhooks.verifySignature",
    accepts: (input) => saysYes(() => mux.webhooks.verifySignature(textOf(input), recordOf(input), secretOf(input))),
    signs: null,
  },
  {
    provider: "sanity",
    library: "@sanity/webhook",
    asks: "isValidSignature",
    accepts: (input) =>
      saysYes(() => isValidSignature(textOf(input), valueOf(input, "sanity-webhook-signature"), secretOf(input))),
    signs: async (input) => {
      const value = await encodeSignatureHeader(textOf(input), input.now.getTime(), secretOf(input));
      return withHeader(input, "sanity-webhook-signature", value);
    },
  },
  {
    provider: "retell",
    library: "retell-sdk",
    asks: "webhook_auth.verify",
    accepts: (input) =>
      saysYes(() => retell.verify(textOf(input), secretOf(input), valueOf(input, "X-Retell-Signature"))),
    signs: async (input) => withHeader(input, "X-Retell-Signature", await retell.sign(textOf(input), secretOf(input))),
  },
  {
    provider: "crisp",
    library: "crisp-api",
    asks: "verifyWidget (the function behind verifyHook)",
    accepts: (input) =>
      saysYes(() => {
        const body: unknown = JSON.parse(textOf(input));
        if (typeof body !== "object" || body === null) return false;
        const time = valueOf(input, "X-Crisp-Request-Timestamp");
        return crispClient.verifyWidget(secretOf(input), body, time, valueOf(input, "X-Crisp-Signature"));
      }),
    signs: null,
  },
  {
    provider: "replicate",
    library: "replicate",
    asks: "validateWebhook",
    accepts: (input) =>
      saysYes(() =>
        validateWebhook(
          {
            id: valueOf(input, "webhook-id"),
            timestamp: valueOf(input, "webhook-timestamp"),
            signature: valueOf(input, "webhook-signature"),
            body: textOf(input),
            secret: secretOf(input),
          },
          globalThis.crypto,
        ),
      ),
    signs: null,
  },
  {
    provider: "liveblocks",
    library: "@liveblocks/node",
    asks: "WebhookHandler.verifyRequest",
    accepts: (input) =>
      saysYes(() => {
        const handler = new WebhookHandler(secretOf(input));
        return handler.verifyRequest({ headers: recordOf(input), rawBody: textOf(input) });
      }),
    signs: null,
  },
];
