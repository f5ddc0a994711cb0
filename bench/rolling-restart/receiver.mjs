// A service that notes for each event under which keys it came, and can keep its answers back for a while.
import { once } from "node:events";
import { createServer } from "node:http";

/**
 * @returns {Promise<{ url: string, keys: Map<string, Set<string>>, requests: () => number, hold: () => void,
 *   holds: () => Promise<void>, release: () => void, stop: () => Promise<void> }>} `keys`: by event id
 */
export async function startLedgerReceiver() {
  const keys = new Map();
  let requests = 0;
  let held = null;
  let onHeld = () => {};
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("error", () => {});
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      requests++;
      const { id } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
      if (!keys.has(id)) keys.set(id, new Set());
      keys.get(id).add(request.headers["idempotency-key"]);
      if (held === null) {
        response.writeHead(204).end();
        return;
      }
      held.push(response);
      onHeld();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    keys,
    requests: () => requests,
    hold: () => {
      held = [];
    },
    /** Resolves when enough answers are kept back that every worker has some. */
    holds: () =>
      new Promise((resolve) => {
        onHeld = () => {
          if (held !== null && held.length >= HELD_MIN) resolve();
        };
        onHeld();
      }),
    release: () => {
      for (const response of held ?? []) response.writeHead(204).end();
      held = null;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const HELD_MIN = 60;
