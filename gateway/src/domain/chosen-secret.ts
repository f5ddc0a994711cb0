/** How a secret is written that the provider lets its customer choose. */
type Form = "base64url" | "hex-64" | "standard-webhooks";

/**
 * Providers at which whoever receives the webhooks chooses the secret and types it in there (their own documentation). At all
 * others the provider makes it, and a made-up one would never verify anything. 24 random bytes at least (security S03); the
 * shortest limit among these is Lemon Squeezy's 40 characters, and Contentful asks for exactly 64.
 */
const CHOSEN: Readonly<Record<string, Form>> = {
  auth0: "base64url",
  bitbucket: "base64url",
  "cal-com": "base64url",
  circleci: "base64url",
  contentful: "hex-64",
  dwolla: "base64url",
  easypost: "base64url",
  figma: "base64url",
  github: "base64url",
  gitlab: "base64url",
  jira: "base64url",
  lemonsqueezy: "base64url",
  "microsoft-graph": "base64url",
  netlify: "base64url",
  okta: "base64url",
  sanity: "base64url",
  "standard-webhooks": "standard-webhooks",
  telegram: "base64url",
  typeform: "base64url",
  woocommerce: "base64url",
};

/** The slugs of those providers. */
export const CHOSEN_SECRET_PROVIDERS: readonly string[] = Object.keys(CHOSEN);

/**
 * Makes a secret for a provider that lets its customer choose.
 *
 * @param random gives that many random bytes
 * @returns null where the provider makes the secret itself
 */
export function chooseSecret(provider: string, random: (bytes: number) => Uint8Array): string | null {
  const form = Object.hasOwn(CHOSEN, provider) ? CHOSEN[provider] : undefined;
  switch (form) {
    case undefined:
      return null;
    case "base64url":
      return Buffer.from(random(24)).toString("base64url");
    case "hex-64":
      return Buffer.from(random(32)).toString("hex");
    case "standard-webhooks":
      return `whsec_${Buffer.from(random(32)).toString("base64")}`;
  }
}
