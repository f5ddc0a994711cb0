import type { Arrival } from "../arrival.ts";
import { refuseMissing } from "../arrival.ts";
import { defineProvider } from "../define-provider.ts";
import { decodeExact } from "../encoding.ts";
import { hmacWith, macScheme } from "../engines/mac-scheme.ts";
import type { MacReading } from "../engines/mac-scheme.ts";
import { signedUrl } from "../engines/jwt-url.ts";
import { queryOf } from "../engines/public-url.ts";
import { readHeader, readUrl, refuseBody, refuseSpelling } from "../engines/read-parts.ts";
import { decodeForm } from "../extract/form.ts";
import type { FormField } from "../extract/form.ts";
import type { Receiver } from "../receiver.ts";
import { onlyHeader } from "../request.ts";
import { signaturesMax } from "../signature-grammar.ts";
import type { Refused } from "../verdict.ts";

const names = {
  v2: { signature: "X-Plivo-Signature-V2", nonce: "X-Plivo-Signature-V2-Nonce" },
  v3: { signature: "X-Plivo-Signature-V3", nonce: "X-Plivo-Signature-V3-Nonce" },
} as const;

/** Plivo: the URL with its sorted query, the sorted form parameters and a nonce. */
export const plivo = defineProvider({
  slug: "plivo",
  name: "Plivo",
  headers: [{ signature: names.v3.signature }, { signature: names.v2.signature }],
  securityHeaders: [names.v3.nonce.toLowerCase(), names.v2.nonce.toLowerCase()],
  methods: ["POST", "GET"],
  scheme: macScheme({
    engine: "url-form",
    secret: { encoding: "utf8", prefix: "", bytesMin: 24 },
    toleranceSec: null,
    signsUrl: true,
    mac: hmacWith("sha256"),
    read,
    write: (input, make) => {
      const version = versionOf(input.receiver);
      const { request } = input;
      const nonce = make([`nonce ${input.now.getTime()}`])
        .toString("hex")
        .slice(0, 20);
      const fields = decodeForm(request.body);
      if (fields === null) throw new Error("Plivo sends a form; the body is none.");
      const signature = make([signedText(version, signedUrl(input), fields, nonce)]).toString("base64");
      return {
        url: request.url,
        body: request.body,
        headers: [
          [names[version].nonce, nonce],
          [names[version].signature, signature],
        ],
      };
    },
  }),
  identity: {
    id: [{ form: "MessageUUID" }, { form: "CallUUID" }],
    idIsUnique: false,
    type: [[{ form: "Event" }], [{ text: "message" }, { form: "Status" }], [{ text: "call" }, { form: "CallStatus" }]],
    time: [],
    version: [],
    forms: true,
  },
  // The nonce is fresh for each attempt.
  stableContent: ({ request }) => [queryOf(request.url), "\0", request.body],
  facts: {
    identity: "none",
    signedContent: "{url}?{sorted query}.{name}{value}….{nonce} (names sorted)",
    eventIdFrom: "none: `MessageUUID` and `CallUUID` name a text or a call",
    dedupeKey: "the query and the body",
    notCovered: "the time (there is none), method and other headers, and where a parameter's name ends",
    handshakeNote: "none",
    notes:
      'V3 by default. `version: "v2"` takes the older scheme, which signs neither the query nor the body. Signatures of a main and a sub-account come together; either is enough. Behind a proxy set notificationUrl.',
    source: ["plivo@4.79.0 dist/utils/v3Security.js"],
    confidence: "medium",
  },
});

function versionOf({ version }: Receiver): "v2" | "v3" {
  return typeof version === "string" && /^v?2$/i.test(version) ? "v2" : "v3";
}

function read(arrival: Arrival): MacReading | Refused {
  const { entry, request, receiver } = arrival;
  const version = versionOf(receiver);
  const name = names[version].signature;
  const text = onlyHeader(request.headers, name.toLowerCase());
  if (text === null || text === "") return refuseMissing(entry, request.headers, name);
  const nonce = readHeader(arrival, names[version].nonce);
  if (typeof nonce !== "string") return nonce;
  if (!/^[!-~]{1,256}$/.test(nonce)) return refuseSpelling(names[version].nonce, nonce, "it is no nonce");
  const texts = text.split(",");
  const signatures = texts.map((one) => decodeExact(one, "base64", 32)).filter((one) => one !== null);
  if (signatures.length === 0 || texts.length > signaturesMax)
    return refuseSpelling(name, text, "it has no signature of 32 bytes in base64, or too many");
  const url = readUrl(arrival);
  if (typeof url !== "string") return url;
  if (version === "v3" && fieldsOf(request.body) === null)
    return refuseBody(arrival, "it is no form that can be read in one way only, and its fields are what is signed");
  const contentsOf = (body: Uint8Array, at: string) => {
    const fields = fieldsOf(body);
    return fields === null && version === "v3" ? [] : [[signedText(version, at, fields ?? [], nonce)]];
  };
  return { ok: true, signatures, contentsOf, url, time: null };
}

function fieldsOf(body: Uint8Array): readonly FormField[] | null {
  return decodeForm(body);
}

function signedText(version: "v2" | "v3", url: string, fields: readonly FormField[], nonce: string): string {
  const bare = url.split(/[?#]/, 1)[0] ?? "";
  if (version === "v2") return bare + nonce;
  const query = sorted(
    [...new URLSearchParams(queryOf(url))].map(([name, value]) => ({ name, value })),
    "=",
    "&",
  );
  const params = sorted(fields, "", "");
  const mark = query !== "" || params !== "" || fields.length > 0 ? "?" : "";
  const dot = query !== "" && fields.length > 0 ? "." : "";
  return `${bare}${mark}${query}${dot}${params}.${nonce}`;
}

function sorted(fields: readonly FormField[], between: string, behind: string): string {
  return fields
    .toSorted((a, b) => order(a.name, b.name) || order(a.value, b.value))
    .map(({ name, value }) => name + between + value)
    .join(behind);
}

function order(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
