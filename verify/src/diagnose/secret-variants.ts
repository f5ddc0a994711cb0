import { decodeBase64Secret } from "../encoding.ts";
import { keyBytes } from "../key.ts";
import type { SecretRule } from "../scheme.ts";
import type { LikelyCause } from "../verdict.ts";

/** Other key bytes that the same secret may have been meant to be, and what to do about it. */
export interface SecretVariant {
  readonly bytes: string | Buffer;
  readonly cause: LikelyCause;
  readonly what: string;
}

/** What people do to secrets on the way from the provider's page to a configuration. Each costs one trial. At most 6. */
export function* secretVariants(text: string, rule: SecretRule): Generator<SecretVariant> {
  const trimmed = text.trim();
  if (trimmed !== text) {
    const bytes = keyBytes(trimmed, rule);
    if (bytes !== null) yield { bytes, cause: "secret_has_white_space", what: "without the white space around it" };
  }
  const { prefix } = rule;
  const bare = prefix !== "" && trimmed.startsWith(prefix) ? trimmed.slice(prefix.length) : trimmed;
  if (rule.encoding === "utf8" || rule.encoding === "nfkd") {
    if (prefix !== "" && bare === trimmed) {
      yield { bytes: prefix + trimmed, cause: "secret_prefix_missing", what: `with ${prefix} in front of it` };
    }
    if (bare !== trimmed) yield { bytes: bare, cause: "secret_prefix_not_removed", what: `without ${prefix}` };
    yield* decodedVariants(bare);
    return;
  }
  yield { bytes: trimmed, cause: "secret_encoding", what: "as the text itself, prefix and all, not decoded" };
  if (bare !== trimmed)
    yield { bytes: bare, cause: "secret_encoding", what: "as the text behind its prefix, not decoded" };
  if (isHex(bare))
    yield { bytes: Buffer.from(bare, "hex"), cause: "secret_encoding", what: "decoded from hexadecimal" };
}

function* decodedVariants(bare: string): Generator<SecretVariant> {
  const decoded = decodeBase64Secret(bare);
  if (decoded !== null && decoded.length > 0) {
    yield { bytes: decoded, cause: "secret_encoding", what: "decoded from base64" };
  }
  if (isHex(bare))
    yield { bytes: Buffer.from(bare, "hex"), cause: "secret_encoding", what: "decoded from hexadecimal" };
}

function isHex(text: string): boolean {
  return /^(?:[0-9a-fA-F]{2}){8,}$/.test(text);
}
