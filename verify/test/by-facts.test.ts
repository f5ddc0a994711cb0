import { describe, expect, test } from "vitest";
import { findProvider, providers, verify } from "../src/index.ts";
import type { HeaderList } from "../src/index.ts";
import { describedHeaders } from "./by-facts-headers.ts";
import { describedKeys } from "./by-facts-keys.ts";
import { describedSecrets } from "./by-facts-secrets.ts";

const described = [...describedKeys, ...describedHeaders, ...describedSecrets];

/** The same headers in every shape that a caller may have them in. */
function shapesOf(headers: HeaderList): HeaderList[] {
  const pairs = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
  const lower = pairs.map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  return [
    Object.fromEntries(pairs),
    pairs,
    Object.fromEntries(pairs.map(([name, value]) => [name.toUpperCase(), value])),
    Object.fromEntries(lower.map(([name, value]) => [name, [value]])),
    [["Host", "example.com"], ...lower, ["Accept", "*/*"]],
  ];
}

describe("a request made by the provider's own description verifies, in every shape of its headers", () => {
  test.each(described)("$name", ({ input, says }) => {
    for (const headers of shapesOf(input.request.headers)) {
      const verdict = verify({ ...input, request: { ...input.request, headers } });
      expect(verdict).toMatchObject({ ok: true, ...says });
    }
  });
});

describe("and not without its secret, its key or its certificate", () => {
  test.each(described)("$name", ({ input }) => {
    const { secrets, publicKeys, certificates, password, trustedRoots, ...others } = input.receiver;
    expect([secrets, publicKeys, certificates, password, trustedRoots].some((one) => one !== undefined)).toBe(true);
    expect(verify({ ...input, receiver: others }).ok).toBe(false);
  });
});

/** The slugs of the facts that this library began with. None may ever leave. */
const slugs =
  "stripe github gitlab gitlab-signing bitbucket jira shopify slack twilio sendgrid mailgun mandrill mailchimp postmark paddle linear discord square plaid workos hubspot razorpay adyen adyen-platform mollie paypal braintree coinbase-commerce gocardless xero intercom zendesk typeform calendly cal-com contentful sanity standard-webhooks svix clerk resend openai anthropic replicate lithic liveblocks polar mux elevenlabs retell cloudinary crisp zoom mercadopago telnyx line meta-whatsapp telegram aws-sns google-pubsub microsoft-graph azure-event-grid apple-app-store okta auth0 dropbox asana trello notion airtable figma monday pagerduty circleci buildkite sentry vercel netlify docusign wise revolut checkout-com recurly chargebee lemonsqueezy woocommerce easypost modern-treasury truelayer upstash-qstash messagebird livekit vonage plivo pusher getstream wix fusionauth webflow box dwolla";

test("every provider of the facts is in the table, and the four of which the check of the URL is what counts", () => {
  const known = slugs.split(" ");
  expect(known.length).toBe(101);
  const missing = [...known, "ebay", "x-twitter", "ringcentral", "cloudevents"].filter(
    (slug) => findProvider(slug) === null,
  );
  expect(missing).toEqual([]);
  expect(providers.length).toBeGreaterThanOrEqual(105);
});
