import { createSecureContext, type SecureContext } from "node:tls";
import { type Clock, systemClock } from "../clock.ts";
import type { Linked } from "../linked-list.ts";
import { createLinkedList } from "../linked-list.ts";
import type { Log } from "../log.ts";
import { createAddressBook } from "./address-book.ts";
import { readAddressRules } from "./address-rules.ts";
import { dial } from "./dial.ts";
import type { Egress, EgressOutcome, EgressPolicy, EgressQuery } from "./egress-outcome.ts";
import { type Connection, exchange, isOpen, openConnection, type Exchanged, type Sending } from "./exchange.ts";
import { type Blocked, type Failure, findTarget, type Target, type TargetParts } from "./find-target.ts";
import { createGiveUp, type EndSignal, follow, type GiveUp } from "./give-up.ts";
import { createIdleConnections, type IdleConnections } from "./idle-connections.ts";
import { createLookup, type HostLookup } from "./look-up-host.ts";
import { makeRequestHeaders } from "./request-headers.ts";

/** Bounds of the egress as a whole; each request brings its own deadlines. */
export interface EgressLimits {
  lookupTimeoutMs: number;
  addressesKeptMs: number;
  idleConnectionsMax: number;
  idlePerAddressMax: number;
  /** How long a connection waits for its next request. Servers often close at 5 s: 4 s stays clear of most races. */
  idleMs: number;
  /** Requests under way at once; a safety net, above any number of deliveries that a worker may have under way. */
  postsMax: number;
  responseHeaderBytesMax: number;
  /** Answers with status 1xx before the real one. */
  informationalMax: number;
}

export const EGRESS_LIMITS: EgressLimits = {
  lookupTimeoutMs: 5_000,
  addressesKeptMs: 5_000,
  idleConnectionsMax: 256,
  idlePerAddressMax: 64,
  idleMs: 4_000,
  postsMax: 16_384,
  responseHeaderBytesMax: 16 * 1024,
  informationalMax: 8,
};

/** What of an answer's body is kept when the request does not say. */
export const RESPONSE_BYTES_MAX = 16 * 1024;

/** What of the answer to a GET is kept at most: the largest key sets that providers publish have some 20 KiB. */
export const GET_BYTES_MAX = 256 * 1024;

/** What of one page of a provider's log is kept at most: a hundred events of 80 KiB. */
export const PAGE_BYTES_MAX = 8 * 1024 * 1024;

/** What an egress works with. `lookup` is a seam for tests; without it names are resolved as on any machine. */
export interface EgressParts {
  policy: EgressPolicy;
  log: Pick<Log, "warn">;
  lookup?: HostLookup;
  clock?: Clock;
  limits?: Partial<EgressLimits>;
}

/** A request with its method; a GET has no body. */
type Outgoing = EgressQuery & Pick<Sending, "method" | "body">;

/** A request that has not ended. */
interface UnderWay extends Linked<UnderWay> {
  readonly sent: Promise<EgressOutcome>;
  readonly giveUp: GiveUp;
}

interface Room extends TargetParts {
  clock: Clock;
  limits: EgressLimits;
  idle: IdleConnections;
  secureContext: SecureContext;
}

/**
 * Makes the product's only HTTP client. It resolves a name once, vets every answer, and dials a vetted address (so that a
 * name which changes its mind in between changes nothing); follows no redirect; ignores proxies of the environment; sends
 * and keeps no cookies; decompresses nothing; and ends each request by one total deadline. Throws when the policy holds what
 * `findCidrFault` finds fault with.
 */
export function createEgress(parts: EgressParts): Egress {
  const clock = parts.clock ?? systemClock;
  const room = openRoom(parts, clock);
  const underWay = createLinkedList<UnderWay>();
  let closed = false;
  const send = async (request: Outgoing): Promise<EgressOutcome> => {
    if (closed) return { kind: "failed", fault: "aborted", detail: "the egress is closed", durationMs: 0 };
    if (underWay.size >= room.limits.postsMax)
      return {
        kind: "failed",
        fault: "connect",
        detail: "this process has too many requests under way; try again later",
        durationMs: 0,
      };
    const giveUp = createGiveUp();
    const sent = sendWithin(room, request, giveUp);
    const one: UnderWay = { sent, giveUp, before: null, after: null };
    underWay.add(one);
    return await sent.finally(() => underWay.delete(one));
  };
  return {
    post: (request) => send({ method: "POST", ...request }),
    get: (query) => {
      const responseBytesMax = Math.min(query.responseBytesMax ?? RESPONSE_BYTES_MAX, GET_BYTES_MAX);
      return send({ ...query, method: "GET", body: null, responseBytesMax });
    },
    getPage: (query) => {
      const responseBytesMax = Math.min(query.responseBytesMax ?? PAGE_BYTES_MAX, PAGE_BYTES_MAX);
      return send({ ...query, method: "GET", body: null, responseBytesMax });
    },
    async close() {
      closed = true;
      const left = [...underWay];
      for (const { giveUp } of left) giveUp.abort();
      room.book.close();
      await Promise.allSettled(left.map(({ sent }) => sent));
      await room.idle.close();
    },
  };
}

function openRoom(parts: EgressParts, clock: Clock): Room {
  const limits = { ...EGRESS_LIMITS, ...parts.limits };
  const { lookupTimeoutMs, addressesKeptMs } = limits;
  return {
    clock,
    rules: readAddressRules(parts.policy),
    limits,
    log: parts.log,
    book: createAddressBook({ lookup: parts.lookup ?? createLookup(), clock, lookupTimeoutMs, addressesKeptMs }),
    idle: createIdleConnections(limits),
    // Said outright, because --tls-min-v1.0 on the command line would otherwise lower it. The roots are Node's own and NODE_EXTRA_CA_CERTS.
    secureContext: createSecureContext({ minVersion: "TLSv1.2" }),
  };
}

/** One request under its total deadline. `giveUp` ends it early, and the request's own signal does. */
async function sendWithin(room: Room, request: Outgoing, giveUp: GiveUp): Promise<EgressOutcome> {
  const startedAtMs = room.clock.monotonicMs();
  let expired = false;
  const timer = setTimeout(() => {
    expired = true;
    giveUp.abort();
  }, request.totalTimeoutMs);
  const unfollow = request.signal === undefined ? null : follow(request.signal, giveUp.abort);
  try {
    const outcome = await sendOnce(room, request, giveUp.signal);
    const durationMs = Math.round(room.clock.monotonicMs() - startedAtMs);
    if (outcome.kind === "response") return { durationMs, ...outcome };
    if (outcome.kind === "blocked") return outcome;
    if (outcome.fault !== "aborted" || !expired) return { durationMs, ...outcome };
    return {
      kind: "failed",
      fault: "timeout",
      detail: `no complete answer within ${request.totalTimeoutMs} ms`,
      durationMs,
    };
  } finally {
    clearTimeout(timer);
    unfollow?.();
  }
}

type Answered = Omit<Extract<EgressOutcome, { kind: "response" }>, "durationMs"> | Blocked | Failure;

async function sendOnce(room: Room, request: Outgoing, signal: EndSignal): Promise<Answered> {
  const headers = makeRequestHeaders(request.headers);
  if (!headers.ok) return { kind: "blocked", reason: "header", detail: headers.detail };
  const target = await findTarget(room, request.url, signal);
  if ("kind" in target) return target;

  const sending: Sending = {
    method: request.method,
    path: target.url.pathname + target.url.search,
    flatHeaders: headers.flat,
    body: request.body,
    responseBytesMax: request.responseBytesMax ?? RESPONSE_BYTES_MAX,
    informationalMax: room.limits.informationalMax,
    signal,
  };
  const waiting = takeIdle(room, target);
  if (waiting !== null) {
    const sentAtMs = room.clock.monotonicMs();
    const exchanged = await exchange(waiting, sending);
    // Only once: the connection below is new.
    if (!mayBeUnseen(exchanged, sending, waiting, room.clock.monotonicMs() - sentAtMs))
      return conclude(room, waiting, exchanged);
  }
  const dialled = await dialTarget(room, target, request.connectTimeoutMs, signal);
  if ("kind" in dialled) return dialled;
  return conclude(room, dialled, await exchange(dialled, sending));
}

/** What the first round trip may take longer than connecting did: a lost segment is sent again after a fifth of a second. */
const LOST_SEGMENT_MS = 250;
const UNSEEN_MS_MAX = 1_000;

/**
 * Whether a server that closed an idle connection just as we used it again explains what came back. It has not seen the request then,
 * and to send it once more is still the first try of the same attempt. Such a server's end or refusal is here one round trip
 * after the request left. Whoever breaks off later can have read it and acted on it: to send a POST again would be an attempt that
 * nobody recorded. A GET changes nothing there.
 */
function mayBeUnseen(exchanged: Exchanged, { method }: Sending, { dialMs }: Connection, brokeAfterMs: number): boolean {
  if (exchanged.ok || exchanged.fault !== "reset" || !exchanged.silent) return false;
  return method === "GET" || brokeAfterMs <= Math.min(dialMs + LOST_SEGMENT_MS, UNSEEN_MS_MAX);
}

function conclude(room: Room, connection: Connection, exchanged: Exchanged): Answered {
  if (!exchanged.ok) return { kind: "failed", fault: exchanged.fault, detail: exchanged.detail };
  if (isOpen(connection)) room.idle.keep(connection);
  const { status, headers, body, truncated } = exchanged;
  return { kind: "response", status, headers, body, truncated, address: connection.address };
}

function takeIdle(room: Room, target: Target): Connection | null {
  for (const address of target.addresses) {
    const connection = room.idle.take(keyOf(target.url, address));
    if (connection !== null) return connection;
  }
  return null;
}

async function dialTarget(
  room: Room,
  target: Target,
  connectTimeoutMs: number,
  signal: EndSignal,
): Promise<Connection | Failure> {
  const { url, serverName, port, addresses } = target;
  const tls = url.protocol === "https:" ? { serverName, context: room.secureContext } : null;
  const dialled = await dial({ addresses, port, tls, connectTimeoutMs, signal });
  if (!dialled.ok) return { kind: "failed", fault: dialled.fault, detail: dialled.detail };
  const { socket, address, tookMs: dialMs } = dialled;
  const { responseHeaderBytesMax: headerBytesMax, idleMs } = room.limits;
  const key = keyOf(url, address);
  return openConnection({ origin: url.origin, key, address, socket, dialMs, headerBytesMax, idleMs });
}

function keyOf(url: URL, address: string): string {
  return `${url.origin} ${address}`;
}
