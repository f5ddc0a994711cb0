import { STATUS_CODES } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { FaultCode } from "../platform/fault.ts";
import { toProblem } from "../platform/fault.ts";

/** What the ingest door answers: status, headers, body; framework-free. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
  /** The connection is not used again. */
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

/**
 * Writes an answer.
 *
 * @returns what becomes of the connection: it `goes_on`, or Node closes it when the answer is out. `to_close`: the request's body
 *   was not read to its end, and what is left of it must never be taken for the next request; whoever calls this closes the
 *   connection with {@link closeSoon} once the answers before this one are out
 */
export function write(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
): "goes_on" | "closes" | "to_close" {
  if (response.destroyed || response.headersSent) return "closes";
  const isWhole = request.complete;
  const close = answer.close === true || !isWhole;
  response.writeHead(answer.status, {
    "content-length": Buffer.byteLength(answer.body),
    ...(close ? { connection: "close" } : {}),
    ...answer.headers,
  });
  if (isWhole) {
    response.end(answer.body);
    return close ? "closes" : "goes_on";
  }
  // The answer goes out whole, but is not ended: Node would destroy the socket at once, and with bytes of the body unread
  // TCP turns that into a reset, which can overtake the answer.
  response.flushHeaders();
  response.write(answer.body);
  request.resume();
  return "to_close";
}

/** Writes an answer to a connection on which there is no request to answer, and closes it. */
export function writeBare(socket: Socket, answer: Answer): void {
  const headers = { "content-length": Buffer.byteLength(answer.body), connection: "close", ...answer.headers };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ""}\r\n${lines.join("")}\r\n`);
  socket.write(answer.body);
  closeSoon(socket);
}

const LINGER_MS = 2_000;

/** Closes our side, swallows what still comes, and is gone when the sender closes too, or after a moment (RFC 9112, 9.6). */
export function closeSoon(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
  if (socket.readableEnded) {
    // It waits until the sender has taken the answer, which may be never.
    socket.destroySoon();
    return;
  }
  socket.end();
  socket.once("end", () => socket.destroy());
}
