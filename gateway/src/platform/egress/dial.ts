import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type SecureContext, type TLSSocket } from "node:tls";
import type { EgressFault } from "./egress-outcome.ts";
import type { EndSignal } from "./give-up.ts";

/** Where to, and how. The addresses have been vetted; nothing else is ever connected to. */
export interface DialTarget {
  addresses: readonly string[];
  port: number;
  /** Null for plain HTTP. `serverName` is null for an IP literal, whose certificate must then name the address. */
  tls: { serverName: string | null; context: SecureContext } | null;
  /** For all addresses together, TLS included. */
  connectTimeoutMs: number;
  signal: EndSignal;
}

/** A socket ready for a request, or the fault of the last address that was tried. */
export type Dialled = DialledSocket | DialFailed;
interface DialledSocket {
  ok: true;
  socket: Socket;
  address: string;
  /** How long connecting to this address took, TLS included: at least one round trip to it. */
  tookMs: number;
}
interface DialFailed {
  ok: false;
  fault: EgressFault;
  detail: string;
}

/** More answers than this for one name are not tried: each costs a share of the connect deadline. */
const ADDRESSES_TRIED_MAX = 4;

/**
 * Connects to the first address that lets us. The next one is tried only while no connection stood: after that the peer
 * has spoken, and another address of the same name would say the same. Each address may take an even share of what is left
 * of the deadline, so that one dead address (IPv6 without a route, say) does not use it up.
 */
export async function dial(target: DialTarget): Promise<Dialled> {
  const addresses = target.addresses.slice(0, ADDRESSES_TRIED_MAX);
  const startedAtMs = performance.now();
  let last: DialFailed = { ok: false, fault: "connect", detail: "the host has no address" };
  for (const [i, address] of addresses.entries()) {
    const leftMs = target.connectTimeoutMs - (performance.now() - startedAtMs);
    if (leftMs <= 0) break;
    const shareMs = leftMs / (addresses.length - i);
    const dialled = await dialAddress(target, address, shareMs);
    if (dialled.ok || (dialled.fault !== "connect" && dialled.fault !== "refused")) return dialled;
    last = dialled;
  }
  return last;
}

function dialAddress(target: DialTarget, address: string, timeoutMs: number): Promise<Dialled> {
  const socket = target.tls === null ? openTcp(target, address) : openTls(target, target.tls, address);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 60_000);
  const startedAtMs = performance.now();
  return new Promise((resolve) => {
    let connected = false;
    const finish = (dialled: Dialled): void => {
      clearTimeout(timer);
      target.signal.removeEventListener("abort", abort);
      socket.removeListener("close", closed);
      if (!dialled.ok) socket.destroy();
      resolve(dialled);
    };
    const fail = (fault: EgressFault, detail: string): void => finish({ ok: false, fault, detail });
    const abort = (): void => fail("aborted", "the attempt was given up while connecting");
    const closed = (): void => fail(connected ? "tls_handshake" : "connect", "the connection closed before it stood");
    const timer = setTimeout(() => {
      const waited = `within ${Math.round(timeoutMs)} ms`;
      if (connected) fail("tls_handshake", `TLS was not agreed on ${waited}`);
      else fail("connect", `no connection ${waited}`);
    }, timeoutMs);
    target.signal.addEventListener("abort", abort, { once: true });
    socket.once("connect", () => (connected = true));
    const stands = target.tls === null ? "connect" : "secureConnect";
    socket.once(stands, () => finish({ ok: true, socket, address, tookMs: performance.now() - startedAtMs }));
    // Stays for the socket's whole life: between two owners an error without a listener would end the process.
    socket.on("error", (error) => finish(describeDialError(error, socket, connected)));
    socket.once("close", closed);
    if (target.signal.aborted) abort();
  });
}

function openTcp(target: DialTarget, address: string): Socket {
  return connectTcp({ host: address, port: target.port, lookup: refuseLookup });
}

function openTls(target: DialTarget, tls: NonNullable<DialTarget["tls"]>, address: string): TLSSocket {
  return connectTls({
    host: address,
    port: target.port,
    lookup: refuseLookup,
    secureContext: tls.context,
    ALPNProtocols: ["http/1.1"],
    // Said outright, because NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would otherwise switch checking off.
    rejectUnauthorized: true,
    ...(tls.serverName === null ? {} : { servername: tls.serverName }),
  });
}

/** Node asks for a lookup only when it is given a name, which never happens here: an address has been vetted, a name has not. */
function refuseLookup(host: string, _options: unknown, callback: (error: Error, address: string) => void): void {
  callback(new Error(`egress dials vetted addresses only, not the name ${host}`), "");
}

function describeDialError(error: Error, socket: Socket, connected: boolean): DialFailed {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const certificateFault = "authorizationError" in socket && Boolean(socket.authorizationError);
  if (certificateFault)
    return {
      ok: false,
      fault: "tls_certificate",
      detail: `the certificate was not accepted: ${code || error.message}`.slice(0, 200),
    };
  if (connected)
    return {
      ok: false,
      fault: "tls_handshake",
      detail: `TLS was not agreed on: ${code || error.message}`.slice(0, 200),
    };
  if (code === "ECONNREFUSED")
    return { ok: false, fault: "refused", detail: "nobody listens at the address (ECONNREFUSED)" };
  return { ok: false, fault: "connect", detail: `no connection: ${code || error.message}`.slice(0, 200) };
}
