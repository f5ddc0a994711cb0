import type { IncomingMessage, ServerResponse } from "node:http";
import type { FaultCode } from "../platform/fault.ts";
import { toProblem } from "../platform/fault.ts";

/** What the ingest door answers: status, headers, body; framework-free. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
  /** The rest of the request will not be read, so the connection cannot be used again. */
  readonly close?: boolean;
}

/** A fault as an answer; 429 and 503 say when to come back. */
export function refuse(
  code: FaultCode,
  id: string,
  more: { readonly detail?: string; readonly retryAfterSec?: number; readonly close?: boolean } = {},
): Answer {
  const problem = toProblem(code, id, more.detail === undefined ? {} : { detail: more.detail });
  const headers: Record<string, string> = { "content-type": "application/problem+json" };
  if (more.retryAfterSec !== undefined) headers["retry-after"] = String(more.retryAfterSec);
  if (code === "method_not_allowed") headers.allow = "POST";
  return {
    status: problem.status,
    headers,
    body: JSON.stringify(problem),
    ...(more.close === true ? { close: true } : {}),
  };
}

/** Writes an answer. After a body that was not read to its end the connection is closed once the answer is out. */
export function write(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.destroyed || response.headersSent) return;
  const close = answer.close === true || !request.complete;
  response.writeHead(answer.status, {
    ...answer.headers,
    "content-length": Buffer.byteLength(answer.body),
    ...(close ? { connection: "close" } : {}),
  });
  response.end(answer.body, () => {
    if (close) endSoon(request);
  });
}

const LINGER_MS = 500;

// Closing while the sender still writes makes TCP reset the connection and the answer may be lost on its way, so what comes
// is swallowed for a moment, unread and unkept (RFC 9112, 9.6).
function endSoon(request: IncomingMessage): void {
  const { socket } = request;
  request.resume();
  socket.end();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
