import { once } from "node:events";
import type { Server } from "node:http";
import { expect, it, onTestFinished } from "vitest";
import { PIPELINED_MAX } from "../../src/http/exchanges.ts";
import type { IngestResult, ReadySource } from "../../src/pipeline/arrival.ts";
import { RECORDED, openBareDoor, sourceNamed } from "../support/bare-door.ts";
import type { RawConnection } from "../support/raw-http.ts";
import { openRaw, requestBytes } from "../support/raw-http.ts";

async function open(url: string): Promise<RawConnection> {
  const connection = await openRaw(url);
  onTestFinished(() => connection.end());
  return connection;
}

const times = (count: number, bytes: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => bytes));

/** Resolves when the door holds no connection any more. */
const allClosed = (server: Server): Promise<unknown> =>
  expect.poll(() => new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))).toBe(0);

/** Larger than what a system keeps for a receiver that does not read. */
const LARGE: IngestResult = { kind: "handshake", status: 200, headers: {}, body: Buffer.alloc(64 * 1_048_576) };

it("answers as many pipelined requests as it takes, in their order", async () => {
  const { url } = await openBareDoor();
  const connection = await open(url);
  await connection.send(times(PIPELINED_MAX, requestBytes("POST /in/plain-source", [], "x")));
  for (let i = 0; i < PIPELINED_MAX; i++) expect((await connection.answer()).status).toBe(200);
});

it("works on no more requests of one connection at once, whatever one read holds, and is rid of it", async () => {
  const looks: string[] = [];
  const { url, server } = await openBareDoor({ findSource: (key) => (looks.push(key), null) });
  const connection = await open(url);
  const begun = once(server, "request");
  connection.hold();
  await connection.send(times(1_000, Buffer.from("GET /in/unknown1 HTTP/1.1\r\nhost: a\r\n\r\n")));
  await begun;
  await allClosed(server);
  expect(looks.length).toBe(PIPELINED_MAX);
});

it("goes on recording what a connection sent before it sent too much", async () => {
  const bodies: string[] = [];
  let end = (_result: IngestResult): void => {};
  const commit = new Promise<IngestResult>((resolve) => {
    end = resolve;
  });
  const recorded: IngestResult[] = [];
  const { url, server } = await openBareDoor({
    ingest: async (_ready, { body }) => {
      bodies.push(Buffer.from(body).toString());
      const result = await commit;
      recorded.push(result);
      return result;
    },
  });
  const connection = await open(url);
  const begun = once(server, "request");
  await connection.send(requestBytes("POST /in/plain-source", [], "first"));
  await begun;
  await connection.send(times(PIPELINED_MAX, requestBytes("GET /in/plain-source")));
  await connection.closed;
  end(RECORDED);
  await commit;
  expect(bodies[0]).toBe("first");
  await expect.poll(() => recorded.length).toBe(bodies.length);
});

it.each([
  ["alone", ""],
  ["with garbage behind its request", "garbage\r\n\r\n"],
])("does not wait for ever for a sender that takes no answer (%s)", async (_how, behind) => {
  const { url, server } = await openBareDoor({ ingest: async () => LARGE }, { bodyTimeoutMs: 300 });
  const connection = await open(url);
  const begun = once(server, "request");
  connection.hold();
  await connection.send(Buffer.concat([requestBytes("GET /in/plain-source"), Buffer.from(behind)]));
  await begun;
  await allClosed(server);
});

it("lets a connection wait for a slow commit, and for the answers behind it, as long as they take", async () => {
  const ends: ((result: IngestResult) => void)[] = [];
  const { url, server } = await openBareDoor(
    {
      ingest: async (_ready, { body }) =>
        body.length > 1 ? RECORDED : await new Promise<IngestResult>((resolve) => ends.push(resolve)),
    },
    { bodyTimeoutMs: 100 },
  );
  const connection = await open(url);
  const requests = [requestBytes("POST /in/plain-source", [], "x"), requestBytes("POST /in/plain-source", [], "yy")];
  const begun = once(server, "request");
  await connection.send(Buffer.concat(requests));
  await begun;
  // What another sender does not get in the same time is cut: by then this one would have been, too.
  const other = await open(url);
  await other.send(requestBytes("POST /in/plain-source", [["content-length", "9"]], "x"));
  expect((await other.answer()).status).toBe(408);
  await other.closed;
  ends[0]?.(RECORDED);
  expect([(await connection.answer()).status, (await connection.answer()).status]).toEqual([200, 200]);
  await connection.send(requests[1]!);
  expect((await connection.answer()).status).toBe(200);
});

it("answers what was committed after the sender had closed its side", async () => {
  let hasEnded = (): void => {};
  const ended = new Promise<void>((resolve) => (hasEnded = resolve));
  const { url, server } = await openBareDoor({ ingest: async () => (await ended, RECORDED) });
  server.on("connection", (socket) => socket.on("end", () => setImmediate(hasEnded)));
  const connection = await open(url);
  await connection.send(requestBytes("POST /in/plain-source", [], "x"));
  connection.halfClose();
  expect((await connection.answer()).status).toBe(200);
  expect((await connection.closed).wasReset).toBe(false);
  await allClosed(server);
});

it.each([
  [
    "a request that is refused before its body has come",
    requestBytes("PUT /in/plain-source", [["content-length", "9"]]),
    405,
  ],
  ["a CONNECT", Buffer.from("CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n"), 405],
])("%s has its answer behind that of the request before it, and takes none from it", async (_what, behind, status) => {
  const ends: ((result: IngestResult) => void)[] = [];
  const { url, server } = await openBareDoor({
    ingest: () => new Promise((resolve) => ends.push(resolve)),
    findSource: (key) => ({ ...sourceNamed(key), provider: { methods: ["POST"] } }) as unknown as ReadySource,
  });
  const connection = await open(url);
  let isRefused = (): boolean => false;
  server.on("connect", () => (isRefused = () => true));
  server.on("request", (request, response) => {
    if (request.method === "PUT") isRefused = () => response.headersSent;
  });
  await connection.send(Buffer.concat([requestBytes("POST /in/plain-source", [], "x"), behind]));
  await expect.poll(() => isRefused() && ends.length).toBe(1);
  ends[0]?.(RECORDED);
  expect((await connection.answer()).status).toBe(200);
  expect((await connection.answer()).status).toBe(status);
  expect((await connection.closed).rest).toBe("");
});
