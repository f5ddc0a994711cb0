// A destination that answers at once and remembers which events it got: what was acked and never comes here is lost.
import { createServer } from "node:http";

const seen = new Set();

const server = createServer((request, response) => {
  if (request.method === "GET") return answerQuestion(request, response);
  let head = "";
  request.on("data", (chunk) => {
    if (head.length < 100) head += chunk.toString("latin1", 0, 100);
  });
  request.on("end", () => {
    const id = /"id":"(evt_\w+)"/.exec(head)?.[1];
    if (id !== undefined) seen.add(id);
    response.writeHead(204);
    response.end();
  });
});

// `/?after=<n>`: the ids from the n-th on, at most 50,000, one a line.
function answerQuestion(request, response) {
  const after = Number(new URL(request.url, "http://receiver").searchParams.get("after") ?? 0);
  response.end([...seen].slice(after, after + 50_000).join("\n"));
}

server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${server.address().port}/` })}\n`);
});
process.on("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
