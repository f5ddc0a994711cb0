import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { toPublicId } from "../domain/id.ts";
import type { Arrival, IngestResult, ReadySource } from "../pipeline/arrival.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Answer } from "./answer.ts";
import { refuse, write } from "./answer.ts";
import { readBody } from "./read-body.ts";
import { parseSourceKey, screenForSource, screenShape } from "./screen-request.ts";

export interface IngestDoorDeps {
  readonly findSource: (key: string) => ReadySource | null;
  readonly ingest: (ready: ReadySource, arrival: Arrival) => Promise<IngestResult>;
  /** Why nothing can be accepted just now, or null. */
  readonly closedBecause: () => "draining" | "database_unavailable" | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface IngestDoorOptions {
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly connectionsMax: number;
}

/** The public door: raw bytes and raw headers in, a durable answer out. Bounded in time, size, headers and connections. */
export function createIngestDoor(deps: IngestDoorDeps, options: IngestDoorOptions): Server {
  const server = createServer(
    {
      maxHeaderSize: 32_768,
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.headersTimeoutMs + options.bodyTimeoutMs,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 65_000,
      insecureHTTPParser: false,
      noDelay: true,
    },
    (request, response) => {
      answer(deps, options, request).then(
        (result) => write(request, response, result),
        (error: unknown) => fail(deps, request, response, error),
      );
    },
  );
  // Node drops what exceeds this silently (measured: facts, finding 10); all are read, and too many are refused.
  server.maxHeadersCount = 0;
  server.maxConnections = options.connectionsMax;
  server.on("checkContinue", (request, response) => {
    response.writeContinue();
    server.emit("request", request, response);
  });
  server.on("checkExpectation", (request, response) =>
    write(request, response, refuse("malformed_request", randomUUID(), { close: true })),
  );
  server.on("clientError", onClientError);
  server.on("connect", (_request, socket: Socket) => socket.destroy());
  server.on("upgrade", (request, socket: Socket) => {
    socket.end(`HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    request.destroy();
  });
  return server;
}

async function answer(deps: IngestDoorDeps, options: IngestDoorOptions, request: IncomingMessage): Promise<Answer> {
  const id = randomUUID();
  const shape = screenShape(request);
  if (shape !== null) return refuse(shape.code, id, { ...shape, close: true });
  const key = parseSourceKey(request.url ?? "");
  if (key === null) return refuse("bad_path", id);
  const ready = deps.findSource(key);
  if (ready === null) return count(deps, "unknown", refuse("unknown_source", id));
  const fault = screenForSource(request, ready);
  if (fault !== null) return count(deps, ready.source.name, refuse(fault.code, id, fault));
  const closed = deps.closedBecause();
  if (closed !== null)
    return count(deps, ready.source.name, refuse(closed, id, { retryAfterSec: 5, close: closed === "draining" }));

  const body = await readBody(request, ready.source.bodyBytesMax, options.bodyTimeoutMs);
  if (body.kind === "too_large") {
    return count(
      deps,
      ready.source.name,
      refuse("body_too_large", id, { detail: `at most ${ready.source.bodyBytesMax} bytes`, close: true }),
    );
  }
  if (body.kind !== "complete") return count(deps, ready.source.name, refuse("body_timeout", id, { close: true }));
  const startedMs = deps.clock.monotonicMs();
  const result = await deps.ingest(ready, toArrival(request, body.body, deps.clock.now()));
  deps.metrics.ingestSeconds.observe((deps.clock.monotonicMs() - startedMs) / 1_000);
  return count(deps, ready.source.name, toAnswer(result, id), result.kind);
}

function toArrival(request: IncomingMessage, body: Buffer, receivedAt: Date): Arrival {
  const raw = request.rawHeaders;
  const headers: [string, string][] = [];
  for (let i = 0; i < raw.length; i += 2) headers.push([raw[i]!, raw[i + 1]!]);
  return {
    method: request.method ?? "",
    url: request.url ?? "",
    headers,
    body,
    remoteAddress: request.socket.remoteAddress ?? "",
    receivedAt,
  };
}

function toAnswer(result: IngestResult, id: string): Answer {
  switch (result.kind) {
    case "recorded":
      return { status: 200, headers: { "holdfast-event": toPublicId("evt", result.eventId) }, body: "" };
    case "duplicate":
      return {
        status: 200,
        headers: { "holdfast-event": toPublicId("evt", result.eventId), "holdfast-duplicate": "true" },
        body: "",
      };
    case "handshake":
      return result;
    case "rejected":
      // One uniform answer: the reason is for the source's owner, not for whoever tries signatures.
      if (result.reason === "method_not_allowed")
        return refuse("method_not_allowed", toPublicId("rej", result.rejectionId));
      return refuse("not_genuine", toPublicId("rej", result.rejectionId));
    case "unavailable":
      if (result.cause === "draining") return refuse("draining", id, { retryAfterSec: 5, close: true });
      return refuse(result.cause === "queue_full" ? "overloaded" : "database_unavailable", id, { retryAfterSec: 5 });
  }
}

function count(deps: IngestDoorDeps, source: string, result: Answer, kind = `refused_${result.status}`): Answer {
  deps.metrics.ingestRequests.inc({ source, result: kind });
  return result;
}

function fail(deps: IngestDoorDeps, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const id = randomUUID();
  deps.log.error({ id, error: messageOf(error) }, "an arrival failed");
  write(request, response, refuse("internal", id, { retryAfterSec: 5 }));
}

// What the parser refused never became a request; the sender still gets a proper answer, and never a second one.
function onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const code =
    error.code === "HPE_HEADER_OVERFLOW"
      ? "too_many_headers"
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? "body_timeout"
        : "malformed_request";
  const { status, headers, body } = refuse(code, randomUUID());
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const reason =
    { 400: "Bad Request", 408: "Request Timeout", 431: "Request Header Fields Too Large" }[status] ?? "Error";
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\n${lines.join("")}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${String(body)}`,
  );
}
