import { createHash, timingSafeEqual } from "node:crypto";
import type { Arrival } from "../arrival.ts";
import type { CodedScheme, SignedRequest } from "../coded-scheme.ts";
import { explainNoKey } from "../diagnose/no-key.ts";
import { readKeys } from "../key.ts";
import type { Key } from "../key.ts";
import { refuse } from "../refuse.ts";
import type { SecretRule } from "../scheme.ts";
import type { Refused } from "../verdict.ts";
import type { VerifyInput } from "../verify.ts";
import type { Finding } from "./proof.ts";
import { queryOf } from "./public-url.ts";
import { readHeader, refuseIncomplete, refuseSpelling } from "./read-parts.ts";
import { secretOf } from "./signing-key.ts";

/** A secret that people choose themselves, as text. */
export const chosenSecret: SecretRule = { encoding: "utf8", prefix: "", bytesMin: 24 };

/** A shared token somewhere in the request. */
export interface TokenPlace {
  /** The tokens that came, all of which must be one of the secrets; or the refusal. An alternative is a list within. */
  readonly read: (arrival: Arrival) => readonly (readonly string[])[] | Refused;
  /** The place, for a person: `the URL`. */
  readonly where: string;
  /** The request with the token in its place. */
  readonly write: (input: VerifyInput, token: string) => SignedRequest;
  readonly secret?: SecretRule;
  /** What is looked at besides, once the token fits. */
  readonly check?: (arrival: Arrival) => Finding | null;
  readonly readsPublicKeys?: boolean;
}

/** A scheme in which a shared token comes with the request and nothing is signed. */
export function tokenScheme(place: TokenPlace): CodedScheme {
  const { secret = chosenSecret } = place;
  return {
    engine: "credentials",
    secret,
    readsPublicKeys: place.readsPublicKeys ?? false,
    receiverFields: ["secrets"],
    toleranceSec: null,
    signsUrl: false,
    prove: (arrival) => proveTokens(arrival, place, secret),
    sign: (input) => ({ ...place.write(input, String(secretOf(input, secret))), showsSecret: true }),
  };
}

function proveTokens(arrival: Arrival, place: TokenPlace, secret: SecretRule): Finding {
  const ring = readKeys(arrival.receiver, secret, arrival.now);
  if (ring.live.length + ring.expired.length === 0) return explainNoKey(arrival, ring);
  const tokens = place.read(arrival);
  if ("ok" in tokens) return tokens;
  let version: string | null = null;
  for (const candidates of tokens) {
    const match = matchToken(candidates, ring.live);
    if (match === null) return refuseToken(arrival, place.where, matchToken(candidates, ring.expired));
    version ??= match.version;
  }
  if (version === null) return refuseToken(arrival, place.where, null);
  return place.check?.(arrival) ?? { ok: true, secretVersion: version, signedAt: null, signed: [] };
}

/** A token under the name that the verdict reports. */
type Token = Pick<Key, "version" | "text">;

/** Both sides are hashed first, so that length tells nothing, and all are compared. */
function matchToken(candidates: readonly string[], keys: readonly Token[]): Token | null {
  let matched: Token | null = null;
  for (const key of keys) {
    for (const candidate of candidates) if (isSame(candidate, key.text) && matched === null) matched = key;
  }
  return matched;
}

function isSame(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}

function refuseToken({ entry }: Arrival, where: string, expired: Token | null): Refused {
  if (expired !== null)
    return refuse("secret_expired", {
      step: "signature",
      summary: `The token in ${where} is secret version ${expired.version}, whose notAfter has passed. Set the current one at ${entry.provider.name}, or lengthen the overlap.`,
      evidence: { where, secretVersion: expired.version },
      likelyCause: "secret_expired",
    });
  return refuse("token_mismatch", {
    step: "signature",
    summary: `What ${where} holds is none of the live secret versions. Compare it with what is set at ${entry.provider.name}.`,
    evidence: { where },
    likelyCause: "body_or_secret_differs",
  });
}

/** Places in one URL at most. */
const placesMax = 64;

/** The secret as one value of the query, or one segment of the path. */
export const urlToken: TokenPlace = {
  where: "the URL",
  read: ({ request }) => [placesOf(request.url)],
  write: ({ request }, token) => {
    const joint = request.url.includes("?") ? "&" : "?";
    return { url: `${request.url}${joint}secret=${encodeURIComponent(token)}`, headers: [], body: request.body };
  },
};

function placesOf(url: string): string[] {
  const path = (url.split(/[?#]/, 1)[0] ?? "").split("/");
  const query = queryOf(url)
    .split("&")
    .map((field) => field.slice(field.indexOf("=") + 1).replaceAll("+", " "));
  return [...path, ...query]
    .filter((place) => place !== "")
    .slice(0, placesMax)
    .map(decode);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const passwordRule: SecretRule = { encoding: "utf8", prefix: "", bytesMin: 1 };

/** HTTP Basic (RFC 7617): the receiver's username, with its password or any live secret as the password. */
export const basicScheme: CodedScheme = {
  engine: "credentials",
  secret: passwordRule,
  readsPublicKeys: false,
  receiverFields: ["username"],
  toleranceSec: null,
  signsUrl: false,
  prove: proveBasic,
  sign: (input) => {
    const { username, password } = input.receiver;
    const pair = `${username ?? ""}:${password ?? String(secretOf(input, passwordRule))}`;
    const header: [string, string] = ["Authorization", `Basic ${Buffer.from(pair).toString("base64")}`];
    return { url: input.request.url, headers: [header], body: input.request.body, showsSecret: true };
  },
};

function proveBasic(arrival: Arrival): Finding {
  const { username, password } = arrival.receiver;
  if (typeof username !== "string" || username === "" || username.includes(":"))
    return refuseIncomplete(arrival, "a username without a colon", "sends a user's name and password");
  const ring = readKeys(arrival.receiver, passwordRule, arrival.now);
  const isGiven = typeof password === "string" && password.trim() !== "";
  const own: Token[] = isGiven ? [{ version: "password", text: password }] : [];
  const live = [...own, ...ring.live];
  if (live.length + ring.expired.length === 0)
    return refuseIncomplete(arrival, "a password (or secrets, to change it with an overlap)", "sends a password");
  const header = readHeader(arrival, "Authorization");
  if (typeof header !== "string") return header;
  const [, text] = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? [];
  const bytes = Buffer.from(text ?? "", "base64");
  if (text === undefined || bytes.toString("base64") !== text)
    return refuseSpelling("Authorization", "", "it is not Basic with standard base64");
  const pairs = (keys: readonly Token[]) =>
    keys.map(({ version, text: secret }): Token => ({ version, text: `${username}:${secret}` }));
  const given = [bytes.toString("utf8"), bytes.toString("latin1")];
  const match = matchToken(given, pairs(live));
  if (match !== null) return { ok: true, secretVersion: match.version, signedAt: null, signed: [] };
  return refuseToken(arrival, "Authorization", matchToken(given, pairs(ring.expired)));
}
