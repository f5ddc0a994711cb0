import { noHeader } from "../arrival.ts";
import type { Arrival } from "../arrival.ts";
import type { CodedScheme } from "../coded-scheme.ts";
import { refuseMissing } from "../arrival.ts";
import { defineProvider } from "../define-provider.ts";
import { decodeExact } from "../encoding.ts";
import { tokenScheme, urlToken } from "../engines/credentials.ts";
import { hmacWith, macScheme } from "../engines/mac-scheme.ts";
import type { MacReading } from "../engines/mac-scheme.ts";
import { refuseSpelling } from "../engines/read-parts.ts";
import { headerCharsMax, headerValues } from "../request.ts";
import { signaturesMax } from "../signature-grammar.ts";
import type { Refused } from "../verdict.ts";

const header = "X-Mollie-Signature";
const prefix = "sha256=";

const nextGeneration = macScheme({
  engine: "body-fields",
  secret: { encoding: "utf8", prefix: "", bytesMin: 16 },
  toleranceSec: null,
  signsUrl: false,
  mac: hmacWith("sha256"),
  read,
  write: ({ request }, make) => {
    const text = prefix + make([request.body]).toString("hex");
    return { url: request.url, body: request.body, headers: [[header, text]] };
  },
});
const classic = tokenScheme(urlToken);

/** Classic webhooks are not signed: the receiver says that it takes them, and its secret is part of the URL. */
const scheme: CodedScheme = {
  ...nextGeneration,
  prove: (arrival) => (arrival.receiver.version === "classic" ? classic : nextGeneration).prove(arrival),
  sign: (input) => (input.receiver.version === "classic" ? classic : nextGeneration).sign(input),
};

/** Mollie. The signature's header comes twice while a secret is rotated, so that it is read here as a list. */
export const mollie = defineProvider({
  slug: "mollie",
  name: "Mollie",
  headers: [noHeader],
  secretQuery: ["*"],
  scheme,
  identity: {
    id: [{ body: "id" }, { form: "id" }],
    idIsUnique: false,
    type: [[{ body: "type" }]],
    time: [{ place: { body: "createdAt" }, unit: "iso" }],
    version: [],
    forms: true,
  },
  // A classic webhook holds nothing but the payment's id, the same for each of its changes: a key of the body would drop the
  // second change. Told by the time of arrival none is lost, and a retry is delivered again.
  stableContent: ({ request, receiver, now }) =>
    receiver.version === "classic" ? [request.body, now.toISOString()] : [request.body],
  facts: {
    identity: "none",
    signedContent: "{body}",
    eventIdFrom: "body `id` of a next-generation event; a classic one has the payment's id only",
    dedupeKey: "the body; of a classic webhook with the time of arrival, so that no change is lost",
    notCovered: "the time of sending, URL and method; of a classic webhook, everything",
    handshakeNote: "none",
    notes:
      '`version: "classic"` takes the unsigned webhooks, with one of `secrets` in the registered URL. They all look alike for one payment, so that a retry counts as a new event: fetch the payment and act on its state. During 24 hours of rotation the header comes twice, and either signature is enough.',
    source: ["docs.mollie.com/reference/webhooks-best-practices", "hookdeck/webhook-skills mollie"],
    confidence: "medium",
  },
});

function read(arrival: Arrival): MacReading | Refused {
  const { entry, request } = arrival;
  const values = headerValues(request.headers, header.toLowerCase()).filter((value) => value !== "");
  if (values.length === 0) return refuseMissing(entry, request.headers, header);
  const text = values.join(", ");
  const texts = text.length > headerCharsMax ? [] : text.split(/, ?/);
  const signatures = texts
    .map((one) => (one.startsWith(prefix) ? decodeExact(one.slice(prefix.length), "hex", 32) : null))
    .filter((one) => one !== null);
  if (signatures.length === 0 || texts.length > signaturesMax)
    return refuseSpelling(header, text, `it has no ${prefix} with 64 lower-case hexadecimal digits, or too many`);
  return { ok: true, signatures, contentsOf: (body) => [[body]], url: "", time: null };
}
