import { createRequire } from "node:module";
import { signRequest, verifyRequest } from "@contentful/node-apps-toolkit";
import { v2 as cloudinary } from "cloudinary";
import type { VerifyInput } from "../src/index.ts";
import { twilioParams } from "./oracles.ts";
import { secretOf, withBody, withHeader } from "./samples.ts";
import { clockOf, recordOf, saysYes, textOf, valueOf } from "./sdk-oracle.ts";
import type { SdkOracle } from "./sdk-oracle.ts";

const require = createRequire(import.meta.url);
/** Libraries whose verifier has no types, or is not at their front door. */
const plivo: {
  validateV3Signature: (
    method: string,
    url: string,
    nonce: string,
    token: string,
    signature: string,
    params: object,
  ) => boolean;
} = require("plivo/dist/utils/v3Security.js");
const braintree: {
  Environment: { Sandbox: object };
  BraintreeGateway: new (config: object) => {
    webhookNotification: { parse: (signature: string, payload: string) => Promise<object> };
    webhookTesting: { sampleNotification: (kind: string, id: string) => { bt_signature: string; bt_payload: string } };
  };
} = require("braintree");
const mercadopago: {
  WebhookSignatureValidator: { validate: (options: object) => void };
} = require("mercadopago/dist/utils/webhook/index.js");
const hubspot: {
  Signature: {
    getSignature: (method: string, version: string, options: object) => string;
    isValid: (options: object) => boolean;
  };
} = require("@hubspot/api-client/lib/src/utils/signature.js");
const adyen: {
  default: new () => {
    calculateHmac: (item: object, key: string) => string;
    validateHMAC: (item: object, key: string) => boolean;
  };
} = require("@adyen/api-library/lib/src/utils/hmacValidator.js");

const adyenValidator = new adyen.default();

function braintreeFor({ receiver }: VerifyInput, privateKey: string) {
  const environment = braintree.Environment.Sandbox;
  const config = { environment, merchantId: "m", publicKey: receiver.keyId ?? "", privateKey };
  return new braintree.BraintreeGateway(config);
}

type AdyenBody = { notificationItems: { NotificationRequestItem: Record<string, unknown> }[] };

function adyenItems(input: VerifyInput): Record<string, unknown>[] {
  const { notificationItems } = JSON.parse(textOf(input)) as AdyenBody;
  return notificationItems.map((item) => item.NotificationRequestItem);
}

function canonical(input: VerifyInput) {
  const { pathname, search } = new URL(input.request.url);
  return { method: "POST" as const, path: pathname + search, headers: recordOf(input), body: textOf(input) };
}

/** Libraries of providers that sign a URL, chosen fields or a whole request with a shared secret. */
export const fieldOracles: readonly SdkOracle[] = [
  {
    provider: "plivo",
    library: "plivo",
    asks: "validateV3Signature",
    accepts: (input) =>
      saysYes(() =>
        plivo.validateV3Signature(
          "POST",
          input.request.url,
          valueOf(input, "X-Plivo-Signature-V3-Nonce"),
          secretOf(input),
          valueOf(input, "X-Plivo-Signature-V3"),
          twilioParams(textOf(input)),
        ),
      ),
    signs: null,
  },
  {
    provider: "braintree",
    library: "braintree",
    asks: "webhookNotification.parse, webhookTesting.sampleNotification",
    accepts: (input) =>
      saysYes(() => {
        const form = new URLSearchParams(textOf(input));
        const { webhookNotification } = braintreeFor(input, secretOf(input));
        return webhookNotification.parse(form.get("bt_signature") ?? "", form.get("bt_payload") ?? "");
      }),
    signs: async (input) => {
      const { webhookTesting } = braintreeFor(input, secretOf(input));
      const sample = webhookTesting.sampleNotification("subscription_canceled", "s1");
      return withBody(input, new URLSearchParams({ ...sample }).toString());
    },
  },
  {
    provider: "mercadopago",
    library: "mercadopago",
    asks: "WebhookSignatureValidator.validate",
    accepts: (input) =>
      saysYes(() =>
        mercadopago.WebhookSignatureValidator.validate({
          xSignature: valueOf(input, "x-signature"),
          xRequestId: valueOf(input, "x-request-id"),
          // Mercado Pago's pages ask for letters in lower case; the library leaves that to its caller.
          dataId: new URL(input.request.url).searchParams.get("data.id")?.toLowerCase(),
          secret: secretOf(input),
          toleranceSeconds: 300,
          now: () => input.now.getTime(),
        }),
      ),
    signs: null,
  },
  {
    provider: "hubspot",
    library: "@hubspot/api-client",
    asks: "Signature.isValid, getSignature",
    accepts: (input) =>
      saysYes(() => hubspot.Signature.isValid({ ...hubspotOptions(input), signature: hubspotSignature(input) })),
    signs: async (input) => {
      const time = clockOf(input, "ms");
      const timed = withHeader(input, "X-HubSpot-Request-Timestamp", time);
      const version = input.receiver.version ?? "v3";
      const value = hubspot.Signature.getSignature("POST", version, hubspotOptions(timed));
      return withHeader(timed, version === "v3" ? "X-HubSpot-Signature-v3" : "X-HubSpot-Signature", value);
    },
  },
  {
    provider: "contentful",
    library: "@contentful/node-apps-toolkit",
    asks: "verifyRequest, signRequest",
    accepts: (input) => saysYes(() => verifyRequest(secretOf(input), canonical(input), 30)),
    signs: async (input) => {
      const added = signRequest(secretOf(input), canonical(input), input.now.getTime());
      return Object.entries(added).reduce((made, [name, value]) => withHeader(made, name, String(value)), input);
    },
  },
  {
    provider: "adyen",
    library: "@adyen/api-library",
    asks: "HmacValidator.validateHMAC, calculateHmac",
    accepts: (input) =>
      saysYes(() => adyenItems(input).every((item) => adyenValidator.validateHMAC(item, secretOf(input)))),
    signs: async (input) => {
      const notificationItems = adyenItems(input).map((item) => {
        const additionalData = { hmacSignature: adyenValidator.calculateHmac(item, secretOf(input)) };
        return { NotificationRequestItem: { ...item, additionalData } };
      });
      return withBody(input, JSON.stringify({ live: "false", notificationItems }));
    },
  },
  {
    provider: "cloudinary",
    library: "cloudinary",
    asks: "utils.verifyNotificationSignature, webhook_signature",
    accepts: (input) =>
      saysYes(() => {
        cloudinary.config({ api_secret: secretOf(input), signature_algorithm: input.receiver.algorithm ?? "sha1" });
        const time = Number(valueOf(input, "X-Cld-Timestamp"));
        return cloudinary.utils.verifyNotificationSignature(
          textOf(input),
          time,
          valueOf(input, "X-Cld-Signature"),
          7200,
        );
      }),
    signs: async (input) => {
      const time = clockOf(input, "s");
      const options = { api_secret: secretOf(input), signature_algorithm: input.receiver.algorithm ?? "sha1" };
      const value = cloudinary.utils.webhook_signature(textOf(input), Number(time), options);
      return withHeader(withHeader(input, "X-Cld-Timestamp", time), "X-Cld-Signature", value);
    },
  },
];

function hubspotOptions(input: VerifyInput) {
  const { version = "v3" } = input.receiver;
  return {
    method: "POST",
    signatureVersion: version,
    clientSecret: secretOf(input),
    requestBody: textOf(input),
    url: input.request.url,
    ...(version === "v3" ? { timestamp: Number(valueOf(input, "X-HubSpot-Request-Timestamp")) } : {}),
  };
}

function hubspotSignature(input: VerifyInput): string {
  return valueOf(input, input.receiver.version === undefined ? "X-HubSpot-Signature-v3" : "X-HubSpot-Signature");
}
