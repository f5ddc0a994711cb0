import type { Socket } from "node:net";
import { Client, type Dispatcher } from "undici";
import type { EgressFault } from "./egress-outcome.ts";
import type { EndSignal } from "./give-up.ts";

/** One open connection to one vetted address, with undici's HTTP/1.1 on top of it. It carries one request at a time. */
export interface Connection {
  /** Origin and address; two connections with the same key are interchangeable. */
  key: string;
  address: string;
  socket: Socket;
  /** How long it took to connect: at least one round trip. */
  dialMs: number;
  client: Client;
}

/** What is sent. `flatHeaders` is name, value, name, value …; a GET has no body. */
export interface Sending {
  method: "GET" | "POST";
  path: string;
  flatHeaders: string[];
  body: Uint8Array | null;
  responseBytesMax: number;
  informationalMax: number;
  signal: EndSignal;
}

/** What came back. `silent` says that not one byte of an answer was seen. */
export type Exchanged =
  | { ok: true; status: number; headers: [string, string][]; body: Uint8Array; truncated: boolean }
  | { ok: false; fault: EgressFault; detail: string; silent: boolean };

const RESPONSE_HEADERS_MAX = 100;

/** Puts undici onto a dialled socket. The client lives and dies with this one socket; it never dials by itself. */
export function openConnection(parts: {
  origin: string;
  key: string;
  address: string;
  socket: Socket;
  dialMs: number;
  headerBytesMax: number;
  idleMs: number;
}): Connection {
  let handedOver = false;
  const client = new Client(parts.origin, {
    pipelining: 1,
    maxHeaderSize: parts.headerBytesMax,
    // The exchange has one total deadline of its own; undici's would begin again with every byte that drips in.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: parts.idleMs,
    keepAliveMaxTimeout: parts.idleMs,
    connect: (_options, callback) => {
      const first = !handedOver;
      handedOver = true;
      // Not at once: undici is still inside its own loop here and would leave the request lying in its queue.
      queueMicrotask(() => (first ? callback(null, parts.socket) : callback(spentError(), null)));
    },
  });
  const { key, address, socket, dialMs } = parts;
  return { key, address, socket, dialMs, client };
}

/** Whether the connection can carry another request. */
export function isOpen(connection: Connection): boolean {
  return !connection.client.destroyed && !connection.socket.destroyed && connection.socket.writable;
}

/** Ends the connection at once; resolves when its socket is closed. */
export async function closeConnection(connection: Connection): Promise<void> {
  connection.socket.destroy();
  await connection.client.destroy();
}

/** Sends one request and reads its answer up to the bounds. Whatever is not a whole, bounded answer destroys the connection. */
export function exchange(connection: Connection, sending: Sending): Promise<Exchanged> {
  return new Promise((resolve) => {
    const reading = createReading(sending, (exchanged) => {
      sending.signal.removeEventListener("abort", abort);
      if (!exchanged.ok || exchanged.truncated) void closeConnection(connection);
      resolve(exchanged);
    });
    const abort = (): void => reading.fail("aborted", "the attempt was given up while waiting for the answer");
    sending.signal.addEventListener("abort", abort, { once: true });
    if (sending.signal.aborted) return abort();
    const { method, path, flatHeaders: headers, body } = sending;
    connection.client.dispatch({ method, path, headers, body }, reading.handler);
  });
}

interface Reading {
  handler: Dispatcher.DispatchHandler;
  fail(fault: EgressFault, detail: string): void;
}

function createReading(sending: Sending, settle: (exchanged: Exchanged) => void): Reading {
  let settled = false;
  let silent = true;
  let informational = 0;
  let status = 0;
  let headers: [string, string][] = [];
  const kept = createKeptBody(sending.responseBytesMax);

  const finish = (exchanged: Exchanged): void => {
    if (settled) return;
    settled = true;
    settle(exchanged);
  };
  const fail = (fault: EgressFault, detail: string): void => finish({ ok: false, fault, detail, silent });
  const answer = (truncated: boolean): void => finish({ ok: true, status, headers, body: kept.bytes(), truncated });

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart() {},
    onResponseStarted() {
      silent = false;
    },
    onResponseStart(controller, statusCode) {
      if (statusCode < 200) {
        informational += 1;
        if (informational > sending.informationalMax)
          fail("protocol", `more than ${sending.informationalMax} informational (1xx) answers`);
        return;
      }
      status = statusCode;
      headers = readHeaders(controller.rawHeaders);
    },
    onResponseData(_controller, chunk) {
      if (!settled && !kept.add(chunk)) answer(true);
    },
    onResponseEnd: () => answer(false),
    onResponseError(_controller, error) {
      const { fault, detail } = describeExchangeError(error);
      fail(fault, detail);
    },
  };
  return { handler, fail };
}

interface KeptBody {
  /** @returns whether all of it had room */
  add(chunk: Uint8Array): boolean;
  bytes(): Uint8Array;
}

/**
 * The first `bytesMax` bytes of an answer, copied: keeping undici's chunks would keep a slab of the socket alive for each dripped byte.
 * Nearly every answer is one short chunk, and to make room for the longest one cost each of them 2 µs (measured).
 */
function createKeptBody(bytesMax: number): KeptBody {
  let kept = new Uint8Array(0);
  let count = 0;
  return {
    add(chunk) {
      const taken = chunk.length > bytesMax - count ? chunk.subarray(0, bytesMax - count) : chunk;
      if (count + taken.length > kept.length) {
        const grown = new Uint8Array(Math.min(bytesMax, Math.max(count + taken.length, 2 * kept.length)));
        grown.set(kept.subarray(0, count));
        kept = grown;
      }
      kept.set(taken, count);
      count += taken.length;
      return taken.length === chunk.length;
    },
    bytes: () => (count === kept.length ? kept : kept.slice(0, count)),
  };
}

function readHeaders(raw: Dispatcher.DispatchController["rawHeaders"]): [string, string][] {
  if (!Array.isArray(raw)) return [];
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length && headers.length < RESPONSE_HEADERS_MAX; i += 2) {
    headers.push([latin1(raw[i]).toLowerCase(), latin1(raw[i + 1])]);
  }
  return headers;
}

function latin1(text: Buffer | string | undefined): string {
  return typeof text === "string" ? text : (text?.toString("latin1") ?? "");
}

function spentError(): Error {
  return Object.assign(new Error("the connection was closed by the other side"), { code: "ECONNRESET" });
}

/** Codes of undici and llhttp that mean: the answer ended too early, as opposed to: it is not HTTP. */
const CUT_SHORT: ReadonlySet<string> = new Set([
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
  "HPE_INVALID_EOF_STATE",
  "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH",
]);

function describeExchangeError(error: Error): { fault: EgressFault; detail: string } {
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  if (code === "UND_ERR_HEADERS_OVERFLOW")
    return { fault: "protocol", detail: "the answer's headers are larger than is read" };
  if (CUT_SHORT.has(code)) return { fault: "reset", detail: `the answer broke off before its end (${code})` };
  if (code.startsWith("HPE_") || error.name === "HTTPParserError")
    return { fault: "protocol", detail: `the answer is not valid HTTP/1.1 (${code})` };
  if (code === "UND_ERR_SOCKET" && error.message.startsWith("bad "))
    return { fault: "protocol", detail: `the answer was not asked for: ${error.message}` };
  if (code.startsWith("ERR_SSL_") || code === "EPROTO")
    return { fault: "tls_handshake", detail: `the other side ended TLS (${code})` };
  return { fault: "reset", detail: `the connection broke before the answer was complete (${code})` };
}
