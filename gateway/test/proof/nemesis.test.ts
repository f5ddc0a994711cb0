import { once } from "node:events";
import type { Socket } from "node:net";
import { connect, createServer } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { WORLD_FAULTS, planWorld } from "../../../proof/nemesis/plan-world.mjs";
import { startProxy } from "../../../proof/nemesis/tcp-proxy.mjs";

const NOTHING = { bytes: 0, delayMs: 0 };

it("strikes with each fault of the world as often as it is told, in an order that the seed alone decides", () => {
  const plan = planWorld({ seed: 7, rounds: 2 });
  expect(planWorld({ seed: 7, rounds: 2 })).toEqual(plan);
  expect(planWorld({ seed: 8, rounds: 2 })).not.toEqual(plan);
  const all = Object.entries(WORLD_FAULTS).flatMap(([target, hows]) => hows.map((how) => `${target} ${how}`));
  const names = (faults: typeof plan): string[] => faults.map(({ target, how }) => `${target} ${how}`).toSorted();
  expect(names(plan)).toEqual([...all, ...all].toSorted());
  expect(plan.map(({ atProgress }) => atProgress)).toEqual(
    plan.map(({ atProgress }) => atProgress).toSorted((a, b) => a - b),
  );
});

/** An echo behind a proxy, and a client of it that remembers what came back. */
async function openWire() {
  const taken: Socket[] = [];
  const heard: Buffer[] = [];
  const echo = createServer((socket) => {
    taken.push(socket);
    socket
      .on("error", () => {})
      .on("data", (bytes) => {
        heard.push(bytes);
        socket.write(bytes);
      });
  });
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  const address = echo.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const proxy = await startProxy({ host: "127.0.0.1", port });
  const client = connect({ host: "127.0.0.1", port: proxy.port });
  const back: Buffer[] = [];
  client.on("error", () => {}).on("data", (bytes) => back.push(bytes));
  const closed = new Promise((done) => client.once("close", done));
  onTestFinished(async () => {
    client.destroy();
    await proxy.close();
    for (const socket of taken) socket.destroy();
    await new Promise((done) => echo.close(done));
  });
  const text = (parts: Buffer[]) => () => Buffer.concat(parts).toString();
  client.write("a");
  await expect.poll(text(back)).toBe("a");
  return { proxy, client, closed, back: text(back), heard: text(heard) };
}

it("a cut wire ends once so many bytes have passed, and a reset one at once", async () => {
  const cut = await openWire();
  cut.proxy.strike("cut", { bytes: 3, delayMs: 0 });
  cut.client.write("bcdefg");
  await cut.closed;
  expect([cut.heard(), cut.back()]).toEqual(["abcd", "a"]);
  const reset = await openWire();
  reset.proxy.strike("reset", NOTHING);
  await reset.closed;
});

it("what one direction swallows is gone, and its wire ends when it is healed", async () => {
  for (const [how, heard] of [
    ["cut requests", "abc"],
    ["cut answers", "abcde"],
  ] as const) {
    const wire = await openWire();
    wire.proxy.strike(how, { bytes: 2, delayMs: 0 });
    wire.client.write("bcde");
    await expect.poll(wire.heard).toBe(heard);
    await expect.poll(wire.back).toBe("abc");
    wire.proxy.heal();
    await wire.closed;
  }
});

it("a frozen or slow wire loses nothing, and goes on in order when it is healed", async () => {
  for (const how of ["freeze", "freeze requests", "freeze answers", "delay"]) {
    const wire = await openWire();
    wire.proxy.strike(how, { bytes: 0, delayMs: 20 });
    wire.client.write("bc");
    if (how === "freeze answers") await expect.poll(wire.heard).toBe("abc");
    if (how.startsWith("freeze")) expect(wire.back()).toBe("a");
    wire.proxy.heal();
    wire.client.write("de");
    await expect.poll(wire.back, { timeout: 30_000 }).toBe("abcde");
  }
});
