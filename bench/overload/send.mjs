// The sender, in a process of its own: an open loop. Arrivals become due at a constant rate whatever the answers do; each
// class has connections of its own, as different providers have. A latency counts from the moment an arrival was due.
import { connect } from "node:net";
import { percentile } from "../ingest/figures.mjs";
import { signatureHeader } from "../stripe-event.mjs";

const TICK_MS = 5;
const LAST_ANSWERS_MS = 30_000;
const FIRST_CONNECTIONS = 16;
const IDLE_MS_MAX = 4_000;

process.on("message", (plan) => {
  run(plan).then(
    (result) => process.send({ kind: "finished", result }),
    (error) => process.send({ kind: "failed", message: error.stack ?? String(error) }),
  );
});
process.send({ kind: "waiting" });

async function run(plan) {
  const classes = plan.classes.map((one) => ({
    ...one,
    idle: [],
    // When each was due that found no connection free; `head` is the first, for taking it off a long array costs its length.
    waiting: [],
    head: 0,
    opened: 0,
    open: 0,
    due: 0,
    acked: [],
    latenciesMs: [],
    statuses: {},
    faults: {},
    waits: new Set(),
  }));
  const load = { plan, classes, number: 0, stopped: false };
  for (const one of classes) await openFirst(load, one);
  const startMs = performance.now();
  await new Promise((resolve) => {
    const timer = setInterval(() => {
      const nowMs = performance.now();
      if (nowMs - startMs >= plan.durationMs) {
        clearInterval(timer);
        resolve();
      }
      for (const one of classes) makeDue(load, one, Math.min(nowMs, startMs + plan.durationMs), startMs);
    }, TICK_MS);
  });
  load.stopped = true;
  // Of what never left, nothing is known to anybody; it is counted and not sent any more.
  const unsent = classes.map((one) => one.waiting.length - one.head);
  const untilMs = performance.now() + LAST_ANSWERS_MS;
  while (classes.some(({ open }) => open > 0) && performance.now() < untilMs)
    await new Promise((next) => setTimeout(next, 20));
  const elapsedMs = performance.now() - startMs;
  for (const one of classes) for (const connection of one.idle) connection.socket.destroy();
  return { elapsedMs, classes: classes.map((one, i) => report(one, unsent[i])) };
}

function makeDue(load, one, nowMs, startMs) {
  const wanted = Math.floor(((nowMs - startMs) / 1_000) * one.ratePerSec);
  for (; one.due < wanted; one.due++) {
    const dueMs = startMs + (one.due / one.ratePerSec) * 1_000;
    const connection = takeIdle(one);
    if (connection === undefined) {
      one.waiting.push(dueMs);
      // As senders do: one more connection when all are busy, and none that would stand idle until it is closed.
      if (one.opened < one.connections) void openOne(load, one);
    } else send(load, one, connection, dueMs);
  }
}

// One that has been idle for long may just be being closed by the other side; what is sent on it is then nobody's fault.
function takeIdle(one) {
  for (;;) {
    const connection = one.idle.pop();
    if (connection === undefined || performance.now() - connection.freeMs < IDLE_MS_MAX) return connection;
    connection.socket.destroy();
  }
}

async function openFirst(load, one) {
  await Promise.all(Array.from({ length: Math.min(FIRST_CONNECTIONS, one.connections) }, () => openOne(load, one)));
}

function openOne(load, one) {
  const { hostname, port } = new URL(one.url);
  one.opened++;
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const connection = { socket, dueMs: 0, freeMs: 0, id: null, pending: "" };
    let isGone = false;
    const lose = (fault) => {
      if (isGone) return;
      isGone = true;
      one.opened--;
      if (connection.id !== null) {
        one.open--;
        one.faults[fault] = (one.faults[fault] ?? 0) + 1;
      }
      one.idle = one.idle.filter((other) => other !== connection);
      socket.destroy();
      resolve();
    };
    socket.once("connect", () => {
      free(load, one, connection);
      resolve();
    });
    socket.on("error", (error) => lose(error.code ?? "error"));
    socket.on("close", () => lose("closed without an answer"));
    socket.on("data", (chunk) => receive(load, one, connection, chunk));
  });
}

function free(load, one, connection) {
  const dueMs = load.stopped ? undefined : one.waiting[one.head];
  if (dueMs === undefined) {
    connection.freeMs = performance.now();
    one.idle.push(connection);
  } else {
    one.head++;
    send(load, one, connection, dueMs);
  }
}

function send(load, one, connection, dueMs) {
  const nowSec = Math.floor(Date.now() / 1_000);
  connection.id = `evt_${load.plan.mark}${(load.number++).toString(36)}`;
  connection.dueMs = dueMs;
  one.open++;
  const body = `{"id":"${connection.id}","object":"event","type":"invoice.paid","created":${nowSec}}`;
  const { host, pathname } = new URL(one.url);
  const signature = signatureHeader(load.plan.secret, body, nowSec);
  connection.socket.write(
    `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\nstripe-signature: ${signature}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    "latin1",
  );
}

function receive(load, one, connection, chunk) {
  const text = connection.pending + chunk.latin1Slice();
  const headEnd = text.indexOf("\r\n\r\n");
  const length = headEnd === -1 ? null : Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
  if (length === null || text.length < headEnd + 4 + length) {
    connection.pending = text;
    return;
  }
  connection.pending = "";
  // Told on a connection that asked nothing: it was idle for too long, and is closed.
  if (connection.id === null) return;
  const head = text.slice(0, headEnd).toLowerCase();
  const status = head.slice(9, 12);
  one.open--;
  one.statuses[status] = (one.statuses[status] ?? 0) + 1;
  if (status === "200") {
    one.acked.push(connection.id);
    one.latenciesMs.push(performance.now() - connection.dueMs);
  } else {
    const retryAfter = /\r\nretry-after: (\d+)/.exec(head)?.[1];
    if (retryAfter === undefined)
      one.faults[`${status} without Retry-After`] = (one.faults[`${status} without Retry-After`] ?? 0) + 1;
    else one.waits.add(Number(retryAfter));
  }
  connection.id = null;
  free(load, one, connection);
}

function report({ name, due, acked, statuses, faults, latenciesMs, waits, open }, unsent) {
  const sorted = Float64Array.from(latenciesMs).toSorted();
  const range = waits.size === 0 ? null : [Math.min(...waits), Math.max(...waits)];
  const latencies = { p50Ms: percentile(sorted, 50), p99Ms: percentile(sorted, 99) };
  return { name, due, unsent, unanswered: open, statuses, faults, ...latencies, retryAfterSec: range, acked };
}
