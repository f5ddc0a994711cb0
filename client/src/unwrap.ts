import { timingSafeEqual } from "node:crypto";
import { type HeadersInput, valuesOf } from "./delivery-headers.ts";
import { ID_PATTERN, macOf } from "./sign-delivery.ts";
import { readSigningSecret } from "./signing-secret.ts";

/** What brought a delivery about: the event's arrival, a retry, a replay, or a reconciliation with the provider's log. */
export type Trigger = "live" | "retry" | "replay" | "reconcile";

/** A genuine delivery. Only `id`, `idempotencyKey`, `sentAt` and `body` are covered by the signature. */
export interface Delivery {
  /** The delivery, the same in each of its attempts. */
  id: string;
  /** What to act once on: see `once`. Taken from the signed id and never from a header that anybody could change. */
  idempotencyKey: string;
  /** When this attempt was signed. */
  sentAt: Date;
  /** The event in Holdfast, `evt_…`, for looking it up; null when the header is missing. */
  eventId: string | null;
  /** The name of the source. */
  source: string | null;
  eventType: string | null;
  /** 1 for the first attempt. */
  attempt: number | null;
  trigger: Trigger | null;
  /** The exact bytes that the provider sent. */
  body: Uint8Array;
  /**
   * The body read as JSON in UTF-8. Throws when it is none: a SyntaxError, or a TypeError for other bytes. JavaScript rounds whole numbers above 2^53: take
   * ids that are numbers from the text.
   */
  json(): unknown;
}

/** Why a request is not a genuine delivery. Answer 401 to each, and do not act. */
export type UnwrapFault =
  | "secret_unusable"
  | "body_not_raw"
  | "header_missing"
  | "header_repeated"
  | "header_malformed"
  | "timestamp_out_of_tolerance"
  | "signature_mismatch";

export type Unwrapped = ({ ok: true } & Delivery) | { ok: false; reason: UnwrapFault; detail: string };

/** What to unwrap a delivery with. */
export interface UnwrapInput {
  /** The destination's signing secret, or several while one replaces another; any of them may have signed. */
  secrets: string | readonly string[];
  headers: HeadersInput;
  /** The body as it came, before any parser. */
  body: Uint8Array;
  /** How far the signature's time may be from now, both ways; 300 when absent. */
  toleranceSec?: number;
  now?: Date;
}

type Refused = Extract<Unwrapped, { ok: false }>;

const SIGNATURES_MAX = 10;
const SIGNATURE_CHARS_MAX = 4_096;
const TOLERANCE_SEC = 300;

/**
 * Verifies a delivery of Holdfast and gives what is in it; in this order, so that unverified content cannot be used. Follows
 * Standard Webhooks 1.0 over the raw bytes, with one strict reading of each header where common libraries take several
 * (`<t>abc` or `+<t>` for a time, any base64 for a signature, an empty secret).
 */
export function unwrap(input: UnwrapInput): Unwrapped {
  const { secrets, headers, body, toleranceSec = TOLERANCE_SEC, now = new Date() } = input;
  if (!(body instanceof Uint8Array))
    return refuse(
      "body_not_raw",
      "body must be the raw bytes of the request; read it before any JSON or text parser does",
    );
  const keys = readKeys(secrets);
  if ("ok" in keys) return keys;
  const id = readOne(headers, "webhook-id", ID_PATTERN);
  if (typeof id !== "string") return id;
  // Fifteen digits are far beyond any year and still exact as a number.
  const seconds = readOne(headers, "webhook-timestamp", /^(0|[1-9]\d{0,14})$/);
  if (typeof seconds !== "string") return seconds;
  const signatures = readSignatures(headers);
  if ("ok" in signatures) return signatures;
  const offSec = Math.floor(now.getTime() / 1000) - Number(seconds);
  if (!(Math.abs(offSec) <= toleranceSec))
    return refuse(
      "timestamp_out_of_tolerance",
      `signed ${offSec} s before now, and ${toleranceSec} s either way are accepted; check both clocks`,
    );
  const genuine = keys.some((key) => {
    const expected = macOf(key, id, seconds, body);
    return signatures.some((signature) => timingSafeEqual(signature, expected));
  });
  if (!genuine)
    return refuse(
      "signature_mismatch",
      "no signature matches: the secret is another, or the body was changed on its way",
    );
  return { ok: true, ...describe(id, seconds, headers, body) };
}

function describe(id: string, seconds: string, headers: HeadersInput, body: Uint8Array): Delivery {
  const hint = (name: string, pattern: RegExp): string | null => {
    const [value, ...more] = valuesOf(headers, name);
    return value !== undefined && more.length === 0 && pattern.test(value) ? value : null;
  };
  const attempt = hint("holdfast-attempt", /^[1-9]\d{0,8}$/);
  return {
    id,
    idempotencyKey: id,
    sentAt: new Date(Number(seconds) * 1000),
    eventId: hint("holdfast-event", /^evt_\w{1,64}$/),
    source: hint("holdfast-source", /^[\u0020-\u007e]{1,256}$/),
    eventType: hint("holdfast-event-type", /^[\u0020-\u007e]{1,256}$/),
    attempt: attempt === null ? null : Number(attempt),
    trigger: hint("holdfast-trigger", /^(live|retry|replay|reconcile)$/) as Trigger | null,
    body,
    json: () => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as unknown,
  };
}

function readKeys(secrets: string | readonly string[]): Uint8Array[] | Refused {
  const texts: unknown = typeof secrets === "string" ? [secrets] : secrets;
  // A variable that is not set comes from JavaScript, whatever the type says.
  if (!Array.isArray(texts))
    return refuse("secret_unusable", "secrets is neither a text nor a list: is the variable set that it is read from?");
  const keys: Uint8Array[] = [];
  for (const text of texts) {
    const key = readSigningSecret(text);
    if (key === null)
      return refuse(
        "secret_unusable",
        "a secret is not whsec_ followed by the base64 of 24 to 64 bytes; copy it whole from the destination",
      );
    keys.push(key);
  }
  return keys.length > 0 ? keys : refuse("secret_unusable", "no secret was given");
}

function readOne(headers: HeadersInput, name: string, pattern: RegExp): string | Refused {
  const [value, ...more] = valuesOf(headers, name);
  if (value === undefined) return refuse("header_missing", `the header ${name} is missing`);
  if (more.length > 0) return refuse("header_repeated", `the header ${name} came more than once`);
  return pattern.test(value) ? value : refuse("header_malformed", `the header ${name} is not well-formed`);
}

/** `v1,<base64>` parts with one space between them; parts of other versions are passed over, as the standard asks. */
function readSignatures(headers: HeadersInput): Buffer[] | Refused {
  const name = "webhook-signature";
  const text = readOne(headers, name, /^[\u0020-\u007e]+$/);
  if (typeof text !== "string") return text;
  const parts = text.length > SIGNATURE_CHARS_MAX ? [] : text.split(" ");
  if (parts.length === 0 || parts.length > SIGNATURES_MAX)
    return refuse(
      "header_malformed",
      `the header ${name} has more than ${SIGNATURES_MAX} signatures or ${SIGNATURE_CHARS_MAX} characters`,
    );
  if (!parts.every((part) => /^[a-z0-9]{1,16},[^,]+$/.test(part)))
    return refuse("header_malformed", `the header ${name} is not well-formed`);
  const signatures: Buffer[] = [];
  for (const part of parts) {
    if (!part.startsWith("v1,")) continue;
    const base64 = part.slice("v1,".length);
    const signature = Buffer.from(base64, "base64");
    if (signature.length !== 32 || signature.toString("base64") !== base64)
      return refuse("header_malformed", `a v1 signature of the header ${name} is not the base64 of 32 bytes`);
    signatures.push(signature);
  }
  return signatures.length > 0 ? signatures : refuse("header_malformed", `the header ${name} has no v1 signature`);
}

function refuse(reason: UnwrapFault, detail: string): Refused {
  return { ok: false, reason, detail };
}
