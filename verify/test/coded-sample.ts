import { generateKeyPairSync } from "node:crypto";
import type { Receiver } from "../src/index.ts";

/** One request of a provider whose scheme is code: what signs it, what verifies it, what does not. */
export interface CodedSample {
  readonly provider: string;
  readonly receiver: Receiver;
  readonly signer: Receiver;
  /** Same scheme, another key. Null where the scheme has no key of the receiver's own. */
  readonly stranger: Receiver | null;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly eventId: string | null;
  readonly eventType: string | null;
  /** `bound`: every bit of the body counts. `parts`: some of it. `open`: none. `secret`: nothing is signed. */
  readonly bodyIs: "bound" | "parts" | "open" | "secret";
}

function pair(type: "ec" | "rsa" | "ed25519", curve = "prime256v1") {
  const made =
    type === "ec"
      ? generateKeyPairSync("ec", { namedCurve: curve })
      : type === "rsa"
        ? generateKeyPairSync("rsa", { modulusLength: 2048 })
        : generateKeyPairSync("ed25519");
  return {
    privatePem: made.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    publicPem: made.publicKey.export({ format: "pem", type: "spki" }).toString(),
    der: made.publicKey.export({ format: "der", type: "spki" }).toString("base64"),
    jwk: JSON.stringify(made.publicKey.export({ format: "jwk" })),
    raw: made.publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64"),
  };
}

/** Fresh keys of every kind, two of each. */
export const keys = {
  p256: pair("ec"),
  p256Other: pair("ec"),
  p521: pair("ec", "secp521r1"),
  p521Other: pair("ec", "secp521r1"),
  rsa: pair("rsa"),
  rsaOther: pair("rsa"),
  ed: pair("ed25519"),
  edOther: pair("ed25519"),
};

/** Secrets, and others of the same form. */
export const text = "8f742231b10e8888abcd99e6d1f4a2b7";
export const other = "1c39f0e2d4b55a7c6688990011aabbcc";
export const long = `${text}${text}`;
export const otherLong = `${other}${other}`;
export const json: readonly [string, string] = ["content-type", "application/json"];

/** A receiver with a secret, and one with another. */
export function shared(more: Receiver = {}, value: string = text, strange: string = other) {
  const receiver: Receiver = { ...more, secrets: [value] };
  return { receiver, signer: receiver, stranger: { ...more, secrets: [strange] } };
}

/** A receiver with a public key, the signer with its private key, and a receiver with another public key. */
export function asymmetric(key: keyof typeof keys, strange: keyof typeof keys, format: string, more: Receiver = {}) {
  const value = (name: keyof typeof keys) =>
    format === "jwk"
      ? keys[name].jwk
      : format === "spki-pem"
        ? keys[name].publicPem
        : format === "spki-der-base64"
          ? keys[name].der
          : keys[name].raw;
  const kid = more.keyId === undefined ? {} : { kid: more.keyId };
  return {
    receiver: { ...more, publicKeys: [{ ...kid, format, value: value(key) }] },
    signer: { ...more, secrets: [keys[key].privatePem] },
    stranger: { ...more, publicKeys: [{ ...kid, format, value: value(strange) }] },
  };
}

export const url = "https://example.com/in/abcdefgh";
/** What most samples have. */
export const base = { url, headers: [json], stranger: null } as const;
