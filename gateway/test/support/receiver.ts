import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** One request that a destination got, with its exact bytes. */
export interface Arrival {
  readonly path: string;
  /** `idempotency-key`. */
  readonly key: string;
  /** Names in lower case; of repeated ones the last. */
  readonly headers: Readonly<Record<string, string>>;
  /** As they came: name, value, name, value … */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/** What a receiver answers: a status, or what it does with the response itself (nothing: it hangs). */
export type Answering = (arrival: Arrival, response: ServerResponse) => number | void;

/** A fake of the user's service that keeps everything it got. */
export interface Receiver {
  /** Without a trailing slash. */
  readonly url: string;
  readonly arrivals: Arrival[];
  answer: Answering;
  /** The arrivals at a path. */
  at(path: string): Arrival[];
}

/** Starts one for this test; it ends with it. */
export async function startReceiver(answer: Answering = () => 200): Promise<Receiver> {
  const server = createServer((request, response) => void take(receiver, request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const arrivals: Arrival[] = [];
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    answer,
    at: (path) => arrivals.filter((arrival) => arrival.path === path),
  };
  onTestFinished(() => closeServer(server));
  return receiver;
}

async function take(receiver: Receiver, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  request.on("error", () => {});
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers: Record<string, string> = {};
  for (let i = 0; i < request.rawHeaders.length; i += 2)
    headers[request.rawHeaders[i]!.toLowerCase()] = request.rawHeaders[i + 1]!;
  const key = headers["idempotency-key"] ?? "";
  const arrival = {
    path: request.url ?? "",
    key,
    headers,
    rawHeaders: request.rawHeaders,
    body: Buffer.concat(chunks),
  };
  receiver.arrivals.push(arrival);
  const status = receiver.answer(arrival, response);
  if (status !== undefined) response.writeHead(status).end();
}

async function closeServer(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}

/** Answers nothing until so many are open at once, then each request once others had time to come, and counts how many are open. */
export function countOpen(receiver: Receiver, together: number): { most: number } {
  const seen = { most: 0 };
  let open = 0;
  const kept: (() => void)[] = [];
  receiver.answer = (_arrival, response) => {
    seen.most = Math.max(seen.most, ++open);
    response.once("close", () => open--);
    kept.push(() => response.writeHead(200).end());
    if (seen.most >= together) for (const answer of kept.splice(0)) setImmediate(answer);
  };
  return seen;
}
