import type { Configuration } from "openid-client";
import type { SignInRules } from "../domain/sign-in-claims.ts";
import { hasWantedClaims } from "../domain/sign-in-claims.ts";
import type { Clock } from "./clock.ts";
import type { Egress } from "./egress/egress-outcome.ts";
import { createEgressFetch } from "./egress-fetch.ts";
import type { ProviderFault } from "./open-id-fault.ts";
import { describeProviderFault } from "./open-id-fault.ts";

/** How people sign in through an OpenID provider. */
export interface OidcSettings extends SignInRules {
  readonly issuer: string;
  readonly clientId: string;
  /** Null: a public client, proven by PKCE alone. */
  readonly clientSecret: string | null;
  /** For people to read. */
  readonly name: string;
  readonly scopes: readonly string[];
}

/** What one way through the provider is bound to, each 256 random bits as base64url. */
export interface FlowSecrets {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** An OpenID provider, as its client sees it. Everything goes through the egress. */
export interface OpenIdProvider {
  readonly settings: OidcSettings;
  /** Where the provider sends the browser back to. */
  returnUrl(): string;
  /** Where the browser goes to sign in: authorization code, PKCE (S256), state and nonce. */
  begin(flow: FlowSecrets): Promise<{ readonly ok: true; readonly url: string } | ProviderFault>;
  /** Takes the query that the browser came back with, and asks the provider what it stands for. */
  finish(
    query: string,
    flow: FlowSecrets,
  ): Promise<
    { readonly ok: true; readonly claims: Readonly<Record<string, unknown>>; readonly idToken: string } | ProviderFault
  >;
  /** Where the browser goes to end the provider's own session; null when the provider offers none or is away. */
  signOutUrl(idToken: string): Promise<string | null>;
}

/** The path at which the browser comes back; to be registered at the provider as the redirect URI. */
export const RETURN_PATH = "/sign-in/return";
/** So long is what was discovered believed; keys that are not known are fetched sooner. */
const DISCOVERED_KEPT_MS = 3_600_000;
/** How far the clocks may be apart. */
const CLOCK_TOLERANCE_SEC = 30;

interface Parts {
  readonly egress: Pick<Egress, "get" | "post">;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly settings: OidcSettings;
  /** How browsers address the dashboard, without a trailing slash. */
  readonly dashboardUrl: () => string;
}

/** Makes the client of one OpenID provider. Nothing is asked before somebody signs in. */
export function createOpenIdProvider({ egress, clock, settings, dashboardUrl }: Parts): OpenIdProvider {
  const fetchByEgress = createEgressFetch(egress);
  let known: { readonly found: Promise<Configuration>; readonly sinceMs: number } | null = null;
  const discover = (): Promise<Configuration> => {
    if (known !== null && clock.monotonicMs() - known.sinceMs < DISCOVERED_KEPT_MS) return known.found;
    const found = discoverClient(settings, fetchByEgress);
    // Everybody who asks meanwhile waits for the same answer; a failure is not kept.
    const asked = { found, sinceMs: clock.monotonicMs() };
    known = asked;
    found.catch(() => {
      if (known === asked) known = null;
    });
    return found;
  };
  const returnUrl = (): string => dashboardUrl() + RETURN_PATH;
  return {
    settings,
    returnUrl,
    begin: (flow) =>
      told(async () => ({ ok: true, url: await toSignInUrl(await discover(), settings, flow, returnUrl()) })),
    finish: (query, flow) => told(async () => redeem(await discover(), settings, flow, `${returnUrl()}?${query}`)),
    signOutUrl: async (idToken) => {
      const asked = await told(async () => ({ ok: true, config: await discover() }));
      return asked.ok ? toSignOutUrl(asked.config, idToken, `${dashboardUrl()}/`) : null;
    },
  };
}

async function told<T extends { readonly ok: true }>(ask: () => Promise<T>): Promise<T | ProviderFault> {
  try {
    return await ask();
  } catch (error) {
    return describeProviderFault(error);
  }
}

/** Loaded at the first sign-in: most processes never need it. */
async function discoverClient(
  settings: OidcSettings,
  fetchByEgress: ReturnType<typeof createEgressFetch>,
): Promise<Configuration> {
  const client = await import("openid-client");
  const { issuer, clientId, clientSecret } = settings;
  const isPlain = issuer.startsWith("http:");
  const options = {
    [client.customFetch]: fetchByEgress,
    execute: isPlain ? [client.allowInsecureRequests] : [],
  };
  const found = await client.discovery(new URL(issuer), clientId, {}, client.None(), options);
  const server = found.serverMetadata();
  const metadata = { [client.clockTolerance]: CLOCK_TOLERANCE_SEC };
  const methods = server.token_endpoint_auth_methods_supported ?? [];
  // Basic encodes the secret in a way that not every provider undoes (RFC 6749, 2.3.1); it is taken where nothing else is offered.
  const withSecret = methods.includes("client_secret_post") ? client.ClientSecretPost : client.ClientSecretBasic;
  const config = new client.Configuration(
    server,
    clientId,
    metadata,
    clientSecret === null ? client.None() : withSecret(clientSecret),
  );
  config[client.customFetch] = fetchByEgress;
  if (isPlain) client.allowInsecureRequests(config);
  // The ID token's signature is checked too, and not only the connection that it came over.
  client.enableNonRepudiationChecks(config);
  return config;
}

async function toSignInUrl(
  config: Configuration,
  settings: OidcSettings,
  { state, nonce, verifier }: FlowSecrets,
  returnUrl: string,
): Promise<string> {
  const client = await import("openid-client");
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: returnUrl,
    scope: settings.scopes.join(" "),
    response_type: "code",
    state,
    nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  return vetPage(url, settings);
}

async function redeem(config: Configuration, settings: OidcSettings, flow: FlowSecrets, cameTo: string) {
  const client = await import("openid-client");
  const tokens = await client.authorizationCodeGrant(config, new URL(cameTo), {
    expectedState: flow.state,
    expectedNonce: flow.nonce,
    pkceCodeVerifier: flow.verifier,
    idTokenExpected: true,
  });
  const own = tokens.claims();
  if (own === undefined || tokens.id_token === undefined) throw new Error("the provider sent no ID token");
  const asks = !hasWantedClaims(own, settings) && config.serverMetadata().userinfo_endpoint !== undefined;
  const more = asks ? await client.fetchUserInfo(config, tokens.access_token, own.sub) : {};
  // What the signed token says counts, also where the other answer says something else.
  return { ok: true, claims: { ...more, ...own }, idToken: tokens.id_token } as const;
}

async function toSignOutUrl(config: Configuration, idToken: string, backTo: string): Promise<string | null> {
  if (config.serverMetadata().end_session_endpoint === undefined) return null;
  const client = await import("openid-client");
  try {
    const asked = { id_token_hint: idToken, post_logout_redirect_uri: backTo };
    return vetPage(client.buildEndSessionUrl(config, asked), { issuer: config.serverMetadata().issuer });
  } catch {
    return null;
  }
}

/** The browser is sent there by our own page, so it must be a page, and one that nobody on the way could have changed. */
function vetPage(url: URL, { issuer }: Pick<OidcSettings, "issuer">): string {
  if (url.protocol === "https:" || (url.protocol === "http:" && issuer.startsWith("http:"))) return url.href;
  throw new Error(`the provider names a page that is not https: ${url.protocol}`);
}
