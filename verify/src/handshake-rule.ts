import type { WebhookRequest } from "./request.ts";

/** The answer that a provider expects to its URL check. Send it as it is. */
export interface HandshakeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** One kind of URL check. */
export interface HandshakeRule {
  /** True where the provider signs the check: then it is answered only when it verifies. */
  readonly signed: boolean;
  /** The answer when the request is this check, else null. Must be cheap: it runs before the signature is looked at. */
  readonly answer: (request: WebhookRequest) => HandshakeAnswer | null;
}
