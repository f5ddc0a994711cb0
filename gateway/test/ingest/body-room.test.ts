import type { IncomingMessage, Server } from "node:http";
import { expect, it, onTestFinished } from "vitest";
import { openBareDoor, sourceNamed } from "../support/bare-door.ts";
import { exchangeRaw, openRaw, requestBytes } from "../support/raw-http.ts";

const ROOM = 80_000;

function open(): ReturnType<typeof openBareDoor> {
  return openBareDoor(
    {
      findSource: (key) => sourceNamed(key, key.startsWith("wide") ? 40_000 : 10_000),
      classOf: ({ source }) => (source.name.startsWith("urgent") ? "critical" : "low"),
    },
    { bodiesBytesMax: ROOM },
  );
}

/** Uploads that stop half-way, each with so many bytes; they stay until the test ends. */
async function stall({ url, server }: { url: string; server: Server }, key: string, sizes: readonly number[]) {
  for (const size of sizes) {
    const connection = await openRaw(url);
    onTestFinished(() => connection.end());
    let seen = 0;
    server.once("request", (request: IncomingMessage) => request.on("data", (chunk: Buffer) => (seen += chunk.length)));
    await connection.send(requestBytes(`POST /in/${key}`, [["content-length", String(size + 1)]], "x".repeat(size)));
    await expect.poll(() => seen).toBe(size);
  }
}

const send = async ({ url }: { url: string }, key: string, bytes: number): Promise<number> =>
  (await exchangeRaw(url, requestBytes(`POST /in/${key}`, [], "x".repeat(bytes)))).status;

it("one source's unfinished bodies leave the others their room", async () => {
  const door = await open();
  await stall(door, "slow-source", [9_000, 9_000]);
  expect(await send(door, "slow-source", 3_000)).toBe(503);
  expect(await send(door, "slow-source", 1_000)).toBe(200);
  expect([await send(door, "other-source", 9_000), await send(door, "urgent-source", 9_000)]).toEqual([200, 200]);
});

it("a source whose bodies may be larger than a quarter of the room can send one", async () => {
  const door = await open();
  expect(await send(door, "wide-source", 40_000)).toBe(200);
  expect(await send(door, "wide-source", 40_000)).toBe(200);
});

it("when the others have filled what is theirs, critical sources still have a part", async () => {
  const door = await open();
  for (const key of ["slow-source-1", "slow-source-2", "slow-source-3"]) await stall(door, key, [9_000, 9_000]);
  await stall(door, "slow-source-4", [9_000, 6_000]);
  expect(await send(door, "other-source", 2_000)).toBe(503);
  expect(await send(door, "urgent-source", 9_000)).toBe(200);
});
