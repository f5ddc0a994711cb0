import { createHash, createHmac, createPrivateKey, createPublicKey, sign as signBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Receiver, Verified, VerifyInput } from "../src/index.ts";
import { keys } from "./coded-sample.ts";
import { now } from "./samples.ts";

// Requests as the providers' pages describe them, made without this library: its sign() and its verify() could be wrong together.

/** A genuine request, a receiver as an owner may write it, and what the verdict must say of it. */
export interface Described {
  readonly name: string;
  readonly input: VerifyInput;
  readonly says: Partial<Record<keyof Verified, unknown>>;
}

/** The URL at which all of them arrive, registered so. */
export const at = "https://example.com/in/abc";
export const seconds = "1714979289";
export const milliseconds = "1714979289000";
export const issued = 1714979289;
/** A shared secret, and a body that has an id and a type at the usual place. */
export const secret = "8f742231b10e8888abcd99e6d1f4a2b7";
export const body = '{"id":"e1","type":"t"}';

type Request = Partial<Omit<VerifyInput["request"], "body" | "headers">>;

/** One description. `headers` as a record, in the spelling of the provider's page. */
export function describe(
  provider: string,
  name: string,
  receiver: Receiver,
  headers: Readonly<Record<string, string>>,
  text: string = body,
  says: Described["says"] = {},
  change: Request = {},
): Described {
  const request = { method: "POST", url: at, ...change, headers, body: Buffer.from(text) };
  return { name: `${provider}: ${name}`, input: { provider, receiver, request, now }, says };
}

/** A hash of texts, as text. */
export function digest(hash: "sha1" | "sha256", encoding: "hex" | "base64" | "base64url", ...texts: string[]): string {
  return createHash(hash).update(texts.join("")).digest(encoding);
}

/** An HMAC of texts, as text. */
export function mac(
  encoding: "hex" | "base64",
  key: string | Uint8Array,
  content: string,
  hash: "sha1" | "sha256" = "sha256",
): string {
  return createHmac(hash, key).update(content).digest(encoding);
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** A token with a shared secret (RFC 7515). */
export function sharedToken(claims: object, header: object = { alg: "HS256", typ: "JWT" }): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** A token with a private key. ES512 hashes with SHA-512, EdDSA with nothing, the others with SHA-256. */
export function keyToken(alg: string, key: KeyObject, claims: object, header: object = {}): string {
  return detached(alg, key, { typ: "JWT", ...header }, JSON.stringify(claims)).join(".");
}

/** The three segments of a token over any text. */
export function detached(alg: string, key: KeyObject, header: object, payload: string): [string, string, string] {
  const [head, text] = [encode({ alg, ...header }), Buffer.from(payload).toString("base64url")];
  const hash = alg === "EdDSA" ? null : alg === "ES512" ? "sha512" : "sha256";
  const signature = signBytes(hash, Buffer.from(`${head}.${text}`), { key, dsaEncoding: "ieee-p1363" });
  return [head, text, signature.toString("base64url")];
}

/** The private key of a test pair. */
export function privateOf(name: keyof typeof keys): KeyObject {
  return createPrivateKey(keys[name].privatePem);
}

/** The raw 32 bytes of the Ed25519 pair, in hexadecimal. */
export const rawHex = Buffer.from(keys.ed.raw, "base64").toString("hex");

/** A public key as an object with more members beside it, as key sets have it. */
export function jwkOf(name: keyof typeof keys, more: object = {}): object {
  return { ...createPublicKey(keys[name].publicPem).export({ format: "jwk" }), use: "sig", ...more };
}

/** Every way of writing down one public key, with and without a name. */
export function writtenKeys(name: keyof typeof keys, kid: string): [string, Receiver][] {
  const { publicPem, der } = keys[name];
  const text = JSON.stringify(jwkOf(name, { kid }));
  return [
    ["as JSON Web Key", { publicKeys: [{ kid, format: "jwk", value: text }] }],
    ["as JSON Web Key with its name inside", { publicKeys: [{ format: "jwk", value: text }] }],
    // Callers in plain JavaScript pass the object of a key set on as it is.
    ["as JSON Web Key that is an object", { publicKeys: [{ kid, format: "jwk", value: jwkOf(name) as never }] }],
    ["as PEM", { publicKeys: [{ kid, format: "spki-pem", value: publicPem }] }],
    ["as DER", { publicKeys: [{ kid, format: "spki-der-base64", value: der }] }],
  ];
}

/** The three ways in which a receiver may know its own URL. */
export const registered: readonly [string, Receiver, Request][] = [
  ["with notificationUrl, seen as a path", { secrets: [secret], notificationUrl: at }, { url: "/in/abc" }],
  ["with callbackUrl, seen as a path", { secrets: [secret], callbackUrl: at }, { url: "/in/abc" }],
  ["seen whole", { secrets: [secret] }, { url: at }],
];
