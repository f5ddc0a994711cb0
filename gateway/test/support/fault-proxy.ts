import { randomInt } from "node:crypto";
import type { Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { codeOf } from "../../src/store/database.ts";

/** What a rule makes of bytes that pass: other bytes, or null to swallow them. */
type Rule = (bytes: Buffer, wire: Wire) => Buffer | null;

/** One connection through the proxy. */
export interface Wire {
  /** What the client calls itself (`application_name`). */
  readonly name: string;
  /** Ends the client's side with a reset; the server's side as it is. */
  cutClient(): void;
  cutBoth(): void;
  /** While true the server does not learn that the client has gone: its bytes are still on their way. */
  isLate: boolean;
  /** Writes to the server what was late, and the client's end if that came meanwhile. */
  arrive(bytes: readonly Buffer[]): void;
}

/** Stands between the gateway and PostgreSQL and spoils what the test tells it to. */
export interface FaultProxy {
  /** The database through the proxy. */
  readonly url: string;
  /** Nothing passes in either direction, nothing is closed: a black hole. */
  freeze(): void;
  thaw(): void;
  /** Refuses new connections and cuts the open ones, as a server that is stopped. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** How long bytes take in each direction. */
  delayMs: number;
  /** What is done to bytes on their way, until it is replaced; null: nothing. */
  toServer: Rule | null;
  toClient: Rule | null;
  close(): Promise<void>;
}

/** Below those that a system gives to whoever asks for any: nobody gets the proxy's while it is stopped, and keeps it from starting. */
const PORTS = [20_000, 30_000] as const;

/** Starts the proxy before the server that `databaseUrl` names. */
export async function startFaultProxy(databaseUrl: string): Promise<FaultProxy> {
  const target = new URL(databaseUrl);
  const host = target.searchParams.get("host") ?? target.hostname;
  const port = Number(target.port || 5432);
  const upstream = (): Socket =>
    host.startsWith("/") ? connect({ path: `${host}/.s.PGSQL.${port}` }) : connect({ host, port });
  const sockets = new Set<Socket>();
  const state = { frozen: false, port: 0 };
  const later = (pass: () => void): void => {
    if (proxy.delayMs === 0) pass();
    else setTimeout(pass, proxy.delayMs);
  };
  const relay = (client: Socket): void => {
    const server = upstream();
    const wire = {
      name: "",
      cutClient: () => client.resetAndDestroy(),
      cutBoth: () => (client.destroy(), server.destroy()),
      isLate: false,
      arrive: (late: readonly Buffer[]) => {
        wire.isLate = false;
        for (const bytes of late) if (!server.destroyed) server.write(bytes);
        if (client.destroyed) server.end();
      },
    };
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => {}).once("close", () => sockets.delete(socket));
      if (state.frozen) socket.pause();
    }
    client.on("data", (bytes) => {
      if (wire.name === "") wire.name = /application_name\0([^\0]*)/.exec(bytes.toString("latin1"))?.[1] ?? "";
      const passed = proxy.toServer === null ? bytes : proxy.toServer(bytes, wire);
      if (passed !== null) later(() => server.write(passed));
    });
    server.on("data", (bytes) => {
      const passed = proxy.toClient === null ? bytes : proxy.toClient(bytes, wire);
      if (passed !== null) later(() => client.destroyed || client.write(passed));
    });
    client.once("close", () => wire.isLate || server.end());
    server.once("close", () => client.destroy());
  };
  let listener: Server | null = null;
  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      listener = createServer(relay)
        .once("error", reject)
        .listen(state.port, "127.0.0.1", () => resolve());
    });
  const startAnywhere = async (): Promise<void> => {
    for (;;) {
      state.port = randomInt(...PORTS);
      try {
        return await start();
      } catch (error) {
        if (codeOf(error) !== "EADDRINUSE") throw error;
      }
    }
  };
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      if (listener === null) return resolve();
      listener.close(() => resolve());
      listener = null;
    });
  await startAnywhere();
  const url = new URL(databaseUrl);
  url.searchParams.delete("host");
  url.host = `127.0.0.1:${state.port}`;
  const proxy: FaultProxy = {
    url: url.href,
    freeze: () => {
      state.frozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw: () => {
      state.frozen = false;
      for (const socket of sockets) socket.resume();
    },
    stop,
    start,
    delayMs: 0,
    toServer: null,
    toClient: null,
    close: stop,
  };
  return proxy;
}

/** Loses the first answer with `lost` in it to whoever sent `sent`. */
export function loseAnswer(proxy: FaultProxy, sent: string, lost: string): void {
  let sender: Wire | null = null;
  proxy.toServer = (bytes, wire) => {
    if (bytes.includes(sent)) sender = wire;
    return bytes;
  };
  proxy.toClient = (bytes, wire) => {
    if (wire !== sender || !bytes.includes(lost)) return bytes;
    sender = null;
    wire.cutClient();
    return null;
  };
}

/** A simple query of PostgreSQL's protocol (53.7): `Q`, the length, the text and a NUL. */
export function simpleQuery(text: string): Buffer {
  const bytes = Buffer.alloc(6 + text.length);
  bytes.write("Q", 0);
  bytes.writeInt32BE(5 + text.length, 1);
  bytes.write(text, 5);
  return bytes;
}

/** The bytes with the first `from` replaced by `to`. */
export function replaceBytes(bytes: Buffer, from: Buffer, to: Buffer): Buffer {
  const at = bytes.indexOf(from);
  return at < 0 ? bytes : Buffer.concat([bytes.subarray(0, at), to, bytes.subarray(at + from.length)]);
}
