import { describe, expect, test } from "vitest";
import { GET_BYTES_MAX } from "../../src/platform/egress/create-egress.ts";
import type { EgressQuery } from "../../src/platform/egress/egress-outcome.ts";
import { startHttp } from "./fakes/destination.ts";
import { brief } from "./fakes/open-egress.ts";
import { addresses, egress, raw, silent, track } from "./fakes/things.ts";

const query = (url: string, more: Partial<EgressQuery> = {}): EgressQuery => ({
  url,
  headers: [],
  totalTimeoutMs: 20_000,
  connectTimeoutMs: 5_000,
  ...more,
});

describe("a GET", () => {
  test("has the caller's headers and no body, and its answer comes whole", async () => {
    const seen: unknown[] = [];
    const server = track(
      await startHttp(async (request, response) => {
        const { method, url, headers } = request;
        let bodyBytes = 0;
        for await (const chunk of request) bodyBytes += (chunk as Buffer).length;
        const { accept, "accept-encoding": encoding, "content-length": length, "transfer-encoding": framing } = headers;
        seen.push({ method, url, bodyBytes, accept, encoding, length, framing });
        response.end('{"keys":[]}');
      }),
    );
    const outcome = await egress().get(query(`${server.url}?a=1`, { headers: [["accept", "application/json"]] }));
    expect(outcome).toMatchObject({ kind: "response", status: 200, truncated: false, address: "127.0.0.1" });
    if (outcome.kind === "response") expect(Buffer.from(outcome.body).toString()).toBe('{"keys":[]}');
    expect(seen).toEqual([
      {
        method: "GET",
        url: "/in?a=1",
        bodyBytes: 0,
        accept: "application/json",
        encoding: "identity",
        length: undefined,
        framing: undefined,
      },
    ]);
  });

  test("does not follow a redirect", async () => {
    const server = track(await startHttp((_request, response) => response.writeHead(302, { location: "/else" }).end()));
    expect(brief(await egress().get(query(server.url)))).toBe(302);
    expect(server.connections()).toBe(1);
  });

  test("keeps 256 KiB at most, whatever is asked for, and closes the connection beyond them", async () => {
    const server = track(await startHttp((_request, response) => response.end(Buffer.alloc(GET_BYTES_MAX + 1))));
    const outcome = await egress().get(query(server.url, { responseBytesMax: 8 * GET_BYTES_MAX }));
    expect(outcome).toMatchObject({ kind: "response", truncated: true });
    if (outcome.kind === "response") expect(outcome.body.length).toBe(GET_BYTES_MAX);
    await server.allClosed();
  });

  test("ends at its one deadline, although the answer drips", async () => {
    const server = await raw((socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"));
      const drip = setInterval(() => socket.write("x"), 20);
      socket.once("close", () => clearInterval(drip));
    });
    expect(brief(await egress().get(query(server.url, { totalTimeoutMs: 200 })))).toBe("timeout");
    await server.allClosed();
  });

  test("goes to vetted addresses only", async () => {
    const server = await raw(silent, "127.0.0.2");
    const client = egress({ lookup: addresses("127.0.0.2") });
    expect(brief(await client.get(query(`http://keys.example:${server.port}/`)))).toBe("blocked address");
    expect(brief(await client.get(query("file:///etc/passwd")))).toBe("blocked scheme");
    expect(server.connections()).toBe(0);
  });

  test("that is under way when the egress closes is aborted", async () => {
    const client = egress();
    let closing: Promise<void> | null = null;
    const server = await raw((socket) => void socket.once("data", () => (closing = client.close())));
    expect(brief(await client.get(query(server.url)))).toBe("aborted");
    await closing;
    await server.allClosed();
  });
});
