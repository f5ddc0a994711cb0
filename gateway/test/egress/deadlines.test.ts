import { describe, expect, test } from "vitest";
import { brief, openEgress, post } from "./fakes/open-egress.ts";
import { afterRequest, egress, raw, silent, type Speak } from "./fakes/things.ts";

function drip(head: string): Speak {
  return afterRequest((socket) => {
    socket.write(head);
    const timer = setInterval(() => socket.write("x"), 20);
    socket.on("close", () => clearInterval(timer));
  });
}

describe("the total deadline", () => {
  test.each([
    ["never answers", silent],
    ["drips its headers", drip("HTTP/1.1 200 OK\r\nx-a: ")],
    ["drips a body of known length", drip("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")],
    ["drips a body without end", drip("HTTP/1.1 200 OK\r\n\r\n")],
    ["drips chunk extensions", drip("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;")],
  ])("ends a post whose destination %s, and destroys the connection (F56, F57)", async (_name, speak) => {
    const server = await raw(speak);
    const outcome = await post(egress(), server.url, { totalTimeoutMs: 300 });
    expect(outcome).toMatchObject({ kind: "failed", fault: "timeout" });
    await server.allClosed();
  });

  test("ends a post whose destination does not read the body", async () => {
    const server = await raw((socket) => void socket.pause());
    const outcome = await post(egress(), server.url, { totalTimeoutMs: 300, body: new Uint8Array(25 * 1024 * 1024) });
    expect(brief(outcome)).toBe("timeout");
  });

  test("counts the lookup in", async () => {
    const client = egress({ lookup: () => new Promise(() => {}) });
    expect(brief(await post(client, "http://a.example/", { totalTimeoutMs: 50 }))).toBe("timeout");
  });

  test("a signal gives up a post at any point, and says so", async () => {
    const server = await raw(silent);
    const already = AbortSignal.abort();
    expect(brief(await post(egress(), server.url, { signal: already }))).toBe("aborted");
    expect(server.connections()).toBe(0);
    const later = new AbortController();
    const waiting = await raw((socket) => void socket.once("data", () => later.abort()));
    expect(brief(await post(egress(), waiting.url, { signal: later.signal }))).toBe("aborted");
    await waiting.allClosed();
  });

  test("closing the egress gives up what is under way and refuses what comes after", async () => {
    const client = openEgress();
    const closings: Promise<void>[] = [];
    const server = await raw(afterRequest(() => void closings.push(client.close())));
    expect(brief(await post(client, server.url))).toBe("aborted");
    await Promise.all(closings);
    expect(brief(await post(client, server.url))).toBe("aborted");
    await server.allClosed();
    expect(server.connections()).toBe(1);
  });

  test("a post beyond the bound of this process fails at once and reaches nobody", async () => {
    const client = egress({ limits: { postsMax: 1 } });
    const stop = new AbortController();
    const server = await raw(() => {});
    const first = post(client, server.url, { signal: stop.signal });
    expect(brief(await post(client, server.url))).toBe("connect");
    stop.abort();
    expect(brief(await first)).toBe("aborted");
    expect(server.connections()).toBeLessThanOrEqual(1);
  });
});
