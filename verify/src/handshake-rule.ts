import type { WebhookRequest } from "./request.ts";
import type { VerifyInput } from "./verify.ts";

/** The answer that a provider expects to its URL check. Send it as it is. */
export interface HandshakeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /**
   * A URL on the provider's own host that must be fetched with GET before the provider sends anything. The library fetches
   * nothing: who answers with this records the request as an event, or fetches the URL through its guarded egress.
   */
  readonly confirmUrl?: string;
}

/** One kind of URL check. */
export interface HandshakeRule {
  /** True where the provider signs the check: then it is answered only when it verifies. */
  readonly signed: boolean;
  /**
   * The answer when the request is this check, else null. Must be cheap: it runs before the signature is looked at, and for a signed
   * check once more with the version of the secret that made its signature.
   */
  readonly answer: (request: WebhookRequest, input: VerifyInput, signer?: string | null) => HandshakeAnswer | null;
}
