import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { Refusal } from "../domain/admission.ts";
import { toPublicId } from "../domain/id.ts";
import type { Priority } from "../domain/priority.ts";
import { type Arrival, cameToRecord, type IngestResult, type ReadySource } from "../pipeline/arrival.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import { messageOf } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { FaultCode } from "../platform/fault.ts";
import type { Answer } from "./answer.ts";
import { closeSoon, refuse, write, writeBare } from "./answer.ts";
import type { Exchanges } from "./exchanges.ts";
import { createExchanges } from "./exchanges.ts";
import type { ByteBudget } from "./byte-budget.ts";
import { createByteBudget } from "./byte-budget.ts";
import type { AfterTurn } from "./read-body.ts";
import { createAfterTurn, readBody } from "./read-body.ts";
import { parseSourceKey, screenForSource, screenShape } from "./screen-request.ts";
import type { Turns } from "./turns.ts";

export interface IngestDoorDeps {
  readonly findSource: (key: string) => ReadySource | null;
  readonly ingest: (ready: ReadySource, arrival: Arrival) => Promise<IngestResult>;
  /** Why nothing can be accepted just now, or null. */
  readonly closedBecause: () => "draining" | "database_unavailable" | null;
  /** Why nothing of this source is let in just now, or null; asked before the body is read. */
  readonly admit: (ready: ReadySource) => Refusal | null;
  /** The most urgent class that an arrival of this source can have. */
  readonly classOf: (ready: ReadySource) => Priority;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface IngestDoorOptions {
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly connectionsMax: number;
  /** Bytes of all bodies that are being read or recorded. */
  readonly bodiesBytesMax: number;
}

/** What one door holds beside what it was given. */
interface Door {
  readonly deps: IngestDoorDeps;
  readonly options: IngestDoorOptions;
  readonly exchanges: Exchanges;
  readonly budget: ByteBudget;
  readonly afterTurn: AfterTurn;
}

/**
 * The public door: raw bytes and raw headers in, a durable answer out. Bounded in time, size, headers and connections.
 * An offer to upgrade (a Java client makes one with every request) is ignored, which RFC 9110, 7.8 allows.
 */
export function createIngestDoor(deps: IngestDoorDeps, options: IngestDoorOptions): Server {
  const afterTurn = createAfterTurn();
  // Who has so long to send a body has as long to take an answer.
  const exchanges = createExchanges({ onRest: deps.turns.rest, afterTurn, untakenMs: options.bodyTimeoutMs });
  const door = { deps, options, exchanges, budget: createByteBudget(options.bodiesBytesMax), afterTurn };
  const server = createServer(
    {
      maxHeaderSize: 32_768,
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.headersTimeoutMs + options.bodyTimeoutMs,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 65_000,
      insecureHTTPParser: false,
      // Its refusal would be no problem document; screenShape refuses in its place.
      requireHostHeader: false,
      noDelay: true,
    },
    (request, response) => serve(door, request, response),
  );
  // Node drops what exceeds this silently (measured: facts, finding 10); all are read, and too many are refused.
  server.maxHeadersCount = 0;
  server.maxConnections = options.connectionsMax;
  // Else Node closes our side with the sender's (RFC 9112, 9.6), and what is being recorded is never answered. Its types lack the field.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on("checkContinue", (request, response) => serve(door, request, response, () => response.writeContinue()));
  server.on("checkExpectation", (request, response) => {
    if (door.exchanges.begin(request, response))
      finish(door, request, response, refuse("malformed_request", randomUUID()));
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => refuseUnparsed(door, error, socket));
  server.on("connect", (_request, socket: Socket) => {
    socket.on("error", () => {});
    if (exchanges.isClosing(socket)) return;
    exchanges.close(socket);
    exchanges.afterAnswers(socket, () => writeBare(socket, refuse("method_not_allowed", randomUUID())));
  });
  server.on("connection", (socket) => {
    deps.metrics.ingestConnections.inc();
    socket.once("close", () => deps.metrics.ingestConnections.dec());
    deps.turns.arrive(socket);
  });
  // Out of file descriptors, for example: what is open goes on, and later connections are taken again.
  server.on("error", (error) => {
    // A port that cannot be had is told by whoever binds it.
    if (server.listening) deps.log.error({ error: messageOf(error) }, "a connection could not be taken");
  });
  return server;
}

/** @param wantBody tells a sender that waits for it to send the body */
function serve(door: Door, request: IncomingMessage, response: ServerResponse, wantBody = (): void => {}): void {
  if (!door.exchanges.begin(request, response)) return;
  door.deps.turns.begin();
  answer(door, request, wantBody).then(
    (result) => finish(door, request, response, result),
    (error: unknown) => {
      const id = randomUUID();
      door.deps.log.error({ id, error: messageOf(error) }, "an arrival failed");
      finish(door, request, response, refuse("internal", id, { retryAfterSec: comeBackSec(id) }));
    },
  );
}

function finish(door: Door, request: IncomingMessage, response: ServerResponse, result: Answer): void {
  const { exchanges } = door;
  const { socket } = request;
  try {
    const outcome = write(request, response, result);
    if (outcome !== "goes_on") exchanges.close(socket);
    // One that is still sending has the time that closeSoon gives it: it may read its answer after its last byte.
    if (outcome === "to_close") exchanges.afterAnswers(socket, () => closeSoon(socket));
    else exchanges.answered(request);
  } catch (error) {
    // Nobody else hears of it, and a connection without its answer would stand for ever.
    door.deps.log.error({ error: messageOf(error) }, "an answer could not be written");
    socket.destroy();
  }
}

async function answer(door: Door, request: IncomingMessage, wantBody: () => void): Promise<Answer> {
  const { deps } = door;
  const id = randomUUID();
  const admitted = admit(door, request, id);
  if (!admitted.ok) {
    // A small body came in the same packet; once the parser is through with it the connection can go on.
    await setImmediate();
    return admitted.refusal;
  }
  const { ready } = admitted;
  const { id: sourceId, bodyBytesMax, name } = ready.source;
  wantBody();
  const { budget, afterTurn } = door;
  const holder = { sourceId, bytesMax: bodyBytesMax, isCritical: deps.classOf(ready) === "critical" };
  const read = await readBody(request, { timeoutMs: door.options.bodyTimeoutMs, budget, holder, afterTurn });
  if (read.kind !== "complete") return count(deps, name, refuseBody(read.kind, id, bodyBytesMax));
  const startedMs = deps.clock.monotonicMs();
  let result: IngestResult;
  try {
    result = await deps.ingest(ready, toArrival(request, read.body, deps.clock.now()));
  } finally {
    budget.give(holder, read.body.length);
  }
  if (cameToRecord(result)) deps.metrics.ingestSeconds.observe((deps.clock.monotonicMs() - startedMs) / 1_000);
  if (result.kind === "rejected") door.exchanges.stands(request.socket, "suspect");
  if (result.kind === "refused") door.exchanges.stands(request.socket, "refused");
  const answered = toAnswer(result, id);
  return count(deps, name, answered, result.kind === "refused" ? undefined : result.kind);
}

type Admission = { readonly ok: true; readonly ready: ReadySource } | { readonly ok: false; readonly refusal: Answer };

/** Everything that is judged before the body is read. */
function admit({ deps, exchanges }: Door, request: IncomingMessage, id: string): Admission {
  const shape = screenShape(request);
  if (shape !== null) return { ok: false, refusal: refuse(shape.code, id, { ...shape, close: true }) };
  const key = parseSourceKey(request.url ?? "");
  if (key === null) return { ok: false, refusal: refuse("bad_path", id) };
  const ready = deps.findSource(key);
  exchanges.stands(request.socket, ready === null ? "suspect" : deps.classOf(ready));
  if (ready === null) return { ok: false, refusal: count(deps, "unknown", refuse("unknown_source", id)) };
  const { name } = ready.source;
  const fault = screenForSource(request, ready);
  if (fault !== null) return { ok: false, refusal: count(deps, name, refuse(fault.code, id, fault)) };
  const closed = deps.closedBecause();
  if (closed === null) {
    const refusal = deps.admit(ready);
    if (refusal === null) return { ok: true, ready };
    exchanges.stands(request.socket, "refused");
    return { ok: false, refusal: count(deps, name, turnAway(refusal, id)) };
  }
  const more = { retryAfterSec: comeBackSec(id), close: closed === "draining" };
  return { ok: false, refusal: count(deps, name, refuse(closed, id, more)) };
}

/**
 * When to come again after a trouble whose length nobody knows: 3 to 8 seconds, by the last digit of the request's random id,
 * so that those who were refused together do not come back together.
 */
function comeBackSec(id: string): number {
  return 3 + (Number.parseInt(id.slice(-1), 16) % 6);
}

/** 429 where others of its kind are let in, 503 where none is; with the moment to come again, never without. */
function turnAway({ cause, isThrottled, retryAfterSec }: Refusal, id: string): Answer {
  if (cause === "source_rate") return refuse("rate_exceeded", id, { retryAfterSec });
  return refuse(isThrottled ? "throttled" : "overloaded", id, { retryAfterSec });
}

function refuseBody(kind: "too_large" | "no_room" | "aborted" | "timeout", id: string, bytesMax: number): Answer {
  switch (kind) {
    case "too_large":
      return refuse("body_too_large", id, { detail: `at most ${bytesMax} bytes`, close: true });
    case "no_room":
      return refuse("overloaded", id, { retryAfterSec: comeBackSec(id), close: true });
    case "aborted":
    case "timeout":
      return refuse("body_timeout", id, { close: true });
  }
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

/** Ids that an answer lists at most: a provider's HTTP client may take 8 KiB of headers. */
const LISTED_MAX = 50;

/** `holdfast-event`: the event's id, or the ids of a batch in its order; `holdfast-items` and `holdfast-duplicates` then count all. */
function describeEvents({ kind, eventId, items }: Extract<IngestResult, { kind: "recorded" | "duplicate" }>) {
  const eventIds = items?.eventIds.slice(0, LISTED_MAX) ?? [eventId];
  return {
    "holdfast-event": eventIds.map((id) => toPublicId("evt", id)).join(", "),
    ...(kind === "duplicate" ? { "holdfast-duplicate": "true" } : {}),
    ...(items === undefined
      ? {}
      : { "holdfast-items": String(items.eventIds.length), "holdfast-duplicates": String(items.duplicates) }),
  };
}

function toAnswer(result: IngestResult, id: string): Answer {
  switch (result.kind) {
    case "recorded":
    case "duplicate":
      return { status: 200, headers: describeEvents(result), body: "" };
    case "handshake":
      return result;
    case "rejected": {
      const more = result.fault === "source_incomplete" ? { retryAfterSec: comeBackSec(id) } : {};
      return refuse(result.fault, toPublicId("rej", result.rejectionId), more);
    }
    case "refused":
      return turnAway(result.refusal, id);
    case "unavailable":
      if (result.cause === "draining") return refuse("draining", id, { retryAfterSec: comeBackSec(id), close: true });
      return refuse(UNAVAILABLE[result.cause], id, { retryAfterSec: comeBackSec(id) });
  }
}

const UNAVAILABLE = {
  queue_full: "overloaded",
  deadline: "database_unavailable",
  database: "database_unavailable",
  key: "key_unavailable",
  secrets: "secrets_unavailable",
} as const;

function count(deps: IngestDoorDeps, source: string, result: Answer, kind = `refused_${result.status}`): Answer {
  deps.metrics.ingestRequests.inc({ source, result: kind });
  return result;
}

// What the parser refused never became a request; the sender still gets a proper answer, in its turn and only one.
function refuseUnparsed(door: Door, error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const { exchanges } = door;
  if (exchanges.isClosing(socket)) return;
  exchanges.close(socket);
  exchanges.afterAnswers(socket, () => {
    if (socket.writable) writeBare(socket, refuse(UNPARSED[error.code ?? ""] ?? "malformed_request", randomUUID()));
  });
}

const UNPARSED: Readonly<Record<string, FaultCode>> = {
  HPE_HEADER_OVERFLOW: "too_many_headers",
  ERR_HTTP_REQUEST_TIMEOUT: "body_timeout",
};
