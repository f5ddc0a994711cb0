import { template } from "./content-template.ts";
import type { Encoding } from "./scheme.ts";
import type { HmacTemplateScheme, SecretRule } from "./scheme.ts";

/** A secret that people choose, or that no rule describes: its text is the key, and 24 bytes are the least. */
export const chosenSecret: SecretRule = { encoding: "utf8", prefix: "", bytesMin: 24 };

/** A secret that the provider makes, of at least 16 bytes; its text is the key. */
export const issuedSecret: SecretRule = { encoding: "utf8", prefix: "", bytesMin: 16 };

/** HMAC-SHA256 over the body alone, one signature behind a prefix: what most providers without a signed time do. */
export function bodyHmac(encoding: Encoding, prefix = "", secret: SecretRule = chosenSecret): HmacTemplateScheme {
  return {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "plain", prefix, encoding },
    timestamp: null,
    content: template("{body}"),
    secret,
  };
}

/** HMAC-SHA256 over the body alone, one signature for each secret: `v1=…,v1=…`. Parts of other versions are passed over. */
export function bodyHmacs(signatureKey: string, secret: SecretRule = chosenSecret): HmacTemplateScheme {
  return {
    ...bodyHmac("hex", "", secret),
    signature: { form: "pairs", separator: ",", timestampKey: null, signatureKey, encoding: "hex" },
  };
}
