import type { Arrival } from "../arrival.ts";
import type { SignedRequest } from "../coded-scheme.ts";
import { decodeUtf8 } from "../extract/json-text.ts";
import type { SecretRule } from "../scheme.ts";
import type { Refused } from "../verdict.ts";
import type { VerifyInput } from "../verify.ts";
import { makeJws } from "./jws.ts";
import type { JsonObject, JwsAlgorithm } from "./jws.ts";
import { readHeader, refuseBody, refuseSpelling } from "./read-parts.ts";
import { privateKeyOf, secretKeyOf } from "./signing-key.ts";

/** Secrets of token schemes: text that the provider hands out. */
export const tokenSecret: SecretRule = { encoding: "utf8", prefix: "", bytesMin: 16 };

/** The token as the whole value of a header. */
export function inHeader(name: string): (arrival: Arrival) => { text: string; where: string } | Refused {
  return (arrival) => {
    const text = readHeader(arrival, name);
    return typeof text === "string" ? { text, where: name } : text;
  };
}

/** The token behind `Bearer` in `Authorization` (RFC 6750). */
export function asBearer(arrival: Arrival): { text: string; where: string } | Refused {
  const text = readHeader(arrival, "Authorization");
  if (typeof text !== "string") return text;
  const [, token] = /^bearer ([^ ]+)$/i.exec(text) ?? [];
  return token === undefined
    ? refuseSpelling("Authorization", "", "it is not Bearer with one token")
    : { text: token, where: "Authorization" };
}

/** The body is the token, with nothing but a line break around it. */
export function asBody(arrival: Arrival): { text: string; where: string } | Refused {
  const text = decodeUtf8(arrival.request.body)?.trim();
  return text === undefined || text === "" ? refuseBody(arrival, "it is no token") : { text, where: "the body" };
}

/** A token made with the first live secret, in a header behind a prefix. */
export function placeSecret(name: string, prefix = "", algorithm: JwsAlgorithm = "HS256") {
  return (input: VerifyInput, claims: JsonObject): SignedRequest => {
    const key = secretKeyOf(input, tokenSecret);
    const token = makeJws(algorithm, key, { typ: "JWT", alg: algorithm }, Buffer.from(JSON.stringify(claims)));
    const { url, body } = input.request;
    return { url, body, headers: [[name, prefix + token]] };
  };
}

/** A token made with the private key in `secrets[0]`, under the receiver's keyId. */
export function makeWithPrivateKey(input: VerifyInput, algorithm: JwsAlgorithm, claims: JsonObject): string {
  const { keyId } = input.receiver;
  const header = { typ: "JWT", alg: algorithm, ...(keyId === undefined ? {} : { kid: keyId }) };
  return makeJws(algorithm, privateKeyOf(input), header, Buffer.from(JSON.stringify(claims)));
}
