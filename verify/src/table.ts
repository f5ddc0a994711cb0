import type { Provider, ProviderEntry } from "./provider.ts";
import { adyen } from "./providers/adyen.ts";
import { adyenPlatform } from "./providers/adyen-platform.ts";
import { airtable } from "./providers/airtable.ts";
import { anthropic } from "./providers/anthropic.ts";
import { appleAppStore } from "./providers/apple-app-store.ts";
import { asana } from "./providers/asana.ts";
import { auth0 } from "./providers/auth0.ts";
import { awsSns } from "./providers/aws-sns.ts";
import { azureEventGrid } from "./providers/azure-event-grid.ts";
import { bitbucket } from "./providers/bitbucket.ts";
import { box } from "./providers/box.ts";
import { braintree } from "./providers/braintree.ts";
import { buildkite } from "./providers/buildkite.ts";
import { calCom } from "./providers/cal-com.ts";
import { calendly } from "./providers/calendly.ts";
import { chargebee } from "./providers/chargebee.ts";
import { checkoutCom } from "./providers/checkout-com.ts";
import { circleci } from "./providers/circleci.ts";
import { clerk } from "./providers/clerk.ts";
import { cloudevents } from "./providers/cloudevents.ts";
import { cloudinary } from "./providers/cloudinary.ts";
import { coinbaseCommerce } from "./providers/coinbase-commerce.ts";
import { contentful } from "./providers/contentful.ts";
import { crisp } from "./providers/crisp.ts";
import { discord } from "./providers/discord.ts";
import { docusign } from "./providers/docusign.ts";
import { dropbox } from "./providers/dropbox.ts";
import { dwolla } from "./providers/dwolla.ts";
import { easypost } from "./providers/easypost.ts";
import { ebay } from "./providers/ebay.ts";
import { elevenlabs } from "./providers/elevenlabs.ts";
import { figma } from "./providers/figma.ts";
import { fusionauth } from "./providers/fusionauth.ts";
import { getstream } from "./providers/getstream.ts";
import { github } from "./providers/github.ts";
import { gitlab } from "./providers/gitlab.ts";
import { gitlabSigning } from "./providers/gitlab-signing.ts";
import { gocardless } from "./providers/gocardless.ts";
import { googlePubsub } from "./providers/google-pubsub.ts";
import { hubspot } from "./providers/hubspot.ts";
import { intercom } from "./providers/intercom.ts";
import { jira } from "./providers/jira.ts";
import { lemonsqueezy } from "./providers/lemonsqueezy.ts";
import { line } from "./providers/line.ts";
import { linear } from "./providers/linear.ts";
import { lithic } from "./providers/lithic.ts";
import { liveblocks } from "./providers/liveblocks.ts";
import { livekit } from "./providers/livekit.ts";
import { mailchimp } from "./providers/mailchimp.ts";
import { mailgun } from "./providers/mailgun.ts";
import { mandrill } from "./providers/mandrill.ts";
import { mercadopago } from "./providers/mercadopago.ts";
import { messagebird } from "./providers/messagebird.ts";
import { metaWhatsapp } from "./providers/meta-whatsapp.ts";
import { microsoftGraph } from "./providers/microsoft-graph.ts";
import { modernTreasury } from "./providers/modern-treasury.ts";
import { mollie } from "./providers/mollie.ts";
import { monday } from "./providers/monday.ts";
import { mux } from "./providers/mux.ts";
import { netlify } from "./providers/netlify.ts";
import { notion } from "./providers/notion.ts";
import { okta } from "./providers/okta.ts";
import { openai } from "./providers/openai.ts";
import { paddle } from "./providers/paddle.ts";
import { pagerduty } from "./providers/pagerduty.ts";
import { paypal } from "./providers/paypal.ts";
import { plaid } from "./providers/plaid.ts";
import { plivo } from "./providers/plivo.ts";
import { polar } from "./providers/polar.ts";
import { postmark } from "./providers/postmark.ts";
import { pusher } from "./providers/pusher.ts";
import { razorpay } from "./providers/razorpay.ts";
import { recurly } from "./providers/recurly.ts";
import { replicate } from "./providers/replicate.ts";
import { resend } from "./providers/resend.ts";
import { retell } from "./providers/retell.ts";
import { revolut } from "./providers/revolut.ts";
import { ringcentral } from "./providers/ringcentral.ts";
import { sanity } from "./providers/sanity.ts";
import { sendgrid } from "./providers/sendgrid.ts";
import { sentry } from "./providers/sentry.ts";
import { shopify } from "./providers/shopify.ts";
import { slack } from "./providers/slack.ts";
import { square } from "./providers/square.ts";
import { standardWebhooks } from "./providers/standard-webhooks.ts";
import { stripe } from "./providers/stripe.ts";
import { svix } from "./providers/svix.ts";
import { telegram } from "./providers/telegram.ts";
import { telnyx } from "./providers/telnyx.ts";
import { trello } from "./providers/trello.ts";
import { truelayer } from "./providers/truelayer.ts";
import { twilio } from "./providers/twilio.ts";
import { typeform } from "./providers/typeform.ts";
import { upstashQstash } from "./providers/upstash-qstash.ts";
import { vercel } from "./providers/vercel.ts";
import { vonage } from "./providers/vonage.ts";
import { webflow } from "./providers/webflow.ts";
import { wise } from "./providers/wise.ts";
import { wix } from "./providers/wix.ts";
import { woocommerce } from "./providers/woocommerce.ts";
import { workos } from "./providers/workos.ts";
import { xTwitter } from "./providers/x-twitter.ts";
import { xero } from "./providers/xero.ts";
import { zendesk } from "./providers/zendesk.ts";
import { zoom } from "./providers/zoom.ts";

const entries: readonly ProviderEntry[] = [
  stripe,
  github,
  shopify,
  slack,
  standardWebhooks,
  svix,
  gitlab,
  gitlabSigning,
  twilio,
  square,
  paddle,
  linear,
  discord,
  anthropic,
  asana,
  auth0,
  bitbucket,
  box,
  calCom,
  calendly,
  checkoutCom,
  circleci,
  clerk,
  coinbaseCommerce,
  crisp,
  docusign,
  dropbox,
  dwolla,
  easypost,
  elevenlabs,
  getstream,
  gocardless,
  intercom,
  jira,
  lemonsqueezy,
  line,
  lithic,
  liveblocks,
  metaWhatsapp,
  modernTreasury,
  mux,
  notion,
  okta,
  openai,
  pagerduty,
  polar,
  pusher,
  razorpay,
  recurly,
  replicate,
  resend,
  retell,
  revolut,
  sanity,
  sentry,
  telegram,
  typeform,
  vercel,
  webflow,
  woocommerce,
  workos,
  xero,
  zendesk,
  zoom,
  adyen,
  adyenPlatform,
  airtable,
  appleAppStore,
  awsSns,
  azureEventGrid,
  braintree,
  buildkite,
  chargebee,
  cloudevents,
  cloudinary,
  contentful,
  ebay,
  figma,
  fusionauth,
  googlePubsub,
  hubspot,
  livekit,
  mailchimp,
  mailgun,
  mandrill,
  mercadopago,
  messagebird,
  microsoftGraph,
  mollie,
  monday,
  netlify,
  paypal,
  plaid,
  plivo,
  postmark,
  ringcentral,
  sendgrid,
  telnyx,
  trello,
  truelayer,
  upstashQstash,
  vonage,
  wise,
  wix,
  xTwitter,
];

const bySlug: ReadonlyMap<string, ProviderEntry> = new Map(entries.map((entry) => [entry.provider.slug, entry]));

/** Every provider, in the order of the documentation. */
export const providers: readonly Provider[] = entries.map((entry) => entry.provider);

/** The provider with this slug, or null. */
export function findProvider(slug: string): Provider | null {
  return findEntry(slug)?.provider ?? null;
}

/** The provider with this slug and the rules behind it, or null. */
export function findEntry(slug: string): ProviderEntry | null {
  return bySlug.get(slug) ?? null;
}
