import { Buffer } from "node:buffer";

const PREFIX = "whsec_";

/**
 * The key of a signing secret, or null when the text is none: `whsec_` and the canonical base64 of 24 to 64 bytes (Standard
 * Webhooks 1.0). Node's decoder passes over what is not base64, so a mistyped secret would silently become a shorter key;
 * only text that the encoder would give back is taken.
 */
export function readSigningSecret(secret: string): Uint8Array | null {
  if (typeof secret !== "string" || !secret.startsWith(PREFIX)) return null;
  const text = secret.slice(PREFIX.length);
  const key = Buffer.from(text, "base64");
  return key.toString("base64") === text && key.length >= 24 && key.length <= 64 ? key : null;
}
