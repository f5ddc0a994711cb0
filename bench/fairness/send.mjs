// The senders: one that floods as fast as answers come, and one that keeps a constant rate whatever the answers do.
import { connect } from "node:net";
import { eventId, signatureHeader } from "../stripe-event.mjs";
import { wallMs } from "./wall-clock.mjs";

const FLOOD_CONNECTIONS = 64;

/**
 * @typedef {object} Target
 * @property {string} url the source's URL
 * @property {string} secret
 * @property {string} run the mark that keeps runs apart
 */

/** One signed event of an account, as the bytes of a request. */
export function requestOf({ url, secret, run }, { number, account, mark }) {
  const { host, pathname } = new URL(url);
  const nowSec = Math.floor(Date.now() / 1_000);
  const marked = mark === undefined ? "" : `\n  "mark": "${mark}",`;
  const body = `{
  "id": "${eventId(run, number)}",
  "object": "event",${marked}
  "account": "${account}",
  "api_version": "2025-09-30.clover",
  "created": ${nowSec},
  "data": { "object": { "id": "in_${number}", "object": "invoice", "amount_due": 1200, "note": "${"x".repeat(400)}" } },
  "livemode": false,
  "type": "invoice.paid"
}`;
  return `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\nstripe-signature: ${signatureHeader(secret, body, nowSec)}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/**
 * Sends `count` events of one account, closed loop over keep-alive sockets. Anything but 200 fails the run: what is to wait
 * would not be there.
 *
 * @param {Target} target
 * @param {{ account: string, from: number, count: number }} flood
 */
export async function sendFlood(target, { account, from, count }) {
  let next = 0;
  const one = () =>
    new Promise((resolve, reject) => {
      const socket = open(target.url);
      const send = () => {
        if (next >= count) return socket.end(() => resolve());
        socket.write(requestOf(target, { number: from + next++, account }));
      };
      let pending = "";
      socket.on("connect", send);
      socket.on("error", reject);
      socket.on("data", (chunk) => {
        pending += chunk.toString("latin1");
        const status = takeAnswer(pending);
        if (status === null) return;
        pending = "";
        if (status === 200) return send();
        socket.destroy();
        return reject(new Error(`the flood was answered ${status}`));
      });
    });
  await Promise.all(Array.from({ length: Math.min(FLOOD_CONNECTIONS, count) }, one));
}

/**
 * Sends events at a constant rate, each marked with the moment at which it was due; a late answer delays nothing.
 *
 * @param {Target} target
 * @param {{ from: number, perSecond: number, seconds: number, accountOf: (i: number) => string, kind: string }} plan
 * @returns {Promise<{ sent: number, statuses: Record<string, number>, acks: { mark: string, ackMs: number }[] }>}
 */
export async function sendSteadily(target, { from, perSecond, seconds, accountOf, kind }) {
  const total = Math.round(perSecond * seconds);
  const startMs = wallMs() + 50;
  const statuses = {};
  const acks = [];
  const pool = [];
  const answered = [];
  for (let i = 0; i < total; i++) {
    const dueMs = startMs + (i * 1_000) / perSecond;
    const waitMs = dueMs - wallMs();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const mark = `${kind}:${i}:${dueMs}`;
    const request = requestOf(target, { number: from + i, account: accountOf(i), mark });
    answered.push(
      exchange(pool, target.url, request).then((status) => {
        statuses[status] = (statuses[status] ?? 0) + 1;
        acks.push({ mark, ackMs: wallMs() });
      }),
    );
  }
  await Promise.all(answered);
  for (const socket of pool) socket.destroy();
  return { sent: total, statuses, acks };
}

/** One exchange on an idle socket of the pool that is still open, or on a new one. */
function exchange(pool, url, request) {
  // A server closes what has been idle for some seconds; what is written to a closed socket fails without an event.
  const socket = pool.findLast(({ writable }) => writable) ?? open(url);
  const at = pool.lastIndexOf(socket);
  if (at >= 0) pool.splice(at);
  return new Promise((resolve, reject) => {
    let pending = "";
    const onClose = () => reject(new Error("a connection was closed before its answer"));
    const onData = (chunk) => {
      pending += chunk.toString("latin1");
      const status = takeAnswer(pending);
      if (status === null) return;
      socket.off("data", onData).off("error", reject).off("close", onClose);
      pool.push(socket);
      resolve(status);
    };
    socket.on("data", onData).once("error", reject).once("close", onClose);
    socket.write(request);
  });
}

function open(url) {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  socket.on("error", () => {});
  return socket;
}

/** The status of a whole answer, or null while it is still coming. */
function takeAnswer(text) {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1];
  if (text.length < end + 4 + Number(length ?? 0)) return null;
  return Number(text.slice(9, 12));
}
