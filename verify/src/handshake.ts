import type { HandshakeAnswer } from "./handshake-rule.ts";
import { findEntry } from "./table.ts";
import { verify } from "./verify.ts";
import type { VerifyInput } from "./verify.ts";

/**
 * The answer when the request is a provider's URL check, else null: an ordinary arrival, to be verified. A check that the
 * provider signs is answered only when it verifies, so that a null for a forged one leads to the refusal that it deserves.
 */
export function answerHandshake(input: VerifyInput): HandshakeAnswer | null {
  const entry = findEntry(input.provider);
  const { request } = input;
  if (entry === null || typeof request?.method !== "string" || !(request.body instanceof Uint8Array)) return null;
  for (const { signed, answer } of entry.handshakes) {
    const answered = answer(request);
    if (answered !== null && (!signed || verify(input).ok)) return answered;
  }
  return null;
}
