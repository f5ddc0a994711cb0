// The sender, in a process of its own, over keep-alive sockets: a closed loop (each sends when it is answered) or an open one
// (arrivals become due at a constant rate whatever the answers do, and a latency counts from then). Events are made and signed
// before the clock starts, and each answer is looked at: it must be a 200, show that the event was kept, and not be a duplicate.
import { connect } from "node:net";
import { eventBody, eventId, seededRandom, signatureHeader } from "../stripe-event.mjs";
import { percentile } from "./figures.mjs";

const HEAD_BYTES_MAX = 512;
const BODY_BYTES_MAX = 2_048;
const LATENCIES_MAX = 4_000_000;

process.on("message", (round) => {
  run(round).then(
    (result) => process.send({ kind: "finished", result }),
    (error) => process.send({ kind: "failed", message: error.stack ?? String(error) }),
  );
});
process.send({ kind: "waiting" });

/** @param {import("./load-shape.d.ts").RoundPlan} plan */
async function run(plan) {
  const requests = makeRequests(plan);
  const window = createWindow(plan, requests);
  await Promise.all(Array.from({ length: plan.connections }, () => openConnection(window)));
  process.send({ kind: "started" });
  window.startMs = performance.now();
  if (plan.arrivalsPerSec === null) for (const connection of window.connections) sendNext(window, connection);
  else startArrivals(window);
  await window.finished;
  for (const connection of window.connections) connection.socket.destroy();
  return report(window);
}

function createWindow(plan, requests) {
  const window = {
    plan,
    requests,
    connections: [],
    next: 0,
    // Of an open loop: how many are due so far, of how many, who is free, and how late those were that found one free.
    due: 0,
    total: plan.arrivalsPerSec === null ? 0 : Math.floor((plan.arrivalsPerSec * plan.durationMs) / 1_000),
    idle: [],
    lateMs: [],
    open: 0,
    startMs: 0,
    endMs: 0,
    latenciesMs: new Float64Array(LATENCIES_MAX),
    answered: 0,
    faults: new Map(),
    finished: null,
    finish: null,
  };
  window.finished = new Promise((resolve) => {
    window.finish = resolve;
  });
  return window;
}

function openConnection(window) {
  const { hostname, port } = new URL(window.plan.url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const connection = { socket, sentMs: 0, pending: "" };
    socket.once("connect", () => {
      window.connections.push(connection);
      socket.off("error", reject);
      socket.on("error", (error) => abandon(window, connection, `socket: ${error.code ?? error.message}`));
      socket.on("close", () => abandon(window, connection, "socket: closed"));
      socket.on("data", (chunk) => receive(window, connection, chunk));
      resolve();
    });
    socket.once("error", reject);
  });
}

// As often as a timer can: what is due between two ticks is late by less than one, for every contender alike.
function startArrivals(window) {
  window.idle.push(...window.connections);
  const timer = setInterval(() => {
    const now = performance.now();
    const isOver = window.endMs !== 0 || window.due >= window.total;
    if (isOver) return clearInterval(timer);
    window.due = Math.min(window.total, Math.floor(((now - window.startMs) / 1_000) * window.plan.arrivalsPerSec) + 1);
    while (window.next < window.due && window.idle.length > 0) {
      // In turn: servers close a connection that nobody has used for some seconds.
      const connection = window.idle.shift();
      sendDue(window, connection);
      window.lateMs.push(now - connection.sentMs);
    }
  }, 1);
}

function sendDue(window, connection) {
  connection.sentMs = window.startMs + (window.next * 1_000) / window.plan.arrivalsPerSec;
  window.open++;
  connection.socket.write(window.requests.at(window.next++ % window.requests.count));
}

function takeTurn(window, connection) {
  if (window.next < window.due) return sendDue(window, connection);
  window.idle.push(connection);
  if (window.next < window.total || window.open > 0) return;
  window.endMs = performance.now();
  window.finish();
}

function sendNext(window, connection) {
  if (window.plan.arrivalsPerSec !== null) return takeTurn(window, connection);
  const now = performance.now();
  const isOver = now - window.startMs >= window.plan.durationMs || isUsedUp(window);
  if (isOver) {
    if (window.endMs === 0) window.endMs = now;
    if (window.open === 0) window.finish();
    return;
  }
  connection.sentMs = now;
  window.open++;
  connection.socket.write(window.requests.at(window.next++ % window.requests.count));
}

// Who keeps nothing cannot tell an old event from a new one, and needs fewer of them.
function isUsedUp(window) {
  return window.plan.keptHeader !== null && window.next >= window.requests.count;
}

function receive(window, connection, chunk) {
  const text = connection.pending + chunk.latin1Slice();
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd === -1 || !isWhole(text, headEnd)) {
    connection.pending = text;
    return;
  }
  connection.pending = "";
  const now = performance.now();
  window.open--;
  // What was under way when a closed loop's time was over is checked like the rest, but counts for no rate.
  const fault = findFault(window.plan, text.slice(0, headEnd));
  if (fault !== null) note(window, fault);
  else if (window.endMs === 0 && window.answered < LATENCIES_MAX)
    window.latenciesMs[window.answered++] = now - connection.sentMs;
  sendNext(window, connection);
}

function isWhole(text, headEnd) {
  const length = /\r\ncontent-length: (\d+)/i.exec(text);
  if (length !== null) return text.length >= headEnd + 4 + Number(length[1]);
  return text.endsWith("0\r\n\r\n") && text.length > headEnd + 4;
}

function findFault(plan, head) {
  if (!head.startsWith("HTTP/1.1 200")) return `status ${head.slice(9, 12)}`;
  const lower = head.toLowerCase();
  if (plan.duplicateHeader !== null && lower.includes(`\r\n${plan.duplicateHeader}:`)) return "called a duplicate";
  if (plan.keptHeader !== null && !lower.includes(`\r\n${plan.keptHeader}:`)) return `no ${plan.keptHeader}`;
  return null;
}

function abandon(window, connection, fault) {
  const at = window.connections.indexOf(connection);
  if (at === -1 || (window.endMs !== 0 && window.open === 0)) return;
  window.connections.splice(at, 1);
  note(window, fault);
  window.open--;
  window.endMs ||= performance.now();
  if (window.open <= 0) window.finish();
}

function note(window, fault) {
  window.faults.set(fault, (window.faults.get(fault) ?? 0) + 1);
}

function report(window) {
  const elapsedMs = window.endMs - window.startMs;
  const sorted = window.latenciesMs.slice(0, window.answered).toSorted();
  return {
    answered: window.answered,
    sent: window.next,
    elapsedMs,
    ratePerSec: (window.answered / elapsedMs) * 1000,
    p50Ms: percentile(sorted, 50),
    p99Ms: percentile(sorted, 99),
    maxMs: sorted.at(-1) ?? NaN,
    lateP99Ms:
      window.plan.arrivalsPerSec === null
        ? null
        : percentile(
            window.lateMs.toSorted((a, b) => a - b),
            99,
          ),
    usedUp: window.plan.arrivalsPerSec === null && isUsedUp(window),
    faults: Object.fromEntries(window.faults),
  };
}

// One slab for all of them: ten thousands of small buffers would make the sender's own collector part of the measurement.
function makeRequests({ url, secret, mark, eventsMax, seed }) {
  const { host, pathname } = new URL(url);
  const random = seededRandom(seed);
  const nowSec = Math.floor(Date.now() / 1000);
  const slab = Buffer.allocUnsafeSlow(eventsMax * (HEAD_BYTES_MAX + BODY_BYTES_MAX));
  const ends = new Uint32Array(eventsMax + 1);
  const head = `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\nuser-agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\naccept: */*; q=0.5, application/xml\r\ncache-control: no-cache\r\ncontent-type: application/json; charset=utf-8\r\n`;
  for (let i = 0; i < eventsMax; i++) {
    const body = eventBody(random, eventId(mark, i), nowSec);
    const signature = signatureHeader(secret, body, nowSec);
    const text = `${head}stripe-signature: ${signature}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    ends[i + 1] = ends[i] + slab.latin1Write(text, ends[i]);
  }
  return { count: eventsMax, at: (i) => slab.subarray(ends[i], ends[i + 1]) };
}
