import type { WebhookRequest } from "@holdfast/verify";

export type Captured =
  | { readonly ok: true; readonly request: WebhookRequest }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads a captured request: JSON `{ method, url, headers, body | bodyBase64 }`, with headers as an object or a list of
 * pairs, as `GET /api/v1/events/{id}/raw` gives them; or an HTTP/1.1 request as text, whose body is every byte after the
 * first empty line.
 */
export function readCaptured(bytes: Uint8Array): Captured {
  return bytes[0] === "{".charCodeAt(0) ? readJson(bytes) : readHttp(bytes);
}

function readJson(bytes: Uint8Array): Captured {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return { ok: false, problem: "begins like JSON and is none" };
  }
  if (typeof parsed !== "object" || parsed === null) return { ok: false, problem: "is no JSON object" };
  const { method = "POST", url = "/", headers, body, bodyBase64 } = parsed as Record<string, unknown>;
  const pairs = readPairs(headers);
  if (pairs === null) return { ok: false, problem: "has no headers: give an object, or a list of [name, value]" };
  if (typeof method !== "string" || typeof url !== "string")
    return { ok: false, problem: "has a method or url that is no text" };
  if (typeof bodyBase64 === "string")
    return { ok: true, request: { method, url, headers: pairs, body: Buffer.from(bodyBase64, "base64") } };
  if (typeof body === "string")
    return { ok: true, request: { method, url, headers: pairs, body: Buffer.from(body, "utf8") } };
  return { ok: false, problem: "has no body: give it as text in body, or its bytes in bodyBase64" };
}

function readPairs(headers: unknown): [string, string][] | null {
  if (typeof headers !== "object" || headers === null) return null;
  const entries: unknown[] = Array.isArray(headers) ? headers : Object.entries(headers);
  const pairs: [string, string][] = [];
  for (const entry of entries) {
    if (!Array.isArray(entry) || typeof entry[0] !== "string" || typeof entry[1] !== "string") return null;
    pairs.push([entry[0], entry[1]]);
  }
  return pairs;
}

function readHttp(bytes: Uint8Array): Captured {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const crlf = buffer.indexOf("\r\n\r\n");
  const end = crlf >= 0 ? crlf : buffer.indexOf("\n\n");
  if (end < 0)
    return { ok: false, problem: "is neither JSON nor an HTTP request with an empty line behind its headers" };
  const [first = "", ...lines] = buffer.toString("latin1", 0, end).split(/\r?\n/);
  const requestLine = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/.exec(first);
  if (requestLine === null)
    return { ok: false, problem: "does not begin with a request line such as POST /in/… HTTP/1.1" };
  const headers: [string, string][] = [];
  for (const line of lines) {
    const header = /^([^\s:]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (header === null)
      return { ok: false, problem: `has a line among its headers that is none: ${JSON.stringify(line.slice(0, 60))}` };
    headers.push([header[1]!, header[2]!]);
  }
  const body = buffer.subarray(end + (crlf >= 0 ? 4 : 2));
  return { ok: true, request: { method: requestLine[1]!, url: requestLine[2]!, headers, body } };
}
