// A destination that answers at once and remembers when each event began to arrive. Quiet and critical events carry when
// they were due to be sent; of the others only the moment is kept. `GET /report` tells, `GET /reset` forgets.
import { createServer } from "node:http";
import { wallMs } from "./wall-clock.mjs";

let marked = [];
let others = [];

const server = createServer((request, response) => {
  const atMs = wallMs();
  if (request.method === "GET") return answerGet(request.url, response);
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    note(Buffer.concat(chunks), atMs);
    response.writeHead(204).end();
  });
});

function note(body, atMs) {
  const mark = /"mark": ?"([^"]+)"/.exec(body.toString("latin1"))?.[1];
  if (mark === undefined) others.push(atMs);
  else marked.push({ mark, atMs });
}

function answerGet(url, response) {
  if (url === "/reset") {
    marked = [];
    others = [];
  }
  const report = url === "/count" ? { marked: marked.length, others: others.length } : { marked, others };
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(report));
}

server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${server.address().port}/` })}\n`);
});
process.on("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
