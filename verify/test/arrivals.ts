import type { VerifyInput } from "../src/index.ts";
import { sampleOf, signed, unsigned, withBody, withHeader } from "./samples.ts";

/** A sample with other headers and another body, signed so many milliseconds after the clock of the samples. */
export function arrivalOf(
  provider: string,
  change: { readonly headers?: Record<string, string>; readonly body?: string; readonly laterMs?: number },
): VerifyInput {
  const sample = sampleOf(provider);
  let input = withBody(unsigned(sample), change.body ?? sample.body);
  for (const [name, value] of Object.entries(change.headers ?? {})) input = withHeader(input, name, value);
  return signed({ ...input, now: new Date(input.now.getTime() + (change.laterMs ?? 0)) }, sample.signer);
}
