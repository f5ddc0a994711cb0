// A service that keeps its answers back until it is told to give them, and notes every arrival.
import { once } from "node:events";
import { createServer } from "node:http";

/**
 * @returns {Promise<{ url: string, arrivals: { key: string, attempt: number, status: number | null, t: number }[],
 *   held: (attempt: number) => number, answer: (attempt: number, status: number) => void, open: () => void,
 *   stop: () => Promise<void> }>} `held` says how many of that attempt wait, `answer` answers them, `open` holds nothing any more
 */
export async function startHoldingReceiver() {
  const arrivals = [];
  const waiting = new Set();
  let isOpen = false;
  const give = ({ response, arrival }, status) => {
    arrival.status = status;
    response.writeHead(status).end();
  };
  const server = createServer((request, response) => {
    request.on("error", () => {});
    response.on("error", () => {});
    request.resume().on("end", () => {
      const key = `${request.headers["idempotency-key"]}`;
      const arrival = { key, attempt: Number(request.headers["holdfast-attempt"]), status: null, t: Date.now() };
      arrivals.push(arrival);
      if (isOpen) give({ response, arrival }, 204);
      else waiting.add({ response, arrival });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const answer = (attempt, status) => {
    for (const one of waiting) {
      if (one.arrival.attempt !== attempt) continue;
      waiting.delete(one);
      give(one, status);
    }
  };
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    arrivals,
    held: (attempt) => [...waiting].filter(({ arrival }) => arrival.attempt === attempt).length,
    answer,
    open: () => {
      isOpen = true;
      for (const one of waiting) give(one, 204);
      waiting.clear();
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
