import { createSecretKey } from "node:crypto";
import https from "node:https";
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import { Environment, SignedDataVerifier } from "@apple/app-store-server-library";
import { Receiver } from "@upstash/qstash";
import { WebhookReceiver } from "livekit-server-sdk";
import { sign as signTrueLayer, verify as verifyTrueLayer } from "truelayer-signing";
import { vi } from "vitest";
import type { VerifyInput } from "../src/index.ts";
import { secretOf, withHeader } from "./samples.ts";
import { bytesOf, recordOf, saysYes, textOf, valueOf } from "./sdk-oracle.ts";
import type { SdkOracle } from "./sdk-oracle.ts";

const require = createRequire(import.meta.url);
/** Libraries whose verifier has no types, or is not at their front door. */
const messagebird: {
  verify: (url: string, body: Buffer, token: string, key: object) => Promise<unknown>;
} = require("messagebird/lib/webhook-signature-jwt.js");
const SnsValidator: new () => {
  validate: (message: string, done: (error: Error | null) => void) => void;
} = require("sns-validator");
const sendgrid: {
  EventWebhook: new () => {
    convertPublicKeyToECDSA: (key: string) => object;
    verifySignature: (key: object, body: Buffer, signature: string, time: string) => boolean;
  };
} = require("@sendgrid/eventwebhook");
const telnyx: {
  TelnyxWebhook: new (key: string) => { verify: (body: string, headers: object) => Promise<void> };
} = require("telnyx/lib/webhooks");

const sendgridWebhook = new sendgrid.EventWebhook();

function publicKeyOf({ receiver }: VerifyInput): string {
  return receiver.publicKeys?.[0]?.value ?? "";
}

function pathOf({ request }: VerifyInput): string {
  return new URL(request.url).pathname;
}

/** Serves the receiver's own certificates to a library that would fetch them, once each: it keeps them for ever. */
async function snsAccepts(input: VerifyInput): Promise<boolean> {
  const get = vi.spyOn(https, "get").mockImplementation((...given: unknown[]) => {
    const answered = given.find((one) => typeof one === "function") as (response: Readable) => void;
    const pem = input.receiver.certificates?.[String(given[0])];
    answered(
      Object.assign(Readable.from(pem === undefined ? [] : [pem]), { statusCode: pem === undefined ? 404 : 200 }),
    );
    return { on: () => undefined } as never;
  });
  try {
    return await new Promise((resolve) => {
      new SnsValidator().validate(textOf(input), (error) => resolve(error === null));
    });
  } finally {
    get.mockRestore();
  }
}

/** Libraries of providers that sign with key pairs, certificates or tokens. */
export const keyOracles: readonly SdkOracle[] = [
  {
    provider: "messagebird",
    library: "messagebird",
    asks: "webhook-signature-jwt verify",
    accepts: (input) =>
      saysYes(() => {
        const key = createSecretKey(Buffer.from(secretOf(input)));
        return messagebird.verify(input.request.url, bytesOf(input), valueOf(input, "MessageBird-Signature-JWT"), key);
      }),
    signs: null,
  },
  {
    provider: "livekit",
    library: "livekit-server-sdk",
    asks: "WebhookReceiver.receive",
    accepts: (input) =>
      saysYes(() =>
        new WebhookReceiver(input.receiver.keyId ?? "", secretOf(input)).receive(
          textOf(input),
          valueOf(input, "Authorization"),
        ),
      ),
    signs: null,
  },
  {
    provider: "truelayer",
    library: "truelayer-signing",
    asks: "verify, sign",
    accepts: (input) =>
      saysYes(() =>
        verifyTrueLayer({
          publicKeyPem: publicKeyOf(input),
          signature: valueOf(input, "Tl-Signature"),
          method: "POST" as never,
          path: pathOf(input),
          headers: recordOf(input),
          requiredHeaders: ["X-Tl-Webhook-Timestamp"],
          body: textOf(input),
        }),
      ),
    signs: async (input) => {
      const time = input.now.toISOString();
      const value = signTrueLayer({
        kid: input.receiver.publicKeys?.[0]?.kid ?? "",
        privateKeyPem: secretOf(input),
        method: "POST" as never,
        path: pathOf(input),
        headers: { "X-Tl-Webhook-Timestamp": time },
        body: textOf(input),
      });
      return withHeader(withHeader(input, "X-Tl-Webhook-Timestamp", time), "Tl-Signature", value);
    },
  },
  { provider: "aws-sns", library: "sns-validator", asks: "validate", accepts: snsAccepts, signs: null },
  {
    provider: "apple-app-store",
    library: "@apple/app-store-server-library",
    asks: "SignedDataVerifier.verifyAndDecodeNotification",
    accepts: (input) =>
      saysYes(() => {
        const { trustedRoots = [], bundleId = "" } = input.receiver;
        const roots = trustedRoots.map((pem) => Buffer.from(pem));
        const { signedPayload } = JSON.parse(textOf(input)) as { signedPayload: string };
        const verifier = new SignedDataVerifier(roots, false, Environment.SANDBOX, bundleId);
        return verifier.verifyAndDecodeNotification(signedPayload);
      }),
    signs: null,
  },
  {
    provider: "upstash-qstash",
    library: "@upstash/qstash",
    asks: "Receiver.verify",
    accepts: (input) =>
      saysYes(() =>
        new Receiver({ currentSigningKey: secretOf(input), nextSigningKey: "another-key-of-qstash" }).verify({
          signature: valueOf(input, "Upstash-Signature"),
          body: textOf(input),
          url: input.request.url,
        }),
      ),
    signs: null,
  },
  {
    provider: "sendgrid",
    library: "@sendgrid/eventwebhook",
    asks: "EventWebhook.verifySignature",
    accepts: (input) =>
      saysYes(() =>
        sendgridWebhook.verifySignature(
          sendgridWebhook.convertPublicKeyToECDSA(publicKeyOf(input)),
          bytesOf(input),
          valueOf(input, "X-Twilio-Email-Event-Webhook-Signature"),
          valueOf(input, "X-Twilio-Email-Event-Webhook-Timestamp"),
        ),
      ),
    signs: null,
  },
  {
    provider: "telnyx",
    library: "telnyx",
    asks: "TelnyxWebhook.verify",
    accepts: (input) =>
      saysYes(() => new telnyx.TelnyxWebhook(publicKeyOf(input)).verify(textOf(input), recordOf(input))),
    signs: null,
  },
];
