import type { Arrival } from "../arrival.ts";
import { defineProvider } from "../define-provider.ts";
import { hmacWith, macScheme } from "../engines/mac-scheme.ts";
import type { MacReading } from "../engines/mac-scheme.ts";
import { readHeader, readMoment, readSignature, refuseSpelling } from "../engines/read-parts.ts";
import { path } from "../extract/json-scan.ts";
import { joinTexts, selectTexts } from "../extract/select.ts";
import { headerValues } from "../request.ts";
import type { HeaderList } from "../request.ts";
import { writeTimestamp } from "../timestamp.ts";
import type { Refused } from "../verdict.ts";

const header = "x-contentful-signature";
const listHeader = "x-contentful-signed-headers";
const timeHeader = "x-contentful-timestamp";
const namesMax = 32;
const keyPaths = ["sys.id", "sys.revision", "sys.version", "sys.updatedAt"].map(path);

/** Contentful: the request in a normal form, with the headers that it lists. */
export const contentful = defineProvider({
  slug: "contentful",
  name: "Contentful",
  headers: [{ signature: header, timestamp: timeHeader, type: "X-Contentful-Topic" }],
  securityHeaders: [listHeader],
  methods: ["POST", "PUT", "PATCH", "DELETE", "GET"],
  scheme: macScheme({
    engine: "canonical-request",
    secret: { encoding: "utf8", prefix: "", bytesMin: 64 },
    toleranceSec: 30,
    signsUrl: true,
    mac: hmacWith("sha256"),
    read,
    write: ({ request, receiver, now }, make) => {
      const timestamp = writeTimestamp(now, "ms");
      const list = `${listHeader},${timeHeader}`;
      const lines = `${listHeader}:${list};${timeHeader}:${timestamp}`;
      const at = pathOf(receiver.notificationUrl ?? request.url);
      const signature = make([`${request.method.toUpperCase()}\n${at}\n${lines}\n`, request.body]).toString("hex");
      return {
        url: request.url,
        body: request.body,
        headers: [
          [listHeader, list],
          [timeHeader, timestamp],
          [header, signature],
        ],
      };
    },
  }),
  identity: {
    id: [{ body: "sys.id" }],
    idIsUnique: false,
    type: [[{ header: "type" }]],
    time: [{ place: { body: "sys.updatedAt" }, unit: "iso" }],
    version: [],
    forms: false,
  },
  stableContent: ({ request, values }) => {
    const texts = selectTexts(request.body, keyPaths);
    return typeof texts[0] === "string" ? [joinTexts([values.type ?? null, ...texts])] : [request.body];
  },
  facts: {
    identity: "none",
    signedContent: "{method}\\n{path}\\n{listed headers}\\n{body}",
    eventIdFrom: "none: body `sys.id` names the entry",
    dedupeKey: "topic, entry, its revision, version and time of change",
    notCovered: "the host, and headers that the list leaves out (the topic, where it is not listed)",
    handshakeNote: "none",
    notes:
      "The secret has 64 characters. A request whose list leaves out the time is refused. A path with a query counts as it came, and escaped as Contentful's library does it.",
    source: ["@contentful/node-apps-toolkit@3.16.1 lib/requests/index.cjs"],
    confidence: "medium",
  },
});

function pathOf(url: string): string {
  const bare = (url.split("#", 1)[0] ?? "").replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, "");
  return bare.startsWith("/") ? bare : `/${bare}`;
}

/** Contentful's library escapes a query twice; both forms are tried. */
function pathForms(at: string): string[] {
  const mark = at.indexOf("?");
  if (mark < 0) return [...new Set([at, safeEncode(at)])];
  const bare = at.slice(0, mark);
  return [...new Set([at, safeEncode(`${bare}?${encodeURIComponent(at.slice(mark + 1))}`)])];
}

function safeEncode(text: string): string {
  try {
    return encodeURI(text);
  } catch {
    return text;
  }
}

function read(arrival: Arrival): MacReading | Refused {
  const { request, receiver } = arrival;
  const signature = readSignature(header, arrival.values.signature, "hex", 32);
  if ("ok" in signature) return signature;
  const text = readHeader(arrival, timeHeader);
  if (typeof text !== "string") return text;
  const signedAtMs = readMoment(timeHeader, text, "ms");
  if (typeof signedAtMs !== "number") return signedAtMs;
  const list = readHeader(arrival, listHeader);
  if (typeof list !== "string") return list;
  const lines = headerLines(request.headers, list);
  if (lines === null)
    return refuseSpelling(
      listHeader,
      list,
      "it must list each header once, the time and itself among them, all of which came once",
    );
  const method = request.method.toUpperCase();
  const url = receiver.notificationUrl ?? receiver.callbackUrl ?? request.url;
  const contentsOf = (body: Uint8Array, at: string) =>
    pathForms(pathOf(at)).map((one) => [`${method}\n${one}\n${lines}\n`, body]);
  const time = { text, signedAtMs, unit: "ms" } as const;
  return { ok: true, signatures: [signature], contentsOf, url, time };
}

function headerLines(headers: HeaderList, list: string): string | null {
  const names = list.split(",").map((name) => name.trim().toLowerCase());
  const isWhole = names.includes(timeHeader) && names.includes(listHeader) && !names.includes(header);
  if (!isWhole || names.length > namesMax || new Set(names).size !== names.length) return null;
  const lines: string[] = [];
  for (const name of names.toSorted()) {
    const [value, ...more] = headerValues(headers, name);
    if (value === undefined || more.length > 0) return null;
    lines.push(`${name}:${value.trim()}`);
  }
  return lines.join(";");
}
