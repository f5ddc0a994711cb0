import type { VerifyInput } from "./verify.ts";

/**
 * The headers that the provider would add to this request for authenticity: signature, time, and an id where the scheme
 * keeps it in a header and the request has none. Throws where the receiver holds no key to sign with.
 */
export function sign({ provider }: VerifyInput): [string, string][] {
  throw new Error(`No provider has the slug ${JSON.stringify(provider)}.`);
}
