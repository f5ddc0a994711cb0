import { createHmac } from "node:crypto";
import type { VerifyInput } from "../src/index.ts";
import { headerOf, secretOf, withHeaders, pairs } from "./samples.ts";

const sec = "1714979289";
const ms = "1714979289000";
const iso = "2024-05-06T07:08:09Z";

type Encoding = "hex" | "base64" | "base64url";

/** HMAC of the body between two texts, under the secret as text. */
function mac(input: VerifyInput, before: string, behind = "", encoding: Encoding = "hex", hash = "sha256"): string {
  const content = Buffer.concat([Buffer.from(before), input.request.body, Buffer.from(behind)]);
  return createHmac(hash, secretOf(input)).update(content).digest(encoding);
}

function standard(input: VerifyInput, names: string, key: string | Buffer): Record<string, string> {
  const start = `${headerOf(input, `${names}-id`)}.${sec}.`;
  const content = Buffer.concat([Buffer.from(start), input.request.body]);
  const signature = createHmac("sha256", key).update(content).digest("base64");
  return { [`${names}-timestamp`]: sec, [`${names}-signature`]: `v1,${signature}` };
}

function decoded(input: VerifyInput): Buffer {
  return Buffer.from(secretOf(input).slice("whsec_".length), "base64");
}

const standardNames = ["openai", "anthropic", "replicate", "lithic", "liveblocks"];
const svixNames = ["clerk", "resend"];

/** The headers that each provider's documentation or library says, made without this library. */
const written: Record<string, (input: VerifyInput) => Record<string, string>> = {
  workos: (input) => ({ "WorkOS-Signature": `t=${ms}, v1=${mac(input, `${ms}.`)}` }),
  zendesk: (input) => ({
    "X-Zendesk-Webhook-Signature": mac(input, iso, "", "base64"),
    "X-Zendesk-Webhook-Signature-Timestamp": iso,
  }),
  calendly: (input) => ({ "Calendly-Webhook-Signature": `t=${sec},v1=${mac(input, `${sec}.`)}` }),
  sanity: (input) => ({ "sanity-webhook-signature": `t=${ms},v1=${mac(input, `${ms}.`, "", "base64url")}` }),
  mux: (input) => ({ "Mux-Signature": `t=${sec},v1=${"0".repeat(64)},v1=${mac(input, `${sec}.`)}` }),
  elevenlabs: (input) => ({ "ElevenLabs-Signature": `t=${sec},v0=${mac(input, `${sec}.`)}` }),
  retell: (input) => ({ "X-Retell-Signature": `v=${ms},d=${mac(input, "", ms)}` }),
  crisp: (input) => ({ "X-Crisp-Signature": mac(input, `[${ms};`, "]"), "X-Crisp-Request-Timestamp": ms }),
  zoom: (input) => ({ "x-zm-signature": `v0=${mac(input, `v0:${sec}:`)}`, "x-zm-request-timestamp": sec }),
  revolut: (input) => ({
    "Revolut-Signature": `v1=${"0".repeat(64)},v1=${mac(input, `v1.${ms}.`)}`,
    "Revolut-Request-Timestamp": ms,
  }),
  recurly: (input) => ({ "recurly-signature": `${ms},${mac(input, `${ms}.`)},${"0".repeat(64)}` }),
  webflow: (input) => ({ "x-webflow-signature": mac(input, `${ms}:`), "x-webflow-timestamp": ms }),
  box: (input) => ({
    "BOX-SIGNATURE-PRIMARY": Buffer.alloc(32).toString("base64"),
    "BOX-SIGNATURE-SECONDARY": mac(input, "", "2024-05-06T00:08:09-07:00", "base64"),
    "BOX-DELIVERY-TIMESTAMP": "2024-05-06T00:08:09-07:00",
  }),
  bitbucket: (input) => ({ "X-Hub-Signature": `sha256=${mac(input, "")}` }),
  jira: (input) => ({ "X-Hub-Signature": `sha256=${mac(input, "")}` }),
  razorpay: (input) => ({ "X-Razorpay-Signature": mac(input, "") }),
  "coinbase-commerce": (input) => ({ "X-CC-Webhook-Signature": mac(input, "") }),
  gocardless: (input) => ({ "Webhook-Signature": mac(input, "") }),
  "cal-com": (input) => ({ "X-Cal-Signature-256": mac(input, "") }),
  "meta-whatsapp": (input) => ({ "X-Hub-Signature-256": `sha256=${mac(input, "")}` }),
  dropbox: (input) => ({ "X-Dropbox-Signature": mac(input, "") }),
  asana: (input) => ({ "X-Hook-Signature": mac(input, "") }),
  notion: (input) => ({ "X-Notion-Signature": `sha256=${mac(input, "")}` }),
  pagerduty: (input) => ({ "X-PagerDuty-Signature": `v1=${"0".repeat(64)},v1=${mac(input, "")}` }),
  circleci: (input) => ({ "circleci-signature": `v1=${mac(input, "")},v2=whatever` }),
  sentry: (input) => ({ "Sentry-Hook-Signature": mac(input, "") }),
  "checkout-com": (input) => ({ "Cko-Signature": mac(input, "") }),
  lemonsqueezy: (input) => ({ "X-Signature": mac(input, "") }),
  easypost: (input) => ({ "X-Hmac-Signature": `hmac-sha256-hex=${mac(input, "")}` }),
  "modern-treasury": (input) => ({ "X-Signature": mac(input, "") }),
  pusher: (input) => ({ "X-Pusher-Signature": mac(input, "") }),
  getstream: (input) => ({ "X-Signature": mac(input, "") }),
  dwolla: (input) => ({ "X-Request-Signature-SHA-256": mac(input, "") }),
  intercom: (input) => ({ "X-Hub-Signature": `sha1=${mac(input, "", "", "hex", "sha1")}` }),
  vercel: (input) => ({ "x-vercel-signature": mac(input, "", "", "hex", "sha1") }),
  xero: (input) => ({ "x-xero-signature": mac(input, "", "", "base64") }),
  typeform: (input) => ({ "Typeform-Signature": `sha256=${mac(input, "", "", "base64")}` }),
  line: (input) => ({ "x-line-signature": mac(input, "", "", "base64") }),
  docusign: (input) => ({
    "X-DocuSign-Signature-1": Buffer.alloc(32).toString("base64"),
    "X-DocuSign-Signature-2": mac(input, "", "", "base64"),
  }),
  woocommerce: (input) => ({ "X-WC-Webhook-Signature": mac(input, "", "", "base64") }),
  telegram: (input) => ({ "X-Telegram-Bot-Api-Secret-Token": secretOf(input) }),
  okta: (input) => ({ Authorization: secretOf(input) }),
  auth0: (input) => ({ Authorization: secretOf(input) }),
  polar: (input) => standard(input, "webhook", secretOf(input)),
  ...Object.fromEntries(
    standardNames.map((slug) => [slug, (input: VerifyInput) => standard(input, "webhook", decoded(input))]),
  ),
  ...Object.fromEntries(
    svixNames.map((slug) => [slug, (input: VerifyInput) => standard(input, "svix", decoded(input))]),
  ),
};

/** The input with the headers that its provider documents, or null when this page knows nothing of it. */
export function signByHand(input: VerifyInput): VerifyInput | null {
  const headers = written[input.provider]?.(input);
  return headers === undefined ? null : withHeaders(input, [...pairs(input), ...Object.entries(headers)]);
}
