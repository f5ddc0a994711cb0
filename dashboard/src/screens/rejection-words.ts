/** Whose repair a likely cause asks for: our configuration's, what lies between the sender and us, or the sender's. */
export type Mender = "here" | "on the way" | "the sender" | "unknown";

/** A likely cause in words, with what to do about it. */
export interface CauseWords {
  readonly word: string;
  readonly mender: Mender;
  readonly remedy: string;
}

const SECRET_AGAIN =
  "Copy the secret again from the provider's console, exactly as it is shown there, and add it as a new version.";
const RAW_BYTES =
  "Something between the sender and the gateway wrote the body anew. Let the proxy pass the raw bytes through; nothing but them can be verified.";
const HEADERS_WHOLE = "Let the proxy pass the provider's headers through as they are, each once.";

const CAUSES: Readonly<Record<string, CauseWords>> = {
  body_or_secret_differs: {
    word: "The body or the secret differs",
    mender: "unknown",
    remedy:
      "Compare the secret with the one at the provider first; if it is the same, look for a proxy that changes the body.",
  },
  body_reserialized: { word: "The body was parsed and written anew", mender: "on the way", remedy: RAW_BYTES },
  body_newline_changed: { word: "Line ends of the body were changed", mender: "on the way", remedy: RAW_BYTES },
  body_byte_order_mark: { word: "A byte order mark was added", mender: "on the way", remedy: RAW_BYTES },
  body_charset_changed: { word: "The body's character set was changed", mender: "on the way", remedy: RAW_BYTES },
  body_compressed: { word: "The body is compressed, or was unpacked", mender: "on the way", remedy: RAW_BYTES },
  body_truncated: {
    word: "The body is cut off",
    mender: "on the way",
    remedy: "Raise the proxy's body limit; what is missing was never received.",
  },
  body_empty: {
    word: "The body is empty",
    mender: "on the way",
    remedy: "A redirect or a proxy dropped it. Give the provider the final URL.",
  },
  body_not_raw: { word: "The body is not the raw one", mender: "on the way", remedy: RAW_BYTES },
  secret_has_white_space: { word: "The secret has white space around it", mender: "here", remedy: SECRET_AGAIN },
  secret_prefix_missing: { word: "The secret lacks its prefix", mender: "here", remedy: SECRET_AGAIN },
  secret_prefix_not_removed: { word: "The secret has a prefix too many", mender: "here", remedy: SECRET_AGAIN },
  secret_encoding: { word: "The secret is in another encoding", mender: "here", remedy: SECRET_AGAIN },
  secret_expired: {
    word: "The secret's overlap has passed",
    mender: "here",
    remedy: "Move the sender to the current secret, or add the old one again as a version until it has moved.",
  },
  secret_retired: {
    word: "Signed with a retired secret",
    mender: "here",
    remedy: "Move the sender to the active version, or add the old secret again as a version until it has moved.",
  },
  secret_of_other_source: {
    word: "Signed with another source's secret",
    mender: "the sender",
    remedy: "Let the sender post to the other source's URL, or give this source that secret too.",
  },
  environment_differs: {
    word: "Meant for another environment",
    mender: "the sender",
    remedy:
      "A test event came to the live source, or the other way round. Point the provider's test endpoint at its own source.",
  },
  signature_encoding: {
    word: "The signature is in another encoding",
    mender: "the sender",
    remedy: "The sender does not sign as this provider does. Check the source's provider.",
  },
  signature_letter_case: {
    word: "The signature's letter case was changed",
    mender: "on the way",
    remedy: HEADERS_WHOLE,
  },
  signature_prefix_missing: { word: "The signature lacks its prefix", mender: "on the way", remedy: HEADERS_WHOLE },
  signature_prefix_added: { word: "The signature has a prefix too many", mender: "on the way", remedy: HEADERS_WHOLE },
  headers_joined: { word: "Two headers were joined into one", mender: "on the way", remedy: HEADERS_WHOLE },
  headers_repeated: { word: "A header came twice", mender: "on the way", remedy: HEADERS_WHOLE },
  wrong_header: {
    word: "The signature is in another header",
    mender: "the sender",
    remedy: "The header belongs to another provider. Check the source's provider.",
  },
  legacy_header_only: {
    word: "Only the old signature came",
    mender: "the sender",
    remedy: "Turn the provider's current signature on in its console.",
  },
  header_removed: { word: "A proxy removed the header", mender: "on the way", remedy: HEADERS_WHOLE },
  clock_skew: {
    word: "The clocks differ",
    mender: "here",
    remedy: "Set this machine's clock by NTP; the sender's time is ahead of it.",
  },
  late_or_replayed: {
    word: "Came late, or again",
    mender: "the sender",
    remedy:
      "If the provider was slow, widen the source's tolerance. If somebody sends an old request again, nothing is to be done.",
  },
  timestamp_unit: {
    word: "The time is in another unit",
    mender: "the sender",
    remedy: "The sender does not sign as this provider does. Check the source's provider.",
  },
  url_differs: {
    word: "Signed for another URL",
    mender: "here",
    remedy: "Set the source's notificationUrl to the URL exactly as it is registered at the provider.",
  },
  configuration: {
    word: "Our configuration lacks something",
    mender: "here",
    remedy: "Complete the source: the diagnosis names the field.",
  },
};

const UNKNOWN: CauseWords = {
  word: "No single cause was found",
  mender: "unknown",
  remedy: "Read the diagnosis, and compare the secret with the one at the provider.",
};

/** The words of a likely cause; null and `unknown` stand for none. */
export function describeCause(cause: string | null): CauseWords {
  return (
    CAUSES[cause ?? "unknown"] ?? {
      ...UNKNOWN,
      ...(cause === null || cause === "unknown" ? {} : { word: writeWords(cause) }),
    }
  );
}

/** A closed word of the API as people read it: `signature_mismatch` is Signature mismatch. */
export function writeWords(word: string): string {
  const text = word.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A diagnosis as it is stored: read with care, since older rows may lack what newer ones have. */
export interface ReadDiagnosis {
  readonly step: string;
  readonly summary: string;
  readonly likelyCause: string | null;
  readonly evidence: Readonly<Record<string, string>>;
}

export function readDiagnosis(stored: Readonly<Record<string, unknown>>): ReadDiagnosis {
  const { step, summary, likelyCause, evidence } = stored;
  const pairs = typeof evidence === "object" && evidence !== null ? Object.entries(evidence) : [];
  return {
    step: typeof step === "string" ? step : "request",
    summary: typeof summary === "string" ? summary : "No diagnosis was kept.",
    likelyCause: typeof likelyCause === "string" ? likelyCause : null,
    evidence: Object.fromEntries(pairs.map(([name, value]) => [name, String(value)])),
  };
}
