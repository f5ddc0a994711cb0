import { createHmac } from "node:crypto";

/** A signed delivery's headers, by the names that Standard Webhooks 1.0 gives them. */
export interface DeliverySignature {
  "webhook-id": string;
  "webhook-timestamp": string;
  "webhook-signature": string;
}

/**
 * Signs one attempt of a delivery after Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, base64, with `v1,` in
 * front. Several secrets (during a rotation) give several signatures, separated by spaces, the newest first.
 *
 * @param delivery.secrets one or more `whsec_` secrets of 24 to 64 bytes in base64
 * @param delivery.id the id of the delivery, the same for each attempt; must not hold a `.`, or two splits of one text would
 *   verify
 * @param delivery.timestampSec whole seconds since 1970, of this attempt
 * @returns null when a secret, the id or the time is not of that shape: such a delivery must not be sent
 */
export function signDelivery(delivery: {
  secrets: readonly string[];
  id: string;
  timestampSec: number;
  body: Uint8Array;
}): DeliverySignature | null {
  const { secrets, id, timestampSec, body } = delivery;
  const keys = secrets.map(readDeliverySecret);
  if (keys.length === 0 || !/^[\w-]{1,256}$/.test(id)) return null;
  if (!Number.isSafeInteger(timestampSec) || timestampSec < 0) return null;
  const signatures: string[] = [];
  for (const key of keys) {
    if (key === null) return null;
    const mac = createHmac("sha256", key).update(`${id}.${timestampSec}.`).update(body);
    signatures.push(`v1,${mac.digest("base64")}`);
  }
  return { "webhook-id": id, "webhook-timestamp": String(timestampSec), "webhook-signature": signatures.join(" ") };
}

/**
 * The key bytes of a `whsec_` secret, or null when it is not one: canonical base64 with padding, 24 to 64 bytes (Standard
 * Webhooks 1.0, "Signature scheme"). Node's decoder skips what it does not know, so only text that comes out of the encoder
 * again is taken.
 */
export function readDeliverySecret(secret: string): Uint8Array | null {
  if (!secret.startsWith("whsec_")) return null;
  const text = secret.slice("whsec_".length);
  const key = Buffer.from(text, "base64");
  if (key.toString("base64") !== text || key.length < 24 || key.length > 64) return null;
  return key;
}
