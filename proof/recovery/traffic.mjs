// Steady traffic from a provider that sends again what was not acknowledged, and a receiver that can be out of service.
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { eventBody, eventId, seededRandom, signatureHeader } from "../../bench/stripe-event.mjs";

const AGAIN_MS = 200;
const ANSWER_MAX_MS = 10_000;

/**
 * One event every `everyMs`, each until it is acknowledged.
 *
 * @param {{ url: string, secret: string, everyMs: number }} options
 * @returns {{ acked: Map<string, number>, nextAck: (sinceMs: number) => Promise<number>, stop: () => Promise<void> }}
 *   `acked`: by event, when; `nextAck` resolves with the time of the first acknowledgement of a request begun after that time
 */
export function startTraffic({ url, secret, everyMs }) {
  const acked = new Map();
  const open = new Set();
  const random = seededRandom(1);
  let waiters = [];
  let number = 0;
  const sendOnce = async (id, body) => {
    const beganMs = Date.now();
    const signature = signatureHeader(secret, body, Math.floor(beganMs / 1_000));
    const headers = { "content-type": "application/json", "stripe-signature": signature };
    const signal = AbortSignal.timeout(ANSWER_MAX_MS);
    const answer = await fetch(url, { method: "POST", headers, body, signal }).catch(() => null);
    await answer?.arrayBuffer().catch(() => null);
    if (!answer?.ok) return false;
    const now = Date.now();
    acked.set(id, now);
    const [told, others] = [
      waiters.filter(({ sinceMs }) => beganMs >= sinceMs),
      waiters.filter(({ sinceMs }) => beganMs < sinceMs),
    ];
    waiters = others;
    for (const { resolve } of told) resolve(now);
    return true;
  };
  const persist = async (id, body) => {
    while (!(await sendOnce(id, body))) await pause(AGAIN_MS);
  };
  const timer = setInterval(() => {
    const id = eventId("recover", number++);
    const one = persist(id, eventBody(random, id, 1_760_000_000)).finally(() => open.delete(one));
    open.add(one);
  }, everyMs);
  return {
    acked,
    nextAck: (sinceMs) => new Promise((resolve) => waiters.push({ sinceMs, resolve })),
    stop: async () => {
      clearInterval(timer);
      await Promise.all(open);
    },
  };
}

/**
 * @returns {Promise<{ url: string, arrivedAt: Map<string, number>, again: () => number, setDown: (isDown: boolean) => void,
 *   stop: () => Promise<void> }>} `arrivedAt`: by event, when it was first answered 204; `again` how often one came once more after that
 */
export async function startSwitchedReceiver() {
  const arrivedAt = new Map();
  let isDown = false;
  let again = 0;
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("error", () => {}).on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      if (isDown) return response.writeHead(503).end();
      const { id } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
      if (arrivedAt.has(id)) again++;
      else arrivedAt.set(id, Date.now());
      return response.writeHead(204).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    arrivedAt,
    again: () => again,
    setDown: (value) => {
      isDown = value;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
