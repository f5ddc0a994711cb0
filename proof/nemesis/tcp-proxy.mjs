// Stands between two processes of a run and spoils what passes: it cuts after so many bytes, swallows or holds one direction,
// holds both, delays, and resets. Nothing but TCP is known to it.
import { connect, createServer } from "node:net";

/** What a proxy can do, all of it until `heal`, but for `reset`, which is over at once. */
export const WIRE_FAULTS = [
  "reset",
  "cut",
  "cut requests",
  "cut answers",
  "freeze",
  "freeze requests",
  "freeze answers",
  "delay",
];

/**
 * @param {{ path: string } | { host: string, port: number }} target whom it stands before
 * @returns {Promise<{ port: number, strike: (how: string, of: { bytes: number, delayMs: number }) => void, heal: () => void,
 *   close: () => Promise<void> }>} `cut` ends a connection once `bytes` more have passed; `cut requests` and `cut answers`
 *   swallow what comes after them in one direction and close nothing
 */
export async function startProxy(target) {
  const state = { how: null, bytes: 0, delayMs: 0, wires: new Set() };
  const server = createServer((client) => relay(state, client, connect(target)));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: server.address().port,
    strike: (how, { bytes, delayMs }) => strike(state, how, bytes, delayMs),
    heal: () => heal(state),
    close: () => {
      for (const wire of state.wires) destroy(wire);
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function relay(state, client, server) {
  const wire = { client, server, left: state.bytes, isSpoiled: false, timers: new Set() };
  wire.requests = { from: client, to: server, side: "requests", waiting: [], isHeld: false };
  wire.answers = { from: server, to: client, side: "answers", waiting: [], isHeld: false };
  state.wires.add(wire);
  for (const way of [wire.requests, wire.answers]) {
    way.from.on("error", () => {});
    way.from.on("data", (bytes) => pass(state, wire, way, bytes));
    way.to.on("drain", () => holdAsTold(state, way));
    holdAsTold(state, way);
  }
  client.once("close", () => end(state, wire, server));
  server.once("close", () => end(state, wire, client));
}

function pass(state, wire, way, bytes) {
  if (state.how === "cut" && (wire.left -= bytes.length) < 0) {
    way.to.write(bytes.subarray(0, Math.max(0, bytes.length + wire.left)));
    return destroy(wire);
  }
  if (state.how === `cut ${way.side}`) {
    const passing = bytes.subarray(0, Math.max(0, wire.left));
    wire.left -= bytes.length;
    wire.isSpoiled ||= wire.left < 0;
    return write(way, passing);
  }
  if (state.how !== "delay" && way.waiting.length === 0) return write(way, bytes);
  // In line behind what waits already, or the order of the bytes would change.
  way.waiting.push(bytes);
  const timer = setTimeout(() => {
    wire.timers.delete(timer);
    write(way, way.waiting.shift());
  }, state.delayMs);
  wire.timers.add(timer);
  return undefined;
}

// Held back when the other side does not keep up, so that a slow reader is slow through the proxy too.
function write(way, bytes) {
  if (bytes.length > 0 && !way.to.destroyed && !way.to.writableEnded && !way.to.write(bytes)) way.from.pause();
}

function holdAsTold({ how }, way) {
  if (how === "freeze" || how === `freeze ${way.side}`) way.from.pause();
  else way.from.resume();
}

function strike(state, how, bytes, delayMs) {
  if (how === "reset") {
    for (const { client, server } of state.wires) {
      client.resetAndDestroy();
      // A socket of the file system knows no reset: its end is as sudden.
      if (server.remoteAddress === undefined) server.destroy();
      else server.resetAndDestroy();
    }
    return;
  }
  Object.assign(state, { how, bytes, delayMs });
  for (const wire of state.wires) {
    wire.left = bytes;
    for (const way of [wire.requests, wire.answers]) holdAsTold(state, way);
  }
}

function heal(state) {
  state.how = null;
  for (const wire of state.wires) {
    // What lacks bytes that were swallowed is of no use to anybody any more.
    if (wire.isSpoiled) destroy(wire);
    else for (const way of [wire.requests, wire.answers]) holdAsTold(state, way);
  }
}

function end(state, wire, other) {
  state.wires.delete(wire);
  for (const timer of wire.timers) clearTimeout(timer);
  other.end();
  other.resume();
}

function destroy({ client, server }) {
  client.destroy();
  server.destroy();
}
