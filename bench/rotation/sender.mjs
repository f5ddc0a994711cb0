// Posts signed events in an open loop, each by the secret that the plan names for the moment at which it is due.
import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { eventBody, eventId, seededRandom, signatureHeader } from "../stripe-event.mjs";

/**
 * @typedef {object} Choice
 * @property {{ version: string, value: string, endMs: number | null }} secret with its end, once it has one
 * @property {boolean} isEnded whether that end is over for good when the request is signed
 */

/**
 * Sends `perSecond` requests a second until the signal says that it is over, whatever the answers do.
 *
 * @param {{ url: string, perSecond: number, run: string, over: AbortSignal, choose: (number: number, atMs: number) => Choice }} plan
 * @returns {Promise<{ sent: number, seconds: number, lateMs: number, tookMs: number[], counts: Record<string, Record<string, number>>,
 *   accepted: Record<string, number> }>} `counts`: answers by status, 0 where none came, to what was signed with a live
 *   secret and answered before its end, with one that ended meanwhile (it may have arrived after the end), and with an ended one; `accepted`: by version;
 *   `lateMs`: by how much the sender itself was late at worst
 */
export async function sendSigned({ url, perSecond, run, over, choose }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 512 });
  const random = seededRandom(23);
  const counts = { live: {}, ending: {}, ended: {} };
  const accepted = {};
  const tookMs = [];
  const under = new Set();
  const startedMs = performance.now();
  let lateMs = 0;
  let number = 0;
  for (; !over.aborted; number += 1) {
    const dueMs = startedMs + (number * 1000) / perSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 1) await pause(waitMs);
    lateMs = Math.max(lateMs, performance.now() - dueMs);
    // Chosen when it is sent, not when it was due: a sender that is late signs with what counts then.
    const { secret, isEnded } = choose(number, Date.now());
    const exchange = post(
      agent,
      url,
      secret.value,
      eventBody(random, eventId(run, number), Math.floor(Date.now() / 1000)),
    );
    const counted = exchange.then((status) => {
      const isLive = secret.endMs === null || Date.now() < secret.endMs;
      const standing = isEnded ? "ended" : isLive ? "live" : "ending";
      counts[standing][status] = (counts[standing][status] ?? 0) + 1;
      if (status === 200) accepted[secret.version] = (accepted[secret.version] ?? 0) + 1;
      if (standing === "live") tookMs.push(performance.now() - dueMs);
      under.delete(counted);
    });
    under.add(counted);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  await Promise.all(under);
  agent.destroy();
  return { sent: number, seconds, lateMs, tookMs, counts, accepted };
}

function post(agent, url, secret, body) {
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "stripe-signature": signatureHeader(secret, body, Math.floor(Date.now() / 1000)),
  };
  return new Promise((resolve) => {
    const sent = request(url, { method: "POST", agent, headers }, (answer) =>
      answer.resume().on("end", () => resolve(answer.statusCode)),
    );
    sent.on("error", () => resolve(0));
    sent.end(body);
  });
}
