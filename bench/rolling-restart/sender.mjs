// An open-loop sender: events start at their times however long others take; each is sent again, to the next door, until it
// is acknowledged. Its latency counts from its intended start.
import { Agent, request } from "node:http";
import { createHmac } from "node:crypto";

/**
 * @param {{ urls: () => string[], secret: string, ratePerSec: number }} options `urls` is asked for each try
 */
export function startSender({ urls, secret, ratePerSec }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const tally = { acked: 0, ids: [], refused: 0, failed: 0 };
  const latencies = [];
  const open = new Set();
  const began = performance.now();
  let started = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - began) / 1_000) * ratePerSec;
    while (started < due) {
      const number = started++;
      const one = deliver(number, began + (number / ratePerSec) * 1_000).finally(() => open.delete(one));
      open.add(one);
    }
  }, 5);

  async function deliver(number, intendedMs) {
    const id = `evt_roll${number.toString(36).padStart(20, "0")}`;
    const body = Buffer.from(
      JSON.stringify({ id, object: "event", type: "invoice.paid", created: Math.floor(Date.now() / 1_000) }),
    );
    for (let attempt = 0; ; attempt++) {
      const all = urls();
      const status = await post(agent, all[(number + attempt) % all.length], secret, body);
      if (status === 200) break;
      if (status === null) tally.failed++;
      else if (status === 429 || status === 503) tally.refused++;
      else throw new Error(`a door answered ${status}`);
      await new Promise((resolve) => setTimeout(resolve, Math.min(1_000, 25 * 2 ** attempt)));
    }
    tally.acked++;
    tally.ids.push(id);
    latencies.push(performance.now() - intendedMs);
  }

  return {
    tally,
    quantiles: () => {
      const sorted = latencies.toSorted((a, b) => a - b);
      const at = (share) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
      return { p50: at(0.5), p99: at(0.99), max: at(1) };
    },
    stop: async () => {
      clearInterval(timer);
      await Promise.all(open);
      agent.destroy();
    },
  };
}

/** @returns {Promise<number | null>} the status; null when the connection was lost */
function post(agent, url, secret, body) {
  const timestamp = Math.floor(Date.now() / 1_000);
  const signature = createHmac("sha256", secret).update(`${timestamp}.`).update(body).digest("hex");
  const headers = {
    "content-type": "application/json",
    "content-length": body.length,
    "stripe-signature": `t=${timestamp},v1=${signature}`,
  };
  return new Promise((resolve) => {
    const out = request(url, { method: "POST", agent, headers, timeout: 10_000 }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
      answer.on("error", () => resolve(null));
    });
    out.on("timeout", () => out.destroy());
    out.on("error", () => resolve(null));
    out.end(body);
  });
}
