import type { WebhookRequest } from "@holdfast/verify";
import { readMoment } from "./moment-flags.ts";

/** A request from a file; `receivedAt` and `left` where the file says so. */
export interface CapturedRequest {
  readonly request: WebhookRequest;
  /** When it came, as an export of ours says; null where nobody says. */
  readonly receivedAt: Date | null;
  /** Bytes behind the body that its Content-Length leaves out. */
  readonly leftOut: number;
}

export type Captured =
  | ({ readonly ok: true } & CapturedRequest)
  | { readonly ok: false; readonly problem: string; readonly remedy: string };

const shapes =
  "Save it as an HTTP/1.1 request (request line, headers, an empty line, the body's bytes), or as the JSON of GET /api/v1/rejections/{id} or /api/v1/events/{id}/raw.";

/**
 * Reads a captured request. JSON: `{ method, url, headers, body | bodyBase64 }` with headers as an object or a list of pairs, by
 * itself or under `request`, as the admin API gives it. Else an HTTP/1.1 request as text with CRLF or LF, as netcat or `curl -v`
 * show it, or either of them behind the head of the answer that `curl -i` saved with it. The body is every byte behind the
 * empty line, up to its Content-Length and out of its chunks (RFC 9112, 6 and 7.1).
 */
export function readCaptured(bytes: Uint8Array): Captured {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = startsWithMark(buffer) ? 3 : 0;
  const answer = /^HTTP\/[\d.]+ \d{3}/.test(buffer.toString("latin1", start, start + 16))
    ? findHead(buffer, start)
    : null;
  const content = buffer.subarray(answer === null ? start : answer.bodyAt);
  if (content.length === 0) return refuse(answer === null ? "is empty" : "ends behind the answer's headers", shapes);
  return content[0] === "{".charCodeAt(0) ? readJson(content) : readHttp(content);
}

function refuse(problem: string, remedy: string): Captured {
  return { ok: false, problem, remedy };
}

function startsWithMark(buffer: Buffer): boolean {
  return buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf;
}

function readJson(bytes: Buffer): Captured {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return refuse(
      "begins like JSON and is none",
      `If it is the body alone, put the request line, its headers and an empty line before it. ${shapes}`,
    );
  }
  if (!isRecord(parsed)) return refuse("is no JSON object", shapes);
  const {
    method = "POST",
    url = "/",
    headers,
    body,
    bodyBase64,
    receivedAt,
  } = isRecord(parsed["request"]) ? parsed["request"] : parsed;
  const pairs = readPairs(headers);
  if (pairs === null)
    return refuse("has no headers", `Give them in headers, as an object or a list of [name, value]. ${shapes}`);
  if (typeof method !== "string" || typeof url !== "string")
    return refuse("has a method or url that is no text", shapes);
  const bytesOfBody = readBody(body, bodyBase64);
  if (bytesOfBody === null)
    return refuse("has no body", "Give it as text in body, or its bytes as standard base64 in bodyBase64.");
  const came = typeof receivedAt === "string" ? readMoment(receivedAt) : null;
  return {
    ok: true,
    request: { method, url, headers: pairs, body: bytesOfBody },
    receivedAt: came === null ? null : new Date(came),
    leftOut: 0,
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Node's decoder passes over what is no base64: bytes that nobody sent would be judged. */
function readBody(body: unknown, bodyBase64: unknown): Buffer | null {
  if (typeof bodyBase64 !== "string") return typeof body === "string" ? Buffer.from(body, "utf8") : null;
  const decoded = Buffer.from(bodyBase64, "base64");
  return decoded.toString("base64") === bodyBase64 ? decoded : null;
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

interface Head {
  readonly lines: readonly string[];
  readonly bodyAt: number;
}

/** The lines up to the first empty one, each ended by CRLF or LF. `> ` and `* ` are what `curl -v` writes before them. */
function findHead(buffer: Buffer, start: number): Head | null {
  const lines: string[] = [];
  for (let at = start; ;) {
    const end = buffer.indexOf(0x0a, at);
    if (end < 0) return null;
    const line = buffer.toString("latin1", at, buffer[end - 1] === 0x0d ? Math.max(end - 1, at) : end);
    at = end + 1;
    if (line.startsWith("* ")) continue;
    const bare = line.replace(/^> ?/, "");
    if (bare === "") return { lines, bodyAt: at };
    lines.push(bare);
  }
}

function readHttp(buffer: Buffer): Captured {
  const head = findHead(buffer, 0);
  if (head === null) return refuse("is neither JSON nor an HTTP request with an empty line behind its headers", shapes);
  const [first = "", ...lines] = head.lines;
  const requestLine = /^([A-Z]+) (\S+) HTTP\/(?:1\.[01]|2|3)$/.exec(first);
  if (requestLine === null)
    return refuse(
      `does not begin with a request line such as POST /in/… HTTP/1.1, but with ${JSON.stringify(first.slice(0, 60))}`,
      shapes,
    );
  const headers: [string, string][] = [];
  for (const [i, line] of lines.entries()) {
    const header = /^([^\s:]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (header === null)
      return refuse(
        `has no header in line ${i + 2}: ${JSON.stringify(line.slice(0, 60))}`,
        "Write each header as Name: value on a line of its own, and an empty line before the body.",
      );
    headers.push([header[1] ?? "", header[2] ?? ""]);
  }
  const [, method = "", url = ""] = requestLine;
  const rest = buffer.subarray(head.bodyAt);
  const body = frameBody(rest, headers);
  return {
    ok: true,
    request: { method, url, headers, body },
    receivedAt: null,
    leftOut: leftOutOf(rest, body, headers),
  };
}

function valueOf(headers: readonly [string, string][], name: string): string {
  return headers.find(([given]) => given.toLowerCase() === name)?.[1] ?? "";
}

/** The body as its headers frame it. Of one that is shorter than announced every byte counts: the diagnosis says that it is cut. */
function frameBody(rest: Buffer, headers: readonly [string, string][]): Buffer {
  if (/(?:^|,)\s*chunked\s*$/i.test(valueOf(headers, "transfer-encoding"))) return joinChunks(rest) ?? rest;
  const length = valueOf(headers, "content-length");
  return /^\d{1,9}$/.test(length) && Number(length) < rest.length ? rest.subarray(0, Number(length)) : rest;
}

function leftOutOf(rest: Buffer, body: Buffer, headers: readonly [string, string][]): number {
  return valueOf(headers, "content-length") === "" ? 0 : rest.length - body.length;
}

/** The bytes of the chunks; null when they are no chunks: most tools save a body without them and leave the header. */
function joinChunks(rest: Buffer): Buffer | null {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const end = rest.indexOf("\r\n", at);
    const size =
      end < 0 ? null : /^([0-9a-fA-F]{1,7})(?:;.*)?$/.exec(rest.toString("latin1", at, Math.min(end, at + 200)));
    if (size === null) return null;
    const bytes = Number.parseInt(size[1] ?? "", 16);
    if (bytes === 0) return Buffer.concat(chunks);
    at = end + 2;
    if (rest.toString("latin1", at + bytes, at + bytes + 2) !== "\r\n") return null;
    chunks.push(rest.subarray(at, at + bytes));
    at += bytes + 2;
  }
}
