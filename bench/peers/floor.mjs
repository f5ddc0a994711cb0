// The floor: what node:http costs by itself. Reads the body, checks the Stripe signature, answers 200, keeps nothing.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const secret = process.env.BENCH_SECRET ?? "";
const TOLERANCE_SEC = 300;

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    response.writeHead(isGenuine(request.headers["stripe-signature"] ?? "", body) ? 200 : 401, { "content-length": 0 });
    response.end();
  });
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${server.address().port}/` })}\n`);
});
process.on("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});

function isGenuine(header, body) {
  const found = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header);
  if (found === null || Math.abs(Date.now() / 1000 - Number(found[1])) > TOLERANCE_SEC) return false;
  const expected = createHmac("sha256", secret).update(`${found[1]}.`).update(body).digest();
  return timingSafeEqual(expected, Buffer.from(found[2], "hex"));
}
