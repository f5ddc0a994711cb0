import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from "node:http";

/** A listening fake of somebody else's service, and what is needed to see whether anybody came. */
export interface Destination {
  port: number;
  url: string;
  /** Connections since the start. */
  connections(): number;
  /** Connections that are open now. */
  open(): number;
  /** Resolves when every connection that was made has closed. */
  allClosed(): Promise<void>;
  close(): Promise<void>;
}

/** A server that speaks raw bytes: `speak` gets each connection. */
export async function startRaw(
  speak: (socket: Socket, nth: number) => void,
  address = "127.0.0.1",
): Promise<Destination> {
  let count = 0;
  const server = createServer((socket) => {
    socket.on("error", () => {});
    speak(socket, (count += 1));
  });
  return await listen(server, address);
}

/** A server that answers with the bytes of `answer` once the request's headers have come, and leaves the connection open. */
export async function startAnswering(answer: string | Buffer): Promise<Destination> {
  return await startRaw((socket) => void socket.once("data", () => socket.write(answer)));
}

/** A server that speaks HTTP as Node does, and leaves idle connections for the other side to close. */
export async function startHttp(listener: RequestListener, address = "127.0.0.1", port = 0): Promise<Destination> {
  return await listen(createHttpServer({ keepAliveTimeout: 0 }, listener), address, port);
}

async function listen(server: Server | HttpServer, address: string, wantedPort = 0): Promise<Destination> {
  const sockets = new Set<Socket>();
  let count = 0;
  server.on("connection", (socket: Socket) => {
    count += 1;
    sockets.add(socket);
    socket.on("close", () => {
      sockets.delete(socket);
      if (sockets.size === 0) server.emit("quiet");
    });
  });
  server.listen(wantedPort, address);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${address.includes(":") ? `[${address}]` : address}:${port}/in`,
    connections: () => count,
    open: () => sockets.size,
    async allClosed() {
      if (sockets.size > 0) await once(server, "quiet");
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
