import type { VerifyInput } from "./verify.ts";

/** The answer that a provider expects to its URL check. Send it as it is. */
export interface HandshakeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The answer when the request is a provider's URL check (verified where the provider signs it), else null: an ordinary arrival. */
export function answerHandshake(_input: VerifyInput): HandshakeAnswer | null {
  return null;
}
