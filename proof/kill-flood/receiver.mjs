// The receiver, in a process of its own that nobody kills. It notes every arrival, acts once for each idempotency key, and
// notes what it answered. One in a hundred first arrivals it refuses for now, one in two hundred it leaves unanswered after
// acting, as real services do.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";
import { HOSTILE_ANSWERS } from "../nemesis/hostile-answers.mjs";
import { seededRandom } from "../../bench/stripe-event.mjs";
import { openLogFile } from "./log-file.mjs";

const REFUSED_SHARE = 0.01;
const DROPPED_SHARE = 0.005;

const verifier = new Webhook(process.env.PROOF_SIGNING_SECRET ?? "");
const log = openLogFile(process.env.PROOF_RECEIVER_LOG ?? "receiver.ndjson");
const random = seededRandom(Number(process.env.PROOF_SEED ?? "1"));
const acted = new Set();
const met = new Set();
let arrivals = 0;
/** How it misbehaves at the moment, as the driver says by PUT; null: not at all. */
let hostile = null;

const server = createServer((request, response) => {
  // How far it is, for whoever drives the run.
  if (request.method === "GET") return response.end(JSON.stringify({ acted: acted.size, arrivals }));
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("error", () => {});
  return request.on("end", () => {
    const body = Buffer.concat(chunks);
    if (request.method !== "PUT") return receive(request, response, body);
    hostile = HOSTILE_ANSWERS[body.toString()] ?? null;
    return response.end();
  });
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${server.address().port}/` })}\n`);
});
process.on("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});

function receive(request, response, body) {
  const n = arrivals++;
  const key = `${request.headers["idempotency-key"]}`;
  const event = readEventId(body);
  log.add({
    kind: "arrival",
    n,
    key,
    webhookId: `${request.headers["webhook-id"]}`,
    event,
    sha256: createHash("sha256").update(body).digest("hex"),
    signed: isSigned(request, body),
    attempt: Number(request.headers["holdfast-attempt"]),
    t: performance.timeOrigin + performance.now(),
  });
  if (hostile !== null) return misbehave(hostile, response, { n, key, event });
  const isFirst = !met.has(key);
  met.add(key);
  const chance = random();
  if (isFirst && chance < REFUSED_SHARE) return answer(response, n, 503);
  if (!acted.has(key)) {
    acted.add(key);
    log.add({ kind: "effect", n, key, event });
  }
  if (isFirst && chance < REFUSED_SHARE + DROPPED_SHARE) {
    log.add({ kind: "dropped", n, t: performance.timeOrigin + performance.now() });
    return request.socket.destroy();
  }
  return answer(response, n, 204);
}

function misbehave({ acts, answer: answerSo }, response, { n, key, event }) {
  met.add(key);
  if (acts && !acted.has(key)) {
    acted.add(key);
    log.add({ kind: "effect", n, key, event });
  }
  if (!acts && !acted.has(key)) log.add({ kind: "lied", n, key, event });
  const t = performance.timeOrigin + performance.now();
  const status = answerSo(response, n);
  log.add(status === null ? { kind: "dropped", n, t } : { kind: "answered", n, status, t });
}

function answer(response, n, status) {
  response.writeHead(status);
  // Noted before it is handed over: a worker that was told may be quicker than the next line of this log.
  log.add({ kind: "answered", n, status, t: performance.timeOrigin + performance.now() });
  response.end();
}

function readEventId(body) {
  try {
    return `${JSON.parse(body.toString()).id}`;
  } catch {
    return "";
  }
}

function isSigned(request, body) {
  try {
    verifier.verify(body.toString(), request.headers);
    return true;
  } catch {
    return false;
  }
}
