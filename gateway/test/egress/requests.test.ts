import { describe, expect, test } from "vitest";
import { startHttp } from "./fakes/destination.ts";
import { brief, post } from "./fakes/open-egress.ts";
import { egress, raw, track } from "./fakes/things.ts";

describe("what is sent", () => {
  test("the exact bytes arrive with the caller's headers, identity encoding and no hop-by-hop header", async () => {
    const seen: { headers: string[]; body: Buffer; url: string | undefined; method: string | undefined }[] = [];
    const server = track(
      await startHttp(async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        seen.push({
          headers: request.rawHeaders,
          body: Buffer.concat(chunks),
          url: request.url,
          method: request.method,
        });
        response.writeHead(202, { "X-Answer": "yes" }).end("thanks");
      }),
    );
    const body = Buffer.from([0, 255, 254, 13, 10, 239, 187, 191]);
    const headers: [string, string][] = [
      ["X-Provider-Signature", "a"],
      ["X-Provider-Signature", "b"],
      ["Connection", "keep-alive, X-Private-Hop"],
      ["X-Private-Hop", "gone"],
      ["Accept-Encoding", "br, gzip"],
      ["Host", "evil.example"],
      ["Content-Length", "3"],
      ["Transfer-Encoding", "chunked"],
      ["Expect", "100-continue"],
      ["Upgrade", "websocket"],
      ["User-Agent", "caf\u00e9"],
    ];
    const outcome = await post(egress(), `${server.url}?a=1&b=%20`, { headers, body });
    expect(outcome).toMatchObject({ kind: "response", status: 202, truncated: false, address: "127.0.0.1" });
    if (outcome.kind !== "response") return;
    expect(Buffer.from(outcome.body).toString()).toBe("thanks");
    expect(outcome.headers).toContainEqual(["x-answer", "yes"]);
    const [request] = seen;
    expect(request?.method).toBe("POST");
    expect(request?.url).toBe("/in?a=1&b=%20");
    expect(request?.body).toEqual(body);
    const pairs = (request?.headers ?? []).flatMap((_, i, all) => (i % 2 === 0 ? [`${all[i]}: ${all[i + 1]}`] : []));
    expect(pairs.toSorted()).toEqual(
      [
        "X-Provider-Signature: a",
        "X-Provider-Signature: b",
        "User-Agent: caf\u00e9",
        "accept-encoding: identity",
        "connection: keep-alive",
        "content-length: 8",
        `host: 127.0.0.1:${server.port}`,
      ].toSorted(),
    );
  });

  test("an empty body is a POST of length 0", async () => {
    const lengths: (string | undefined)[] = [];
    const server = track(
      await startHttp((request, response) => {
        lengths.push(request.headers["content-length"]);
        response.end();
      }),
    );
    expect(brief(await post(egress(), server.url, { body: new Uint8Array(0) }))).toBe(200);
    expect(lengths).toEqual(["0"]);
  });

  test.each([
    ["a line break in a value", "x-a", "b\r\nx-injected: 1"],
    ["a bare line feed", "x-a", "b\nc"],
    ["a NUL", "x-a", "b\0c"],
    ["a character beyond latin1", "x-a", "\u20ac"],
    ["a colon in a name", "x-a: y", "b"],
    ["an empty name", "", "b"],
  ])("%s refuses the request and shows no value", async (_name, name, value) => {
    const server = await raw(() => {});
    const outcome = await post(egress(), server.url, { headers: [[name, `${value}secret`]] });
    expect(outcome).toMatchObject({ kind: "blocked", reason: "header" });
    expect(JSON.stringify(outcome)).not.toContain("secret");
    expect(server.connections()).toBe(0);
  });

  test("proxies of the environment are ignored (F117)", async () => {
    const canary = await raw((socket) => socket.destroy());
    const names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "NODE_USE_ENV_PROXY"];
    for (const name of names)
      process.env[name] = name === "NODE_USE_ENV_PROXY" ? "1" : `http://127.0.0.1:${canary.port}`;
    try {
      const server = track(await startHttp((_request, response) => void response.end("direct")));
      expect(brief(await post(egress(), server.url))).toBe(200);
      expect(canary.connections()).toBe(0);
    } finally {
      for (const name of names) delete process.env[name];
    }
  });

  test("a cookie that is set is not sent back", async () => {
    const cookies: (string | undefined)[] = [];
    const server = track(
      await startHttp((request, response) => {
        cookies.push(request.headers.cookie);
        response.setHeader("set-cookie", "a=b").end();
      }),
    );
    const client = egress();
    await post(client, server.url);
    await post(client, server.url);
    expect(cookies).toEqual([undefined, undefined]);
  });
});
