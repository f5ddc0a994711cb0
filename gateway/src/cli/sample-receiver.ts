import { unwrap, type Unwrapped } from "@holdfast/client";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type ReceivedDelivery, renderPage } from "./sample-page.ts";

/** A small service as a user would write one: checks the signature, answers, and remembers what it got. */
export interface SampleReceiver {
  readonly url: string;
  close(): Promise<void>;
}

interface ReceiverParts {
  readonly port: number;
  readonly signingSecret: string;
  readonly onDelivery: (delivery: ReceivedDelivery) => void;
}

const REMEMBERED_MAX = 50;
/** The largest body that any source may take, and a little. */
const BODY_BYTES_MAX = 26 * 1024 * 1024;
const BODY_CHARS_SHOWN = 16_384;

/**
 * Starts the sample receiver of `holdfast dev` on 127.0.0.1. Null when the port is taken. `POST /` takes a delivery,
 * `GET /` shows the last 50: a page for a browser, JSON for everyone else.
 */
export async function startSampleReceiver(parts: ReceiverParts): Promise<SampleReceiver | null> {
  const remembered: ReceivedDelivery[] = [];
  const server = createServer((request, response) => {
    respond(parts, remembered, request, response).catch(() => response.destroy());
  });
  server.requestTimeout = 30_000;
  if (!(await listen(server, parts.port))) return null;
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => close(server) };
}

async function respond(
  parts: ReceiverParts,
  remembered: ReceivedDelivery[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!isLocalHost(request.headers.host)) return answer(response, 421, "This receiver answers on 127.0.0.1 only.");
  if (request.method === "GET") return show(remembered, request, response);
  if (request.method !== "POST") return answer(response, 405, "POST a delivery, or GET / to see the last ones.");
  const body = await readBody(request);
  if (body === null) return answer(response, 413, "The body is too large.");
  const unwrapped = unwrap({ secrets: parts.signingSecret, headers: pairsOf(request), body });
  const delivery = describe(unwrapped, body);
  remembered.unshift(delivery);
  remembered.length = Math.min(remembered.length, REMEMBERED_MAX);
  parts.onDelivery(delivery);
  if (unwrapped.ok) answer(response, 200, "received");
  else answer(response, 401, unwrapped.detail);
}

function describe(unwrapped: Unwrapped, body: Uint8Array): ReceivedDelivery {
  const common = {
    receivedAt: new Date(),
    bodyBytes: body.length,
    body: new TextDecoder().decode(body.subarray(0, BODY_CHARS_SHOWN)),
  };
  if (!unwrapped.ok) return { ...common, genuine: false, problem: unwrapped.detail };
  const { idempotencyKey, eventId, source, eventType, attempt, trigger } = unwrapped;
  return { ...common, genuine: true, idempotencyKey, eventId, source, eventType, attempt, trigger };
}

function show(remembered: readonly ReceivedDelivery[], request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("cache-control", "no-store");
  if (request.headers.accept?.includes("text/html") === true) {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.setHeader("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'");
    response.end(renderPage(remembered));
    return;
  }
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ items: remembered }));
}

/** A page of the web may point a name of its own at 127.0.0.1 and read what is served there. */
function isLocalHost(host: string | undefined): boolean {
  return host !== undefined && /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);
}

function pairsOf(request: IncomingMessage): [string, string][] {
  const { rawHeaders } = request;
  return rawHeaders.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1]!]] : [],
  );
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
}

function listen(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => resolve(true));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
