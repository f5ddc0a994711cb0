import { describe, expect, test } from "vitest";
import { startHttp } from "./fakes/destination.ts";
import { brief, openEgress, post } from "./fakes/open-egress.ts";
import { egress, manualClock, raw, track } from "./fakes/things.ts";

describe("keep-alive", () => {
  test("posts to one origin share a connection", async () => {
    const server = track(await startHttp((_request, response) => void response.end("ok")));
    const client = egress({ limits: { idleMs: 60_000 } });
    for (let i = 0; i < 5; i += 1) expect(brief(await post(client, server.url))).toBe(200);
    expect(server.connections()).toBe(1);
  });

  test("a connection that the server closed just as it was used again is replaced within the same post (F63)", async () => {
    const requests: number[] = [];
    const server = await raw((socket, nth) => {
      socket.on("data", () => {
        requests.push(nth);
        // The first connection answers once and then dies on its second request without a byte: a server whose idle timer fired.
        if (requests.filter((n) => n === nth).length > 1) socket.resetAndDestroy();
        else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      });
    });
    const client = egress({ clock: manualClock() });
    expect(brief(await post(client, server.url))).toBe(200);
    expect(brief(await post(client, server.url))).toBe(200);
    expect(server.connections()).toBe(2);
  });

  test("it is replaced only once, and never when an answer had begun", async () => {
    let answered = 0;
    const server = await raw((socket, nth) => {
      socket.on("data", () => {
        answered += 1;
        if (nth === 1 && answered === 1) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        else socket.resetAndDestroy();
      });
    });
    const client = egress({ clock: manualClock() });
    expect(brief(await post(client, server.url))).toBe(200);
    expect(brief(await post(client, server.url))).toBe("reset");
    expect(server.connections()).toBe(2);

    const halfway = await raw((socket) => {
      let requests = 0;
      socket.on("data", () => {
        requests += 1;
        if (requests === 1) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        else socket.end("HTTP/1.1 200 OK\r\ncontent-le");
      });
    });
    expect(brief(await post(client, halfway.url))).toBe(200);
    expect(brief(await post(client, halfway.url))).toBe("reset");
    expect(halfway.connections()).toBe(1);
  });

  test("one that breaks when it can have been read is not replaced: the receiver may have acted on it", async () => {
    const clock = manualClock();
    let requests = 0;
    const server = await raw((socket) => {
      socket.on("data", () => {
        requests += 1;
        if (requests !== 2) return void socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        // Its process has read the request and done what it says, and is killed before it answers.
        clock.pass(1_001);
        socket.destroy();
      });
    });
    const client = egress({ clock });
    expect(brief(await post(client, server.url))).toBe(200);
    expect(await post(client, server.url)).toMatchObject({ kind: "failed", fault: "reset", durationMs: 1_001 });
    expect([requests, server.connections()]).toEqual([2, 1]);
    expect(brief(await post(client, server.url))).toBe(200);
  });

  test("idle connections are bounded for each address: the one that waited longest is closed", async () => {
    const server = track(await startHttp((_request, response) => void response.end("ok")));
    const client = egress({ limits: { idlePerAddressMax: 2, idleMs: 60_000 } });
    await Promise.all(Array.from({ length: 6 }, () => post(client, server.url)));
    expect(server.connections()).toBe(6);
    await expect.poll(() => server.open()).toBe(2);
    await Promise.all([post(client, server.url), post(client, server.url)]);
    expect(server.connections()).toBe(6);
  });

  test("idle connections are bounded in all: those that waited longest are closed", async () => {
    const first = track(await startHttp((_request, response) => void response.end("ok")));
    const client = egress({ limits: { idleConnectionsMax: 3, idleMs: 60_000 } });
    await Promise.all([post(client, first.url), post(client, first.url)]);
    await expect.poll(() => first.open()).toBe(2);
    for (const _ of ["second", "third", "fourth"]) {
      const other = track(await startHttp((_request, response) => void response.end("ok")));
      expect(brief(await post(client, other.url))).toBe(200);
    }
    await expect.poll(() => first.open()).toBe(0);
  });

  test("an extra answer that nobody asked for is never taken for the next one", async () => {
    const server = await raw((socket) => {
      socket.on("data", () =>
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n"),
      );
    });
    const client = egress();
    expect(brief(await post(client, server.url))).toBe(200);
    expect(brief(await post(client, server.url))).toBe(200);
    expect(server.connections()).toBe(2);
  });

  test("closing leaves no connection behind", async () => {
    const server = track(await startHttp((_request, response) => void response.end("ok")));
    const client = openEgress({ limits: { idleMs: 60_000 } });
    await Promise.all(Array.from({ length: 4 }, () => post(client, server.url)));
    expect(server.open()).toBe(4);
    await client.close();
    await expect.poll(() => server.open()).toBe(0);
  });
});
