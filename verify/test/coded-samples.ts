import { signRequest } from "../src/index.ts";
import type { VerifyInput } from "../src/index.ts";
import type { CodedSample } from "./coded-sample.ts";
import { fieldSamples } from "./coded-samples-fields.ts";
import { keySamples } from "./coded-samples-keys.ts";
import { otherSamples } from "./coded-samples-others.ts";
import { now } from "./samples.ts";

/** One request or more of every provider whose scheme is code. */
export const codedSamples: readonly CodedSample[] = [...keySamples, ...fieldSamples, ...otherSamples];

/** A sample as its provider would send it, with `receiver` set to what verifies it. */
export function sent(sample: CodedSample, at: Date = now): VerifyInput {
  const { provider, headers, body, receiver, signer } = sample;
  const request = { method: "POST", url: sample.url, headers, body: Buffer.from(body) };
  const made = signRequest({ provider, receiver: signer, request, now: at });
  return { provider, receiver, request: { method: "POST", ...made }, now: at };
}

/** The sample of a provider. */
export function codedSampleOf(provider: string): CodedSample {
  const sample = codedSamples.find((one) => one.provider === provider);
  if (sample === undefined) throw new Error(`no sample for ${provider}`);
  return sample;
}
