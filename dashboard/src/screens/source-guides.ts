import type { ProviderRow } from "../api/setup.ts";

/** Where in a provider's console the URL goes, and where the secret is. Words of the console are written as they stand there. */
interface Place {
  readonly url: string;
  readonly secret: string;
}

const PLACES: Readonly<Record<string, Place>> = {
  stripe: {
    url: "Developers, Webhooks (in Workbench: Event destinations), Add destination: choose the events, then Webhook, and paste the URL.",
    secret: "On the destination's page, Signing secret, Reveal: the whole text that begins with whsec_.",
  },
  github: {
    url: "The repository's or organisation's Settings, Webhooks, Add webhook: paste it as Payload URL and choose application/json.",
    secret: "The field Secret on the same page. You choose it.",
  },
  shopify: {
    url: "Settings, Notifications, Webhooks, Create webhook: format JSON. For an app: the topics' uri in shopify.app.toml.",
    secret: "Below the list of webhooks: “signed with”. For an app it is the client secret.",
  },
  slack: {
    url: "api.slack.com, Your Apps, the app, Event Subscriptions, Request URL. Slack checks it at once.",
    secret: "Basic Information, App Credentials, Signing Secret.",
  },
  gitlab: {
    url: "The project's or group's Settings, Webhooks, Add new webhook, URL.",
    secret: "The field Secret token on the same page. You choose it.",
  },
  "gitlab-signing": {
    url: "The project's or group's Settings, Webhooks, Add new webhook, URL.",
    secret: "The field Signing token on the same page.",
  },
  twilio: {
    url: "Phone Numbers, Active numbers, the number, “A message comes in” or “A call comes in”: Webhook, HTTP POST.",
    secret: "Account dashboard, Account Info, Auth Token.",
  },
  square: {
    url: "Developer Dashboard, the application, Webhooks, Subscriptions, Add subscription, Notification URL.",
    secret: "The subscription's page, Signature key, Show.",
  },
  paddle: {
    url: "Developer tools, Notifications, New destination, type Webhook, URL.",
    secret: "The destination's menu, Edit destination, Secret key.",
  },
  linear: {
    url: "Settings, API, Webhooks, New webhook, URL.",
    secret: "The webhook's page, Signing secret.",
  },
  zoom: {
    url: "App Marketplace, Manage, the app, Feature, Event Subscriptions, Event notification URL, Validate.",
    secret: "The same page, Secret Token.",
  },
  openai: {
    url: "Platform settings, the project, Webhooks, Create, URL.",
    secret: "Shown once when the webhook is created; it begins with whsec_.",
  },
  plaid: {
    url: "The webhook field of /link/token/create or /item/webhook/update, item by item.",
    secret:
      "Its keys are asked for with your client id and secret (Dashboard, Developers, Keys): clientId and clientSecret of the source, with PATCH or in the configuration file.",
  },
  hubspot: {
    url: "Developer account, the app, Webhooks, Target URL.",
    secret: "The app's Auth page, Client secret.",
  },
  woocommerce: {
    url: "WooCommerce, Settings, Advanced, Webhooks, Add webhook, Delivery URL; state Active.",
    secret: "The field Secret on the same page. You choose it.",
  },
  intercom: {
    url: "Developer Hub, the app, Webhooks, Request URL. Intercom checks it by HEAD.",
    secret: "Basic information, Client secret.",
  },
  mailgun: {
    url: "Send, Sending, Webhooks, Add webhook, for each kind of event.",
    secret: "The same page, HTTP webhook signing key.",
  },
  resend: { url: "Webhooks, Add Webhook, URL.", secret: "The webhook's page, Signing Secret; it begins with whsec_." },
  svix: { url: "The application's portal, Add, URL.", secret: "The page of what you added, Signing Secret." },
  clerk: {
    url: "Configure, Webhooks, Add, URL.",
    secret: "The webhook's page, Signing Secret; it begins with whsec_.",
  },
  typeform: {
    url: "The form, Connect, Webhooks, Add a webhook, URL; then switch it on.",
    secret: "The webhook's Edit page, Secret. You choose it.",
  },
  calendly: {
    url: "By its API alone: POST /webhook_subscriptions with this URL.",
    secret: "signing_key of the same call. Without it Calendly does not sign.",
  },
  pagerduty: {
    url: "Integrations, Generic Webhooks (v3), New Webhook, Webhook URL.",
    secret: "Shown once when the webhook is created.",
  },
  discord: {
    url: "Developer Portal, the application, General Information, Interactions URL, or Webhooks for events.",
    secret: "There is none: General Information, Public Key.",
  },
  adyen: {
    url: "Customer Area, Developers, Webhooks, Standard webhook, URL.",
    secret: "The webhook's page, Security, HMAC key, Generate.",
  },
  paypal: {
    url: "Developer Dashboard, Apps & Credentials, the app, Webhooks, Add Webhook.",
    secret: "There is none: the Webhook ID beside the URL is what is needed.",
  },
  razorpay: {
    url: "Account & Settings, Webhooks, Add New Webhook, Webhook URL.",
    secret: "The field Secret on the same page.",
  },
  notion: {
    url: "Integrations, the integration, Webhooks, Create a subscription.",
    secret: "The verification token that Notion posts to the URL once.",
  },
  sendgrid: {
    url: "Settings, Mail Settings, Event Webhooks, Create, Post URL; switch Signed Event Webhook on.",
    secret: "There is none: the Verification Key of the same page is the public key.",
  },
  okta: {
    url: "Workflow, Event Hooks, Create, URL; then Verify.",
    secret: "The field Authentication secret. You choose it.",
  },
  auth0: {
    url: "Monitoring, Streams, Create Log Stream, Custom Webhook, Payload URL.",
    secret: "The field Authorization Token. You choose it.",
  },
  postmark: {
    url: "The server, the message stream, Webhooks, Add webhook, URL.",
    secret: "The fields for Basic authentication on the same page. You choose them.",
  },
};

/** Where to paste the URL, and where the secret comes from; in general words for a provider without words of its own. */
export function guideOf(provider: ProviderRow): Place {
  const place = PLACES[provider.slug];
  if (place !== undefined) return place;
  return {
    url: `In ${provider.name}'s settings for webhooks, make a new one and paste the URL where it is to be posted.`,
    secret: describeCredential(provider),
  };
}

function describeCredential({ name, receiverFields, choosesSecret }: ProviderRow): string {
  if (receiverFields.includes("secrets"))
    return choosesSecret
      ? `You choose it, and type it in where ${name} asks for a secret.`
      : `${name} shows it beside the webhook, once it is made.`;
  if (receiverFields.includes("publicKeys")) return `There is none: ${name} publishes a public key.`;
  return receiverFields.length === 0
    ? `There is none to copy: ${name}'s keys are public, and are fetched from its own host.`
    : `There is none; what is needed instead is named below.`;
}

/** A field of the receiver configuration in words, for the form that makes a source. */
export interface FieldWords {
  readonly label: string;
  readonly hint: string;
  readonly kind: "text" | "secret" | "list";
}

const FIELDS: Readonly<Record<string, FieldWords>> = {
  notificationUrl: {
    label: "The URL as it is registered",
    hint: "Letter by letter as the provider has it, since it is part of what is signed.",
    kind: "text",
  },
  callbackUrl: { label: "Callback URL", hint: "As it is registered at the provider.", kind: "text" },
  webhookId: { label: "Id of the webhook", hint: "As the provider shows it beside the URL.", kind: "text" },
  audience: {
    label: "Audience",
    hint: "Whom the provider's tokens must be meant for; of Amazon SNS the topic's ARN.",
    kind: "text",
  },
  issuers: { label: "Issuers", hint: "Whose tokens count; one in a line.", kind: "list" },
  email: { label: "Account's email address", hint: "Of the service account that signs.", kind: "text" },
  bundleId: { label: "Bundle id", hint: "Of your app, such as com.example.app.", kind: "text" },
  environment: { label: "Environment", hint: "Production or Sandbox, as the provider writes it.", kind: "text" },
  appId: { label: "App id", hint: "As the provider shows it.", kind: "text" },
  keyId: { label: "Key id", hint: "As the provider shows it.", kind: "text" },
  algorithm: { label: "Algorithm", hint: "As it is chosen at the provider.", kind: "text" },
  version: { label: "Version", hint: "As it is chosen at the provider.", kind: "text" },
  username: { label: "User name", hint: "The one that the provider sends.", kind: "text" },
  password: { label: "Password", hint: "The one that the provider sends.", kind: "secret" },
  verifyToken: {
    label: "Verify token",
    hint: "You choose it; the provider shows it when it checks the URL.",
    kind: "secret",
  },
  clientId: { label: "Client id", hint: "Your own at the provider, for asking for its keys.", kind: "text" },
  clientSecret: { label: "Client secret", hint: "The one that goes with the client id.", kind: "secret" },
  plaidEnvironment: { label: "Environment", hint: "sandbox; empty for production.", kind: "text" },
  certHostPattern: { label: "Host of certificates", hint: "A pattern of the hosts that count.", kind: "text" },
  trustedRoots: { label: "Trusted root certificates", hint: "As PEM text, with BEGIN and END lines.", kind: "list" },
};

/** What a provider that gives its keys to its own customers alone is asked with; without it nothing verifies. */
const CLIENT_FIELDS: Readonly<Record<string, readonly string[]>> = {
  plaid: ["clientId", "clientSecret", "plaidEnvironment"],
};

/** A field of the form: its name in the source, and whether it may be left empty. */
export interface AskedField {
  readonly key: string;
  readonly name: string;
  readonly optional: boolean;
}

/** Every field that the form for this provider asks for. */
export function fieldsOf({ slug, receiverFields }: ProviderRow): readonly AskedField[] {
  return [...receiverFields, ...(CLIENT_FIELDS[slug] ?? [])].map((key) =>
    key === "plaidEnvironment" ? { key, name: "environment", optional: true } : { key, name: key, optional: false },
  );
}

export function describeField(name: string): FieldWords {
  return FIELDS[name] ?? { label: name, hint: "See docs/providers.md.", kind: "text" };
}
