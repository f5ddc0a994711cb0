import type { Receiver } from "./receiver.ts";
import type { WebhookRequest } from "./request.ts";
import type { Verdict } from "./verdict.ts";

/** What every verb of the library takes. */
export interface VerifyInput {
  /** The provider's slug, such as `stripe`. */
  readonly provider: string;
  readonly receiver: Receiver;
  readonly request: WebhookRequest;
  readonly now: Date;
}

/** Who sent this, is it genuine, what is its id; and if not, why not. Synchronous; never throws on what a sender may send. */
export function verify({ provider }: VerifyInput): Verdict {
  return {
    ok: false,
    reason: "unknown_provider",
    diagnosis: {
      step: "receiver",
      summary: "No provider has this slug. Use one of the slugs of the `providers` table.",
      evidence: { provider: String(provider).slice(0, 64) },
      likelyCause: "configuration",
    },
  };
}
