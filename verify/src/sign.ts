import { createPrivateKey, randomBytes, randomUUID, sign as signBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { namesInUse } from "./arrival.ts";
import type { Arrival, HeaderSet } from "./arrival.ts";
import type { CodedScheme, SignedRequest } from "./coded-scheme.ts";
import { fillTemplate } from "./content-template.ts";
import { signHmacTemplate } from "./engines/hmac-template.ts";
import { joinChunks } from "./engines/public-key.ts";
import { signUrlParams } from "./engines/url-params.ts";
import { asSecret, readKeys } from "./key.ts";
import type { ProviderEntry } from "./provider.ts";
import { listHeaders, onlyHeader } from "./request.ts";
import type { PublicKeyScheme, SecretRule } from "./scheme.ts";
import { writeSignatures } from "./signature-grammar.ts";
import { findEntry } from "./table.ts";
import { writeTimestamp } from "./timestamp.ts";
import type { VerifyInput } from "./verify.ts";

/**
 * The headers that the provider would add to this request for authenticity: the signature, its time, and an id where the scheme
 * keeps it in a header and the request has none. With several live secrets, schemes that carry several signatures get one each,
 * and the others are signed with the first. For tests, drills and samples.
 *
 * A time inside the body (Linear) and a body hash inside the URL (Twilio with JSON) are the caller's to write before signing.
 * Discord is signed with a private key in `secrets`: 64 hexadecimal digits of seed, or PKCS #8 as PEM.
 *
 * Throws when the provider is unknown or the receiver holds nothing to sign with: both are mistakes of the calling code.
 */
export function sign(input: VerifyInput): [string, string][] {
  const entry = findEntry(input.provider);
  if (entry === null) throw new Error(`No provider has the slug ${JSON.stringify(input.provider)}.`);
  const names = namesInUse(entry, input.request.headers);
  const { id, idHeaders } = idFor(entry, names, input);
  return [...signatureHeaders({ entry, names, id, input }), ...idHeaders];
}

/** What one signing works with. */
interface Signing {
  readonly entry: ProviderEntry;
  readonly names: HeaderSet;
  readonly id: string;
  readonly input: VerifyInput;
}

function idFor(entry: ProviderEntry, names: HeaderSet, { request }: VerifyInput) {
  if (names.id === undefined) return { id: "", idHeaders: [] };
  const given = onlyHeader(request.headers, names.id.toLowerCase());
  if (given !== null && given !== "") return { id: given, idHeaders: [] };
  const signsId = entry.scheme.engine === "hmac-template" && entry.scheme.content.signsId;
  const id = signsId ? `msg_${randomBytes(15).toString("hex")}` : randomUUID();
  const idHeader: [string, string] = [names.id, id];
  return { id, idHeaders: [idHeader] };
}

function signatureHeaders({ entry, names, id, input }: Signing): [string, string][] {
  const { scheme } = entry;
  const { receiver, request, now } = input;
  if ("prove" in scheme) return codedHeaders(entry, input, scheme);
  if (scheme.engine === "public-key") return publicKeyHeaders({ entry, names, id, input }, scheme);
  const keys = liveKeys(entry, input, scheme.secret);
  if (scheme.engine === "static-token") return [[names.signature, String(keys[0])]];
  if (scheme.engine === "url-params") {
    const arrival: Arrival = { entry, receiver, request, now, brief: false, names, values: { signature: "" } };
    const signature = signUrlParams(arrival, scheme, keys[0] ?? "");
    if (signature === null)
      throw new Error(
        `${entry.provider.name} signs an absolute URL and a form, or a URL whose ${scheme.bodyHashParameter} is the SHA-256 of the body.`,
      );
    return [[names.signature, writeSignatures([signature], scheme.signature, "")]];
  }
  const notificationUrl = receiver.notificationUrl ?? "";
  if (scheme.content.signsUrl && notificationUrl === "")
    throw new Error(`${entry.provider.name} signs the receiver's notificationUrl, and it has none.`);
  const timestamp = scheme.timestamp === null ? "" : writeTimestamp(now, scheme.timestamp.unit);
  const signatures = signHmacTemplate(scheme, keys, { body: request.body, timestamp, id, notificationUrl });
  // Where each key has a header of its own, the second key signs into the second header.
  const others = (names.others ?? []).slice(0, signatures.length - 1).map((header, index): [string, string] => {
    return [header, writeSignatures(signatures.slice(index + 1), scheme.signature, timestamp)];
  });
  return [
    ...timestampHeaders(names, timestamp),
    [names.signature, writeSignatures(signatures, scheme.signature, timestamp)],
    ...others,
  ];
}

function codedHeaders({ provider }: ProviderEntry, input: VerifyInput, scheme: CodedScheme): [string, string][] {
  const { url, headers, body } = scheme.sign(input);
  if (url !== input.request.url || !Buffer.from(body).equals(input.request.body))
    throw new Error(`${provider.name} is not signed by headers alone: signRequest gives the URL and the body too.`);
  return headers.map(([name, value]) => [name, value]);
}

/**
 * The request as the provider would send it: its headers with those of `sign`, and for providers that put the signature or the
 * token into the body or the URL, those too. Throws as `sign` does.
 */
export function signRequest(input: VerifyInput): SignedRequest {
  const scheme = findEntry(input.provider)?.scheme;
  const { url, headers, body } = input.request;
  const given = listHeaders(headers);
  if (scheme === undefined || !("prove" in scheme)) {
    const shown = scheme?.engine === "static-token" ? { showsSecret: true } : {};
    return { url, headers: [...given, ...sign(input)], body, ...shown };
  }
  const made = scheme.sign(input);
  const names = new Set(made.headers.map(([name]) => name.toLowerCase()));
  return { ...made, headers: [...given.filter(([name]) => !names.has(name.toLowerCase())), ...made.headers] };
}

function timestampHeaders(names: HeaderSet, timestamp: string): [string, string][] {
  return names.timestamp === undefined ? [] : [[names.timestamp, timestamp]];
}

function liveKeys(entry: ProviderEntry, { receiver, now }: VerifyInput, rule: SecretRule): (string | Buffer)[] {
  const { live } = readKeys(receiver, rule, now);
  if (live.length === 0) throw new Error(`The receiver has no live secret to sign for ${entry.provider.name} with.`);
  return live.map((key) => key.bytes);
}

function publicKeyHeaders({ names, input }: Signing, scheme: PublicKeyScheme): [string, string][] {
  const timestamp = writeTimestamp(input.now, scheme.timestamp.unit);
  const { body } = input.request;
  const content = joinChunks(fillTemplate(scheme.content, { body, timestamp, id: "", notificationUrl: "" }));
  const signature = signBytes(null, content, privateKeyOf(input));
  return [
    ...timestampHeaders(names, timestamp),
    [names.signature, writeSignatures([signature], scheme.signature, timestamp)],
  ];
}

/** The DER in front of a raw seed: PKCS #8 for Ed25519 (RFC 8410). */
const ed25519Pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

function privateKeyOf({ receiver, provider }: VerifyInput): KeyObject {
  const text = asSecret(receiver.secrets?.[0])?.value ?? "";
  if (/^[0-9a-fA-F]{64}$/.test(text)) {
    const key = Buffer.concat([ed25519Pkcs8Prefix, Buffer.from(text, "hex")]);
    return createPrivateKey({ key, format: "der", type: "pkcs8" });
  }
  if (text.includes("PRIVATE KEY")) return createPrivateKey(text);
  throw new Error(
    `To sign as ${provider}, secrets[0] must be an Ed25519 private key: 64 hexadecimal digits of seed, or PKCS #8 as PEM.`,
  );
}
