// A process of its own, so that forging costs the measuring process nothing: posts forged requests as fast as they are answered.
import { Agent, request } from "node:http";
import { eventBody, eventId, seededRandom, signatureHeader } from "../stripe-event.mjs";

const [url, connections] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });
const random = seededRandom(7);
const counts = {};
const over = new AbortController();

function post() {
  const body = eventBody(random, eventId("forged", Math.floor(random() * 1e9)), Math.floor(Date.now() / 1000));
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "stripe-signature": signatureHeader("whsec_a-secret-that-only-the-forger-has", body, Math.floor(Date.now() / 1000)),
  };
  return new Promise((resolve) => {
    const sent = request(url, { method: "POST", agent, headers }, (answer) => {
      counts[answer.statusCode] = (counts[answer.statusCode] ?? 0) + 1;
      answer.resume().on("end", resolve);
    });
    sent.on("error", () => {
      counts.failed = (counts.failed ?? 0) + 1;
      resolve();
    });
    sent.end(body);
  });
}

async function loop() {
  while (!over.signal.aborted) await post();
}

const loops = Array.from({ length: Number(connections) }, loop);
process.stdin.resume().on("end", async () => {
  over.abort();
  await Promise.all(loops);
  agent.destroy();
  process.stdout.write(`${JSON.stringify(counts)}\n`);
});
