import type { CodedScheme } from "./coded-scheme.ts";
import type { Template } from "./content-template.ts";
import type { TimestampUnit } from "./timestamp.ts";

/** How a provider writes signature bytes as text. Hex is lower case: every sender in the table writes it so. */
export type Encoding = "hex" | "base64" | "base64url";

/**
 * How the signature header reads.
 * - `plain`: one signature behind a fixed prefix (`sha256=<hex>`), the prefix may be empty.
 * - `pairs`: `t=…,v1=…,v1=…`: one time, any number of signatures in any order, pairs with other keys passed over.
 * - `versions`: `v1,<base64> v1,<base64>`: separated by single spaces, other versions passed over.
 * - `time-first`: `<time>,<hex>,<hex>`: one time, then any number of signatures.
 */
export type SignatureGrammar = PlainGrammar | PairsGrammar | VersionsGrammar | TimeFirstGrammar;

/** One signature behind a fixed prefix. */
export interface PlainGrammar {
  readonly form: "plain";
  readonly prefix: string;
  readonly encoding: Encoding;
}

/** A time and signatures behind one another. */
export interface TimeFirstGrammar {
  readonly form: "time-first";
  readonly encoding: Encoding;
}

/** A time and signatures as `key=value` pairs. */
export interface PairsGrammar {
  readonly form: "pairs";
  readonly separator: "," | ";";
  /** Null where the time is elsewhere, or nowhere. */
  readonly timestampKey: string | null;
  /** True where the provider may write one space behind a separator. */
  readonly spaced?: boolean;
  readonly signatureKey: string;
  readonly encoding: Encoding;
}

/** Signatures as `version,signature` parts. */
export interface VersionsGrammar {
  readonly form: "versions";
  readonly version: string;
  readonly encoding: Encoding;
}

/** Where the signed time is, and how far from now it may be. A null tolerance means: not enforced unless the receiver asks. */
export interface TimestampRule {
  readonly at: "signature" | "header" | { readonly body: string };
  readonly unit: TimestampUnit;
  readonly toleranceSec: number | null;
}

/**
 * How the text of a secret becomes key bytes. `utf8` keys are the whole text, prefix and all; `base64` keys are what is
 * behind the prefix, decoded; `hex` the same in hexadecimal of either letter case; `sha1` keys are the SHA-1 of the whole text.
 * `nfkd` keys are the whole text in Unicode normalization form KD; `base64-behind-prefix` keys are base64 behind the prefix, and the
 * whole text without it. `bytesMin` is what the provider hands out, or 24 where people choose the secret themselves.
 */
export interface SecretRule {
  readonly encoding: "utf8" | "nfkd" | "base64" | "base64-behind-prefix" | "hex" | "sha1";
  readonly prefix: string;
  /** The character behind which the key begins, where the provider writes prefixes of several kinds. Not one of its encoding. */
  readonly prefixEnd?: string;
  readonly bytesMin: number;
}

/** One HMAC over a template of the body, the time, the id and the registered URL. */
export interface HmacTemplateScheme {
  readonly engine: "hmac-template";
  readonly hash: "sha256" | "sha1";
  readonly signature: SignatureGrammar;
  readonly timestamp: TimestampRule | null;
  readonly content: Template;
  readonly secret: SecretRule;
  /** True where the body may come compressed with gzip and what is signed is the body before that. */
  readonly gunzips?: boolean;
  /** Bodies that are refused though they verify: texts that the URL check of this provider signs for anybody who asks. */
  readonly neverBody?: RegExp;
}

/** One HMAC over the URL and the decoded, sorted form parameters (Twilio's way). */
export interface UrlParamsScheme {
  readonly engine: "url-params";
  readonly hash: "sha1";
  readonly signature: PlainGrammar;
  /** The query parameter that carries the hexadecimal SHA-256 of a body that is not a form. */
  readonly bodyHashParameter: string;
  readonly secret: SecretRule;
}

/** A public-key signature over a template. */
export interface PublicKeyScheme {
  readonly engine: "public-key";
  readonly algorithm: "ed25519";
  readonly signature: PlainGrammar;
  readonly timestamp: TimestampRule;
  readonly content: Template;
}

/** A shared token in a header. Nothing is signed. */
export interface StaticTokenScheme {
  readonly engine: "static-token";
  readonly secret: SecretRule;
}

/** A signing scheme, as data for one of the engines. */
export type Scheme = HmacTemplateScheme | UrlParamsScheme | PublicKeyScheme | StaticTokenScheme | CodedScheme;
