import type { Provider, ProviderEntry } from "./provider.ts";
import { discord } from "./providers/discord.ts";
import { github } from "./providers/github.ts";
import { gitlab } from "./providers/gitlab.ts";
import { gitlabSigning } from "./providers/gitlab-signing.ts";
import { linear } from "./providers/linear.ts";
import { paddle } from "./providers/paddle.ts";
import { shopify } from "./providers/shopify.ts";
import { slack } from "./providers/slack.ts";
import { square } from "./providers/square.ts";
import { standardWebhooks } from "./providers/standard-webhooks.ts";
import { stripe } from "./providers/stripe.ts";
import { svix } from "./providers/svix.ts";
import { twilio } from "./providers/twilio.ts";

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
