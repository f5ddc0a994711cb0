import type { Socket } from "node:net";
import { brotliCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { startAnswering, startHttp } from "./fakes/destination.ts";
import { brief, post } from "./fakes/open-egress.ts";
import { afterRequest, egress, raw, track } from "./fakes/things.ts";

const OK = "HTTP/1.1 200 OK\r\n";

describe("what comes back", () => {
  test.each([301, 302, 303, 307, 308])("a redirect %i is reported and never followed (F59)", async (status) => {
    const canary = await raw((socket) => socket.destroy());
    const server = track(
      await startHttp(
        (_request, response) => void response.writeHead(status, { location: `http://127.0.0.1:${canary.port}/` }).end(),
      ),
    );
    expect(brief(await post(egress(), server.url))).toBe(status);
    expect(canary.connections()).toBe(0);
  });

  test.each([200, 204, 205, 299, 304, 400, 404, 410, 429, 500, 503, 599])(
    "status %i is reported as it is",
    async (status) => {
      const server = track(await startHttp((_request, response) => void response.writeHead(status).end()));
      expect(brief(await post(egress(), server.url))).toBe(status);
    },
  );

  test("an endless body is kept up to the bound, and the connection ends there (F58)", async () => {
    const server = await raw((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
        const pump = (): void => {
          while (socket.writable && socket.write(chunk));
        };
        socket.on("drain", pump);
        pump();
      });
    });
    const outcome = await post(egress(), server.url);
    expect(outcome).toMatchObject({ kind: "response", status: 200, truncated: true });
    if (outcome.kind === "response") expect(Buffer.from(outcome.body).equals(Buffer.alloc(16 * 1024, "x"))).toBe(true);
    await server.allClosed();
  });

  test("a body of exactly the bound is whole, one byte more is not", async () => {
    const server = track(
      await startHttp((request, response) => void response.end("x".repeat(Number(request.headers["x-size"])))),
    );
    const client = egress();
    const sized = (size: number) =>
      post(client, server.url, { headers: [["x-size", `${size}`]], responseBytesMax: 100 });
    expect(await sized(100)).toMatchObject({ truncated: false });
    expect(await sized(101)).toMatchObject({ truncated: true });
    expect(await post(client, server.url, { headers: [["x-size", "1"]], responseBytesMax: 0 })).toMatchObject({
      truncated: true,
    });
  });

  test("a body in many pieces is put together in their order, up to the bound", async () => {
    const pieces = Array.from({ length: 60 }, (_, i) => String.fromCharCode(48 + i).repeat(1 + i * 3));
    const whole = pieces.join("");
    const server = await raw((socket) => {
      socket.on("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        for (const piece of pieces) socket.write(`${piece.length.toString(16)}\r\n${piece}\r\n`);
        socket.write("0\r\n\r\n");
      });
    });
    const client = egress();
    const read = async (responseBytesMax: number) => {
      const outcome = await post(client, server.url, { responseBytesMax });
      return outcome.kind === "response" ? [Buffer.from(outcome.body).toString(), outcome.truncated] : outcome;
    };
    expect(await read(whole.length)).toEqual([whole, false]);
    expect(await read(whole.length - 1)).toEqual([whole.slice(0, -1), true]);
    expect(await read(1_000)).toEqual([whole.slice(0, 1_000), true]);
  });

  test("a compressed answer is kept as it came (F58)", async () => {
    const bomb = brotliCompressSync(Buffer.alloc(10_000_000));
    const server = track(
      await startHttp((_request, response) => void response.writeHead(200, { "content-encoding": "br" }).end(bomb)),
    );
    const outcome = await post(egress(), server.url);
    expect(outcome).toMatchObject({ kind: "response", status: 200, truncated: false });
    if (outcome.kind === "response") expect(Buffer.from(outcome.body).equals(bomb)).toBe(true);
  });

  test("at most 100 headers are kept", async () => {
    const lines = Array.from({ length: 500 }, (_, i) => `h${i}: v\r\n`).join("");
    const server = track(await startAnswering(`HTTP/1.1 200 OK\r\n${lines}content-length: 0\r\n\r\n`));
    const outcome = await post(egress(), server.url);
    expect(outcome).toMatchObject({ kind: "response", status: 200 });
    if (outcome.kind === "response") expect(outcome.headers).toHaveLength(100);
  });

  test("one informational answer is passed over", async () => {
    const server = track(
      await startAnswering("HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
    );
    expect(brief(await post(egress(), server.url))).toBe(204);
  });

  const megabyte = "x".repeat(1_000_000);
  test.each([
    ["1 MB of headers", `HTTP/1.1 200 OK\r\nx-a: ${megabyte}\r\n\r\n`, "protocol"],
    ["1 MB of small headers", `HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(170_000)}\r\n`, "protocol"],
    [
      "1 MB of trailers",
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: ${megabyte}\r\n\r\n`,
      "protocol",
    ],
    ["a flood of 1xx", "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(10_000), "protocol"],
    ["a 100 nobody asked for", "HTTP/1.1 100 Continue\r\n\r\n", "protocol"],
    ["an upgrade", "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n", "protocol"],
    ["another protocol", "SSH-2.0-OpenSSH_9.2p1\r\n", "protocol"],
    ["HTTP/0.9", "<html>hello</html>", "protocol"],
    // undici sees bytes missing before it sees the contradiction; what counts is that no status is taken from such an answer.
    ["two different lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", "reset"],
    [
      "a length and chunks at once",
      "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
      "reset",
    ],
  ])("%s is refused and the connection is destroyed", async (_name, answer, fault) => {
    const server = track(await startAnswering(answer));
    expect(brief(await post(egress(), server.url))).toBe(fault);
    await server.allClosed();
  });

  test.each([
    ["after the request", (socket: Socket) => void socket.resetAndDestroy()],
    ["with an orderly end instead of an answer", (socket: Socket) => void socket.end()],
    ["in the middle of the headers", (socket: Socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-")],
    [
      "in the middle of a body of known length",
      (socket: Socket) => void socket.end(`${OK}content-length: 100\r\n\r\nhalf`),
    ],
    [
      "in the middle of a last body",
      (socket: Socket) => void socket.end(`${OK}connection: close\r\ncontent-length: 9\r\n\r\nhalf`),
    ],
    [
      "in the middle of a chunked body",
      (socket: Socket) => void socket.end(`${OK}transfer-encoding: chunked\r\n\r\n64\r\nhalf`),
    ],
  ])("a connection that breaks %s is a reset, whatever status had come (F56)", async (_name, speak) => {
    const server = await raw(afterRequest(speak));
    expect(brief(await post(egress(), server.url))).toBe("reset");
    expect(server.connections()).toBe(1);
  });

  test("a body that ends with the connection is whole", async () => {
    const server = await raw(
      (socket) => void socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\n\r\nall of it")),
    );
    const outcome = await post(egress(), server.url);
    expect(outcome).toMatchObject({ kind: "response", truncated: false });
    if (outcome.kind === "response") expect(Buffer.from(outcome.body).toString()).toBe("all of it");
  });
});
