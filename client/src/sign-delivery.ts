import { createHmac } from "node:crypto";
import { readSigningSecret } from "./signing-secret.ts";

/** Ids as they are signed. A `.` would let one signature fit two different splits of id and time. */
export const ID_PATTERN = /^[\w-]{1,256}$/;

/** The three headers that make a delivery verifiable. */
export interface SignedHeaders {
  "webhook-id": string;
  "webhook-timestamp": string;
  "webhook-signature": string;
}

/**
 * Signs a delivery as Holdfast does (Standard Webhooks 1.0), for tests of a receiver.
 *
 * @param delivery.secret `whsec_…`
 * @param delivery.timestamp when it is sent; now, when absent
 * @throws TypeError on a secret or id that Holdfast would not use
 */
export function signDelivery(delivery: {
  secret: string;
  id: string;
  timestamp?: Date;
  body: Uint8Array;
}): SignedHeaders {
  const { secret, id, timestamp = new Date(), body } = delivery;
  const key = readSigningSecret(secret);
  if (key === null) throw new TypeError("the secret must be whsec_ followed by the base64 of 24 to 64 bytes");
  if (!ID_PATTERN.test(id)) throw new TypeError("the id must be 1 to 256 letters, digits, - or _");
  const seconds = String(Math.floor(timestamp.getTime() / 1000));
  const signature = `v1,${macOf(key, id, seconds, body).toString("base64")}`;
  return { "webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": signature };
}

/** HMAC-SHA256 over `id.seconds.body`, 32 bytes. */
export function macOf(key: Uint8Array, id: string, seconds: string, body: Uint8Array): Buffer {
  return createHmac("sha256", key).update(`${id}.${seconds}.`).update(body).digest();
}
