// Two destinations in one: below /slow it answers after half a minute, elsewhere at once. Of the others it remembers when each
// event began to arrive; marked ones carry when they were due. `GET /report` tells, `GET /count` counts, `GET /reset` forgets.
import { createServer } from "node:http";
import { wallMs } from "../fairness/wall-clock.mjs";

const SLOW_MS = Number(process.argv[2] ?? 30_000);

let marked = [];
let others = [];
let slow = 0;
let slowOpen = 0;
let slowOpenMax = 0;

const server = createServer((request, response) => {
  const atMs = wallMs();
  if (request.method === "GET") return answerGet(request.url, response);
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    if (request.url === "/slow") return answerSlowly(response);
    note(Buffer.concat(chunks), atMs);
    response.writeHead(204).end();
  });
});

function answerSlowly(response) {
  slow++;
  slowOpenMax = Math.max(slowOpenMax, ++slowOpen);
  const timer = setTimeout(() => response.writeHead(204).end(), SLOW_MS);
  response.on("close", () => {
    slowOpen--;
    clearTimeout(timer);
  });
}

function note(body, atMs) {
  const mark = /"mark": ?"([^"]+)"/.exec(body.toString("latin1"))?.[1];
  if (mark === undefined) others.push(atMs);
  else marked.push({ mark, atMs });
}

function answerGet(url, response) {
  if (url === "/reset") {
    marked = [];
    others = [];
    slowOpenMax = slowOpen;
  }
  const counts = { marked: marked.length, others: others.length, slow, slowOpen, slowOpenMax };
  const report = url === "/report" ? { ...counts, marked, others } : counts;
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(report));
}

server.keepAliveTimeout = 120_000;
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${server.address().port}/` })}\n`);
});
process.on("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
