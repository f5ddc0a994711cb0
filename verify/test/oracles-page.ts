import { disagreements } from "./disagreements.ts";
import { oracles } from "./oracles.ts";
import { sdkOracles } from "./sdk-oracles.ts";

/** The libraries behind `oracles.ts`, which names none: those of one wire format share one. */
const firstLibraries: Readonly<Record<string, string>> = {
  stripe: "stripe",
  github: "@octokit/webhooks-methods",
  "meta-whatsapp": "@octokit/webhooks-methods",
  shopify: "@shopify/shopify-api",
  slack: "@slack/bolt",
  twilio: "twilio",
  square: "square",
  paddle: "@paddle/paddle-node-sdk",
  linear: "@linear/sdk",
  discord: "discord-interactions",
  svix: "svix",
  clerk: "svix",
  resend: "svix",
};

interface Row {
  readonly provider: string;
  readonly library: string;
  readonly signs: boolean;
}

function rows(): Row[] {
  const first = oracles
    .filter(({ provider }) => !sdkOracles.some((one) => one.provider === provider))
    .map(({ provider, signs }) => ({
      provider,
      library: firstLibraries[provider] ?? "standardwebhooks",
      signs: signs !== null,
    }));
  const more = sdkOracles.map(({ provider, library, signs }) => ({ provider, library, signs: signs !== null }));
  return [...first, ...more].toSorted((a, b) => (a.provider < b.provider ? -1 : 1));
}

function differencesOf(they: "accept" | "refuse"): string[] {
  const groups = new Map<string, { providers: string[]; what: string; why: string }>();
  for (const { provider, what, why, they: answer } of disagreements) {
    if (answer !== they) continue;
    const key = `${what}\0${why}`;
    const group = groups.get(key) ?? { providers: [], what, why };
    group.providers.push(`\`${provider}\``);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ providers, what, why }) => `| ${what} | ${providers.join(", ")} | ${why} |`);
}

/** docs/oracles.md. `versions`: what the root and the gateway depend on. */
export function renderOraclesPage(versions: Readonly<Record<string, string>>): string {
  const table = rows().map(({ provider, library, signs }) => {
    const version = versions[library];
    if (version === undefined) throw new Error(`${library} is no dependency`);
    const differs = disagreements.filter((one) => one.provider === provider).length;
    const says = `${signs ? "signs and verifies" : "verifies"} | ${differs === 0 ? "in nothing" : `in ${differs}`}`;
    return `| \`${provider}\` | ${library} ${version} | ${says} |`;
  });
  return `${head}
| provider | library | it | differs |
|---|---|---|---|
${table.join("\n")}

## They accept what is refused here

| what | providers | why it is refused |
|---|---|---|
${differencesOf("accept").join("\n")}

## They refuse what is accepted here

| what | providers | why it is accepted |
|---|---|---|
${differencesOf("refuse").join("\n")}

${tail}`;
}

const head = `# The providers' own libraries as a check of this one

Written by \`verify/test/oracles-page.ts\` from what the tests ask; a test compares it.

Where a provider has a library on npm that verifies offline, the tests hold the same requests before it and before
\`@holdfast/verify\`: a genuine one signed here, a genuine one signed there (where it signs), another secret, altered bytes, a body
that was parsed and written anew, a header that is missing. Both must say the same. Where they differ, a test of its own shows the
request, and a row below says why.
`;

const tail = `## Libraries that cannot be asked

| provider | why |
|---|---|
| \`paypal\` | its library verifies by asking PayPal's server |
| \`plaid\`, \`netlify\`, \`fusionauth\` | none of their libraries verifies; a token is checked with any JOSE library |
| \`mailgun\`, \`mandrill\`, \`mollie\`, \`xero\`, \`trello\`, \`wise\`, \`revolut\`, \`docusign\`, \`dropbox\`, \`asana\` | no library on npm with a verifier is known; the tests sign by hand, by the documentation |
| \`line\`, \`workos\`, \`zoom\`, \`wix\`, \`vonage\`, \`getstream\`, \`modern-treasury\`, \`elevenlabs\`, \`polar\`, \`google-pubsub\` | the library is no devDependency yet; the tests sign by hand, by its source |
| \`openai\`, \`anthropic\`, \`lithic\`, \`clerk\`, \`resend\` | the same wire format as Standard Webhooks or Svix, whose libraries are asked in their place |
`;
