import { createPrivateKey, createSecretKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { asSecret, readKeys } from "../key.ts";
import type { SecretRule } from "../scheme.ts";
import type { VerifyInput } from "../verify.ts";

/** The private key in `secrets[0]`, as PEM. Throws when there is none: a mistake of the calling code. */
export function privateKeyOf({ receiver, provider }: VerifyInput): KeyObject {
  const text = asSecret(receiver.secrets?.[0])?.value ?? "";
  if (text.includes("PRIVATE KEY")) return createPrivateKey(text);
  throw new Error(`To sign as ${provider}, secrets[0] must be a private key as PEM.`);
}

/** The first live secret as key bytes. Throws when there is none: a mistake of the calling code. */
export function secretOf({ receiver, provider, now }: VerifyInput, rule: SecretRule): string | Buffer {
  const key = readKeys(receiver, rule, now).live[0];
  if (key === undefined) throw new Error(`The receiver has no live secret to sign for ${provider} with.`);
  return key.bytes;
}

/** The first live secret as a key of a token. Throws like `secretOf`. */
export function secretKeyOf(input: VerifyInput, rule: SecretRule): KeyObject {
  return createSecretKey(Buffer.from(secretOf(input, rule)));
}
