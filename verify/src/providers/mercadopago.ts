import type { Arrival } from "../arrival.ts";
import { defineProvider } from "../define-provider.ts";
import { hmacWith, macScheme } from "../engines/mac-scheme.ts";
import type { MacReading } from "../engines/mac-scheme.ts";
import { queryOf } from "../engines/public-url.ts";
import { path } from "../extract/json-scan.ts";
import { selectTexts } from "../extract/select.ts";
import { refuseSpelling } from "../engines/read-parts.ts";
import { refuseTimestamp } from "../engines/claim.ts";
import { onlyHeader } from "../request.ts";
import { readSignatures } from "../signature-grammar.ts";
import { readTimestampMs, writeTimestamp } from "../timestamp.ts";
import type { Refused } from "../verdict.ts";

const header = "x-signature";
const paths = ["type", "data.id"].map(path);
const grammar = { form: "pairs", separator: ",", timestampKey: "ts", signatureKey: "v1", encoding: "hex" } as const;

/** Mercado Pago: an id of the query, an id of the request and a time. The body is not signed. */
export const mercadopago = defineProvider({
  slug: "mercadopago",
  name: "Mercado Pago",
  headers: [{ signature: header }],
  securityHeaders: ["x-request-id"],
  scheme: macScheme({
    engine: "url-form",
    secret: { encoding: "utf8", prefix: "", bytesMin: 24 },
    toleranceSec: 300,
    signsUrl: true,
    mac: hmacWith("sha256"),
    read,
    write: ({ request, now }, make) => {
      const ts = writeTimestamp(now, "s");
      const requestId = onlyHeader(request.headers, "x-request-id") ?? undefined;
      const signature = make([manifest(dataId(request.url)?.toLowerCase(), requestId, ts)]).toString("hex");
      return { url: request.url, body: request.body, headers: [[header, `ts=${ts},v1=${signature}`]] };
    },
  }),
  identity: {
    id: [{ body: "id" }],
    // An order's is its own id on each of its changes, whatever the query says; what else is named as the resource is no event either.
    idIsUnique: ({ request }, id) => id !== dataId(request.url) && !isResource(request.body, id),
    type: [[{ body: "action" }], [{ body: "type" }]],
    time: [{ place: { body: "date_created" }, unit: "iso" }],
    version: [{ body: "api_version" }],
    forms: false,
  },
  stableContent: (arrival, signed) => (signed.length > 0 ? signed : [arrival.request.body]),
  facts: {
    identity: "unsigned",
    signedContent: "id:{data.id of the query};request-id:{x-request-id};ts:{ts};",
    eventIdFrom:
      "body `id`; whether it stays the same on a retry is not documented. None where it is the resource's: that of a merchant order, or equal to the `data.id` of the query or of the body",
    dedupeKey: "notification id, and the signed ids and time; of a merchant order's change these alone",
    notCovered: "the body, notification id, type and action with it; fetch the resource that the query names",
    handshakeNote: "none",
    notes:
      "A part that is absent is left out of what is signed. The time is in seconds or milliseconds. An id with letters counts as it came and in lower case. QR code notifications carry no signature, and are refused. The changes of a merchant order (`topic_merchant_order_wh`) all have the order's id, and are told apart by the id of the request and the time: a retry of one that is signed anew counts as a new event.",
    source: [
      "mercadopago@3.6.1 dist/utils/webhook/index.js",
      "mercadopago.com developers notifications (topics); bodies of merchant orders as receivers report them",
    ],
    confidence: "medium",
  },
});

function dataIds(url: string): readonly string[] {
  return new URLSearchParams(queryOf(url)).getAll("data.id");
}

function dataId(url: string): string | undefined {
  return dataIds(url)[0] || undefined;
}

// The query is not everywhere: a log tells bodies alone.
function isResource(body: Uint8Array, id: string): boolean {
  const [type, resource] = selectTexts(body, paths);
  return resource === id || (type?.startsWith("topic_merchant_order") ?? false);
}

function manifest(id: string | undefined, requestId: string | undefined, ts: string): string {
  return `${id === undefined ? "" : `id:${id};`}${requestId === undefined ? "" : `request-id:${requestId};`}ts:${ts};`;
}

function read(arrival: Arrival): MacReading | Refused {
  const { request, values } = arrival;
  const reading = readSignatures(values.signature, grammar, 32);
  if (!reading.ok) return refuseSpelling(header, values.signature, reading.fault);
  const text = reading.timestamp ?? "";
  const unit = text.length === 13 ? "ms" : "s";
  const signedAtMs = readTimestampMs(text, unit);
  if (signedAtMs === null) return refuseTimestamp(text, header, { at: "signature", unit: "s", toleranceSec: null });
  const id = dataId(request.url);
  // Taken for absent, it could be added to a request that was signed without one.
  if (dataIds(request.url).length > 1) return refuseSpelling("data.id", id ?? "", "the query has it twice");
  // Either value could hold the marks of the other: a semicolon would let one signature stand for two splits.
  const requestId = onlyHeader(request.headers, "x-request-id") ?? undefined;
  if (/[;:]/.test(id ?? "") || /[;:]/.test(requestId ?? ""))
    return refuseSpelling(
      "data.id or x-request-id",
      `${id ?? ""} ${requestId ?? ""}`,
      "it has a colon or semicolon in it",
    );
  const ids = [...new Set([id, id?.toLowerCase()])];
  const contentsOf = () => ids.map((one) => [manifest(one, requestId === "" ? undefined : requestId, text)]);
  const time = { text, signedAtMs, unit } as const;
  return { ok: true, signatures: reading.signatures, contentsOf, url: "", time };
}
