import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it, onTestFinished } from "vitest";
import { RECORDED, openBareDoor, sourceNamed } from "../support/bare-door.ts";
import { chunkBytes, openRaw, requestBytes } from "../support/raw-http.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function heldBytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const CHUNKS = 200_000;

it("a body in chunks of a byte takes a small multiple of what is counted of it, and comes whole", async () => {
  const bodies: Uint8Array[] = [];
  const seen = { bytes: 0 };
  const { url, server } = await openBareDoor(
    {
      findSource: (key) => sourceNamed(key, CHUNKS),
      ingest: async (_ready, { body }) => (bodies.push(body), RECORDED),
    },
    { bodyTimeoutMs: 60_000 },
  );
  server.on("request", (request) => request.on("data", (chunk: Buffer) => (seen.bytes += chunk.length)));
  const connection = await openRaw(url);
  onTestFinished(() => connection.end());
  const letters = Buffer.from("abcdefghij");
  const sent = Buffer.concat(
    Array.from({ length: CHUNKS }, (_, i) => chunkBytes(letters.subarray(i % 10, (i % 10) + 1))),
  );
  const before = heldBytes();
  const begun = once(server, "request");
  await connection.send(requestBytes("POST /in/plain-source", [["transfer-encoding", "chunked"]]));
  await begun;
  await connection.send(sent);
  await expect.poll(() => seen.bytes).toBe(CHUNKS);
  expect((heldBytes() - before) / CHUNKS).toBeLessThan(10);
  await connection.send(chunkBytes(""));
  expect((await connection.answer()).status).toBe(200);
  expect(Buffer.from(bodies[0]!).equals(Buffer.from("abcdefghij".repeat(CHUNKS / 10)))).toBe(true);
});

it("pieces of all sizes come out as one body, byte for byte", async () => {
  const bodies: Uint8Array[] = [];
  const { url } = await openBareDoor({
    findSource: (key) => sourceNamed(key, 1_000_000),
    ingest: async (_ready, { body }) => (bodies.push(body), RECORDED),
  });
  const connection = await openRaw(url);
  onTestFinished(() => connection.end());
  const pieces = [1, 1_023, 1, 1_024, 5_000, 2, 600, 600, 70_000, 1, 1].map((bytes, i) => Buffer.alloc(bytes, 65 + i));
  const head = requestBytes("POST /in/plain-source", [["transfer-encoding", "chunked"]]);
  await connection.send(Buffer.concat([head, ...pieces.map(chunkBytes), chunkBytes("")]));
  expect((await connection.answer()).status).toBe(200);
  expect(Buffer.from(bodies[0]!).equals(Buffer.concat(pieces))).toBe(true);
});
