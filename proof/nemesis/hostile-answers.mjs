// How destinations misbehave: each of them takes the request and then answers in a way that no honest service does.
import { gzipSync } from "node:zlib";

const DRIP_MS = 500;
const ENDLESS_MAX_BYTES = 64 * 1_048_576;
const CHUNK = Buffer.alloc(65_536, "x");
/** 20 kB that open to 20 MB. */
const BOMB = gzipSync(Buffer.alloc(20 * 1_048_576));

/**
 * Each gets the request, the response, and whether the event's effect has been noted; it gives what goes into the receiver's log:
 * `{ answered: status }`, or null when nothing was answered. `acts` says whether the effect takes place at all.
 */
export const HOSTILE_ANSWERS = {
  /** Takes it, and says nothing for ever. */
  silent: { acts: true, answer: () => null },
  /** Says 200 and then a byte at a time, for longer than anybody waits. */
  drip: {
    acts: true,
    answer: (response) => {
      response.writeHead(200, { "content-length": "1000" });
      const timer = setInterval(() => response.write("."), DRIP_MS);
      response.once("close", () => clearInterval(timer));
      return 200;
    },
  },
  /** Resets the connection. */
  reset: { acts: true, answer: (response) => (response.socket?.resetAndDestroy(), null) },
  /** Acts, and says that it has not. */
  "deny it": { acts: true, answer: (response) => (response.writeHead(500).end(), 500) },
  /** Says that it has acted, and has not. */
  lie: { acts: false, answer: (response) => (response.writeHead(200).end(), 200) },
  /** Refuses every second one. */
  flap: {
    acts: true,
    answer: (response, n) => {
      const status = n % 2 === 0 ? 503 : 204;
      response.writeHead(status).end();
      return status;
    },
  },
  /** Says 200 and never stops talking. */
  endless: {
    acts: true,
    answer: (response) => {
      response.writeHead(200);
      let sent = 0;
      const more = () => {
        while (!response.destroyed && sent < ENDLESS_MAX_BYTES) {
          sent += CHUNK.length;
          if (!response.write(CHUNK)) return response.once("drain", more);
        }
        return response.destroy();
      };
      more();
      return 200;
    },
  },
  /** Says 200 with a body that opens to a thousand times its size. */
  compressed: {
    acts: true,
    answer: (response) => {
      response.writeHead(200, { "content-encoding": "gzip", "content-length": `${BOMB.length}` });
      response.end(BOMB);
      return 200;
    },
  },
};
