import { once } from "node:events";
import { connect } from "node:net";

/** One answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; the last one wins. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A TCP connection that speaks whatever the test wants it to. */
export interface RawConnection {
  /** Writes bytes; resolves when the kernel took them, or when the connection is gone. */
  send(bytes: string | Uint8Array): Promise<void>;
  /** Reads nothing until the next `answer`, as a sender that writes its whole request first. */
  hold(): void;
  /** The next whole answer; rejects with what came when the connection ends before it. */
  answer(): Promise<RawAnswer>;
  /** Resolves when the server has closed its side or reset the connection, with everything that was not read as an answer. */
  readonly closed: Promise<{ readonly wasReset: boolean; readonly rest: string }>;
  /** Closes our side alone: what comes is still read. */
  halfClose(): void;
  /** Cuts the connection with a reset. */
  reset(): void;
  end(): void;
}

/** Opens a connection to `http://host:port`. Whoever opens it closes it, by `end` or `reset`. */
export async function openRaw(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const state = {
    received: Buffer.alloc(0) as Buffer,
    over: false,
    wasReset: false,
    waiting: null as (() => void) | null,
  };
  const notify = (): void => state.waiting?.();
  socket.on("data", (chunk) => {
    state.received = Buffer.concat([state.received, chunk]);
    notify();
  });
  const closed = new Promise<{ wasReset: boolean; rest: string }>((resolve) => {
    const finish = (): void => {
      state.over = true;
      notify();
      resolve({ wasReset: state.wasReset, rest: state.received.toString("latin1") });
    };
    socket.on("error", () => {
      state.wasReset = true;
    });
    socket.once("end", finish).once("close", finish);
  });
  await once(socket, "connect");
  return {
    send: (bytes) => new Promise((resolve) => socket.write(bytes, () => resolve())),
    hold: () => void socket.pause(),
    answer: async () => {
      socket.resume();
      for (;;) {
        const found = takeAnswer(state.received);
        if (found !== null) {
          state.received = found.rest;
          return found.answer;
        }
        if (state.over) throw new Error(`no whole answer: ${JSON.stringify(state.received.toString("latin1"))}`);
        await new Promise<void>((resolve) => {
          state.waiting = resolve;
        });
      }
    },
    closed,
    halfClose: () => void socket.end(),
    reset: () => socket.resetAndDestroy(),
    end: () => socket.destroy(),
  };
}

function takeAnswer(bytes: Buffer): { answer: RawAnswer; rest: Buffer } | null {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const [first, ...lines] = bytes.toString("latin1", 0, headEnd).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const bodyEnd = headEnd + 4 + Number(headers["content-length"] ?? 0);
  if (bytes.length < bodyEnd) return null;
  const status = Number(first!.split(" ")[1]);
  return {
    answer: { status, headers, body: bytes.toString("utf8", headEnd + 4, bodyEnd) },
    rest: bytes.subarray(bodyEnd),
  };
}

/** One request on a connection of its own, and its answer. */
export async function exchangeRaw(url: string, bytes: string | Uint8Array): Promise<RawAnswer> {
  const connection = await openRaw(url);
  try {
    await connection.send(bytes);
    return await connection.answer();
  } finally {
    connection.end();
  }
}

/** A request's bytes. `Host` and `Content-Length` are added unless the headers name them. */
export function requestBytes(
  line: string,
  headers: readonly (readonly [string, string])[] = [],
  body: string | Uint8Array = "",
): Buffer {
  const has = (name: string): boolean => headers.some(([known]) => known.toLowerCase() === name);
  const all = [...headers];
  if (!has("host")) all.unshift(["host", "gateway.test"]);
  if (!has("content-length") && !has("transfer-encoding"))
    all.push(["content-length", String(Buffer.byteLength(body))]);
  const head = `${line} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(body)]);
}

/** One chunk of a chunked body; an empty one ends it. */
export function chunkBytes(bytes: string | Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`${Buffer.byteLength(bytes).toString(16)}\r\n`),
    Buffer.from(bytes),
    Buffer.from("\r\n"),
  ]);
}
