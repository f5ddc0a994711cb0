import type { Arrival } from "../arrival.ts";
import { decodeExact, excerpt } from "../encoding.ts";
import type { ClaimRule } from "../engines/claim.ts";
import { refuse } from "../refuse.ts";
import type { SignatureGrammar } from "../scheme.ts";
import { readSignatures } from "../signature-grammar.ts";
import type { LikelyCause, Refused } from "../verdict.ts";

/** The refusal of a signature header that is not spelled as the provider spells it, with the usual reasons tried. */
export function explainMalformedSignature({ names, values, entry }: Arrival, rule: ClaimRule, fault: string): Refused {
  const header = names.signature;
  const cause = findCause(values.signature, rule);
  return refuse("malformed_header", {
    step: "headers",
    summary: `The header ${header} cannot be read as ${entry.provider.name} writes it: ${fault}. ${advice(cause)}`,
    evidence: { header, length: values.signature.length, start: excerpt(values.signature) },
    likelyCause: cause,
  });
}

function findCause(value: string, { signature, signatureBytes }: ClaimRule): LikelyCause | null {
  if (value.includes(", ")) return "headers_joined";
  const prefixed = prefixCause(value, signature, signatureBytes);
  if (prefixed !== null) return prefixed;
  if (signature.encoding === "hex" && readSignatures(value.toLowerCase(), signature, signatureBytes).ok) {
    return "signature_letter_case";
  }
  const other = { ...signature, encoding: signature.encoding === "hex" ? "base64" : "hex" } as const;
  return readSignatures(value, other, signatureBytes).ok ? "signature_encoding" : null;
}

/** The signature without what stands before it, and with something of another provider's before it. */
function prefixCause(value: string, signature: SignatureGrammar, bytes: number): LikelyCause | null {
  const { encoding } = signature;
  if (signature.form !== "plain" || signature.prefix !== "")
    return decodeExact(value, encoding, bytes) === null ? null : "signature_prefix_missing";
  const behind = /^(?:sha\d{1,3}|hmac|v\d|t|s|sig|signature)[=:, ]+(.*)$/i.exec(value)?.[1] ?? "";
  return decodeExact(behind, encoding, bytes) === null ? null : "signature_prefix_added";
}

function advice(cause: LikelyCause | null): string {
  if (cause === "headers_joined")
    return "It looks like two headers joined with a comma: look for a proxy that adds its own.";
  if (cause === "signature_prefix_missing")
    return "The signature is there without what the provider writes before it: look for a proxy or code that strips it.";
  if (cause === "signature_prefix_added")
    return "Something stands before the signature that the provider does not write: look for a proxy or code that adds it.";
  if (cause === "signature_letter_case") return "Only the letter case differs: write the digits as the provider does.";
  if (cause === "signature_encoding") return "It is the right length in the other of hexadecimal and base64.";
  return "Pass the header on exactly as it came.";
}
