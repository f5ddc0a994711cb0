import { generateKeyPairSync } from "node:crypto";
import type { RequestListener } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";

/** What the issuer tells of somebody. */
export interface Account {
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly name?: string;
  readonly groups?: readonly string[];
}

/** A real OpenID provider on a loopback port, without pages: whoever comes is the account that is set. */
export interface RealIssuer {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** By subject. */
  readonly accounts: Map<string, Account>;
  /** Whose browser it is; null: they say no. */
  comesAs: string | null;
  /** Paths that were asked for. */
  readonly asked: string[];
  /** What its word for a code waits for. */
  tokenAfter: Promise<void> | null;
  /** Takes the gateway on as its client. */
  register(dashboardUrl: string): void;
  close(): Promise<void>;
}

const CLIENT = { id: "holdfast", secret: "a secret that is long enough to be one" };

/** @param host under which name it is reached; localhost and 127.0.0.1 are two sites to a browser */
export async function startRealIssuer(host = "127.0.0.1"): Promise<RealIssuer> {
  let listener: RequestListener = (_request, response) => response.writeHead(503).end();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? "").split("?")[0]!;
    asked.push(path);
    const held = path === "/token" ? issuer.tokenAfter : null;
    if (held === null) listener(request, response);
    else void held.then(() => listener(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://${host}:${(server.address() as AddressInfo).port}`;
  const issuer: RealIssuer = {
    url,
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    accounts: new Map(),
    comesAs: null,
    asked,
    tokenAfter: null,
    register: (dashboardUrl) => {
      const provider = makeProvider(issuer, dashboardUrl);
      const serve = provider.callback();
      listener = (request, response) => {
        if (request.url?.startsWith("/interaction/") !== true) return void serve(request, response);
        const result = issuer.comesAs === null ? { error: "access_denied" } : { login: { accountId: issuer.comesAs } };
        void provider.interactionFinished(request, response, result);
      };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return issuer;
}

interface Context {
  readonly oidc: {
    readonly client: { readonly clientId: string };
    readonly session: { readonly accountId: string };
    readonly provider: Provider;
  };
}

function makeProvider(issuer: RealIssuer, dashboardUrl: string): Provider {
  const jwk = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
  return new Provider(issuer.url, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [`${dashboardUrl}/sign-in/return`],
        post_logout_redirect_uris: [`${dashboardUrl}/`],
      },
    ],
    jwks: { keys: [{ ...jwk, kid: "one", use: "sig", alg: "RS256" }] },
    cookies: { keys: ["a key of the test's cookies"] },
    scopes: ["openid", "email", "profile", "groups"],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        // Without a question: the form sends itself.
        logoutSource: (context: { body: string }, form: string) => {
          context.body = `<!doctype html><title>Out</title>${form}<script>document.forms[0].submit()</script>`;
        },
      },
    },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 600, Grant: 600 },
    interactions: { url: (_context: unknown, interaction: { uid: string }) => `/interaction/${interaction.uid}` },
    findAccount: (_context: unknown, id: string) => {
      const account = issuer.accounts.get(id);
      return account && { accountId: id, claims: () => ({ sub: id, ...account }) };
    },
    // Whoever comes has said yes already.
    loadExistingGrant: async ({ oidc: { client, session, provider } }: Context) => {
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope("openid email profile groups");
      await grant.save();
      return grant;
    },
  });
}
