import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What a token says beside what it should; undefined takes a claim out. */
export type Lie = Readonly<Record<string, unknown>>;

/** An issuer that says whatever the test has it say. */
export interface LyingIssuer {
  readonly url: string;
  /** Laid over the claims of the next ID token. */
  lie: Lie;
  /** The nonce that an honest token would carry. */
  nonce: string;
  /** Signs with a key that it has not published. */
  signsWithForeignKey: boolean;
  /** Laid over what discovery tells. */
  metadata: Lie;
  /** Answers everything with this status instead. */
  failsWith: number | null;
  /** Parameters of the last request for a token. */
  readonly tokenRequests: URLSearchParams[];
  close(): Promise<void>;
}

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function makeToken(key: KeyObject, claims: object): string {
  const head = `${base64url({ alg: "RS256", kid: "one" })}.${base64url(claims)}`;
  return `${head}.${sign("sha256", Buffer.from(head), key).toString("base64url")}`;
}

export async function startLyingIssuer(): Promise<LyingIssuer> {
  const own = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const foreign = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      response.setHeader("content-type", "application/json");
      if (issuer.failsWith !== null) return response.writeHead(issuer.failsWith).end("{}");
      return response.end(JSON.stringify(answer(request.url ?? "", body)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answer = (path: string, body: string): object => {
    if (path.startsWith("/.well-known/")) {
      const places = { authorization_endpoint: `${url}/auth`, token_endpoint: `${url}/token`, jwks_uri: `${url}/keys` };
      return { issuer: url, ...places, id_token_signing_alg_values_supported: ["RS256"], ...issuer.metadata };
    }
    if (path === "/keys")
      return { keys: [{ ...own.publicKey.export({ format: "jwk" }), kid: "one", alg: "RS256", use: "sig" }] };
    issuer.tokenRequests.push(new URLSearchParams(body));
    const nowSec = Math.floor(Date.now() / 1_000);
    const who = { sub: "u-1", email: "ada@example.com", name: "Ada", groups: ["owners"] };
    const claims = {
      iss: url,
      aud: "holdfast",
      iat: nowSec,
      exp: nowSec + 300,
      nonce: issuer.nonce,
      ...who,
      ...issuer.lie,
    };
    const key = (issuer.signsWithForeignKey ? foreign : own).privateKey;
    return { access_token: "x", token_type: "Bearer", id_token: makeToken(key, claims) };
  };
  const issuer: LyingIssuer = {
    url,
    lie: {},
    nonce: "",
    signsWithForeignKey: false,
    metadata: {},
    failsWith: null,
    tokenRequests: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return issuer;
}
