import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { StartFault } from "./start-fault.ts";
import { startFault } from "./start-fault.ts";

/**
 * Connections that may wait to be taken while the event loop is busy; the system caps it. Node's 511 overflows when senders
 * open thousands at once, and Linux then resets connections that their senders take for open.
 */
const BACKLOG = 4_096;

/** Binds a server; a busy port and an address that is not ours come back as faults that name the flag. */
export async function listen(
  server: Server,
  host: string,
  port: number,
  flags: { readonly host: string; readonly port: string },
): Promise<{ readonly ok: true; readonly url: string } | StartFault> {
  const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    server.once("error", resolve);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off("error", resolve);
      resolve(null);
    });
  });
  if (error === null) return { ok: true, url: toUrl(host, (server.address() as AddressInfo).port) };
  if (error.code === "EADDRINUSE") {
    return startFault(
      "port_busy",
      `port ${port} on ${host} is taken by another process`,
      `Stop that process, or choose another port with ${flags.port} (0 takes a free one).`,
    );
  }
  if (error.code === "EACCES")
    return startFault(
      "port_forbidden",
      `port ${port} needs more rights than this process has`,
      `Choose a port above 1023 with ${flags.port}.`,
    );
  return startFault(
    "address_unavailable",
    `cannot listen on ${host}:${port} (${error.code ?? error.message})`,
    `Choose an address of this machine with ${flags.host}.`,
  );
}

function toUrl(host: string, port: number): string {
  const shown = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${shown.includes(":") ? `[${shown}]` : shown}:${port}`;
}
