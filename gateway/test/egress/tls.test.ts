import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TlsOptions, TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import type { EgressOutcome } from "../../src/platform/egress/egress-outcome.ts";
import { createAuthority, selfSign } from "./fakes/certificates.ts";
import { startAnswering } from "./fakes/destination.ts";
import { brief, post } from "./fakes/open-egress.ts";
import { addresses, egress, raw, silent, track } from "./fakes/things.ts";

const authority = createAuthority();
const NAME = "hooks.example";

interface TlsServer {
  port: number;
  /** The SNI names that were asked for by requests that got through; false where none was sent. */
  served: (string | false | null)[];
  close(): Promise<void>;
}

async function startTls(options: TlsOptions): Promise<TlsServer> {
  const served: TlsServer["served"] = [];
  const server: Server = createServer(options, (request, response) => {
    served.push((request.socket as TLSSocket & { servername: string | false | null }).servername);
    response.end("ok");
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket.on("close", () => sockets.delete(socket))));
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return track({
    port: (server.address() as AddressInfo).port,
    served,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  });
}

/** Posts from a process of its own that trusts our authority and was told by its environment and flags to be lax. */
async function postFromLaxProcess(urls: string[]): Promise<EgressOutcome[]> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-ca-"));
  try {
    const path = join(folder, "ca.pem");
    await writeFile(path, authority.cert);
    const script = fileURLToPath(new URL("fakes/post-all.mjs", import.meta.url));
    const args = ["--tls-min-v1.0", "--tls-cipher-list=DEFAULT@SECLEVEL=0", script, JSON.stringify(urls)];
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: path, NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_NO_WARNINGS: "1" };
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    return JSON.parse(stdout) as EgressOutcome[];
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("TLS", () => {
  test("a certificate that the extra authority issued for the name or address is accepted, and SNI asks for the name", async () => {
    const server = await startTls(authority.issue({ names: [NAME, "127.0.0.1"] }));
    const urls = [
      `https://${NAME}:${server.port}/`,
      `https://${NAME}.:${server.port}/`,
      `https://127.0.0.1:${server.port}/`,
    ];
    expect((await postFromLaxProcess(urls)).map(brief)).toEqual([200, 200, 200]);
    expect(server.served).toEqual([NAME, NAME, false]);
  });

  test("everything else is refused, although the process was told not to check (F62)", async () => {
    const aDayAgo = new Date(Date.now() - 86_400_000);
    const tomorrow = new Date(Date.now() + 86_400_000);
    const wrong = await startTls(authority.issue({ names: ["other.example"] }));
    const wildcard = await startTls(authority.issue({ names: ["*.hooks.example"] }));
    const expired = await startTls(authority.issue({ names: [NAME], notBefore: new Date(0), notAfter: aDayAgo }));
    const early = await startTls(authority.issue({ names: [NAME], notBefore: tomorrow }));
    const self = await startTls(selfSign({ names: [NAME] }));
    const stranger = await startTls(createAuthority().issue({ names: [NAME] }));
    const nameOnly = await startTls(authority.issue({ names: [NAME] }));
    const old = await startTls({
      ...authority.issue({ names: [NAME] }),
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    });
    const servers = [wrong, wildcard, expired, early, self, stranger, old];
    const urls = [...servers.map(({ port }) => `https://${NAME}:${port}/`), `https://127.0.0.1:${nameOnly.port}/`];
    expect((await postFromLaxProcess(urls)).map(brief)).toEqual([
      "tls_certificate",
      "tls_certificate",
      "tls_certificate",
      "tls_certificate",
      "tls_certificate",
      "tls_certificate",
      "tls_handshake",
      "tls_certificate",
    ]);
    expect([...servers, nameOnly].flatMap(({ served }) => served)).toEqual([]);
  });

  test("without the extra authority its certificates are refused", async () => {
    const server = await startTls(authority.issue({ names: [NAME] }));
    const client = egress({ lookup: addresses("127.0.0.1") });
    expect(brief(await post(client, `https://${NAME}:${server.port}/`))).toBe("tls_certificate");
    expect(server.served).toEqual([]);
  });

  test("a peer that speaks something else, breaks off, or says nothing has failed the handshake", async () => {
    const client = egress({ lookup: addresses("127.0.0.1") });
    const postTo = async (port: number) =>
      brief(await post(client, `https://${NAME}:${port}/`, { connectTimeoutMs: 3_000 }));
    const plain = track(await startAnswering("HTTP/1.1 200 OK\r\n\r\n"));
    const breaking = await raw((socket) => void socket.once("data", () => socket.resetAndDestroy()));
    const ending = await raw((socket) => void socket.once("data", () => socket.end()));
    const mute = await raw(silent);
    expect(await postTo(plain.port)).toBe("tls_handshake");
    expect(await postTo(breaking.port)).toBe("tls_handshake");
    expect(await postTo(ending.port)).toBe("tls_handshake");
    expect(await postTo(mute.port)).toBe("tls_handshake");
    await mute.allClosed();
  });
});
