import type { Server } from "node:http";
import { isIP } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { Log } from "../../platform/log.ts";
import { messageOf } from "../../platform/log.ts";
import type { AdminBindings } from "./admin-env.ts";

/** A running admin server, or why there is none and what to do. */
export type AdminStart =
  | {
      readonly ok: true;
      /** Without a trailing slash, with the port that was taken. */
      readonly url: string;
      /** Stops accepting, lets requests finish for a few seconds, then cuts what is left. */
      close(): Promise<void>;
    }
  | {
      readonly ok: false;
      readonly code: "port_busy" | "address_unavailable" | "port_forbidden" | "listen_failed";
      readonly message: string;
      readonly remedy: string;
    };

export interface AdminServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly app: { fetch(request: Request, bindings: AdminBindings): Response | Promise<Response> };
  readonly log: Log;
  /** Further names under which a reverse proxy on this machine passes requests on to a loopback address. */
  readonly hostsAllowed?: readonly string[];
}

const CLOSE_DEADLINE_MS = 5_000;

/** Serves the admin API. Headers 16 KiB and 10 s, a whole request 30 s, 256 connections: each bounded. */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminStart> {
  const { host, port, app, log } = options;
  const bindings = { loopbackBind: isLoopbackName(host), hostsAllowed: options.hostsAllowed ?? [] };
  const server = createAdaptorServer({
    fetch: (request, env) => app.fetch(request, { incoming: env.incoming, ...bindings } as AdminBindings),
    overrideGlobalObjects: false,
    serverOptions: {
      maxHeaderSize: 16_384,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 10_000,
      connectionsCheckingInterval: 5_000,
    },
  }) as Server;
  server.maxConnections = 256;
  server.on("error", (error) => log.error({ error: messageOf(error) }, "admin server failed"));
  const fault = await listen(server, host, port);
  if (fault !== null) return describeFault(fault, host, port);
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  return { ok: true, url: `http://${isIP(host) === 6 ? `[${host}]` : host}:${bound}`, close: () => close(server) };
}

/** Whether a host, as it is bound or as a request names it, means this machine alone. */
export function isLoopbackName(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function listen(server: Server, host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const onError = (error: NodeJS.ErrnoException): void => resolve(error);
    server.once("error", onError);
    server.listen({ host, port }, () => {
      server.off("error", onError);
      resolve(null);
    });
  });
}

function describeFault(error: NodeJS.ErrnoException, host: string, port: number): AdminStart {
  switch (error.code) {
    case "EADDRINUSE":
      return {
        ok: false,
        code: "port_busy",
        message: `the admin port ${port} on ${host} is in use by another process`,
        remedy: "stop that process, or choose another port with --admin-port",
      };
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return {
        ok: false,
        code: "address_unavailable",
        message: `this machine has no address ${host} to serve the admin API on`,
        remedy: "choose an address of this machine with --admin-host, such as 127.0.0.1",
      };
    case "EACCES":
    case "EPERM":
      return {
        ok: false,
        code: "port_forbidden",
        message: `this user may not serve on port ${port}`,
        remedy: "choose a port from 1024 up with --admin-port",
      };
    default:
      return {
        ok: false,
        code: "listen_failed",
        message: `the admin API cannot be served on ${host}:${port}: ${messageOf(error)}`,
        remedy: "choose another address with --admin-host and --admin-port",
      };
  }
}

function close(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_DEADLINE_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
