import { path, scanJson } from "../extract/json-scan.ts";
import type { HandshakeAnswer } from "../handshake-rule.ts";
import type { WebhookRequest } from "../request.ts";

/** Bytes of a URL check at most; an interaction's ping carries the application's user, about 1 kB. */
const checkBytesMax = 16 * 1024;
const checkPaths = [path("type"), path("event")];

/**
 * Discord's checks. An interaction of type 1 wants `{"type":1}`; a webhook event of type 0 wants an empty 204. A webhook event of
 * type 1 is a real event, told from an interaction's ping by its `event`.
 */
export function answerPing({ method, body }: WebhookRequest): HandshakeAnswer | null {
  if (method.toUpperCase() !== "POST" || body.length > checkBytesMax) return null;
  const [type, event] = scanJson(body, checkPaths) ?? [];
  if (type?.value?.kind !== "number" || type.ambiguous || type.value.end - type.value.start !== 1) return null;
  const digit = body[type.value.start];
  if (digit === 0x30) return { status: 204, headers: {}, body: new Uint8Array(0) };
  if (digit !== 0x31 || event?.value !== null) return null;
  return { status: 200, headers: { "content-type": "application/json" }, body: Buffer.from('{"type":1}', "utf8") };
}
